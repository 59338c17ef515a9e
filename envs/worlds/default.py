"""Worlds opened once a process, and default worlds made once in the cache folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TypeVar

from forethought.envs.worlds.folder import MANIFEST, cache_folder

W = TypeVar("W")
WHAT_HELPS = "remove that folder if it is there, or let FORETHOUGHT_CACHE name one that can be written"
# Files of this package that no world depends on.
FETCHING = frozenset({"fetch.py", "download.py", "lock.py", "sources.py", "default.py"})


def opener(kind: Callable[[Path], W]) -> Callable[[str | Path], W]:
    """A function that opens a folder as this kind of world, once a process as long as the folder holds the same one.

    It raises ValueError as `kind` does.
    """

    @lru_cache(maxsize=8)
    def opened(folder: Path, made: int) -> W:
        return kind(folder)

    def open_world(place: str | Path) -> W:
        folder = Path(place).expanduser().resolve()
        manifest = folder / MANIFEST
        return opened(folder, manifest.stat().st_mtime_ns if manifest.is_file() else 0)

    return open_world


def given(world: object, kind: type[W], open_world: Callable[[str | Path], W]) -> W | None:
    """What was given as a world, opened; None if nothing was. Raises ValueError: anything else, or no world there."""
    if isinstance(world, str | Path):
        return open_world(world)
    if not isinstance(world, kind | None):
        raise ValueError(f"a world is a folder or an opened World; {world!r} was given")
    return world


def made_once(name: str, make: Callable[[Path], object], open_world: Callable[[Path], W]) -> W:
    """The world of this name in the cache folder, made when it is not there yet. Raises what making or opening does."""
    folder = cache_folder() / "worlds" / name
    if not (folder / MANIFEST).exists():
        try:
            make(folder)
        except (ValueError, OSError) as error:
            if not (folder / MANIFEST).exists():  # else another process was faster
                raise OSError(f"the default world cannot be made in {folder}: {error} ({WHAT_HELPS})") from error
    try:
        return open_world(folder)
    except ValueError as error:
        raise ValueError(f"{error} (it is made by itself once you have deleted {folder})") from error


def recipe(packages: Sequence[str], showing: Collection[str]) -> str:
    """A hash of everything that a made world is made of, so that a changed recipe is a new world.

    `showing` names the files of the packages that no world depends on.
    """
    digest = hashlib.sha256()
    for package in packages:
        for name, data in sorted(sources(Path(str(resources.files(package))))):
            if name not in showing:
                digest.update(f"{package}/{name}\0".encode() + data)
    return digest.hexdigest()[:12]


def sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("__pycache__", "templates")]
        for name in names:
            if name.endswith((".py", ".json", ".txt")):
                path = Path(root, name)
                yield path.relative_to(folder).as_posix(), path.read_bytes()
