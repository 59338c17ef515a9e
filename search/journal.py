"""The journal: every paid answer, written before it is used.

One line an answer: `[task, seq, kind, answer]`, `seq` counted per task, so that neither the shape of a
batch nor the worker matters. A plain write survives the death of the process; fsync follows at most
every 50 ms, for the death of the machine. A torn last line is dropped: its answer was never used.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

RUN = -1  # the task of lines about the whole run
FORMAT = 1
SYNC_SECONDS = 0.05
CLOCK_SECONDS = 0.5

Entry: TypeAlias = "tuple[str, Any]"  # kind, answer
encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


class JournalError(RuntimeError):
    """A journal that is damaged, of another run, or in use."""


class Journal:
    """Append-only file of one run, held by one process at a time.

    `entries[task]` is what was journaled before, in order; `seconds` is the time that earlier
    processes spent on the run. Raises JournalError: another process holds it, or a line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise JournalError(f"{path} is in use by another process; wait for it, or stop it") from error
        try:
            self.entries, self.seconds, whole = read(path)
        except JournalError:
            os.close(self._file)
            raise
        os.ftruncate(self._file, whole)
        self._began = self._synced = self._clocked = time.monotonic()
        self._before = self.seconds
        if not whole:
            self.write([encode([RUN, 0, "format", FORMAT])])

    def write(self, lines: Iterable[str]) -> None:
        """Append lines made by `encode`; they are with the operating system when this returns."""
        data = ("\n".join(lines) + "\n").encode()
        while data:
            data = data[os.write(self._file, data) :]
        now = time.monotonic()
        if now - self._synced > SYNC_SECONDS:
            if now - self._clocked > CLOCK_SECONDS:
                self._clocked = now
                self.write([encode([RUN, 0, "clock", round(self.elapsed(), 3)])])
            os.fsync(self._file)
            self._synced = time.monotonic()

    def elapsed(self) -> float:
        """Seconds spent on this run, those of earlier processes included."""
        self.seconds = self._before + time.monotonic() - self._began
        return self.seconds

    def close(self) -> None:
        self._clocked = time.monotonic()  # the line below tells the time; no second one is due
        self.write([encode([RUN, 0, "clock", round(self.elapsed(), 3)])])
        os.fsync(self._file)
        os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PastJournal:
    """The journal of a run to look at: nothing is locked, and nothing is written."""

    def __init__(self, path: Path) -> None:
        """Raises JournalError: a line is damaged."""
        self.entries, self.seconds, _ = read(path)

    def write(self, lines: Iterable[str]) -> None:
        """Nothing: what a replay stops at is no news."""

    def elapsed(self) -> float:
        return 0.0


def read(path: Path) -> tuple[dict[int, list[Entry]], float, int]:
    """The entries of each task, the seconds spent, and how many bytes hold whole lines.

    Raises JournalError: a line in the middle that cannot be read, or a task whose answers do not count 0, 1, 2, ...
    """
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    entries: dict[int, list[Entry]] = {}
    seconds = 0.0
    for number, line in enumerate(data[:whole].splitlines(), 1):
        try:
            task, seq, kind, answer = json.loads(line)
            if task == RUN:
                if kind == "clock":
                    seconds = float(answer)
                elif kind == "format" and answer != FORMAT:
                    raise JournalError(f"{path} has format {answer!r}; this version reads {FORMAT}")
                continue
            mine = entries.setdefault(task, [])
        except (ValueError, TypeError, RecursionError) as error:
            raise JournalError(
                f"{path}, line {number}, is damaged ({error}); restore the file, or delete this line and all after it"
            ) from error
        if seq != len(mine):
            raise JournalError(
                f"{path}, line {number}: task {task} goes on with answer {seq}, and {len(mine)} was expected"
            )
        mine.append((kind, answer))
    return entries, seconds, whole
