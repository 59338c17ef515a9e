"""Scheduling: the searches that run side by side, and the waves of requests that are answered together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from forethought.envs import Simulator
from forethought.search.engine.accounting import Accounts
from forethought.search.engine.answers import Answers, Handler, Job
from forethought.search.engine.journal import Journal
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.steps import Steps
from forethought.search.engine.task_search import TaskSearch
from forethought.search.engine.threads import DaemonThreadPool
from forethought.search.engine.transpositions import Positions
from forethought.search.node import Node, visible
from forethought.search.requests import Search

Algorithm: TypeAlias = "Callable[[Node], Search]"


class Scheduler:
    """Runs up to `concurrency` searches side by side.

    In each wave the requests of one kind that wait are answered together, kind by kind; a search that is answered may
    ask for the next kind in the same wave.
    """

    def __init__(
        self,
        world: Simulator[Any],
        handlers: Sequence[Handler],
        answers: Answers,
        steps: Steps,
        accounts: Accounts,
        journal: Journal | PastJournal | None,
        *,
        shared: frozenset[str] | None,
        concurrency: int,
    ) -> None:
        """`shared` are the kinds of answers that hold wherever a position comes up again; None: of no kind.

        Raises ValueError: no search may run.
        """
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; at least one search must run")
        self.world, self.handlers, self.answers, self.steps = world, handlers, answers, steps
        self.accounts, self.journal, self.shared, self.concurrency = accounts, journal, shared, concurrency

    def run(self, tasks: Iterable[int], algorithm: Algorithm) -> Iterator[TaskSearch]:
        """Search every task; yields each search when it ends. Raises ValueError: a task comes twice."""
        threads = DaemonThreadPool[Job]()
        try:
            with self.steps.watching():
                yield from self._waves(each_once(tasks), algorithm, threads)
        finally:
            threads.close()

    def _waves(
        self, tasks: Iterator[int], algorithm: Algorithm, threads: DaemonThreadPool[Job]
    ) -> Iterator[TaskSearch]:
        live: list[TaskSearch] = []
        while True:
            while len(live) < self.concurrency and (task := next(tasks, None)) is not None:
                live.append(self._begin(task, algorithm))
            if not live:
                return
            for handler in self.handlers:
                if group := [search for search in live if search.handler is handler and search.waits]:
                    self.answers.give(group, handler, threads)
            if threads.running:
                for asked, handler in threads.finished(wait=all(search.away or search.poor for search in live)):
                    asked[0][0].away = False
                    self.answers.take(asked, handler)
            if ended := [search for search in live if not (search.live or search.away)]:
                live = [search for search in live if search.live or search.away]
                for search in ended:
                    self._end(search)
                    yield search

    def _begin(self, task: int, algorithm: Algorithm) -> TaskSearch:
        recorded = self.journal.entries.get(task, []) if self.journal else []
        search = TaskSearch(task, Node(None, "", world=self.world, task=task), deque(recorded))
        search.positions = Positions(self.shared) if self.shared is not None else None
        try:
            start = self.world.root(task)
            seen = visible(start, self.world)
            search.root = Node(start.state, seen, world=self.world, task=task, done=start.terminated)
        except Exception as error:
            search.error = error
        else:
            self.steps.begin(search, algorithm)
        return search

    def _end(self, search: TaskSearch) -> None:
        if search.error is not None:
            self.steps.close(search)
        self.accounts.close(search)


def each_once(tasks: Iterable[int]) -> Iterator[int]:
    """The tasks, each once: the journal tells their answers apart by the number alone."""
    begun: set[int] = set()
    for task in tasks:
        if task in begun:
            raise ValueError(f"task {task} was given twice; name each task once")
        begun.add(task)
        yield task
