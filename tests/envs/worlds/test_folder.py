"""World folders: whole or not at all, and what differs afterwards is said."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from forethought.envs.worlds.folder import MANIFEST, cache_folder, new_world, read_manifest, seal, verify


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "shop"
    with new_world(folder) as scratch:
        (scratch / "index").mkdir()
        (scratch / "index" / "terms.raw").write_bytes(b"terms")
        (scratch / "goals.raw").write_bytes(b"goals")
        seal(scratch, "toys", {"name": "shop"})
    return folder


def change(world, **facts):
    manifest = json.loads((world / MANIFEST).read_text())
    (world / MANIFEST).write_text(json.dumps({**manifest, **facts}))


def test_a_world_is_as_it_was_made(world):
    manifest = read_manifest(world, "toys")
    assert (manifest["name"], sorted(manifest["files"])) == ("shop", ["goals.raw", "index/terms.raw"])
    assert verify(world) == []
    assert [path.name for path in world.parent.iterdir()] == ["shop"]
    assert world.stat().st_mode & 0o777 == 0o755


def test_the_hash_is_of_the_files_alone(world, tmp_path):
    def made(folder, content, **facts):
        with new_world(tmp_path / folder) as scratch:
            (scratch / "a").write_bytes(content)
            return seal(scratch, "toys", facts)

    assert made("one", b"x") == made("two", b"x", name="another") != made("three", b"y")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_of_a_world_that_was_not_finished(tmp_path, error):
    def fail():
        with new_world(tmp_path / "shop") as scratch:
            (scratch / "half").write_bytes(b"half")
            assert scratch.parent == tmp_path  # one disk, so that a rename is enough
            assert not (tmp_path / "shop").exists()
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "shop").mkdir()
    with pytest.raises(ValueError, match="is already there; give another folder"), new_world(tmp_path / "shop"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_what_a_killed_process_left_is_cleared_up(tmp_path):
    host = socket.gethostname()
    (tmp_path / f".shop-999999999-{host}-abc").mkdir()  # no process has such a number
    (tmp_path / f".shop-{os.getpid()}-{host}-abc").mkdir()
    (tmp_path / ".shop-999999999-elsewhere-abc").mkdir()
    (tmp_path / ".shop-notes").mkdir()
    with new_world(tmp_path / "shop"):
        pass
    left = {".shop-notes", f".shop-{os.getpid()}-{host}-abc", ".shop-999999999-elsewhere-abc", "shop"}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_the_slower_of_two_leaves_the_faster_ones_world(tmp_path):
    def race():
        with new_world(tmp_path / "shop") as slow:
            (slow / "slow").touch()
            with new_world(tmp_path / "shop") as fast:
                (fast / "fast").touch()

    with pytest.raises(ValueError, match="made by another process meanwhile"):
        race()
    assert [path.name for path in tmp_path.rglob("*")] == ["shop", "fast"]


@pytest.mark.parametrize(
    ("spoil", "read", "verified"),
    [
        (lambda f: f.write_bytes(b"goal"), "goals.raw has 4 bytes, the manifest says 5", "goals.raw: has 4 bytes"),
        (lambda f: f.unlink(), "goals.raw is missing", "goals.raw: is missing"),
        (lambda f: f.write_bytes(b"GOALS"), None, "goals.raw: sha256 is "),
        (lambda f: f.with_name("more.raw").touch(), None, "more.raw: is not in the manifest"),
    ],
)
def test_what_differs_is_said(world, spoil, read, verified):
    spoil(world / "goals.raw")
    (line,) = verify(world)
    assert line.startswith(verified)
    if read is None:  # only the sizes are looked at when a world is opened
        assert read_manifest(world, "toys")
    else:
        with pytest.raises(ValueError, match=f"{read}.*; make the world again"):
            read_manifest(world, "toys")


def test_a_manifest_with_another_hash_is_said(world):
    change(world, hash="0123456789abcdef")
    (line,) = verify(world)
    assert line.endswith("it says 0123456789abcdef")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ("[" * 100_000, "is damaged"),
        ("[]", "lists no files"),
        ('{"files": {"a": 5}}', "lists no files with their sizes and sums"),
        ('{"files": {"a": {"size": 5}}}', "lists no files with their sizes and sums"),
        ('{"files": {}}', "tells no hash"),
    ],
)
def test_a_damaged_manifest(world, text, message):
    (world / MANIFEST).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_manifest(world, "toys")
    with pytest.raises(ValueError, match=message):
        verify(world)


def test_no_world_and_another_kind(world, tmp_path):
    with pytest.raises(ValueError, match=r"is no world of toys .*; make one with `forethought data make toys`"):
        read_manifest(tmp_path, "toys")
    with pytest.raises(ValueError, match="nowhere does not exist; give the folder of a world"):
        verify(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="is a world of 'toys', format 1; expected 'games', format 1"):
        read_manifest(world, "games")
    change(world, format=2)
    with pytest.raises(ValueError, match="is a world of 'toys', format 2; expected 'toys', format 1"):
        read_manifest(world, "toys")


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname"])
def test_a_manifest_cannot_name_files_outside(world, tmp_path, name):
    (tmp_path / "secret").write_bytes(b"12345")
    change(world, files={name: {"size": 5, "sha256": ""}})
    for look in (lambda: read_manifest(world, "toys"), lambda: verify(world)):
        with pytest.raises(ValueError, match="which lies outside of it"):
            look()


def test_where_the_cache_is(monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", "/a")
    assert cache_folder() == Path("/a")
    monkeypatch.delenv("FORETHOUGHT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_folder() == Path("/b/forethought")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/c")
    assert cache_folder() == Path("/c/.cache/forethought")


@pytest.mark.parametrize("levels", [500, 100_000])
def test_a_manifest_that_is_nested_too_deeply_is_damaged(world, levels):
    (world / MANIFEST).write_text('{"hash": "x", "files": {}, "more": ' + "[" * levels + "]" * levels + "}")
    for opened in (lambda: read_manifest(world, "toys"), lambda: verify(world)):
        with pytest.raises(ValueError, match=r"is damaged \(it is nested deeper than 100 levels"):
            opened()
