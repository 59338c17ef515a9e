"""The start of a run: a folder of its own, which is removed again if the start is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from forethought.experiments.run_folder import Run, RunError
from forethought.search.engine.journal import JournalError, locked
from forethought.search.engine.journal_parts import PastJournal

FOREIGN = re.compile(r"[^A-Za-z0-9._-]+")  # characters that some system does not allow in a folder's name
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names of devices on Windows
LONGEST = 100  # characters of a name
UNPAID = re.compile(r"config\.toml|manifest\.json|journal(-\d+)?\.jsonl|\.(config\.toml|manifest\.json)\.\d+")


@contextmanager
def start(folder: Path | None, home: Path, name: str, config: Mapping[str, Any]) -> Iterator[Run]:
    """A new run in a folder, or, without one, in a free folder under `home`.

    A run that is refused before its first paid answer is removed again, with the folder that was made for it.
    Raises RunError: the folder holds a run or other files.
    """
    made = [] if folder else free_folder(home, name)
    try:
        run = Run.plan(folder or made[0], config)
        try:
            yield run
        except (ValueError, RunError, JournalError, OSError):
            if run.begun:
                withdraw(run.folder)
            raise
    finally:
        for empty in made:
            with suppress(OSError):  # it is gone, or holds files, such as those of the run that began
                empty.rmdir()


def free_folder(home: Path, name: str) -> list[Path]:
    """A new folder that no other start can have too, and the folders above it that were made."""
    number = 1
    while True:
        folder = home / f"{portable(name)}-{number}"
        above = [parent for parent in (home, *home.parents) if not parent.exists()]
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not home.is_dir():
                raise
            number += 1
        except FileNotFoundError:
            if home.is_dir() or home.parent.is_dir():  # another start that was refused removed `home` just now
                continue
            raise
        else:
            return [folder, *above]


def portable(name: str) -> str:
    """A name for a file or a folder on every system: other characters become "-"."""
    plain = FOREIGN.sub("-", name)[:LONGEST].strip("-. ") or "run"
    return f"run-{plain}" if RESERVED.fullmatch(plain) else plain


def withdraw(folder: Path) -> None:
    """Remove the folder of a run without answers and without foreign files; else leave it as it is.

    It is renamed first, so that a kill in the middle does not block the next start.
    """
    if not all(UNPAID.fullmatch(path.name) for path in folder.iterdir()):
        return
    with suppress(OSError, JournalError):
        journal = folder / "journal.jsonl"
        file = locked(journal)  # raises where another process goes on with the run
        try:
            if PastJournal(journal).entries:
                return
            gone = folder.with_name(f".{folder.name}.refused-{os.getpid()}")
            folder.rename(gone)
            for path in gone.iterdir():
                if UNPAID.fullmatch(path.name):
                    path.unlink()
            gone.rmdir()
        finally:
            os.close(file)
