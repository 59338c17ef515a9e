"""Threads that wait for models elsewhere, so that no search waits for the answer of another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class DaemonThreadPool(Generic[T]):
    """Runs jobs side by side, each in a thread of its own, and returns their results.

    The threads are daemons: an interrupted run does not stay for replies that nobody will use.
    """

    def __init__(self) -> None:
        self.running = 0  # jobs that have not ended
        self._threads = 0
        self._jobs: SimpleQueue[Callable[[], T] | None] = SimpleQueue()
        self._results: SimpleQueue[T] = SimpleQueue()

    def submit(self, job: Callable[[], T]) -> None:
        """Do this soon. It must not raise."""
        self.running += 1
        if self.running > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, name="forethought-job", daemon=True).start()
        self._jobs.put(job)

    def finished(self, wait: bool) -> list[T]:
        """Results since the last call; with `wait` at least one."""
        results = [self._results.get()] if wait else []
        while not self._results.empty():
            results.append(self._results.get())
        self.running -= len(results)
        return results

    def close(self) -> None:
        """Let each thread end after its jobs."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._results.put(job())
