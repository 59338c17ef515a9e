"""The number of threads, and how OpenMP is told."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from forethought.agents.models.local import torch_threads
from forethought.agents.models.local.torch_threads import choose, environment, folders, quota, settings


@pytest.mark.parametrize(
    ("own", "all_cores", "busy", "chosen"),
    [
        (2, 2, 0.0, 2),  # a quiet machine
        (2, 2, 0.4, 2),  # half a core is not missed
        (2, 2, 1.0, 1),
        (2, 2, 2.0, 1),
        (2, 2, 40.0, 1),  # never none
        (8, 8, 2.6, 5),
        (2, 64, 10.0, 2),  # a share of a large machine, with room around it
        (2, 64, 63.0, 1),
        (1, 1, 0.0, 1),
    ],
)
def test_threads_are_as_many_as_cores_are_free(own, all_cores, busy, chosen):
    assert choose(own, all_cores, busy) == chosen


def test_whoever_tells_a_number_is_obeyed():
    assert settings({}, lambda: 3) == {"OMP_NUM_THREADS": "3", "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
    assert "OMP_NUM_THREADS" not in settings({"OMP_NUM_THREADS": "7"}, lambda: 3)
    assert "OMP_NUM_THREADS" not in settings({"MKL_NUM_THREADS": "7"}, lambda: 3)
    assert settings({"OMP_NUM_THREADS": ""}, lambda: 3)["OMP_NUM_THREADS"] == "3"
    assert "OMP_WAIT_POLICY" not in settings({"OMP_WAIT_POLICY": "ACTIVE"}, lambda: 3)


def test_a_machine_that_cannot_tell_its_load_is_taken_for_quiet(monkeypatch):
    monkeypatch.delattr(os, "getloadavg")
    assert torch_threads.load() == 0.0


def test_cores_by_affinity(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 7}, raising=False)
    monkeypatch.setattr(torch_threads, "quota", lambda *files: 64.0)
    assert torch_threads.own_cores() == 3
    monkeypatch.setattr(torch_threads, "quota", lambda *files: 1.5)
    assert torch_threads.own_cores() == 2
    monkeypatch.setattr(torch_threads, "quota", lambda *files: 0.25)
    assert torch_threads.own_cores() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(torch_threads, "quota", lambda *files: 1e9)
    assert torch_threads.own_cores() == (os.cpu_count() or 1)


def test_the_quota_is_the_least_of_all_control_groups(tmp_path):
    membership, inner = tmp_path / "cgroup", tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    membership.write_text("0::/a/b\n")
    assert quota(membership, tmp_path) > 1e6
    (inner / "cpu.max").write_text("max 100000\n")
    (tmp_path / "a" / "cpu.max").write_text("150000 100000\n")
    assert quota(membership, tmp_path) == 1.5
    (inner / "cpu.max").write_text("50000 100000\n")
    assert quota(membership, tmp_path) == 0.5
    (inner / "cpu.max").write_text("what\n")
    assert quota(membership, tmp_path) == 1.5
    assert quota(tmp_path / "none", tmp_path) > 1e6


def test_the_quota_of_older_control_groups(tmp_path):
    membership, group = tmp_path / "cgroup", tmp_path / "cpu" / "a"
    group.mkdir(parents=True)
    membership.write_text("4:memory:/x\n1:cpu,cpuacct:/a\n0::/\n")
    (group / "cpu.cfs_period_us").write_text("100000\n")
    (group / "cpu.cfs_quota_us").write_text("-1\n")
    assert quota(membership, tmp_path) > 1e6
    (group / "cpu.cfs_quota_us").write_text("300000\n")
    assert quota(membership, tmp_path) == 3.0


def test_a_group_outside_of_what_is_seen_is_no_error(tmp_path):
    assert folders(tmp_path, "/../..")[0].parts


def test_the_environment_is_as_before_afterwards(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with environment({"OMP_NUM_THREADS": "3", "OMP_WAIT_POLICY": "PASSIVE"}):
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == ""
    assert "OMP_WAIT_POLICY" not in os.environ


@pytest.mark.parametrize(("told", "expected"), [(None, 1), ("2", 2)])
def test_torch_is_loaded_with_that_number(told, expected):
    pytest.importorskip("torch", reason="the extra [lm] is not installed")
    code = (
        "import os, sys; from forethought.agents.models.local import torch_threads as threads\n"
        "threads.load = lambda: 1000.0\n"
        "threads.load_torch(); import torch; print(torch.get_num_threads(), os.environ.get('OMP_WAIT_POLICY'))\n"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "MKL_"))}
    environment = plain if told is None else {**plain, "OMP_NUM_THREADS": told}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == [str(expected), "None"], done.stderr
