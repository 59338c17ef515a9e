"""Threads that wait for models elsewhere, so that no search waits for the answer of another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Crew(Generic[T]):
    """Does errands side by side, each in a thread of its own, and brings back what they return.

    The threads are daemons: an interrupted run does not stay for replies that nobody will use.
    """

    def __init__(self) -> None:
        self.out = 0  # errands that are not back
        self._threads = 0
        self._errands: SimpleQueue[Callable[[], T] | None] = SimpleQueue()
        self._results: SimpleQueue[T] = SimpleQueue()

    def send(self, errand: Callable[[], T]) -> None:
        """Do this soon. It must not raise."""
        self.out += 1
        if self.out > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, name="forethought-crew", daemon=True).start()
        self._errands.put(errand)

    def back(self, wait: bool) -> list[T]:
        """What has come back since; with `wait` at least one."""
        results = [self._results.get()] if wait else []
        while not self._results.empty():
            results.append(self._results.get())
        self.out -= len(results)
        return results

    def dismiss(self) -> None:
        for _ in range(self._threads):
            self._errands.put(None)

    def _work(self) -> None:
        while (errand := self._errands.get()) is not None:
            self._results.put(errand())
