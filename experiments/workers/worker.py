"""One worker of a run: it asks for tasks, searches them with a driver of its own, and sends their outcomes.

The scheduler is at the other end of a `Link`. The worker speaks first, and every message has an answer, so the link
may be a pipe, or calls of an actor that come from the other end.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from forethought.agents.models.protocol import LM
from forethought.envs import Json
from forethought.experiments.build import Objects, build
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.execute import result_line
from forethought.experiments.run_folder import RunError
from forethought.search import Budget
from forethought.search.engine.journal import Entry, Journal, JournalError

NOTHING = 1e-12  # dollars: a limit must be positive
REFUSALS: dict[str, type[Exception]] = {e.__name__: e for e in (ValueError, RunError, JournalError, OSError)}

OpenModel: TypeAlias = "Callable[[Experiment], LM | None]"
Handed: TypeAlias = "list[tuple[int, list[Entry]]]"  # tasks, each with its journaled answers
Bill: TypeAlias = "tuple[dict[str, Json], dict[str, Json]] | None"  # see Components.bill


@dataclass(frozen=True)
class Ready:
    """All is open. Answer: the seconds spent on the run so far; no answer if `facts` differ from those of the run."""

    facts: Mapping[str, Json]
    sources: Mapping[str, str]


@dataclass(frozen=True)
class Idle:
    """No search is running. Answer: Handed, when there are tasks; empty: the run is at its end."""


@dataclass(frozen=True)
class More:
    """There is room for more searches. Answer: Handed, at once; it may be empty."""


@dataclass(frozen=True)
class Done:
    """A task ended. `bill` is the bill of the worker up to now. Answer: None."""

    line: Mapping[str, Any]
    bill: Bill = None


@dataclass(frozen=True)
class Funds:
    """The dollars that the next queries lack; below 0, dollars given back. Answer: the dollars granted, at once."""

    usd: float


@dataclass(frozen=True)
class Lines:
    """Lines for the journal. Answer: None, when they are written."""

    lines: list[str]


@dataclass(frozen=True)
class Ended:
    """The worker has finished, and its journal is closed. Answer: None."""

    bill: Bill


@dataclass(frozen=True)
class Failed:
    """The worker cannot continue, nor could any other. Answer: None."""

    kind: str
    text: str

    def error(self) -> Exception:
        """The error of the worker, in a class that the command reports."""
        return REFUSALS.get(self.kind, RuntimeError)(self.text)


Message: TypeAlias = "Ready | Idle | More | Done | Funds | Lines | Ended | Failed"


class Link(Protocol):
    """The connection from a worker to its run: a pipe, or an actor."""

    def ask(self, message: Message) -> Any:
        """Send a message and return its answer. It does not return if the other end is gone."""


@dataclass(frozen=True)
class Order:
    """The instructions for a new worker. `open_model` opens the model in place of the experiment's spec."""

    experiment: Experiment
    workers: int
    usd: float | None = None  # dollars that this worker may spend at first, and the most that it may hold unspent
    open_model: OpenModel | None = None
    path: tuple[str, ...] = ()  # folders of the user's own modules

    @property
    def concurrency(self) -> int:
        """Searches at the same time in each worker: at most an equal part of the tasks."""
        tasks = len(parse_tasks(self.experiment.tasks))
        return min(self.experiment.concurrency, -(-tasks // self.workers))


def budget_of(order: Order) -> Budget:
    """The budget of a worker: the limits of a task, seconds by the clock of the run, and granted dollars."""
    limits = dict(order.experiment.budget)
    if order.usd is not None:
        limits["usd"] = max(order.usd, NOTHING)
    return Budget(**limits)  # type: ignore[arg-type]  # checked when the experiment was made


def work(order: Order, link: Link, open_journal: Callable[[float], Journal]) -> None:
    """The life of a worker. `open_journal` gets the seconds spent on the run."""
    experiment = order.experiment
    sys.path[:0] = [folder for folder in order.path if folder not in sys.path]
    try:
        components = build(experiment, Objects(lm=order.open_model(experiment)) if order.open_model else Objects())
        with open_journal(link.ask(Ready(components.facts, components.sources))) as journal:
            driver = components.driver(journal, budget_of(order), order.concurrency)
            driver.dollars.more = lambda usd: float(link.ask(Funds(usd)))
            while handed := link.ask(Idle()):
                for outcome in driver.run(unpacked(handed, journal, link), components.algorithm):
                    driver.dollars.keep(order.usd or 0.0)
                    link.ask(Done(result_line(outcome), components.bill()))
                    journal.entries.pop(outcome.task, None)
        link.ask(Ended(components.bill()))
    except Exception as error:
        name = next((name for name, kind in REFUSALS.items() if isinstance(error, kind)), "")
        link.ask(Failed(name, str(error) if name else traceback.format_exc()))


def unpacked(handed: Handed, journal: Journal, link: Link) -> Iterator[int]:
    """The handed tasks; more are asked for when the driver has room for them."""
    while handed:
        for task, entries in handed:
            journal.entries[task] = entries
            yield task
        handed = link.ask(More())
