"""What a server answered in a batch that failed as a whole: kept until it is asked for again."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from forethought.agents.retrying import Fault

A = TypeVar("A")


class ServerError(RuntimeError):
    """The server did not answer a request as it must."""


class Kept(Generic[A]):
    """Replies that were paid and not handed out yet, and faults not told to every asker yet, by request."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._replies: dict[str, deque[A]] = {}
        self._faults: dict[str, tuple[Fault, int]] = {}  # with the size of the batch it was in; 0: not told yet

    def put(self, key: str, reply: A | Fault) -> None:
        if isinstance(reply, Fault):
            self._faults[key] = (reply, 0)
        else:
            self._replies.setdefault(key, deque()).append(reply)

    def missing(self, keys: Sequence[str]) -> list[int]:
        """Where in the list no reply is kept; equal requests need a reply each."""
        left = {key: len(self._replies.get(key, ())) for key in keys}
        places = []
        for i, key in enumerate(keys):
            left[key] -= 1
            if left[key] < 0:
                places.append(i)
        return places

    def refuse(self, keys: Sequence[str], size: int | None = None) -> None:
        """Raises ServerError: one of these failed, in this batch of `size`, or before in a larger one.

        A larger one's is told once: it is forgotten here.
        """
        found = {key: self._faults.pop(key) for key in keys if key in self._faults}
        told = [fault for fault, batch in found.values() if size is not None or batch > len(keys)]
        if size is not None and size > 1:
            self._faults |= {key: (fault, size) for key, (fault, _) in found.items()}
        if told:
            others = f" ({len(told)} of {len(keys)} requests failed)" if len(keys) > 1 else ""
            raise ServerError(f"{self._name}: {told[0].reason}{others}")

    def take(self, keys: Sequence[str]) -> list[A]:
        replies = [self._replies[key].popleft() for key in keys]
        self._replies = {key: left for key, left in self._replies.items() if left}
        return replies
