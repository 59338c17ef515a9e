"""Workers in actors of a Ray cluster.

The machines share no disk, and the run's folder is on the machine of the command. So a worker sends the lines of its
journal, and continues when the reply says that they are written: one call to it and back for each batch of answers.
Calls go to a worker only, never from it: no other direction reaches a client outside of the cluster.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

import ray
from ray.exceptions import RayActorError

from forethought.experiments.run_folder import RunError
from forethought.experiments.workers.options import WorkerOptions
from forethought.experiments.workers.scheduler import Worker
from forethought.experiments.workers.worker import Lines, Message, Order, Ready, work
from forethought.search.engine.journal import Journal

LOG = logging.getLogger(__name__)


class Actor:
    """A worker inside of a cluster. It works in a thread, and talks through the calls of `exchange`."""

    def __init__(self, order: Order) -> None:
        self.messages: SimpleQueue[Message] = SimpleQueue()
        self.answers: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=work, args=(order, self, self._journal), daemon=True).start()

    def first(self) -> Message:
        """The first message of the worker."""
        return self.messages.get()

    def exchange(self, answer: Any) -> Message:
        """Take the answer to the last message, and return the next message."""
        self.answers.put(answer)
        return self.messages.get()

    def ask(self, message: Message) -> Any:
        """Put a message for the head, and wait for its answer."""
        self.messages.put(message)
        return self.answers.get()

    def _journal(self, seconds: float) -> Journal:
        return SentJournal(self, seconds)


class SentJournal(Journal):
    """The journal of an actor: when `write` returns, its lines are on the disk of the run's machine."""

    def __init__(self, link: Actor, before: float) -> None:
        self.link, self.entries = link, {}
        self.seconds = self._before = before
        self._began = time.monotonic()

    def write(self, lines: Iterable[str]) -> None:
        """Send lines to the head, which writes them; returns when they are on its disk."""
        self.link.ask(Lines(list(lines)))

    def close(self) -> None:
        """Do nothing: no file is open here."""


class RayWorker:
    """An actor from the side of its run. A message after its declared death is never read, so its part is whole."""

    def __init__(self, actor: Any, part: Path, owner: str) -> None:
        self.actor, self.part, self.owner = actor, part, owner
        self.name = f"worker {part.stem.rpartition('-')[2]} of the cluster"
        self.journal: Journal | None = None
        self.call = actor.first.remote()
        self.heard: Message | None = None

    def tell(self, answer: Any) -> None:
        """Send an answer to the actor. The answer to its first message opens its journal here."""
        if isinstance(self.heard, Ready):
            self.journal = Journal(self.part, owner=self.owner, before=answer)
        self.call = self.actor.exchange.remote(answer)

    def keep(self, lines: list[str]) -> None:
        """Write lines of the actor to its journal."""
        assert self.journal is not None, "a worker that is not ready journals nothing"
        self.journal.write(lines)

    def end(self, patience: float = 0.0) -> None:
        """Kill the actor and close its journal."""
        ray.kill(self.actor, no_restart=True)
        if self.journal:
            self.journal.close()
            self.journal = None


class Cluster:
    """The actors of a cluster. Each reserves processors and GPUs, and waits until they are free."""

    def __init__(self, staffing: WorkerOptions) -> None:
        assert staffing.address is not None
        self.staffing, self.address = staffing, staffing.address
        self.count = staffing.count or 0
        self.begun: list[RayWorker] = []
        self.joined = False

    def __enter__(self) -> Cluster:
        """Connect. Raises ConnectionError: no cluster answers. Raises ValueError: it has no room for a worker."""
        if not ray.is_initialized():
            ray.init(self.address, **self._settings())
            self.joined = True
        if not self.count:
            self.count = room(ray.cluster_resources(), self.staffing)  # type: ignore[no-untyped-call]  # ray leaves it so
        return self

    def _settings(self) -> dict[str, Any]:
        if self.address.startswith("ray://"):
            return {}
        settings: dict[str, Any] = {"configure_logging": False, "log_to_driver": False}
        if self.address == "local":
            settings |= {"include_dashboard": False}
            if self.count:
                settings |= {"num_cpus": math.ceil(self.count * self.staffing.cpus)}
        return settings

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hired in self.begun:
            hired.end()
        if self.joined:
            ray.shutdown()

    def begin(self, order: Order, part: Path) -> RayWorker:
        """Start an actor that journals to `part`."""
        hiring = ray.remote(Actor).options(  # the run handles a death, for it has the journal
            num_cpus=self.staffing.cpus, num_gpus=self.staffing.gpus, max_restarts=0, max_task_retries=0
        )
        actor = hiring.remote(order)
        self.begun.append(RayWorker(actor, part, order.experiment.owner))
        return self.begun[-1]

    def hear(self, workers: Sequence[Worker]) -> Iterator[tuple[Worker, Message | None]]:
        """The next messages of these workers; None from a worker that died."""
        calls = {worker.call: worker for worker in workers if isinstance(worker, RayWorker)}
        ray.wait(list(calls))
        for call in ray.wait(list(calls), num_returns=len(calls), timeout=0)[0]:
            hired = calls[call]
            try:
                hired.heard = ray.get(call)
            except RayActorError as error:
                if error.actor_init_failed:
                    raise RunError(
                        f"{hired.name} could not begin ({str(error).strip().splitlines()[-1]}); "
                        "every node needs the same forethought, and the same files of the run"
                    ) from error
                LOG.warning("%s: %.200s", hired.name, str(error).strip().splitlines()[-1])
                hired.heard = None
            if isinstance(hired.heard, Lines):
                hired.keep(hired.heard.lines)
                hired.tell(None)
            else:
                yield hired, hired.heard


def room(resources: dict[str, float], staffing: WorkerOptions) -> int:
    """The number of workers that fit into a cluster. Raises ValueError: none."""
    needs = {"CPU": staffing.cpus, "GPU": staffing.gpus}
    found = min((int(resources.get(name, 0.0) // need) for name, need in needs.items() if need), default=0)
    if not found:
        raise ValueError(
            f"the cluster has {resources.get('CPU', 0):g} cpus and {resources.get('GPU', 0):g} gpus, and a worker "
            f"reserves {staffing.cpus:g} and {staffing.gpus:g}; name less with cpus= and gpus=, or say workers=N"
        )
    return found
