"""The journal: every paid answer, written before it is used.

One line an answer: `[task, seq, kind, answer]`, `seq` counted per task, so that neither the shape of a
batch nor the worker matters. A plain write survives the death of the process; fsync follows at most
every 50 ms, for the death of the machine. A torn last line is dropped: its answer was never used.

A worker of a run writes a part, `journal-<n>.jsonl` beside the run's `journal.jsonl`: the same lines, but that a
task may go on where the run's journal ends. `forethought.search.parts` moves parts into the journal.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def __init__(self, path: Path, *, file: int | None = None, before: float = 0.0) -> None:
        """`file` is that of the path where it is open and locked already; `before` are seconds spent elsewhere."""
        self.path = path
        self._file = locked(path) if file is None else file
        try:
            self.entries, self.seconds, whole = read(path)
        except JournalError:
            os.close(self._file)
            raise
        os.ftruncate(self._file, whole)
        self._began = self._synced = self._clocked = time.monotonic()
        self._before = self.seconds = max(self.seconds, before)
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

    def restart(self) -> None:
        """Count this process's seconds from now: until now it only prepared."""
        self._began = time.monotonic()

    def elapsed(self) -> float:
        """Seconds spent on this run, those of earlier processes included."""
        self.seconds = self._before + time.monotonic() - self._began
        return self.seconds

    def adopt(self, added: Mapping[int, Sequence[Entry]], seconds: float) -> None:
        """Append answers that go on where `entries` ends, and the time they took; on disk when this returns."""
        self._before += max(0.0, seconds - self.elapsed())
        lines = []
        for task, new in added.items():
            mine = self.entries.setdefault(task, [])
            lines += [encode((task, seq, *entry)) for seq, entry in enumerate(new, len(mine))]
            mine += new
        self.write([*lines, encode([RUN, 0, "clock", round(self.elapsed(), 3)])])
        os.fsync(self._file)

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


def locked(path: Path, wait: float = 0.0) -> int:
    """The file, open for appending and locked, for whoever holds its number.

    Raises JournalError: after `wait` seconds another process still holds it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except OSError as error:
            if time.monotonic() < until:
                time.sleep(0.01)
                continue
            os.close(file)
            raise JournalError(f"{path} is in use by another process; wait for it, or stop it") from error


def read(path: Path) -> tuple[dict[int, list[Entry]], float, int]:
    """The entries of each task, the seconds spent, and how many bytes hold whole lines.

    Raises JournalError: a line in the middle that cannot be read, or a task whose answers do not count 0, 1, 2, ...
    """
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    entries: dict[int, list[Entry]] = {}
    seconds = 0.0
    for number, task, seq, entry in parsed(path, data[:whole]):
        if task == RUN:
            seconds = entry[1] if entry[0] == "clock" else seconds
            continue
        mine = entries.setdefault(task, [])
        if seq != len(mine):
            raise JournalError(
                f"{path}, line {number}: task {task} goes on with answer {seq}, and {len(mine)} was expected"
            )
        mine.append(entry)
    return entries, seconds, whole


def parsed(path: Path, data: bytes) -> Iterator[tuple[int, int, int, Entry]]:
    """Number, task, seq and entry of each line. Raises JournalError: one that cannot be read."""
    for number, line in enumerate(data.splitlines(), 1):
        try:
            task, seq, kind, answer = json.loads(line)
            if type(task) is not int or type(seq) is not int:
                raise TypeError("task and seq are numbers")
            if task == RUN and kind == "clock":
                answer = float(answer)
            elif task == RUN and kind == "format" and answer != FORMAT:
                raise JournalError(f"{path} has format {answer!r}; this version reads {FORMAT}")
        except (ValueError, TypeError, RecursionError) as error:
            raise JournalError(
                f"{path}, line {number}, is damaged ({error}); restore the file, or delete this line and all after it"
            ) from error
        yield number, task, seq, (kind, answer)
