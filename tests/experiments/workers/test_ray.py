"""A run on a Ray cluster of several processes: the same results, whichever of them is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from forethought.experiments import execute
from forethought.experiments.config import Experiment
from forethought.experiments.launch import carry_out
from forethought.experiments.run_folder import Run
from forethought.experiments.workers.options import WorkerOptions

HERE = Path(__file__).parent
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="the extra [ray] is not installed")


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    import counting

    return counting


@pytest.fixture
def ray_folder():
    """Short, for the paths of sockets have 107 bytes at the most. No process of its cluster is left behind."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")
    yield folder
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if folder.encode() in found.read_bytes():
                os.kill(int(found.parent.name), signal.SIGKILL)
        except OSError:  # it ended meanwhile
            continue
    shutil.rmtree(folder, ignore_errors=True)


@needs_ray
def test_actors_killed_in_the_middle_lose_nothing_and_pay_nothing_twice(tmp_path, counting, ray_folder):
    for name in ("one-model", "killed-model", "refused-model"):
        (tmp_path / name).mkdir()
    one = Run.create(tmp_path / "one", counting.priced(tmp_path, "one-model").config())
    execute.run(one, lm=counting.Counted(tmp_path / "one-model"))

    quiet = {"RAY_TMPDIR": ray_folder, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(HERE / "on_cluster.py"), str(tmp_path)],
        env={
            **os.environ,
            **quiet,
            "PYTHONPATH": os.pathsep.join((str(HERE), os.environ.get("PYTHONPATH", ""))),
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    killed = tmp_path / "killed"
    assert done.stderr.count("died; its") == len(list((tmp_path / "killed-model").glob("done-*"))) == 2
    for name in ("results.jsonl", "failures.jsonl"):
        assert (killed / name).read_bytes() == (one.folder / name).read_bytes()
    assert counting.asked(tmp_path / "killed-model") == counting.asked(tmp_path / "one-model")
    assert {path.name for path in killed.iterdir()} == {path.name for path in one.folder.iterdir()}
    assert "of the cluster has other content than the run" in (tmp_path / "refused").read_text()


@needs_ray
def test_as_many_workers_as_there_is_room_for():
    from forethought.experiments.workers.ray import room

    assert room({"CPU": 9.0}, WorkerOptions.parse("ray://auto?cpus=2")) == 4
    assert room({"CPU": 64.0, "GPU": 2.0}, WorkerOptions.parse("ray://auto?gpus=0.5")) == 4
    with pytest.raises(ValueError, match="has 1 cpus and 0 gpus, and a worker reserves 1 and 1"):
        room({"CPU": 1.0}, WorkerOptions.parse("ray://auto?gpus=1"))


def test_a_cluster_without_ray_is_refused_with_advice(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "forethought.experiments.workers.ray", raising=False)
    asked = Experiment("Game24-v0", "0:2", "greedy", {"nodes": 5}, workers="ray://10.0.0.1:10001")
    with pytest.raises(ValueError, match=r"workers on a cluster need ray; run: pip install 'forethought\[ray\]'"):
        carry_out(Run.create(tmp_path / "run", asked.config()))


@pytest.mark.parametrize(
    ("text", "staffing"),
    [
        ("1", WorkerOptions(1)),
        ("16", WorkerOptions(16)),
        ("ray://10.0.0.1:10001", WorkerOptions(None, "ray://10.0.0.1:10001")),
        ("ray://head:10001?workers=8&cpus=2&gpus=0.5", WorkerOptions(8, "ray://head:10001", 2.0, 0.5)),
        ("ray://auto", WorkerOptions(None, "auto")),
        ("ray://local?workers=3", WorkerOptions(3, "local")),
    ],
)
def test_workers_are_read(text, staffing):
    assert WorkerOptions.parse(text) == staffing
    assert staffing.alone is (text == "1")


NO_WORKERS = """ 0 -2 two 2.5 ray ray:// ray://head ray://head:x ray://head:1?workers=0 ray://head:1?wrokers=2
    ray://head:1?workers ray://head:1/x ray://auto?cpus=-1 http://head:1"""


@pytest.mark.parametrize("text", ["", *NO_WORKERS.split()])
def test_workers_that_make_no_sense_are_refused(text):
    with pytest.raises(ValueError, match="cannot read the workers"):
        WorkerOptions.parse(text)
    with pytest.raises(ValueError, match="cannot read the workers"):
        Experiment("Game24-v0", "0:2", "greedy", {"nodes": 5}, workers=text)


def test_a_recording_is_of_one_worker():
    asked = {"policy": "lm-text", "model": "scripted", "record": "replies.jsonl"}
    Experiment("Game24-v0", "0:2", "greedy", {"nodes": 5}, **asked)
    with pytest.raises(ValueError, match="--record writes one file, and the workers are '2'; record with --workers 1"):
        Experiment("Game24-v0", "0:2", "greedy", {"nodes": 5}, **asked, workers="2")
