"""A world that was opened: the common part of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from forethought.envs.worlds.folder import read_manifest

W = TypeVar("W", bound="SealedWorld")


class SealedWorld:
    """An immutable folder of its `kind`, mapped.

    A copy is the world itself; to another process go its place and the hash of its content.
    """

    kind: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        """Raises ValueError: no world of this kind, or a damaged one."""
        self.folder = Path(folder).absolute()  # a process that opens it again may be in another place
        self.manifest = read_manifest(self.folder, self.kind)
        self.hash = str(self.manifest["hash"])

    def __deepcopy__(self: W, memo: dict[int, Any]) -> W:
        return self  # nothing in it changes

    def __reduce__(self: W) -> tuple[Callable[[type[W], Path, str], W], tuple[type[W], Path, str]]:
        return reopened, (type(self), self.folder, self.hash)


def reopened(kind: type[W], folder: Path, content: str) -> W:
    """Raises ValueError: the folder holds another world by now."""
    world = kind(folder)
    if world.hash != content:
        raise ValueError(f"{folder} holds world {world.hash} by now; {content} was expected")
    return world
