"""Texts in the memory that an asynchronous vector environment shares with its processes.

Gymnasium reads shared memory once, and from then on hands out copies of that value. For arrays the value is a view,
which follows the memory. `Texts` does the same for texts: its copy is the tuple of the texts last written.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, overload

HEAD = 8  # bytes that tell how many bytes follow
ROOM = 2**20  # bytes of one environment's text; the longest page of any family here has a tenth of that
CODEC = ("utf-8", "surrogatepass")


def allot(count: int, context: Any) -> Any:
    """Memory for one text of each of `count` environments, all of them empty."""
    return context.RawArray(ctypes.c_ubyte, count * (HEAD + ROOM))


def write(memory: Any, index: int, text: str) -> None:
    """Put a text into the room of environment `index`.

    Raises ValueError: a text that is longer than its room.
    """
    data = text.encode(*CODEC)
    if len(data) > ROOM:
        raise ValueError(
            f"an observation of {len(data):,} bytes was given, and the memory shared with each environment holds "
            f"{ROOM:,}; pass vector_kwargs={{'shared_memory': False}} to make_vec"
        )
    start = index * (HEAD + ROOM)
    view = memoryview(memory).cast("B")
    view[start : start + HEAD + len(data)] = len(data).to_bytes(HEAD, "little") + data


def read(memory: Any, index: int) -> str:
    """The text of one environment in shared memory."""
    start = index * (HEAD + ROOM)
    view = memoryview(memory).cast("B")
    length = int.from_bytes(view[start : start + HEAD], "little")
    return str(view[start + HEAD : start + HEAD + length], *CODEC)


class Texts(Sequence[str]):
    """The texts in shared memory as they are now; equal to a tuple of them, and a tuple once copied."""

    def __init__(self, memory: Any, count: int) -> None:
        self.memory, self.size = memory, count

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self.now()[index]

    def now(self) -> tuple[str, ...]:
        """The current texts of all environments."""
        return tuple(read(self.memory, index) for index in range(self.size))

    def __copy__(self) -> tuple[str, ...]:
        return self.now()

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return self.now()

    def __eq__(self, other: object) -> bool:
        return self.now() == (other.now() if isinstance(other, Texts) else other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return repr(self.now())
