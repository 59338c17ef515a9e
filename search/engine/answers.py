"""Answers to the waiting requests of one kind: asked for, billed, journaled, and used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import count, islice
from typing import Any, TypeAlias

from forethought.search.engine.accounting import STALLED, STALLED_REQUESTS, Accounts, cost_of
from forethought.search.engine.batches import Broken, ask_all
from forethought.search.engine.codec import LOST, PART, check_usage, dump_usage
from forethought.search.engine.errors import explained, unreadable
from forethought.search.engine.handlers.handler import RequestHandler, total
from forethought.search.engine.journal import Journal, seal
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.replay import STOP, next_answer, replay_failures
from forethought.search.engine.steps import Steps
from forethought.search.engine.task_search import TaskSearch
from forethought.search.engine.threads import DaemonThreadPool
from forethought.search.estimates import NO_USAGE, Usage
from forethought.search.models import raises_bound, wasted_usage

Handler: TypeAlias = "RequestHandler[Any, Any]"
Asked: TypeAlias = "list[tuple[TaskSearch, Sequence[Any] | Broken]]"  # answers, each a part for each query
Job: TypeAlias = "tuple[Asked, Handler]"


class Answers:
    """Answers requests: from the journal, by one call of a model for all that wait, or in a thread of the task's own.

    Every answer is in the journal before it is used.
    """

    def __init__(self, seed: int, accounts: Accounts, steps: Steps, journal: Journal | PastJournal | None) -> None:
        self.seed, self.accounts, self.steps, self.journal = seed, accounts, steps, journal

    def give(self, group: Sequence[TaskSearch], handler: Handler, threads: DaemonThreadPool[Job]) -> None:
        """Answer the waiting requests of a group of searches, all of one kind.

        Raises JournalError: the journal is that of another run.
        """
        asking: list[tuple[TaskSearch, Sequence[Any]]] = []
        lines: list[str] = []
        for search in group:
            if search.recorded:
                replay_failures(search, handler)
            if search.recorded:
                self._replay(search, handler)
            elif (queries := self._admit(search, handler, lines)) is None:
                continue
            elif handler.is_remote:
                search.away = True
                threads.submit(partial(job, [(search, queries)], handler))
            else:
                asking.append((search, queries))
        if asking or lines:
            self.take(ask_for(asking, handler) if asking else [], handler, lines)

    def _replay(self, search: TaskSearch, handler: Handler) -> None:
        parts, limit = next_answer(search, handler)
        if limit is not None:
            self._stop(search, handler, limit)
            return
        try:
            whole = self._whole(search, parts, handler)
        except (TypeError, ValueError) as error:
            raise unreadable(search, handler.name, error) from error
        self._apply(search, handler, whole)

    def _admit(self, search: TaskSearch, handler: Handler, lines: list[str]) -> Sequence[Any] | None:
        """The queries to ask, their cost reserved. None: the search ended instead, or waits for dollars."""
        try:
            queries, children = handler.queries(search.request, self.seed)
            if search.positions is not None:
                queries = search.positions.fresh(handler.name, queries)
            missing = search.missing(queries)
            reason = self.accounts.reserve(search, handler, missing, children)
        except Exception as error:
            search.error = explained(error, search.request)
            return None
        if search.poor:
            return None
        raised, search.raised = search.raised, None
        if reason is None:
            return missing
        if raised is not None:
            self._lose(search, wasted_usage(raised), handler, lines)
        lines.append(self._line(search, handler, STOP, reason))
        self._stop(search, handler, reason)
        return None

    def take(self, asked: Asked, handler: Handler, lines: Sequence[str] = ()) -> None:
        """Journal fresh answers, behind other `lines`, and use them."""
        lines = list(lines)
        accepted = [(search, self._accept(search, parts, handler, lines)) for search, parts in asked]
        if self.journal is not None and lines:
            self.journal.write(lines)
        for search, whole in accepted:
            self.accounts.settle(search)
            if whole is not None:
                self._apply(search, handler, whole)

    def _accept(
        self, search: TaskSearch, parts: Sequence[Any] | Broken, handler: Handler, lines: list[str]
    ) -> Sequence[Any] | None:
        """Bill a fresh answer, add its line for the journal, and return it with the parts that were known before.

        None: the answer is unusable, and the search has its error. The journal then gets a line with the bill alone,
        and a resume asks again.
        """
        cost = search.reserved  # where the true cost cannot be told
        try:
            if isinstance(parts, Broken):
                self._keep(search, parts, handler, lines)
                return None
            cost = cost_of(handler.bills(parts))
            handler.check(parts)
            self.accounts.check(search, cost)
            if self.journal is not None:
                lines.append(self._line(search, handler, handler.name, [handler.dump(part) for part in parts]))
            self.accounts.pay(cost)
            return self._whole(search, parts, handler)
        except Exception as error:
            search.error = error
            self._lose(search, cost, handler, lines)
            return None

    def _line(self, search: TaskSearch, handler: Handler, name: str, answer: Any) -> str:
        if self.journal is None:
            return ""
        return seal(search.task, search.seq, name, answer, handler.question_digest(search.request))

    def _whole(self, search: TaskSearch, parts: Sequence[Any], handler: Handler) -> Sequence[Any]:
        """The answers to all queries of the waiting request, given those to the queries that were asked."""
        if search.parts:
            parts = search.whole(parts)
        if search.positions is not None:
            parts = search.positions.whole(handler.name, handler.queries(search.request, self.seed)[0], parts)
        return parts

    def _apply(self, search: TaskSearch, handler: Handler, parts: Sequence[Any]) -> None:
        """Use an answer, be it live or replayed, and let the search go on."""
        try:
            search.seq += 1
            if search.parts:
                search.parts = {}
            if search.positions is not None:
                search.positions.learn(handler.name, handler.queries(search.request, self.seed)[0], parts)
            answer = handler.apply(search.request, parts, search.spent)
        except Exception as error:
            search.error = error
            return
        if search.seq % STALLED_REQUESTS == 0 and self.accounts.is_stalled(search):
            self.steps.stop(search, STALLED)  # a resume comes to the same end by itself: nothing to journal
        else:
            self.steps.advance(search, answer)

    def _keep(self, search: TaskSearch, broken: Broken, handler: Handler, lines: list[str]) -> None:
        """Save the good answers of a failed request. A request is repeated if the model only raised its bound."""
        raised = next(filter(raises_bound, broken.errors), None)
        self._save(search, broken.good, handler, lines)
        check_usage(left := total(wasted_usage(error) for error in broken.errors if error is not raised))
        self._lose(search, left, handler, lines)
        if raised is not None:
            search.raised = raised
            return
        search.error = explained(broken.errors[0], search.request)
        self._charge_parts(search, handler)

    def _save(self, search: TaskSearch, good: dict[int, Any], handler: Handler, lines: list[str]) -> None:
        """Journal the good answers of a request that failed: a resume asks for the others alone."""
        if not good:
            return
        cost = cost_of(handler.bills(good.values()))
        handler.check(good.values())
        missing = (place for place in count() if place not in search.parts)
        places = list(islice(missing, max(good) + 1))
        fresh = {places[place]: part for place, part in good.items()}
        self.accounts.pay(cost)
        dumped = [[place, handler.dump(part)] for place, part in fresh.items()]
        lines.append(self._line(search, handler, PART, [handler.name, dumped]))
        search.seq += 1
        search.parts |= fresh

    def _lose(self, search: TaskSearch, usage: Usage, handler: Handler, lines: list[str]) -> None:
        """Bill a usage without an answer: a resume must not spend it again."""
        if usage != NO_USAGE:
            self.accounts.lose(search, usage)
            lines.append(self._line(search, handler, LOST, dump_usage(usage)))
            search.seq += 1

    def _charge_parts(self, search: TaskSearch, handler: Handler) -> None:
        """Bill the good answers of a failed request, as its search ends here."""
        if search.parts:
            search.spent.charge(LOST, total(handler.bills(search.parts.values())))

    def _stop(self, search: TaskSearch, handler: Handler, reason: str) -> None:
        self._charge_parts(search, handler)
        self.steps.stop(search, reason)


def ask_for(asking: Sequence[tuple[TaskSearch, Sequence[Any]]], handler: Handler) -> Asked:
    """The answers of one call of the model, each with its search."""
    answers = ask_all(handler, [queries for _, queries in asking])
    return [(search, answer) for (search, _), answer in zip(asking, answers, strict=True)]


def job(asking: Sequence[tuple[TaskSearch, Sequence[Any]]], handler: Handler) -> Job:
    """The work of a thread."""
    return ask_for(asking, handler), handler
