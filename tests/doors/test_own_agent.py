"""Pieces of a user's own, in a folder outside the package, have every door of the built-in ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from forethought.cli.main import main; main()"]
OWN = "--agent own_agent:climb --policy own_agent:Shuffled --value own_agent:Brevity"
FAMILIES = ["Game24-v0", "WebShop-v0", "HotpotQA-v0", "own_agent:Count-v0"]


@pytest.fixture
def home(tmp_path):
    """A folder of the user's, with the module in it."""
    (tmp_path / "own_agent.py").write_text(Path(__file__).with_name("own_agent.py").read_text())
    return tmp_path


@pytest.fixture
def run(home):
    """Runs the command in that folder, as a script that is installed: it does not stand on the path by itself."""
    places = [part for part in sys.path if part and Path(part) != Path(__file__).parent]
    code = f"import sys; sys.path[:] = {places!r}; from forethought.cli.main import main; main()"

    def run(words, ends=0, **surroundings):
        done = subprocess.run(
            [sys.executable, "-c", code, *words.split()], cwd=home, capture_output=True, text=True, timeout=120,
            env={**os.environ, **surroundings},
        )  # fmt: skip
        assert done.returncode == ends, done.stderr
        return done

    run.code = code
    return run


def results(folder):
    return (folder / "results.jsonl").read_bytes()


@pytest.mark.parametrize("env", FAMILIES)
def test_it_is_evaluated_resumed_and_run_by_workers_with_the_same_results(env, home, run):
    words = f"eval --env {env} {OWN} --set greedy=false --set policy.word=mug --tasks 0:4 --budget nodes=40"
    run(f"{words} --run one")
    run(f"{words} --run four --workers 4")
    assert results(home / "one") == results(home / "four")
    (home / "one" / "results.jsonl").unlink()
    run("resume one")
    assert results(home / "one") == results(home / "four")
    assert all(json.loads(line)["spent"]["nodes"] > 1 for line in results(home / "one").splitlines())


def test_a_killed_run_goes_on_to_the_same_results(home, run):
    words = f"eval --env Game24-v0 {OWN} --set num_children=36 --set restarts=30 --tasks 0:200 --budget nodes=2000"
    run(f"{words} --run whole")
    process = subprocess.Popen([sys.executable, "-c", run.code, *words.split(), "--run", "killed"], cwd=home)
    journal = home / "killed" / "journal.jsonl"
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 100_000):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    run("resume killed")
    assert results(home / "killed") == results(home / "whole")


@pytest.mark.skipif(find_spec("ray") is None, reason="the extra [ray] is not installed")
def test_it_runs_on_a_cluster(home, run, tmp_path):
    words = f"eval --env Game24-v0 {OWN} --tasks 0:4 --budget nodes=40"
    run(f"{words} --run one")
    quiet = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "HOME": str(tmp_path)}
    run(f"{words} --run ray --workers ray://local?workers=2", **quiet)
    assert results(home / "one") == results(home / "ray")


def test_edited_source_is_refused_unless_told_and_the_row_says_so(home, run):
    run(f"eval --env Game24-v0 {OWN} --tasks 0:2 --budget nodes=40 --run r")
    module = home / "own_agent.py"
    module.write_text(module.read_text() + "\n# edited\n")
    (home / "r" / "results.jsonl").unlink()
    assert "begun with other source of own_agent" in run("resume r", ends=2).stderr
    run("resume r --changed-source")
    run("board add r --name my-search --rows rows")
    row = json.loads((home / "rows" / "my-search.json").read_text())
    assert row["agent"]["foreign"] == ["own_agent:climb", "own_agent:Shuffled", "own_agent:Brevity"]
    assert row["changed_sources"] == ["own_agent"]
    assert "--agent own_agent:climb" in row["command"]


def test_code_of_a_config_that_the_user_never_named_is_not_imported(home, run):
    run(f"eval --env Game24-v0 {OWN} --tasks 0:2 --budget nodes=40 --run r")
    run("resume r")
    (home / "own_agent.py").write_text("raise SystemExit('it ran')")
    done = run("resume r", ends=2, FORETHOUGHT_CACHE=str(home / "another"))
    assert "imports own_agent:climb, which no command of yours has named yet" in done.stderr
    assert "--run-code other:thing" not in done.stderr
    assert "names 'other:thing'" in run("resume r --run-code other:thing", ends=2).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--agent own_agent:climbs", "module 'own_agent' has no attribute 'climbs'"),
        ("--agent own_agnt:climb", "No module named 'own_agnt'; modules are looked for in the current folder"),
        ("--agent own_agent:Brevity", "own_agent:Brevity is no algorithm: it is type; expected a generator function"),
        ("--agent beam --policy own_agent:Brevity", "expected a class with the method propose(self, queries)"),
        ("--agent beam --value own_agent:climb", "expected a class with the method evaluate(self, queries)"),
        ("--agent own_agent:climb --set num_children=x", "num_children='x'; expected an integer"),
        ("--agent own_agent:climb --set greedy=1", "greedy=1; expected true or false"),
        (
            "--agent own_agent:climb --set depth=1",
            "has no setting 'depth'; expected one of num_children, restarts",
        ),
        ("--agent beam --policy own_agent:Shuffled --set policy.word=3", "policy.word=3; expected a text"),
        ("--agent broken:search", "cannot be imported: SyntaxError"),
        ("--agent leaving:search", "cannot be imported: SystemExit: bye"),
        ("--agent loose:search", "its parameters num_children must be keyword-only settings, behind a *"),
        ("--agent beam --policy loose:Needy", "a run cannot give it teacher; it may ask for env_id"),
        ("--agent loose:required", "needs num_children; give --set num_children=VALUE"),
    ],
)
def test_what_is_no_piece_is_refused_with_the_reason(words, message, home, run):
    (home / "broken.py").write_text("def search(root:\n")
    (home / "leaving.py").write_text("raise SystemExit('bye')")
    (home / "loose.py").write_text(
        "def search(root, num_children):\n    yield\n\n\n"
        "def required(root, *, num_children: int):\n    yield\n\n\n"
        "class Needy:\n    def __init__(self, teacher): ...\n    def propose(self, queries): ...\n"
    )
    done = run(f"eval --env Game24-v0 {words} --tasks 0:2 --budget nodes=9", ends=2)
    assert message in done.stderr
    assert not (home / "runs").exists()
