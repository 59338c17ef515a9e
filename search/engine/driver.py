"""The driver: one run of a policy and a value model in one world, and all its searches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from forethought.envs import Simulator
from forethought.search.engine.accounting import Accounts
from forethought.search.engine.answers import Answers, Handler
from forethought.search.engine.budget import Budget
from forethought.search.engine.dollars import DollarBudget, Price
from forethought.search.engine.handlers.evaluation import EvaluateHandler
from forethought.search.engine.handlers.expansion import ExpandHandler
from forethought.search.engine.handlers.imagination import ImagineHandler, ProposeHandler
from forethought.search.engine.handlers.questions import AskHandler
from forethought.search.engine.journal import Journal
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.scheduling import Algorithm, Scheduler
from forethought.search.engine.step_limit import StepLimit
from forethought.search.engine.steps import Steps
from forethought.search.engine.task_search import TaskSearch
from forethought.search.engine.transpositions import shared
from forethought.search.models import Policy, Responder, Value
from forethought.search.needs import needs_of
from forethought.search.requests import Ask, Evaluate, Expand, ExpandAll, Imagine, Propose


class Driver:
    """Answers the requests of searches. One driver is one run of a policy and a value model in one world.

    Requests of a kind that wait at the same time are one call of the policy or the value model, unless that says of
    itself that it `is_remote`: each task then calls it from a thread, and none waits for another.
    Every answer is journaled before it is used; one that the journal holds is not asked for again.
    Nothing a model, a world or an algorithm does to one task ends another: its error is kept in
    its `TaskSearch`. Raises JournalError where the journal tells of another run.
    """

    def __init__(
        self,
        world: Simulator[Any],
        policy: Policy,
        value: Value,
        budget: Budget,
        *,
        seed: int = 0,
        responder: Responder | None = None,
        journal: Journal | PastJournal | None = None,
        privileges: frozenset[str] = frozenset(),
        price: Price | None = None,
        transpositions: bool = False,
        concurrency: int = 64,
    ) -> None:
        """`price` is the price of an answer in US dollars; a budget of dollars needs it.

        Raises ValueError: no price where one is needed, no concurrency, transpositions with a value model that does
        not declare itself Markov.
        """
        expand, evaluate, ask = ExpandHandler(policy), EvaluateHandler(value), AskHandler(responder, privileges)
        propose, imagine = ProposeHandler(policy), ImagineHandler(ask)
        handlers: tuple[Handler, ...] = (expand, evaluate, ask, propose, imagine)  # in the order of a wave
        paid: dict[type, Handler] = {
            Expand: expand, ExpandAll: expand, Evaluate: evaluate, Ask: ask, Propose: propose, Imagine: imagine,
        }  # fmt: skip
        accounts = Accounts(budget, price, journal)
        self._limit = StepLimit()
        steps = Steps(paid, budget, privileges, self._limit)
        answers = Answers(seed, accounts, steps, journal)
        self._scheduler = Scheduler(
            world, handlers, answers, steps, accounts, journal,
            shared=shared(policy, value) if transpositions else None, concurrency=concurrency,
        )  # fmt: skip
        self.dollars: DollarBudget = accounts.dollars

    def run(self, tasks: Iterable[int], algorithm: Algorithm) -> Iterator[TaskSearch]:
        """Search every task; yields each search when it ends. Raises ValueError: a task comes twice."""
        self._limit.seconds = needs_of(algorithm).step_seconds
        return self._scheduler.run(tasks, algorithm)
