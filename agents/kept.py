"""What a server answered in a batch that failed as a whole: kept until it is asked for again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from forethought.agents.retrying import Fault
from forethought.search import FREE, Usage

A = TypeVar("A")


class ServerError(RuntimeError):
    """The server did not answer a request as it must.

    `settle()` gives what the kept replies of its batch have cost, for who bills them at once: they are free after.
    """

    def __init__(self, text: str, settle: Callable[[], Usage] = lambda: FREE) -> None:
        super().__init__(text)
        self.settle = settle


class Kept(Generic[A]):
    """Replies that were paid and not handed out yet, and faults not told to every asker yet, by request."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._replies: dict[str, deque[A]] = {}
        self._faults: dict[str, tuple[Fault, int]] = {}  # with the size of the batch it was in; 0: not told yet

    def claim(self, keys: Sequence[str]) -> list[A | None]:
        """Hand out what is kept, None where nothing is; equal requests need a reply each."""
        found = [queue.popleft() if (queue := self._replies.get(key)) else None for key in keys]
        for key in keys:
            if not self._replies.get(key, True):
                del self._replies[key]
        return found

    def put_back(self, keys: Sequence[str], found: Sequence[A | Fault | None]) -> None:
        """Keep what a batch that failed has found."""
        for key, reply in zip(keys, found, strict=True):
            if isinstance(reply, Fault):
                self._faults[key] = (reply, 0)
            elif reply is not None:
                self._replies.setdefault(key, deque()).append(reply)

    def refuse(self, keys: Sequence[str], size: int | None = None, settle: Callable[[], Usage] = lambda: FREE) -> None:
        """Raises ServerError: one of these failed, in this batch of `size`, or before in a larger one.

        A larger one's is told once: it is forgotten here.
        """
        found = {key: self._faults.pop(key) for key in keys if key in self._faults}
        told = [fault for fault, batch in found.values() if size is not None or batch > len(keys)]
        if size is not None and size > 1:
            self._faults |= {key: (fault, size) for key, (fault, _) in found.items()}
        if told:
            others = f" ({len(told)} of {len(keys)} requests failed)" if len(keys) > 1 else ""
            raise ServerError(f"{self._name}: {told[0].reason}{others}", settle)
