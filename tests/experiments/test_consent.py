from __future__ import annotations

import os

import pytest

from forethought.experiments.consent import (
    check_cluster,
    check_consent,
    cluster_of,
    give_consent,
    server_of,
)

KEY = "sk-secret-0123456789"
THERE = "server:m@https://api.example.com/v1"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("spec", "server"),
    [
        (THERE, "https://api.example.com:443"),
        ("server+chat:m@http://API.Example.com:8000/v1", "http://api.example.com:8000"),
        ("server:m@http://[2001:db8::1]:8000/v1", "http://[2001:db8::1]:8000"),
        ("server:m@http://127.0.0.1.evil.example/v1", "http://127.0.0.1.evil.example:80"),
        ("server:m@http://localhost.evil.example/v1", "http://localhost.evil.example:80"),
        ("server:m@http://localhost:8000/v1", None),
        ("server:m@http://127.8.0.1/v1", None),
        ("server:m@http://[::1]:8000/v1", None),
        ("smollm2-135m", None),
        ("recorded:https://x", None),
        (None, None),
    ],
)
def test_servers_elsewhere_are_known_by_scheme_host_and_port(spec, server):
    assert server_of(spec) == server
    if server is None:
        check_consent(spec)


def test_a_server_that_no_command_named_gets_no_key():
    with pytest.raises(ValueError, match=r"sends the key in OPENAI_API_KEY to https://api.example.com:443, .* add "
                       "--send-key-to api.example.com, else unset OPENAI_API_KEY") as told:  # fmt: skip
        check_consent(THERE)
    assert KEY not in str(told.value)


def test_without_a_key_there_is_nothing_to_send(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    check_consent(THERE)


def test_what_a_command_named_is_remembered(cache):
    give_consent(THERE)
    check_consent(THERE)
    check_consent("server+chat:other@https://api.example.com/v2")  # the same server
    for other in ("http://api.example.com/v1", "https://api.example.com:8443/v1", "https://api.example.org/v1"):
        with pytest.raises(ValueError, match="--send-key-to"):
            check_consent(f"server:m@{other}")
    (file,) = (cache / "servers").iterdir()
    assert (file.read_bytes(), file.stat().st_mode & 0o77, cache.joinpath("servers").stat().st_mode & 0o77) == (
        b"",
        0,
        0,
    )
    assert "example" not in file.name


@pytest.mark.parametrize("named", ["api.example.com", "api.example.com:443", "https://api.example.com:443"])
def test_a_host_that_is_named_now_is_remembered(named):
    check_consent(THERE, named)
    check_consent(THERE)


@pytest.mark.parametrize(("spec", "asked"), [(THERE, "api.example.com:443"), (None, "no server elsewhere")])
def test_another_host_is_refused(spec, asked):
    with pytest.raises(ValueError, match=f"--send-key-to names 'evil.example', and this run asks {asked}"):
        check_consent(spec, "evil.example")


def test_a_cache_folder_that_cannot_be_written_only_asks_again(cache):
    cache.write_text("a file")
    give_consent(THERE)
    check_consent(THERE, "api.example.com")
    with pytest.raises(ValueError, match="--send-key-to"):
        check_consent(THERE)


def test_another_key_makes_no_difference(monkeypatch):
    give_consent(THERE)
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    check_consent(THERE)
    assert "another" not in "".join(os.listdir(os.environ["FORETHOUGHT_CACHE"]))


CLUSTER = "ray://10.0.0.1:10001?workers=8"


@pytest.mark.parametrize(
    ("workers", "cluster"),
    [
        (CLUSTER, "ray://10.0.0.1:10001"),
        ("ray://evil.example:1?cpus=2", "ray://evil.example:1"),
        ("ray://127.0.0.1.evil.example:1", "ray://127.0.0.1.evil.example:1"),
        *((here, None) for here in ("4", "ray://auto", "ray://local?workers=2", "ray://127.0.0.1:1", "ray://[::1]:1")),
    ],
)
def test_clusters_elsewhere_are_known_by_host_and_port(workers, cluster):
    assert cluster_of(workers) == cluster
    if cluster is None:
        check_cluster(workers)


def test_a_cluster_that_no_command_named_is_not_joined_key_or_no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ValueError, match=r"joins the Ray cluster ray://10.0.0.1:10001, .*add --join-cluster 10.0.0.1"):
        check_cluster(CLUSTER)
    give_consent("server:m@http://10.0.0.1:10001/v1")  # a server there is no cluster there
    with pytest.raises(ValueError, match="--join-cluster"):
        check_cluster(CLUSTER)
    with pytest.raises(ValueError, match=r"names 'evil.example', and this run joins 10.0.0.1:10001"):
        check_cluster(CLUSTER, "evil.example")
    give_consent(None, CLUSTER)
    check_cluster("ray://10.0.0.1:10001?workers=2&cpus=4")  # the same cluster


def test_a_cluster_that_is_named_now_is_remembered():
    check_cluster(CLUSTER, "10.0.0.1")
    check_cluster(CLUSTER)
    with pytest.raises(ValueError, match="no cluster elsewhere"):
        check_cluster("4", "10.0.0.1")
