"""`eval --workers` as a user meets it: the same results, and a Ctrl-C that ends everybody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forethought.experiments.run_folder import Run

COMMAND = [sys.executable, "-c", "from forethought.cli.main import main; main()"]
AGENT = "--agent mcts --policy all --value rule --set num_simulations=300"
EVAL = f"eval --env Game24-v0 {AGENT} --tasks 0:24 --budget nodes=2000"


def forethought(text, cwd):
    return subprocess.run([*COMMAND, *text.split()], cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """The folder of the run of one process."""
    folder = tmp_path_factory.mktemp("one")
    done = forethought(f"{EVAL} --run r", folder)
    assert done.returncode == 0, done.stderr
    return folder / "r"


def test_workers_give_the_results_of_one_process(one, tmp_path):
    done = forethought(f"{EVAL} --run r --workers 2", tmp_path)
    assert (done.returncode, Run(tmp_path / "r").config["workers"]) == (0, "2"), done.stderr
    assert "r: 24/24, mean" in done.stderr
    assert (tmp_path / "r" / "results.jsonl").read_bytes() == (one / "results.jsonl").read_bytes()
    assert {path.name for path in (tmp_path / "r").iterdir()} == {path.name for path in one.iterdir()}


def members(group):
    """The processes of a group that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it ended meanwhile
            continue
        if int(of) == group and state != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_ends_all_workers_and_the_run_goes_on_later(one, tmp_path):
    child = subprocess.Popen(
        [*COMMAND, *f"{EVAL} --run r --workers 2".split()],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    written = [tmp_path / "r" / f"journal-{number}.jsonl" for number in (1, 2)]
    deadline = time.monotonic() + 30
    while not any(path.exists() and path.stat().st_size > 2000 for path in written) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(members(child.pid)) >= 3
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130, said
    assert said.splitlines()[-1] == "interrupted; go on with: forethought resume r"
    assert "Traceback" not in said
    deadline = time.monotonic() + 10
    while members(child.pid) and time.monotonic() < deadline:  # the resource tracker goes a moment after its process
        time.sleep(0.01)
    assert members(child.pid) == []
    held = (tmp_path / "r" / "journal.jsonl").read_bytes()
    assert len(held) > 2000
    assert not any(path.exists() for path in written)

    done = forethought("resume r", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "r" / "results.jsonl").read_bytes() == (one / "results.jsonl").read_bytes()
    assert (tmp_path / "r" / "journal.jsonl").read_bytes().startswith(held)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--workers 0", "cannot read the workers '0'; write a number, or ray://HOST:PORT"),
        ("--workers 2 --policy lm-text --model recorded:x --record y", "record with --workers 1"),
        ("--workers 2 --policy lm-text", "add --model"),
    ],
)
def test_bad_workers_are_usage(tmp_path, words, message):
    done = forethought(f"{EVAL} --run r {words}", tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
