"""Files, and lines at the end of a file, that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

BLOCK = 1 << 16  # bytes looked at once for the end of the last whole line


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append lines to a file that no other process writes to. A torn line that a kill has left is cut off first.

    Raises OSError: the disk is full, or failed; the file then ends as it did before.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.ftruncate(file, whole_lines(file))
        write_whole(file, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"))
    finally:
        os.close(file)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the process dies."""
    scratch_file(path, data).replace(path)


def scratch_file(path: Path, data: bytes) -> Path:
    """A scratch file beside the path with the data, already on disk. It is removed if it cannot be written."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return scratch


def write_whole(file: int, data: bytes, size: int | None = None) -> None:
    """Write to the end of a file that is open for appending: all of it, or nothing. `size` is the file's, if known.

    A full disk may accept only a part of the data; that part is cut off again, so that the next line is not
    written onto it.
    """
    begun = os.fstat(file).st_size if size is None else size
    done = 0
    try:
        while done < len(data):
            done += os.write(file, data[done:] if done else data)
    finally:
        if done < len(data):
            with suppress(OSError):  # the error that brought us here is the one to tell
                os.ftruncate(file, begun)


def whole_lines(file: int) -> int:
    """How many bytes of a file are whole lines."""
    end = os.fstat(file).st_size
    while end:
        begin = max(0, end - BLOCK)
        place = os.pread(file, end - begin, begin).rfind(b"\n")
        if place >= 0:
            return begin + place + 1
        end = begin
    return 0
