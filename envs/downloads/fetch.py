"""Gets the official files of a task into a folder, once; records sizes and sums, and refuses files that differ."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from forethought.common.json_text import read_json
from forethought.common.locks import locked
from forethought.common.retry import RetryPolicy
from forethought.envs.downloads.download import BLOCK, Differs, Expected, MirrorError, Part, Report, download
from forethought.envs.downloads.sources import SOURCES, File

RECORD = "fetched.json"
LOCK = "fetched.lock"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
RETRIES = RetryPolicy(retries=4, timeout=30.0, deadline=300.0, first=1.0, longest=60.0)  # seconds

Progress = Callable[[str, int, "int | None"], None]


class FetchError(RuntimeError):
    """A file that no mirror gives, or that cannot be kept."""


class ChangedError(FetchError):
    """A file that is not the one recorded, or not the official one."""


@dataclass(frozen=True)
class Entry:
    """A row of the record. It holds no time, so the same files give the same record."""

    url: str | None  # None: it was in the folder already
    size: int
    sha256: str


def fetch(
    name: str,
    folder: Path,
    *,
    sources: Mapping[str, tuple[File, ...]] = SOURCES,
    progress: Progress | None = None,
    accept_changed: bool = False,
    policy: RetryPolicy = RETRIES,
) -> list[Path]:
    """The files of "webshop/small", say, in `folder`; "webshop" alone is the first set of that name.

    A file that is there and fits is not requested again; an interrupted one goes on where it stopped. `progress` is
    called with a file's name, its bytes so far and in all. `accept_changed` takes a file of another size or sum than
    the expected one: as it lies in the folder, or as the first mirror gives it.

    Raises ValueError: no such set, or a table with an unsafe row. Raises ChangedError, FetchError, InUse.
    """
    files = chosen(name, sources)
    missing = [file for file in files if not settled(file, folder, accept_changed)]
    try:
        if missing:
            with kept_if_used(folder), locked(folder / LOCK):
                for file in missing:
                    obtain(file, folder, progress, accept_changed, policy)
    except OSError as error:
        raise FetchError(
            f"cannot keep files in {folder}: {error}. What came so far is kept; see to the folder, and fetch again"
        ) from error
    return [folder / file.name for file in files]


@contextmanager
def kept_if_used(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; those that were new and are still empty after an error are removed."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # not empty: a part of a file came
            for path in new:
                path.rmdir()
        raise


def chosen(name: str, sources: Mapping[str, tuple[File, ...]]) -> tuple[File, ...]:
    """Raises ValueError."""
    found = [key for key in sources if key == name] or [key for key in sources if key.startswith(name + "/")]
    if not found:
        raise ValueError(f"no official files are known as {name!r}; there are {', '.join(sources)}")
    for file in sources[found[0]]:
        if not NAME.fullmatch(file.name) or file.name.endswith((".part", ".part.json")) or file.name in (RECORD, LOCK):
            raise ValueError(f"{file.name!r} cannot name a fetched file; write letters, digits, '.', '_' and '-' only")
        for url in file.mirrors:
            if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
                raise ValueError(f"{url!r} is no mirror of {file.name}; write an address with http or https")
    return sources[found[0]]


def settled(file: File, folder: Path, accept_changed: bool) -> bool:
    """Whether the file is there and known to be the right one. Raises ChangedError: it is there, and is another."""
    path = folder / file.name
    if not path.exists():
        return False
    found, expected = measured(path), expectation(file, recorded(folder).get(file.name))
    if fits(found, expected):
        return expected.sha256 is not None
    if accept_changed:
        return False
    raise ChangedError(
        f"{path} has {found}; expected {expected}. Delete the file to fetch it again, "
        "or pass accept_changed=True to keep it as it is"
    )


def expectation(file: File, entry: Entry | None) -> Expected:
    """The official size and sum where the table has them, else those of the first time."""
    if entry is None or file.sha256 is not None:
        return Expected(file.size, file.sha256)
    return Expected(entry.size if file.size is None else file.size, entry.sha256)


def measured(path: Path) -> Expected:
    """The size and the sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return Expected(path.stat().st_size, digest.hexdigest())


def fits(found: Expected, expected: Expected) -> bool:
    """Whether size and sha256 are the expected ones, as far as these are known."""
    return expected.size in (None, found.size) and expected.sha256 in (None, found.sha256)


def obtain(file: File, folder: Path, progress: Progress | None, accept_changed: bool, policy: RetryPolicy) -> None:
    """The file in its place, and in the record. Raises FetchError."""
    path = folder / file.name
    if path.exists():  # as another process left it, or as its owner put it there
        if not settled(file, folder, accept_changed):
            write(folder, file.name, None, measured(path))
        return

    def report(done: int, total: int | None) -> None:
        if progress is not None:
            progress(file.name, done, total)

    expected = Expected() if accept_changed else expectation(file, recorded(folder).get(file.name))
    part = Part(path)
    if part.path.is_symlink() or part.notes_path.is_symlink():
        raise FetchError(f"{part.path} or its notes is a link, which may lead out of the folder; delete it")
    failures: dict[str, MirrorError] = {}
    for url in file.mirrors:
        try:
            found = whole(url, part, expected, policy, report)
        except MirrorError as error:
            failures[url] = error
            continue
        os.replace(part.path, path)
        part.drop()
        write(folder, file.name, url, found)
        return
    raise failure(path, expected, failures)


def whole(url: str, part: Part, expected: Expected, policy: RetryPolicy, report: Report) -> Expected:
    """The size and sum of the whole file, now in `part`. Raises MirrorError: it cannot be had, or is another."""
    pieced = download(url, part, expected, policy, report)
    found = measured(part.path)
    if pieced and not fits(found, expected):  # perhaps pieces of two versions: once more, from the start
        part.drop()
        download(url, part, expected, policy, report)
        found = measured(part.path)
    if not fits(found, expected):
        part.drop()
        raise Differs(f"gives {found}, expected {expected}")
    return found


def failure(path: Path, expected: Expected, failures: Mapping[str, MirrorError]) -> FetchError:
    """An error with the answer of each mirror, and a way out."""
    said = "; ".join(f"{urlsplit(url).netloc.rpartition('@')[2]}: {error}" for url, error in failures.items())
    if any(isinstance(error, Differs) for error in failures.values()):
        return ChangedError(
            f"no mirror gives {path.name} as expected ({said}). Pass accept_changed=True to take what comes"
        )
    return FetchError(
        f"no mirror gives {path.name} ({said}). Fetch again later, which goes on where it stopped, "
        f"or put the file ({expected}) into {path.parent} by hand"
    )


def recorded(folder: Path) -> dict[str, Entry]:
    """Raises FetchError: a record that cannot be read."""
    path = folder / RECORD
    try:
        rows = read_json(path.read_text(encoding="utf-8"))
        return {name: Entry(**row) for name, row in rows.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise FetchError(
            f"{path} is damaged ({error}); restore it, or delete it to have the files in {folder} recorded anew"
        ) from error


def write(folder: Path, name: str, url: str | None, found: Expected) -> None:
    """Add a file to the record of a folder."""
    rows = {**recorded(folder), name: Entry(url, found.size or 0, found.sha256 or "")}
    text = json.dumps({name: asdict(row) for name, row in rows.items()}, indent=1, sort_keys=True)
    new = folder / (RECORD + ".part")
    new.write_text(text + "\n", encoding="utf-8")
    os.replace(new, folder / RECORD)
