"""What a server answered in a batch that failed as a whole: kept until it is asked for again, or settled."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from forethought.agents.models.protocol import Completion, Scores
from forethought.agents.models.server.faults import Fault
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE

A = TypeVar("A", Completion, Scores)
T = TypeVar("T")
Queues = dict[str, deque[T]]  # by request
CLOSED = Fault("the connection was closed before the reply came")


class ServerError(RuntimeError):
    """The server did not answer a request as it must.

    `take_unbilled_usage()` gives the usage of its batch that was paid and not billed, once. The replies among it are
    then in `forgotten`, keyed by request index, and nowhere else: a later call for them is sent, and paid, anew.
    `kept` tells the driver that it may ask again, query by query.
    """

    kept = True

    def __init__(self, text: str, settle: Callable[[], Mapping[int, Completion | Scores | Usage]] = dict) -> None:
        super().__init__(text)
        self._settle: Callable[[], Mapping[int, Completion | Scores | Usage]] = settle
        self.forgotten: dict[int, Completion | Scores] = {}

    def take_unbilled_usage(self) -> Usage:
        """The usage of the unclaimed replies of the failed call, once; the replies are forgotten."""
        bills = []
        for place, left in self._settle().items():
            if isinstance(left, Usage):
                bills.append(left)
            else:
                self.forgotten[place] = left
                bills.append(left.usage)
        return sum(bills, NO_USAGE)


class BoundRaised(ServerError):
    """A request turned out to cost more than its bound told beforehand: reserve more, and ask again.

    What was answered is kept for that, and nothing else was sent. See `raises_bound` of forethought.search.
    """

    bound_raised = True


class Kept(Generic[A]):
    """Replies that were paid and not handed out yet, and faults not told to every asker yet, by request.

    Equal requests have one each. It may be used from several threads at once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._replies: Queues[A] = {}
        self._faults: Queues[tuple[Fault, int]] = {}  # to be told once more, with the size of the batch it was in
        self._owed: Queues[Usage] = {}  # what faults have cost

    def answer(self, keys: Sequence[str], ask: Callable[[list[A | Fault | None]], None]) -> list[A]:
        """A reply to each of these requests. `ask` fills in, in their order, those that are None.

        Raises ServerError: one of them failed, now or before in a larger batch. Whatever ends it, what came is kept.
        """
        found, replies = self._claim(keys), list[A]()
        try:
            if None in found:
                ask(found)
            found = [CLOSED if reply is None else reply for reply in found]
            replies = [reply for reply in found if reply is not None and not isinstance(reply, Fault)]
        finally:
            if len(replies) < len(keys):
                self._keep(keys, found)
        if faults := [reply for reply in found if isinstance(reply, Fault)]:
            raise self._error(keys, faults, untold=len(keys) > 1)
        return replies

    def raised(self, keys: Sequence[str]) -> BoundRaised:
        """The error for requests whose bounds were told too low."""
        text = f"{self._name}: it counts more tokens of a prompt than was allowed for; reserve more, and ask again"
        return BoundRaised(text, partial(self._settle, keys, True))

    def _claim(self, keys: Sequence[str]) -> list[A | Fault | None]:
        """Hand out what is kept. Faults of a larger batch are raised, and those of one no larger forgotten."""
        with self._lock:
            before = [(key, pop(self._faults, key)) for key in keys]
            if told := [(key, kept[0]) for key, kept in before if kept is not None and kept[1] > len(keys)]:
                if in_parts := len(keys) > 1:  # whoever asks again in smaller parts is told at once, too
                    for key, fault in told:
                        self._faults.setdefault(key, deque()).append((fault, len(keys)))
                raise self._error(keys, [fault for _, fault in told], untold=in_parts)
            return [pop(self._replies, key) for key in keys]

    def _keep(self, keys: Sequence[str], found: Sequence[A | Fault | None]) -> None:
        with self._lock:
            for key, reply in zip(keys, found, strict=True):
                if isinstance(reply, Fault):
                    if len(keys) > 1:
                        self._faults.setdefault(key, deque()).append((reply, len(keys)))
                    if reply.usage != NO_USAGE:
                        self._owed.setdefault(key, deque()).append(reply.usage)
                elif reply is not None:
                    self._replies.setdefault(key, deque()).append(reply)

    def _error(self, keys: Sequence[str], faults: Sequence[Fault], *, untold: bool) -> ServerError:
        others = f" ({len(faults)} of {len(keys)} requests failed)" if len(keys) > 1 else ""
        return ServerError(f"{self._name}: {faults[0].reason}{others}", partial(self._settle, keys, untold))

    def _settle(self, keys: Sequence[str], untold: bool) -> dict[int, A | Usage]:
        """At most one bill a request, which is what a budget has reserved for it; `untold` are its faults."""
        left: dict[int, A | Usage] = {}
        with self._lock:
            for place, key in enumerate(keys):
                if untold:
                    pop(self._faults, key)
                found = pop(self._replies, key) or pop(self._owed, key)
                if found is not None:
                    left[place] = found
        return left


def pop(queues: Queues[T], key: str) -> T | None:
    """The oldest of a request, None where there is none."""
    if key not in queues:
        return None
    oldest = queues[key].popleft()
    if not queues[key]:
        del queues[key]
    return oldest
