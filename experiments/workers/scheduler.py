"""Distribution of the tasks of a run among workers; the tasks of a dead worker go to another one.

This module knows neither processes nor clusters: a `WorkerPool` begins workers and brings their messages.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from forethought.common.sums import plain_sum
from forethought.experiments.build import price_of
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.execute import Watch, write_outcomes
from forethought.experiments.run_folder import CHANGED, Run, RunError, changed_source
from forethought.experiments.workers.worker import (
    Bill,
    Done,
    Ended,
    Failed,
    Funds,
    Handed,
    Idle,
    Message,
    More,
    OpenModel,
    Order,
    Ready,
)
from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import paid
from forethought.search.engine.journal import Journal
from forethought.search.engine.journal_parts import merge, part
from forethought.search.estimates import NO_USAGE

LOG = logging.getLogger(__name__)
SUSPECT = 2  # deaths at each of which a task was in flight, before it goes on alone in a worker
REPLACED = 3  # deaths for each worker, since a task last ended, that are made good by new workers
STILLBORN = 3  # deaths of workers that were not ready yet, since one last was, that are made good
GRANTS = 8  # in which a worker would have an equal part of the dollars
UNSORTED = "unsorted"  # the role of all answers of a lost task, for a journal holds no roles


class Worker(Protocol):
    """One worker from the side of its run."""

    name: str  # for people

    def tell(self, answer: Any) -> None:
        """Answer its last message. The answer to a dead worker is lost; `WorkerPool.hear` reports the death."""

    def end(self, patience: float = 0.0) -> None:
        """End the worker. `patience` are seconds to end by itself. On return it is dead, and its part is whole."""


class WorkerPool(Protocol):
    """Begins workers; at the end of its block all of them are dead."""

    count: int

    def __enter__(self) -> WorkerPool: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def begin(self, order: Order, part: Path) -> Worker:
        """Start a worker that journals to `part`."""
        ...

    def hear(self, workers: Sequence[Worker]) -> Iterable[tuple[Worker, Message | None]]:
        """Wait for messages; None in the place of a message: the worker died."""


@dataclass(eq=False)
class WorkerSlot:
    """A worker with its part of the journal and its current tasks."""

    worker: Worker
    part: Path
    tasks: set[int] = field(default_factory=set)  # handed out, and not ended
    ready: bool = False
    idle: bool = False  # it waits for tasks
    alone: bool = False  # it has one suspected task, and gets no more
    usd: float = 0.0  # the dollars granted to it
    bill: Bill = None  # its newest bill


class Scheduler:
    """One run on a staff. No result depends on the staff: answers depend on the task and on the run's seed.

    The tasks of a dead worker go, with their journaled answers, to the next worker with room. A task that was in flight
    at two deaths is suspected, and continues alone in a worker; if that worker dies too, the task has failed. A dead
    worker is replaced, up to a bound; without any worker left, the unfinished tasks have failed.
    """

    def __init__(self, run_: Run, staff: WorkerPool, order: Order, journal: Journal, watch: Watch | None) -> None:
        self.run_, self.staff, self.order, self.journal, self.watch = run_, staff, order, journal, watch
        self.waiting = deque(parse_tasks(order.experiment.tasks))
        self.suspects: deque[int] = deque()
        self.deaths: Counter[int] = Counter()  # by task, of workers that had it
        self.places: dict[Worker, WorkerSlot] = {}
        self.lines: dict[int, dict[str, Any]] = {}  # of results or failures, by task
        self.begun = self.barren = self.stillborn = 0
        self.any_ready = False
        self.price = price_of(order.experiment)
        self.pool = self.grant = 0.0  # dollars that nobody was granted, and how many are granted at once

    def work(self) -> list[dict[str, Any]]:
        """The lines of all tasks. Raises RunError: no worker could begin, or one differs; or the error of a worker."""
        total = len(self.waiting)
        limit, count = self.order.experiment.budget.get("usd"), min(self.staff.count, total)
        if limit is not None:
            self.pool = max(0.0, limit - self.spent())
            self.grant = self.pool / (GRANTS * count)
        try:
            for _ in range(count):
                self.begin()
            while len(self.lines) < total and self.places:
                self.hear()
                self.feed()
            if len(self.lines) < total:
                self.give_up()
            self.dismiss()
        finally:
            for place in self.places.values():
                self.note(place)
        return list(self.lines.values())

    def begin(self) -> None:
        """Start one more worker, with its share of the dollars."""
        self.begun += 1
        path = part(self.journal.path, self.begun)
        usd = self.fund(0.0) if "usd" in self.order.experiment.budget else None
        worker = self.staff.begin(replace(self.order, usd=usd), path)
        self.places[worker] = WorkerSlot(worker, path, usd=usd or 0.0)

    def fund(self, lacking: float) -> float:
        """The dollars granted to a worker that asks for some: one grant or more, or 0 if they are not there.

        An amount below 0 is given back.
        """
        usd = min(max(lacking, self.grant), self.pool) if lacking <= self.pool else 0.0
        usd = lacking if lacking < 0 else usd
        self.pool -= usd
        return usd

    def spent(self) -> float:
        """The price of all answers in the journal, in US dollars."""
        entries = chain.from_iterable(self.journal.entries.values())
        return plain_sum(map(self.price, paid(entries))) if self.price else 0.0

    def note(self, place: WorkerSlot) -> None:
        """Note the newest bill of a worker; of a killed worker it reaches to its last finished task."""
        if place.bill:
            self.run_.note_billed(*place.bill)

    def hear(self) -> None:
        """Answer the next messages of the workers, and replace workers that died."""
        for worker, message in self.staff.hear(list(self.places)):
            place = self.places[worker]
            if message is None:
                self.on_worker_death(place)
            else:
                self.answer(place, message)

    def answer(self, place: WorkerSlot, message: Message) -> None:
        """Answer one message of a worker."""
        worker = place.worker
        if isinstance(message, Done):
            place.tasks.remove(message.line["task"])
            place.bill = message.bill
            self.finish(dict(message.line))
            worker.tell(None)
        elif isinstance(message, Funds):
            granted = self.fund(message.usd)
            place.usd += granted
            worker.tell(granted)
        elif isinstance(message, More):
            self.hand(place, [] if place.alone else self.shard())
        elif isinstance(message, Idle):
            place.idle, place.alone = True, False  # see feed
        elif isinstance(message, Ready):
            self.check(worker, message)
            if not self.any_ready:
                self.journal.restart()  # as in one process, which opens its model before its journal
            place.ready = self.any_ready = True
            self.stillborn = 0
            worker.tell(self.journal.elapsed())
        elif isinstance(message, Failed):
            raise message.error()
        elif isinstance(message, Ended):
            place.bill = message.bill
            self.note(place)
            worker.tell(None)
            worker.end(patience=5.0)
            del self.places[worker]
        else:
            raise TypeError(f"{worker.name} sent {message!r:.80}; expected a message of a worker")

    def check(self, worker: Worker, message: Ready) -> None:
        """Compare the content of a worker with that of the run. Raises RunError: they differ."""
        try:
            with changed_source(
                CHANGED.get() and not self.any_ready
            ):  # the other workers are to have that of the first
                self.run_.pin(message.facts, message.sources)
        except RunError as error:
            raise RunError(f"{worker.name} has other content than the run: {error}") from error

    def feed(self) -> None:
        """Give tasks to idle workers."""
        for place in self.places.values():
            if place.idle and self.suspects:
                place.alone = True
                self.hand(place, [self.suspects.popleft()])
            elif place.idle and self.waiting:
                self.hand(place, self.shard())

    def shard(self) -> list[int]:
        """The next tasks: many at the beginning, one at a time at the end, so that no worker has a queue then."""
        size = max(1, min(self.order.concurrency, len(self.waiting) // (2 * self.staff.count)))
        return [self.waiting.popleft() for _ in range(min(size, len(self.waiting)))]

    def hand(self, place: WorkerSlot, tasks: list[int]) -> None:
        """Give tasks to a worker, each with its journaled answers."""
        place.idle = False
        place.tasks.update(tasks)
        handed: Handed = [(task, self.journal.entries.get(task, [])) for task in tasks]
        place.worker.tell(handed)

    def finish(self, line: dict[str, Any]) -> None:
        """Note the line of a task that has ended."""
        self.barren = 0
        self.lines[line["task"]] = line
        self.run_.note_ended(line)
        if self.watch:
            self.watch(line)

    def on_worker_death(self, place: WorkerSlot) -> None:
        """Take over the journal of a dead worker, and pass on its tasks."""
        del self.places[place.worker]
        place.worker.end()
        self.note(place)
        before = self.spent()
        merge(self.journal, [place.part])
        self.pool += place.usd - (self.spent() - before)
        LOG.warning("%s died; its %d tasks go on elsewhere", place.worker.name, len(place.tasks))
        self.barren += 1
        self.stillborn += not place.ready
        for task in sorted(place.tasks, reverse=True):
            self.deaths[task] += 1
            if place.alone:
                self.fail(task, f"{self.deaths[task]} workers died of it, in the last of which it was alone")
            elif self.deaths[task] >= SUSPECT:
                self.suspects.append(task)
            else:
                self.waiting.appendleft(task)
        if (
            (self.waiting or self.suspects)
            and self.barren <= REPLACED * self.staff.count
            and self.stillborn <= STILLBORN
        ):
            self.begin()

    def give_up(self) -> None:
        """Raises RunError: no worker was ever ready."""
        advice = "perhaps memory is too small for so many, try again with fewer"
        if not self.any_ready:
            raise RunError(
                f"{self.begun} workers were begun, and each died before it was ready: {advice}; or the script that "
                "asks for them does so outside of `if __name__ == '__main__':`"
            )
        for task in (*self.suspects, *self.waiting):
            self.fail(task, f"the workers died one after another, {self.begun} in all: {advice}")

    def fail(self, task: int, message: str) -> None:
        """Note a lost task as failed. Its spending is taken from the journal, where its steps are not counted."""
        spent, usage = Ledger(), sum(paid(self.journal.entries.get(task, ())), NO_USAGE)
        if usage != NO_USAGE:
            spent.charge(UNSORTED, usage)
        spent.usd = self.price(usage) if self.price else None
        self.finish({"task": task, "error": "WorkerLost", "message": message, "at": "", "spent": spent.to_json()})

    def dismiss(self) -> None:
        """End the living workers. A worker that is not ready yet has sent no message."""
        for place in list(self.places.values()):
            if not place.ready:
                place.worker.end()
                del self.places[place.worker]
        while self.places:
            for place in self.places.values():
                if place.idle:
                    self.hand(place, [])
            self.hear()


def run_on(run_: Run, staff: WorkerPool, watch: Watch | None = None, open_model: OpenModel | None = None) -> None:
    """Run, or continue, the experiment of a folder on a staff; its results are those of one process.

    `open_model` opens the model in each worker, in place of the experiment's spec. Raises RunError, JournalError,
    ValueError.
    """
    with ExitStack() as stack:
        experiment = Experiment.of(run_.config)
        journal = stack.enter_context(run_.journal(experiment.owner))
        stack.callback(merge, journal)  # when all workers are dead, however that came about
        stack.enter_context(staff)
        here = str(Path.cwd())
        order = Order(experiment, staff.count, open_model=open_model, path=(here,) if here in sys.path else ())
        lines = Scheduler(run_, staff, order, journal, watch).work()
    write_outcomes(run_, lines)
