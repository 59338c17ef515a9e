"""One process at a time in a folder: a lock file that names its process, and goes with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path


class InUse(RuntimeError):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file `path`, removed at the end; one that a dead process of this machine left is broken.

    Raises InUse: held by a process that lives, or that may live on another machine.
    """
    me = f"{os.getpid()} {socket.gethostname()}"
    try:
        create(path, me)
    except FileExistsError:
        remove_stale(path)
        try:
            create(path, me)
        except FileExistsError as error:  # somebody was faster
            raise InUse(in_use(path, holder(path))) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def create(path: Path, text: str) -> None:
    """Raises FileExistsError."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)


def remove_stale(path: Path) -> None:
    """Raises InUse: it is not stale."""
    try:
        with path.open(encoding="utf-8") as file:
            # Two processes may find the same stale file: only under flock, and only this very file, is it removed,
            # so that the slower one cannot take away the new lock of the faster.
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            if not dead(text):
                raise InUse(in_use(path, text))
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                path.unlink()
    except FileNotFoundError:
        return


def dead(text: str) -> bool:
    """Whether the process that wrote this lock file is surely gone."""
    pid, _, host = text.partition(" ")
    if not pid.isdecimal() or host != socket.gethostname():
        return False
    return not is_alive(int(pid))


def is_alive(process: int) -> bool:
    """Whether a process of this machine has this number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True


def holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def in_use(path: Path, text: str) -> str:
    pid, _, host = text.partition(" ")
    who = f"process {pid} on {host}" if host else "another process"
    return f"{path} is held by {who}; wait for it, or delete the file if nothing fetches into this folder"
