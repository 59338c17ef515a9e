"""The journal: every paid answer, written before it is used.

One line an answer: `[task, seq, kind, answer, asked, sum]`, `seq` counted per task, so that neither the shape of a
batch nor the worker matters. `asked` is a digest of the question, which a replay compares. `sum` is the CRC-32 of
the line before it: a damaged line is refused by its number. A plain write survives the death of the process; fsync
follows at most every 50 ms, for the death of the machine. A torn last line is dropped: its answer was never used.

The first line has the digest of everything that the answers depend on; it names the run of the journal.

A worker of a run writes a part, `journal-<n>.jsonl` beside the run's `journal.jsonl`: the same lines, but that a
task may go on where the run's journal ends. `forethought.search.engine.journal_parts` moves parts into the journal.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json import encoder
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias
from zlib import crc32

from forethought.common.files import write_whole
from forethought.common.json_text import read_json
from forethought.common.locks import InUse, lock

RUN = -1  # the task of lines about the whole run
FORMAT = 2
SYNC_SECONDS = 0.05
CLOCK_SECONDS = 0.5
SUM = len(',"01234567"]')  # the end of a line

Entry: TypeAlias = "tuple[str, Any, str]"  # kind, answer, asked
ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


def prepared() -> Callable[[Any], str]:
    """ENCODER.encode, of which each call makes a C encoder anew; one is made here once, where it is found.

    It is a private part of Python's json: one that is gone or writes anything else is left alone.
    """
    sample = (-1, [0.1, 1e22, True, None], {"é\ud800": '"'}, "")
    try:
        pieces = encoder.c_make_encoder(  # type: ignore[attr-defined]  # private
            None, ENCODER.default, encoder.encode_basestring_ascii, None, ":", ",", False, False, False
        )
        if "".join(pieces(sample, 0)) == ENCODER.encode(sample):
            return lambda value: "".join(pieces(value, 0))
    except (AttributeError, TypeError, ValueError):
        pass
    return ENCODER.encode


encode = prepared()


class JournalError(RuntimeError):
    """A journal that is damaged, of another run, or in use."""


class Journal:
    """Append-only file of one run, held by one process at a time.

    `entries[task]` are the earlier entries, in order; `seconds` is the time that earlier processes spent on the run.
    Raises JournalError: another process holds it, a line is damaged, or it belongs to another run than `owner`.
    """

    def __init__(self, path: Path, *, owner: str = "", file: int | None = None, before: float = 0.0) -> None:
        """`owner` is the digest of the run; nothing is compared where none is given.

        `file` is that of the path where it is open and locked already; `before` are seconds spent elsewhere.
        """
        self.path, self.owner = path, owner
        self._file = locked(path) if file is None else file
        try:
            self.entries, self.seconds, self._whole = read(path, owner)
        except JournalError:
            os.close(self._file)
            raise
        os.ftruncate(self._file, self._whole)
        self._began = self._synced = self._clocked = time.monotonic()
        self._before = self.seconds = max(self.seconds, before)
        if not self._whole:
            self.write([seal(RUN, 0, "format", FORMAT, owner)])

    def write(self, lines: Iterable[str]) -> None:
        """Append lines made by `seal`; they are with the operating system when this returns.

        A write that fails midway, on a full disk, leaves none of them.
        """
        data = ("\n".join(lines) + "\n").encode()
        write_whole(self._file, data, self._whole)
        self._whole += len(data)
        now = time.monotonic()
        if now - self._synced > SYNC_SECONDS:
            if now - self._clocked > CLOCK_SECONDS:
                self._clocked = now
                self.write([self._clock()])
            os.fsync(self._file)
            self._synced = time.monotonic()

    def _clock(self) -> str:
        return seal(RUN, 0, "clock", round(self.elapsed(), 3))

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
            lines += [seal(task, seq, *entry) for seq, entry in enumerate(new, len(mine))]
            mine += new
        self.write([*lines, self._clock()])
        os.fsync(self._file)

    def close(self) -> None:
        """Write the clock, put everything on the disk, and unlock the file."""
        self._clocked = time.monotonic()  # the line below tells the time; no second one is due
        try:
            self.write([self._clock()])
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def seal(task: int, seq: int, kind: str, answer: Any, asked: str = "") -> str:
    """A line, with its sum."""
    text = encode((task, seq, kind, answer, asked))[:-1]
    return f'{text},"{crc32(text.encode()):08x}"]'


def locked(path: Path, wait: float = 0.0) -> int:
    """Open a journal for appending and lock it. Returns the descriptor; to close it ends the lock.

    Raises JournalError: after `wait` seconds another process still holds it.
    """
    try:
        return lock(path, wait)
    except InUse as error:
        raise JournalError(str(error)) from error


def read(path: Path, owner: str = "") -> tuple[dict[int, list[Entry]], float, int]:
    """The entries of each task, the seconds spent, and how many bytes hold whole lines.

    Raises JournalError: a damaged line, a task with other answers than 0, 1, 2, ..., another owner.
    """
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    entries: dict[int, list[Entry]] = {}
    seconds = 0.0
    for number, task, seq, entry in parsed(path, data[:whole], owner):
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


def parsed(path: Path, data: bytes, owner: str = "") -> Iterator[tuple[int, int, int, Entry]]:
    """Number, task, seq and entry of each line. Raises JournalError: one that cannot be read, or another owner."""
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            if number == 1:
                check_head(path, line, owner)
            task, seq, kind, answer, asked = opened(line)
            if not (type(task) is type(seq) is int and type(kind) is type(asked) is str):
                raise TypeError("task and seq are numbers, kind and asked are texts")
            if task == RUN and kind == "clock":
                answer = float(answer)
        except (ValueError, TypeError) as error:
            raise JournalError(
                f"{path}, line {number}, is damaged ({error}); restore the file, or delete this line and all after it"
            ) from error
        yield number, task, seq, (kind, answer, asked)


def opened(line: bytes) -> list[Any]:
    """The parts of a line. Raises ValueError, TypeError: a wrong sum, or no line of a journal."""
    if line[-SUM:] != b',"%08x"]' % crc32(line[:-SUM]):
        raise ValueError("its sum is not that of its text")
    items = read_json(line)
    if not isinstance(items, list) or len(items) != 6:
        raise ValueError("expected [task, seq, kind, answer, asked, sum]")
    return items[:5]


def check_head(path: Path, line: bytes, owner: str) -> None:
    """Raises JournalError: another format, or another run's. ValueError, TypeError: the line is no head."""
    items = read_json(line)
    if not isinstance(items, list) or len(items) < 4 or items[0] != RUN or items[2] != "format":
        raise ValueError("expected the line that names the format and the run")
    if items[3] != FORMAT:
        raise JournalError(f"{path} has format {items[3]!r}; this version reads {FORMAT}; begin a new run")
    if owner and opened(line)[4] != owner:
        raise JournalError(
            f"{path} belongs to another run (of other settings, tasks, seed, model or world); "
            "restore the journal of this run, or begin a new run"
        )
