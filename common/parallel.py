"""Map over a stream in several processes, in order, with few items in flight."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")
END = object()
MOST_WORKERS = 256  # processes of one machine: many more of them leave it without a core for anything else


@contextlib.contextmanager
def in_order(work: Callable[[A], B], items: Iterable[A], workers: int) -> Iterator[Iterator[B]]:
    """`work` on each item: here with one worker, else in processes of their own, each with one item at a time.

    A worker ends when this process does, however that happens. Raises ValueError: no worker, or too many. Raises
    ChildProcessError: a worker died.
    """
    if not 1 <= workers <= MOST_WORKERS:
        raise ValueError(f"{workers} workers were given; expected 1 or more, and at most {MOST_WORKERS}")
    if workers == 1:
        yield map(work, items)
        return
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, work), daemon=True)
            with interrupts_held():
                process.start()
                processes.append(process)
            theirs.close()
            pipes.append(ours)
        yield ahead(pipes, iter(items))
    except (EOFError, ConnectionError) as error:
        raise ChildProcessError(
            f"one of {workers} worker processes died: perhaps memory is too small for so many, try again with fewer; "
            "or the script that asks for them does so outside of `if __name__ == '__main__':`"
        ) from error
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.terminate()  # it may be in the middle of an item that nobody waits for
            process.join()


def batches(items: Iterable[A], size: int) -> Iterator[list[A]]:
    """The items in lists of this size; the last list holds the rest."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the end of this block; a process begun in it is born deaf to Ctrl-C, its first imports too."""
    resource_tracker.ensure_running()  # the first process begins it, and with that would hear Ctrl-C again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(pipe: Connection[Any, Any], work: Callable[[Any], Any]) -> None:
    """Answer items until the other end is closed: by its process, or by the end of that.

    Ctrl-C reaches the whole group of processes; this one stays deaf to it, and is ended by the one that began it.
    """
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            item = pipe.recv()
            answer: tuple[Any, Exception | None]
            try:
                answer = work(item), None
            except Exception as error:
                answer = None, error
            pipe.send(answer)


def ahead(pipes: list[Connection[Any, Any]], items: Iterator[Any]) -> Iterator[Any]:
    """Each worker in turn gets an item when it has answered the one before; the next item is ready by then."""
    busy: deque[Connection[Any, Any]] = deque()
    for pipe in pipes:
        if (item := next(items, END)) is not END:
            pipe.send(item)
            busy.append(pipe)
    item = next(items, END)
    while busy:
        pipe = busy.popleft()
        answer, error = pipe.recv()
        if error is not None:
            raise error
        if item is not END:
            pipe.send(item)
            busy.append(pipe)
        yield answer
        item = next(items, END) if item is not END else END
