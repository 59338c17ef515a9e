"""File locks of the operating system (flock). A lock ends with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.01


class InUse(RuntimeError):
    """Another process holds the lock."""


def lock(path: Path, wait: float = 0.0) -> int:
    """Open a file for appending, made if missing, and lock it. Returns the descriptor; to close it ends the lock.

    Raises InUse: after `wait` seconds another process still holds it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except OSError as error:
            if time.monotonic() < until:
                time.sleep(POLL_SECONDS)
                continue
            os.close(file)
            raise InUse(f"{path} is in use by another process; wait for it, or stop it") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which is removed at the end. Raises InUse: another process holds it."""
    file = lock(path)
    while not is_at(path, file):  # its last holder removed it between our open and our lock: that file is no lock
        os.close(file)
        file = lock(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # before the lock ends, so that nobody's new lock file is removed
        os.close(file)


def is_at(path: Path, file: int) -> bool:
    """Whether the open file is the one at this path."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
