"""`forethought shop serve`: what it prints, whom it lets in, what it needs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from typer.testing import CliRunner

from forethought.cli.main import app
from forethought.envs.webshop.synthetic.make_world import make_world

COMMAND = [sys.executable, "-c", "from forethought.cli.main import main; main()", "shop", "serve"]
opened = build_opener(ProxyHandler({})).open


def fails(*words, before=""):
    code = f"{before}\nfrom forethought.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "shop", "serve", *words], capture_output=True, text=True)
    return done.returncode, done.stderr


def test_it_serves_a_world_until_interrupted(tmp_path):
    pytest.importorskip("uvicorn")
    pytest.importorskip("starlette")
    make_world(tmp_path / "world", 30, 0)
    words = ["--world", str(tmp_path / "world"), "--port", "0", "--quirks"]
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True) as server:
        try:
            tasks, _, address = server.stdout.readline().partition(" tasks at ")
            address = address.split()[0]
            with opened(f"{address}/api", timeout=10) as answer:
                about = json.load(answer)
            assert about["tasks"] == int(tasks)
            assert about["world"].endswith("-synthetic-quirks")
            with opened(Request(address, headers={"Host": "localhost"}), timeout=10) as page:
                assert page.status == 200
        finally:
            server.send_signal(signal.SIGINT)
            code = server.wait(20)
    assert code in (130, -signal.SIGINT)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "shop.example", "192.168.0.9"])
def test_other_machines_are_let_in_only_on_request(host):
    done = CliRunner().invoke(app, ["shop", "serve", "--host", host])
    assert isinstance(done.exception, ValueError)
    assert (
        str(done.exception) == f"with --host {host} other machines can visit the shop; add --allow-remote if they may"
    )


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(missing):
    code, said = fails(before=f"import sys; sys.modules['{missing}'] = None")
    assert code == 2
    assert said.endswith("run: pip install 'forethought[site]'\n")


def test_what_is_no_world_or_no_kind_of_goals(tmp_path):
    pytest.importorskip("uvicorn")
    pytest.importorskip("starlette")
    code, said = fails("--world", str(tmp_path))
    assert code == 2
    assert str(tmp_path) in said
    make_world(tmp_path / "world", 5, 0)
    code, said = fails("--world", str(tmp_path / "world"), "--goals", "robot")
    assert code == 2
    assert "expected 'synthetic' or 'human'" in said
