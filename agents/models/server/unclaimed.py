"""Unclaimed replies: those of a failed batch, kept for another request or until their usage is taken."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from forethought.agents.models.protocol import Completion, Scores
from forethought.agents.models.server.failures import Failure
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE

A = TypeVar("A", Completion, Scores)
T = TypeVar("T")
Queues = dict[str, deque[T]]  # by request
CLOSED = Failure("the connection was closed before the reply came")


class ServerError(RuntimeError):
    """The server did not answer a request.

    `take_unbilled_usage()` gives the usage already paid for its batch, once. Its replies are then in `forgotten`, keyed
    by
    request index: a later request for them is sent, and paid, anew. `kept` tells the driver that it may ask again,
    query
    by query.
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
    """A request costs more than its bound: reserve more, and ask again.

    The replies so far are kept for that, and no other request was sent. See `raises_bound` in search/models.py.
    """

    bound_raised = True


class UnclaimedReplies(Generic[A]):
    """Paid replies that were not handed out yet, and faults that were not raised yet, by request.

    Equal requests have one entry each. Several threads may use it at once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._replies: Queues[A] = {}
        self._faults: Queues[tuple[Failure, int]] = {}  # to be told once more, with the size of the batch it was in
        self._owed: Queues[Usage] = {}  # the usage of faults

    def answer(self, keys: Sequence[str], ask: Callable[[list[A | Failure | None]], None]) -> list[A]:
        """The reply to each of these requests. `ask` fills in the missing ones, in their order.

        Raises ServerError: a request failed, now or before in a larger batch. On any error, the replies so far are
        kept.
        """
        found, replies = self._claim(keys), list[A]()
        try:
            if None in found:
                ask(found)
            found = [CLOSED if reply is None else reply for reply in found]
            replies = [reply for reply in found if reply is not None and not isinstance(reply, Failure)]
        finally:
            if len(replies) < len(keys):
                self._keep(keys, found)
        if faults := [reply for reply in found if isinstance(reply, Failure)]:
            raise self._error(keys, faults, untold=len(keys) > 1)
        return replies

    def raised(self, keys: Sequence[str]) -> BoundRaised:
        """The error for requests with a bound that was too low."""
        text = f"{self._name}: it counts more tokens of a prompt than was allowed for; reserve more, and ask again"
        return BoundRaised(text, partial(self._settle, keys, True))

    def _claim(self, keys: Sequence[str]) -> list[A | Failure | None]:
        """Hand out kept replies. Faults of a larger batch are raised, those of other batches forgotten."""
        with self._lock:
            before = [(key, pop(self._faults, key)) for key in keys]
            if told := [(key, kept[0]) for key, kept in before if kept is not None and kept[1] > len(keys)]:
                if in_parts := len(keys) > 1:  # a repeat in smaller parts fails at once, too
                    for key, fault in told:
                        self._faults.setdefault(key, deque()).append((fault, len(keys)))
                raise self._error(keys, [fault for _, fault in told], untold=in_parts)
            return [pop(self._replies, key) for key in keys]

    def _keep(self, keys: Sequence[str], found: Sequence[A | Failure | None]) -> None:
        with self._lock:
            for key, reply in zip(keys, found, strict=True):
                if isinstance(reply, Failure):
                    if len(keys) > 1:
                        self._faults.setdefault(key, deque()).append((reply, len(keys)))
                    if reply.usage != NO_USAGE:
                        self._owed.setdefault(key, deque()).append(reply.usage)
                elif reply is not None:
                    self._replies.setdefault(key, deque()).append(reply)

    def _error(self, keys: Sequence[str], faults: Sequence[Failure], *, untold: bool) -> ServerError:
        others = f" ({len(faults)} of {len(keys)} requests failed)" if len(keys) > 1 else ""
        return ServerError(f"{self._name}: {faults[0].reason}{others}", partial(self._settle, keys, untold))

    def _settle(self, keys: Sequence[str], untold: bool) -> dict[int, A | Usage]:
        """At most one bill for each request, as a budget has reserved; `untold` are its faults."""
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
    """The oldest entry of a request; None without one."""
    if key not in queues:
        return None
    oldest = queues[key].popleft()
    if not queues[key]:
        del queues[key]
    return oldest
