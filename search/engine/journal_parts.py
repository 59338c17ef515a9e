"""The parts of a journal, one for each worker of a run, and their merge into the journal of the run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from forethought.search.engine.journal import RUN, Entry, Journal, JournalError, locked, parsed, read

Part: TypeAlias = "tuple[Path, dict[int, dict[int, Entry]], float]"  # answers by task and seq, seconds of the run
DYING_SECONDS = 10.0  # that a worker may live on after the process that began it


def part(path: Path, number: int) -> Path:
    """Where worker `number` of the run with this journal writes its part."""
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def parts(path: Path) -> list[Path]:
    """The parts beside a journal, by number."""
    numbers = [found.stem.rpartition("-")[2] for found in path.parent.glob(f"{path.stem}-*{path.suffix}")]
    return [part(path, number) for number in sorted(int(text) for text in numbers if text.isdecimal())]


def read_part(path: Path, owner: str = "") -> Part:
    """Raises JournalError: a line that cannot be read, or another owner. A part that was merged meanwhile is empty."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    entries: dict[int, dict[int, Entry]] = {}
    seconds = 0.0
    for _, task, seq, entry in parsed(path, data[: data.rfind(b"\n") + 1], owner):
        if task == RUN:
            seconds = entry[1] if entry[0] == "clock" else seconds
        else:
            entries.setdefault(task, {})[seq] = entry
    return path, entries, seconds


def beyond(entries: Mapping[int, Sequence[Entry]], found: Sequence[Part]) -> dict[int, list[Entry]]:
    """The entries of parts that follow these entries, by task, then seq.

    Raises JournalError: an answer is missing, or two parts hold different ones.
    """
    added: dict[int, list[Entry]] = {}
    for task in sorted({task for _, mine, _ in found for task in mine}):
        known = list(entries.get(task, ()))
        begun = len(known)
        lines = [(seq, path, entry) for path, mine, _ in found for seq, entry in mine.get(task, {}).items()]
        for seq, path, entry in sorted(lines, key=lambda line: line[0]):
            if seq > len(known):
                raise JournalError(f"{path}: task {task} goes on with answer {seq}, and {len(known)} was expected")
            if seq < len(known) and known[seq] != entry:
                raise JournalError(f"{path}: answer {seq} of task {task} is another one than was journaled before")
            known += [entry] if seq == len(known) else []
        if len(known) > begun:
            added[task] = known[begun:]
    return added


def merge(journal: Journal, of: Sequence[Path] | None = None) -> None:
    """Append the parts `of` workers (all, if not given) to the journal, by task, then seq, and remove them.

    A process killed at any moment of it loses nothing and doubles nothing: a part is removed when its answers
    are on disk in the journal, and an answer that the journal holds already is not appended again. Waits
    for workers that are about to die. Raises JournalError: a part is damaged, or still in use.
    """
    paths = parts(journal.path) if of is None else of
    files: list[int] = []
    try:
        for path in paths:
            files.append(locked(path, DYING_SECONDS))
        found = [read_part(path, journal.owner) for path in paths]
        if found:
            journal.adopt(beyond(journal.entries, found), max(seconds for _, _, seconds in found))
        for path in paths:
            path.unlink()
    finally:
        for file in files:
            os.close(file)


class PastJournal:
    """The journal of a run to look at, with the parts its workers left: nothing is locked, nothing is written."""

    def __init__(self, path: Path, owner: str = "") -> None:
        """Raises JournalError: a line is damaged, or it belongs to another run than `owner`, where one is given."""
        found = [read_part(part, owner) for part in parts(path)]  # first: what is merged meanwhile is then seen twice
        self.entries, self.seconds, _ = read(path, owner)
        for task, new in beyond(self.entries, found).items():
            self.entries.setdefault(task, []).extend(new)

    def write(self, lines: Iterable[str]) -> None:
        """Write nothing: a replay has no new entries."""

    def elapsed(self) -> float:
        """Zero: a replay takes no time of the budget."""
        return 0.0
