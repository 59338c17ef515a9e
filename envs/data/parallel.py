"""Map over a stream in several processes, in order, with few items in flight."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


@contextlib.contextmanager
def in_order(work: Callable[[A], B], items: Iterable[A], workers: int) -> Iterator[Iterator[B]]:
    """`work` on each item: here with one worker, else in processes of their own, two items for each at a time.

    Raises ValueError: no worker. Raises ChildProcessError: a worker died.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers were given; expected 1 or more")
    if workers == 1:
        yield map(work, items)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=leave_interrupts)
    try:
        yield ahead(pool, work, iter(items), 2 * workers)
    except BrokenProcessPool as error:
        raise ChildProcessError(
            f"one of {workers} worker processes died, perhaps for lack of memory; try again with fewer workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that began the others ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def ahead(pool: ProcessPoolExecutor, work: Callable[[A], B], items: Iterator[A], most: int) -> Iterator[B]:
    waiting: deque[Future[B]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
