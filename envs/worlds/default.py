"""Worlds opened once a process, and default worlds made once in the cache folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from forethought.common.source_digests import digests
from forethought.envs.worlds.folder import MANIFEST, cache_folder

W = TypeVar("W")
WHAT_HELPS = "remove that folder if it is there, or let FORETHOUGHT_CACHE name one that can be written"


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
    """The given world, opened; None if none was given. Raises ValueError: another kind of object, or no world there."""
    if isinstance(world, str | Path):
        return open_world(world)
    if not isinstance(world, kind | None):
        raise ValueError(f"a world is a folder or an opened World; {world!r} was given")
    return world


def made_once(name: str, make: Callable[[Path], object], open_world: Callable[[Path], W]) -> W:
    """The world of this name in the cache folder, made if it is missing.

    Raises OSError: it cannot be made. Raises ValueError: it cannot be opened.
    """
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


def recipe(module: ModuleType) -> str:
    """A hash of all that a made world is made of, so that a changed recipe is a new world.

    That is the source of the module that makes it and of all that this imports, and the data files beside it.
    """
    digest = hashlib.sha256(json.dumps(digests([module.__name__])).encode())
    folder = Path(str(module.__file__)).parent
    for path in sorted(folder.rglob("*.json")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
