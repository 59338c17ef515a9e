"""Workers in processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from forethought.agents.models.local.torch_threads import free_cores
from forethought.common.parallel import interrupts_held
from forethought.experiments.workers.scheduler import Worker
from forethought.experiments.workers.worker import Message, Order, work
from forethought.search.engine.journal import Journal, locked

LOST = 1  # exit code of a worker without its run


class Process:
    """A worker process. Its part is open and locked from the start, so an unlocked part means a dead worker."""

    def __init__(self, order: Order, part: Path, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        file = Connection(locked(part), readable=False)  # the one thing a new process can be handed open
        self.process = context.Process(target=live, args=(order, theirs, file, part, threads), daemon=True)
        self.process.start()
        theirs.close()
        file.close()
        self.name = f"worker {part.stem.rpartition('-')[2]} (process {self.process.pid})"

    def tell(self, answer: Any) -> None:
        """Send an answer; a dead process is noticed by `hear`."""
        with contextlib.suppress(OSError):  # it died; `hear` reports that next
            self.pipe.send(answer)

    def end(self, patience: float = 0.0) -> None:
        """Wait up to `patience` seconds for the process, then kill it."""
        if patience:
            self.process.join(patience)
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Processes:
    """The processes of this machine; they end with this process, however it ends."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.threads = max(1, free_cores() // count)
        self.begun: list[Process] = []

    def begin(self, order: Order, part: Path) -> Process:
        """Start a process that journals to `part`."""
        with interrupts_held():
            self.begun.append(Process(order, part, self.threads))
        return self.begun[-1]

    def hear(self, workers: Sequence[Worker]) -> Iterator[tuple[Worker, Message | None]]:
        """The next messages of these workers; None from a worker that died."""
        pipes = {worker.pipe: worker for worker in workers if isinstance(worker, Process)}
        for pipe in wait(list(pipes)):
            assert isinstance(pipe, Connection)
            try:
                yield pipes[pipe], pipe.recv()
            except (EOFError, OSError):
                yield pipes[pipe], None

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.begun:
            process.end()


class PipeLink:
    """A worker's end of its pipe. If the other end is gone, this process ends at once."""

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self.pipe = pipe
        self.answers: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, message: Message) -> Any:
        """Send a message and wait for its answer; end this process where the parent is gone."""
        try:
            self.pipe.send(message)
        except OSError:
            os._exit(LOST)
        return self.answers.get()

    def _listen(self) -> None:
        try:
            while True:
                self.answers.put(self.pipe.recv())
        except (EOFError, OSError):
            os._exit(LOST)  # its journal is whole at any moment


def live(order: Order, pipe: Connection[Any, Any], file: Connection[Any, Any], part: Path, threads: int) -> None:
    """The main function of a worker process. It ignores Ctrl-C, for its parent ends it."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # read by torch when it is loaded, which it is not yet
    link, number = PipeLink(pipe), os.dup(file.fileno())
    file.close()
    owner = order.experiment.owner
    work(order, link, lambda seconds: Journal(part, owner=owner, file=number, before=seconds))
