"""Runs many searches at once: batches their questions, holds their budgets, writes the journal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count, islice
from typing import Any

from forethought.envs import Simulator
from forethought.search.engine.batches import Broken, ask_all
from forethought.search.engine.budget import Budget, check_bound
from forethought.search.engine.codec import LOST, PART, check, check_usage, dump_usage, load_usage, paid
from forethought.search.engine.dollars import DollarBudget, Price
from forethought.search.engine.errors import another_run, begun, compare, explained, unreadable
from forethought.search.engine.imagination import Imagining, Proposing
from forethought.search.engine.journal import Journal, seal
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.request_handlers import (
    Asking,
    Bounds,
    Evaluating,
    Expanding,
    RequestHandler,
    play,
    shut,
    total,
)
from forethought.search.engine.task_search import TaskSearch, checked_answer, episode_return
from forethought.search.engine.threads import DaemonThreadPool
from forethought.search.engine.transpositions import Positions, shared
from forethought.search.estimates import NO_USAGE, Usage
from forethought.search.models import Policy, Responder, Value, raises_bound, wasted_usage
from forethought.search.needs import PRIVILEGES
from forethought.search.node import Node, visible
from forethought.search.requests import (
    Ask,
    Attempt,
    Evaluate,
    Expand,
    ExpandAll,
    Imagine,
    Offer,
    Play,
    Propose,
    Reward,
    Search,
)

Algorithm = Callable[[Node], Search]
Asked = list[tuple[TaskSearch, "Sequence[Any] | Broken"]]  # answers, each a part for each query
Job = tuple[Asked, RequestHandler[Any, Any]]


class PrivilegeError(RuntimeError):
    """A search asked for what the run was not given."""


class Driver:
    """Answers the requests of searches. One driver is one run of a policy and a value model in one world.

    Requests of a kind that wait at the same time are one call of the policy or the value model, unless that says of
    itself that it `waits` for a machine elsewhere: each task then calls it from a thread, and none waits for another.
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
        """`price` says what an answer costs in US dollars; a budget of them needs it.

        Raises ValueError: no price where one is needed, no concurrency, transpositions with a value model that does
        not declare itself Markov.
        """
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; at least one search must run")
        self.world, self.budget, self.seed = world, budget, seed
        self.journal, self.privileges, self.concurrency = journal, privileges, concurrency
        expanding, evaluating, asking = Expanding(policy), Evaluating(value), Asking(responder)
        self._kinds: tuple[tuple[tuple[type, ...], RequestHandler[Any, Any], Bounds[Any]], ...] = (
            ((Expand, ExpandAll), expanding, Bounds(policy)),
            ((Evaluate,), evaluating, Bounds(value)),
            ((Ask,), asking, Bounds(responder)),
            ((Propose,), Proposing(policy), Bounds(policy)),
            ((Imagine,), Imagining(asking), Bounds(responder)),
        )
        self._shared = shared(policy, value) if transpositions else None
        self._paid = frozenset(chain.from_iterable(types for types, _, _ in self._kinds))
        self.dollars = DollarBudget(budget.usd, price)
        if price is not None and journal is not None:
            self.dollars.pay(paid(chain.from_iterable(journal.entries.values())))
        self._began = time.monotonic()

    def run(self, tasks: Iterable[int], algorithm: Algorithm) -> Iterator[TaskSearch]:
        """Search every task; yields each search when it ends. Raises ValueError: a task comes twice."""
        threads = DaemonThreadPool[Job]()
        try:
            yield from self._run(each_once(tasks), algorithm, threads)
        finally:
            threads.close()

    def _run(self, tasks: Iterator[int], algorithm: Algorithm, threads: DaemonThreadPool[Job]) -> Iterator[TaskSearch]:
        live: list[TaskSearch] = []
        while True:
            while len(live) < self.concurrency and (task := next(tasks, None)) is not None:
                live.append(self._begin(task, algorithm))
            if not live:
                return
            for types, kind, bounds in self._kinds:
                group = [s for s in live if type(s.request) in types and not s.away and s.live]
                if group:
                    self._answer(group, kind, bounds, threads)
            if threads.running:
                for asked, kind in threads.finished(wait=all(s.away or s.poor for s in live)):
                    asked[0][0].away = False
                    self._take(asked, kind)
            for search in live:
                if not search.live and not search.away:
                    search.spent.usd = self.dollars.cost(search.spent.usage)
                    yield search
            live = [search for search in live if search.live or search.away]

    def _begin(self, task: int, algorithm: Algorithm) -> TaskSearch:
        recorded = self.journal.entries.get(task, []) if self.journal else []
        search = TaskSearch(task, Node(None, "", world=self.world, task=task), deque(recorded))
        search.positions = Positions(self._shared) if self._shared is not None else None
        try:
            start = self.world.root(task)
            seen = visible(start, self.world)
            search.root = Node(start.state, seen, world=self.world, task=task, done=start.terminated)
            search.generator = begun(algorithm(search.root))
        except Exception as error:
            search.error = error
        else:
            self._advance(search, None)
        return search

    def _answer(
        self,
        group: list[TaskSearch],
        kind: RequestHandler[Any, Any],
        bounds: Bounds[Any],
        threads: DaemonThreadPool[Job],
    ) -> None:
        """Answer the waiting requests of one kind: from the journal, by one call of the model, or in a thread."""
        asking: list[tuple[TaskSearch, Sequence[Any]]] = []
        lines: list[str] = []
        for search in group:
            while search.recorded and search.recorded[0][0] in (LOST, PART):
                self._replay_failure(search, kind)
            if search.recorded:
                self._replay(search, kind)
                continue
            try:
                queries, nodes = kind.queries(search.request, self.seed)
                if search.positions is not None:
                    queries = search.positions.fresh(kind.name, queries)
                missing = search.missing(queries)
                search.reserved = worst = bounds(missing)
                if search.parts:
                    worst = worst + total(kind.bills(list(search.parts.values())))
                steps = nodes if kind.plays else 0
                reason = self._out_of_time() or self.budget.blocks(search.spent, nodes, steps, worst)
                search.poor = False
                if reason is None and (reason := self.dollars.reserve(search.task, search.reserved)) is not None:
                    search.poor = self.dollars.holding  # what others have set aside and do not need comes back
            except Exception as error:
                search.error = explained(error, search.request)
                continue
            if search.poor:
                continue
            raised, search.raised = search.raised, None
            if reason is not None:
                if raised is not None:
                    self._lose(search, wasted_usage(raised), kind, lines)
                lines.append(self._line(search, kind, "stop", reason))
                self._stop(search, kind, reason)
            elif kind.is_remote:
                search.away = True
                threads.submit(partial(self._job, [(search, missing)], kind))
            else:
                asking.append((search, missing))
        self._take(self._ask(asking, kind) if asking else [], kind, lines)

    def _job(self, asking: list[tuple[TaskSearch, Sequence[Any]]], kind: RequestHandler[Any, Any]) -> Job:
        return self._ask(asking, kind), kind

    def _take(self, asked: Asked, kind: RequestHandler[Any, Any], lines: Sequence[str] = ()) -> None:
        """Journal fresh answers, behind other `lines`, and use them."""
        lines = list(lines)
        answers = [(search, self._accept(search, parts, kind, lines)) for search, parts in asked]
        if self.journal and lines:
            self.journal.write(lines)
        for search, whole in answers:
            self.dollars.settle(search.task)
            if search.error is None and search.raised is None:
                self._apply(search, kind, whole)

    def _ask(self, asking: list[tuple[TaskSearch, Sequence[Any]]], kind: RequestHandler[Any, Any]) -> Asked:
        answers = ask_all(kind, [queries for _, queries in asking])
        return [(search, answer) for (search, _), answer in zip(asking, answers, strict=True)]

    def _line(self, search: TaskSearch, kind: RequestHandler[Any, Any], name: str, answer: Any) -> str:
        return seal(search.task, search.seq, name, answer, kind.question_digest(search.request)) if self.journal else ""

    def _accept(
        self, search: TaskSearch, parts: Sequence[Any] | Broken, kind: RequestHandler[Any, Any], lines: list[str]
    ) -> Sequence[Any]:
        """Bill a fresh answer, add its line for the journal, and return it with what was known before.

        One that cannot be used is the error of the search; only its bill gets a line, and a resume asks again.
        """
        cost = search.reserved  # where the true cost cannot be told
        try:
            if isinstance(parts, Broken):
                self._keep(search, parts, kind, lines)
                return ()
            bills = list(kind.bills(parts))
            for usage in bills:
                check_usage(usage)
            cost = total(bills)
            check(parts)
            check_bound(cost, search.reserved)
            if self.journal:
                lines.append(self._line(search, kind, kind.name, [kind.dump(part) for part in parts]))
            self.dollars.pay([cost])
            return self._whole(search, parts, kind)
        except Exception as error:
            search.error = error
            self._lose(search, cost, kind, lines)
            return ()

    def _whole(self, search: TaskSearch, parts: Sequence[Any], kind: RequestHandler[Any, Any]) -> Sequence[Any]:
        """The answers to all queries of the waiting request, given those to the queries that were asked."""
        parts = search.whole(parts)
        if search.positions is not None:
            parts = search.positions.whole(kind.name, kind.queries(search.request, self.seed)[0], parts)
        return parts

    def _keep(self, search: TaskSearch, broken: Broken, kind: RequestHandler[Any, Any], lines: list[str]) -> None:
        """Save what is good of a request that failed. Where the model only raised its bound, it is asked again."""
        raised = next(filter(raises_bound, broken.errors), None)
        self._save(search, broken.good, kind, lines)
        check_usage(left := total(wasted_usage(error) for error in broken.errors if error is not raised))
        self._lose(search, left, kind, lines)
        if raised is not None:
            search.raised = raised
            return
        search.error = explained(broken.errors[0], search.request)
        self._charge_parts(search, kind)

    def _save(self, search: TaskSearch, good: dict[int, Any], kind: RequestHandler[Any, Any], lines: list[str]) -> None:
        """Journal the good answers of a request that failed: a resume asks for the others alone."""
        if not good:
            return
        bills = list(kind.bills(list(good.values())))
        for usage in bills:
            check_usage(usage)
        check(good.values())
        missing = (place for place in count() if place not in search.parts)
        places = list(islice(missing, max(good) + 1))
        fresh = {places[place]: part for place, part in good.items()}
        self.dollars.pay(bills)
        dumped = [[place, kind.dump(part)] for place, part in fresh.items()]
        lines.append(self._line(search, kind, PART, [kind.name, dumped]))
        search.seq += 1
        search.parts |= fresh

    def _charge_parts(self, search: TaskSearch, kind: RequestHandler[Any, Any]) -> None:
        """Answers that this process could not use: its search ends here."""
        if search.parts:
            search.spent.charge(LOST, total(kind.bills(list(search.parts.values()))))

    def _stop(self, search: TaskSearch, kind: RequestHandler[Any, Any], reason: str) -> None:
        self._charge_parts(search, kind)
        search.stop(reason)

    def _lose(self, search: TaskSearch, usage: Usage, kind: RequestHandler[Any, Any], lines: list[str]) -> None:
        """Bill what was paid for nothing: a resume must not spend it again."""
        if usage != NO_USAGE:
            self.dollars.pay([usage])
            lines.append(self._line(search, kind, LOST, dump_usage(usage)))
            search.seq += 1
            search.spent.charge(LOST, usage)

    def _replay(self, search: TaskSearch, kind: RequestHandler[Any, Any]) -> None:
        name, answer, asked = search.recorded.popleft()
        if name not in (kind.name, "stop"):
            raise another_run(search, f"is {name!r} there, and the search now asks to {kind.name}")
        compare(search, kind, name, asked)
        if name == "stop":
            self._stop(search, kind, answer)
            return
        try:
            parts = self._whole(search, [kind.load(part) for part in answer], kind)
        except (TypeError, ValueError) as error:
            raise unreadable(search, name, error) from error
        self._apply(search, kind, parts)

    def _replay_failure(self, search: TaskSearch, kind: RequestHandler[Any, Any]) -> None:
        """What is left of a request that failed: its good answers, or a bill."""
        name, answer, asked = search.recorded.popleft()
        compare(search, kind, name, asked)
        try:
            if name == LOST:
                search.spent.charge(LOST, load_usage(answer))
            else:
                of, parts = answer
                if of != kind.name:
                    raise another_run(search, f"is a part of {of!r} there, and the search now asks to {kind.name}")
                search.parts |= {int(place): kind.load(part) for place, part in parts}
        except (TypeError, ValueError) as error:
            raise unreadable(search, name, error) from error
        search.seq += 1

    def _apply(self, search: TaskSearch, kind: RequestHandler[Any, Any], parts: Sequence[Any]) -> None:
        """Use an answer, be it live or replayed, and let the search go on."""
        try:
            search.seq += 1
            search.parts = {}
            if search.positions is not None:
                search.positions.learn(kind.name, kind.queries(search.request, self.seed)[0], parts)
            answer = kind.apply(search.request, parts, search.spent)
        except Exception as error:
            search.error = error
        else:
            self._advance(search, answer)

    def _advance(self, search: TaskSearch, answer: Any) -> None:
        """Send an answer, and serve the free requests up to the next paid one."""
        request: Any = None
        try:
            while True:
                request = None  # what the search itself raises is about no request
                request = search.generator.send(answer)
                kind, answer = type(request), None
                if kind is Offer:
                    search.answer = checked_answer(request.node, search.task)
                elif kind is Attempt:
                    search.attempts.append(checked_answer(request.node, search.task))
                elif kind is Play:
                    if (reason := self.budget.blocks(search.spent, 1, 1, NO_USAGE)) is not None:
                        search.stop(reason)  # a resume comes to the same end by itself: nothing to journal
                        return
                    answer = play(request, search.spent)
                elif kind is Ask and request.role in PRIVILEGES:
                    self._need(request.role)
                    break
                elif kind is Imagine and not request.proposals:
                    answer = []
                elif kind is Reward:
                    answer = self._reward(search, request.node)
                elif kind is Expand and shut(request.node):
                    answer = []
                elif kind is ExpandAll and len(request.nodes) == sum(map(shut, request.nodes)):
                    answer = [[] for _ in request.nodes]
                elif kind is not Evaluate or len(request.nodes) > 0:
                    break
            if kind not in self._paid:
                raise TypeError(f"a search yields requests such as Expand(node); it yielded {request!r:.80}")
            search.request = request
        except StopIteration as end:
            if search.recorded:
                raise another_run(search, f"is {search.recorded[0][0]!r} there, and the search has ended") from None
            try:
                search.answer = checked_answer(end.value, search.task)
                search.stopped = "cap" if search.root.capped else "returned"
            except (TypeError, ValueError) as error:
                search.error = error
        except Exception as error:
            search.error = explained(error, request)

    def _reward(self, search: TaskSearch, node: Node) -> float:
        self._need("reward")
        reward, replayed = episode_return(node)
        search.spent.replayed_steps += replayed
        return reward

    def _need(self, privilege: str) -> None:
        if privilege not in self.privileges:
            raise PrivilegeError(
                f"the search asks for {PRIVILEGES[privilege]}, which this run was not given; "
                f"run with --privilege {privilege}"
            )

    def _out_of_time(self) -> str | None:
        if self.budget.seconds is None:
            return None
        spent = self.journal.elapsed() if self.journal else time.monotonic() - self._began
        return "seconds" if spent > self.budget.seconds else None


def each_once(tasks: Iterable[int]) -> Iterator[int]:
    """The tasks, whose journaled answers are told apart by nothing but their number."""
    begun: set[int] = set()
    for task in tasks:
        if task in begun:
            raise ValueError(f"task {task} was given twice; name each task once")
        begun.add(task)
        yield task
