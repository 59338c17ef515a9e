from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from forethought.common import locks
from forethought.common.locks import InUse, lock, locked

HOLD = """
import os, pathlib, sys
from forethought.common.locks import lock
lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_one_at_a_time(tmp_path):
    path = tmp_path / "lock"
    with locked(path), pytest.raises(InUse, match="lock is in use by another process; wait for it, or stop it"):
        lock(path)
    assert not path.exists()
    os.close(lock(path))
    os.close(lock(path))


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path):
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InUse), locked(path):
            pass
        holder.kill()
        holder.wait()
        with locked(path):
            assert path.exists()


def test_a_lock_is_waited_for(tmp_path):
    path = tmp_path / "lock"
    file = lock(path)
    thread = threading.Timer(0.1, os.close, [file])
    thread.start()
    began = time.monotonic()
    os.close(lock(path, wait=30.0))
    assert 0.05 < time.monotonic() - began < 20
    thread.join()


def test_a_lock_file_that_its_holder_removed_meanwhile_is_no_lock(tmp_path, monkeypatch):
    """Between our open and our lock its holder ends, and removes it: another process may lock a new file."""
    path, removed = tmp_path / "lock", []

    def slow(file, how):
        if not removed:
            removed.append(path)
            path.unlink()

    monkeypatch.setattr(locks.fcntl, "flock", slow)
    with locked(path):
        assert removed
        assert path.exists()
    assert not path.exists()


def test_a_lock_ends_with_an_error_inside(tmp_path):
    with pytest.raises(RuntimeError, match="disk"), locked(tmp_path / "lock"):
        raise RuntimeError("disk")
    with locked(tmp_path / "lock"):
        pass
