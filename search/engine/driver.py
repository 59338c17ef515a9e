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
from forethought.search.engine.dollars import Price, Purse
from forethought.search.engine.errors import another_run, begun, compare, explained, unreadable
from forethought.search.engine.imagination import Imagining, Proposing
from forethought.search.engine.journal import Journal, seal
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.request_handlers import Asking, Bounds, Evaluating, Expanding, Kind, play, shut, total
from forethought.search.engine.task_search import Strand, real, return_of
from forethought.search.engine.threads import Crew
from forethought.search.engine.transpositions import Positions, shared
from forethought.search.models import FREE, Asker, Policy, Usage, Value, lost, raises_bound
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
Asked = list[tuple[Strand, "Sequence[Any] | Broken"]]  # answers, each a part for each query
Errand = tuple[Asked, Kind[Any, Any]]


# What a search may have only where its run grants it, and its row says so.
PRIVILEGES = {"reward": "the true reward", "reflection": "a reflection on how an attempt truly ended"}


class PrivilegeError(RuntimeError):
    """A search asked for what the run was not given."""


class Driver:
    """Answers the requests of searches. One driver is one run of a policy and a value model in one world.

    Requests of a kind that wait at the same time are one call of the policy or the value model, unless that says of
    itself that it `waits` for a machine elsewhere: each task then calls it from a thread, and none waits for another.
    Every answer is journaled before it is used; one that the journal holds is not asked for again.
    Nothing a model, a world or an algorithm does to one task ends another: its error is kept in
    its `Strand`. Raises JournalError where the journal tells of another run.
    """

    def __init__(
        self,
        world: Simulator[Any],
        policy: Policy,
        value: Value,
        budget: Budget,
        *,
        seed: int = 0,
        asker: Asker | None = None,
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
        expanding, evaluating, asking = Expanding(policy), Evaluating(value), Asking(asker)
        self._kinds: tuple[tuple[tuple[type, ...], Kind[Any, Any], Bounds[Any]], ...] = (
            ((Expand, ExpandAll), expanding, Bounds(policy)),
            ((Evaluate,), evaluating, Bounds(value)),
            ((Ask,), asking, Bounds(asker)),
            ((Propose,), Proposing(policy), Bounds(policy)),
            ((Imagine,), Imagining(asking), Bounds(asker)),
        )
        self._shared = shared(policy, value) if transpositions else None
        self._paid = frozenset(chain.from_iterable(types for types, _, _ in self._kinds))
        self.purse = Purse(budget.usd, price)
        if price is not None and journal is not None:
            self.purse.pay(paid(chain.from_iterable(journal.entries.values())))
        self._began = time.monotonic()

    def run(self, tasks: Iterable[int], algorithm: Algorithm) -> Iterator[Strand]:
        """Search every task; yields each strand when it ends. Raises ValueError: a task comes twice."""
        crew = Crew[Errand]()
        try:
            yield from self._run(each_once(tasks), algorithm, crew)
        finally:
            crew.dismiss()

    def _run(self, tasks: Iterator[int], algorithm: Algorithm, crew: Crew[Errand]) -> Iterator[Strand]:
        live: list[Strand] = []
        while True:
            while len(live) < self.concurrency and (task := next(tasks, None)) is not None:
                live.append(self._begin(task, algorithm))
            if not live:
                return
            for types, kind, bounds in self._kinds:
                group = [s for s in live if type(s.request) in types and not s.away and s.live]
                if group:
                    self._answer(group, kind, bounds, crew)
            if crew.out:
                for asked, kind in crew.back(wait=all(s.away or s.poor for s in live)):
                    asked[0][0].away = False
                    self._take(asked, kind)
            for strand in live:
                if not strand.live and not strand.away:
                    strand.spent.usd = self.purse.cost(strand.spent.usage)
                    yield strand
            live = [strand for strand in live if strand.live or strand.away]

    def _begin(self, task: int, algorithm: Algorithm) -> Strand:
        recorded = self.journal.entries.get(task, []) if self.journal else []
        strand = Strand(task, Node(None, "", world=self.world, task=task), deque(recorded))
        strand.positions = Positions(self._shared) if self._shared is not None else None
        try:
            start = self.world.root(task)
            seen = visible(start, self.world)
            strand.root = Node(start.state, seen, world=self.world, task=task, done=start.terminated)
            strand.search = begun(algorithm(strand.root))
        except Exception as error:
            strand.error = error
        else:
            self._advance(strand, None)
        return strand

    def _answer(self, group: list[Strand], kind: Kind[Any, Any], bounds: Bounds[Any], crew: Crew[Errand]) -> None:
        """Answer the waiting requests of one kind: from the journal, by one call of the model, or by the crew."""
        asking: list[tuple[Strand, Sequence[Any]]] = []
        lines: list[str] = []
        for strand in group:
            while strand.recorded and strand.recorded[0][0] in (LOST, PART):
                self._replay_failure(strand, kind)
            if strand.recorded:
                self._replay(strand, kind)
                continue
            try:
                queries, nodes = kind.queries(strand.request, self.seed)
                if strand.positions is not None:
                    queries = strand.positions.fresh(kind.name, queries)
                missing = strand.missing(queries)
                strand.reserved = worst = bounds(missing)
                if strand.parts:
                    worst = worst + total(kind.bills(list(strand.parts.values())))
                steps = nodes if kind.plays else 0
                reason = self._out_of_time() or self.budget.blocks(strand.spent, nodes, steps, worst)
                strand.poor = False
                if reason is None and (reason := self.purse.reserve(strand.task, strand.reserved)) is not None:
                    strand.poor = self.purse.holding  # what others have set aside and do not need comes back
            except Exception as error:
                strand.error = explained(error, strand.request)
                continue
            if strand.poor:
                continue
            raised, strand.raised = strand.raised, None
            if reason is not None:
                if raised is not None:
                    self._lose(strand, lost(raised), kind, lines)
                lines.append(self._line(strand, kind, "stop", reason))
                self._stop(strand, kind, reason)
            elif kind.waits:
                strand.away = True
                crew.send(partial(self._errand, [(strand, missing)], kind))
            else:
                asking.append((strand, missing))
        self._take(self._ask(asking, kind) if asking else [], kind, lines)

    def _errand(self, asking: list[tuple[Strand, Sequence[Any]]], kind: Kind[Any, Any]) -> Errand:
        return self._ask(asking, kind), kind

    def _take(self, asked: Asked, kind: Kind[Any, Any], lines: Sequence[str] = ()) -> None:
        """Journal fresh answers, behind other `lines`, and use them."""
        lines = list(lines)
        answers = [(strand, self._accept(strand, parts, kind, lines)) for strand, parts in asked]
        if self.journal and lines:
            self.journal.write(lines)
        for strand, whole in answers:
            self.purse.settle(strand.task)
            if strand.error is None and strand.raised is None:
                self._apply(strand, kind, whole)

    def _ask(self, asking: list[tuple[Strand, Sequence[Any]]], kind: Kind[Any, Any]) -> Asked:
        answers = ask_all(kind, [queries for _, queries in asking])
        return [(strand, answer) for (strand, _), answer in zip(asking, answers, strict=True)]

    def _line(self, strand: Strand, kind: Kind[Any, Any], name: str, answer: Any) -> str:
        return seal(strand.task, strand.seq, name, answer, kind.asked(strand.request)) if self.journal else ""

    def _accept(
        self, strand: Strand, parts: Sequence[Any] | Broken, kind: Kind[Any, Any], lines: list[str]
    ) -> Sequence[Any]:
        """Bill a fresh answer, add its line for the journal, and return it with what was known before.

        One that cannot be used is the strand's error; only its bill gets a line, and a resume asks again.
        """
        cost = strand.reserved  # where the true cost cannot be told
        try:
            if isinstance(parts, Broken):
                self._keep(strand, parts, kind, lines)
                return ()
            bills = list(kind.bills(parts))
            for usage in bills:
                check_usage(usage)
            cost = total(bills)
            check(parts)
            check_bound(cost, strand.reserved)
            if self.journal:
                lines.append(self._line(strand, kind, kind.name, [kind.dump(part) for part in parts]))
            self.purse.pay([cost])
            return self._whole(strand, parts, kind)
        except Exception as error:
            strand.error = error
            self._lose(strand, cost, kind, lines)
            return ()

    def _whole(self, strand: Strand, parts: Sequence[Any], kind: Kind[Any, Any]) -> Sequence[Any]:
        """The answers to all queries of the waiting request, given those to the queries that were asked."""
        parts = strand.whole(parts)
        if strand.positions is not None:
            parts = strand.positions.whole(kind.name, kind.queries(strand.request, self.seed)[0], parts)
        return parts

    def _keep(self, strand: Strand, broken: Broken, kind: Kind[Any, Any], lines: list[str]) -> None:
        """Save what is good of a request that failed. Where the model only raised its bound, it is asked again."""
        raised = next(filter(raises_bound, broken.errors), None)
        self._save(strand, broken.good, kind, lines)
        check_usage(left := total(lost(error) for error in broken.errors if error is not raised))
        self._lose(strand, left, kind, lines)
        if raised is not None:
            strand.raised = raised
            return
        strand.error = explained(broken.errors[0], strand.request)
        self._charge_parts(strand, kind)

    def _save(self, strand: Strand, good: dict[int, Any], kind: Kind[Any, Any], lines: list[str]) -> None:
        """Journal the good answers of a request that failed: a resume asks for the others alone."""
        if not good:
            return
        bills = list(kind.bills(list(good.values())))
        for usage in bills:
            check_usage(usage)
        check(good.values())
        missing = (place for place in count() if place not in strand.parts)
        places = list(islice(missing, max(good) + 1))
        fresh = {places[place]: part for place, part in good.items()}
        self.purse.pay(bills)
        dumped = [[place, kind.dump(part)] for place, part in fresh.items()]
        lines.append(self._line(strand, kind, PART, [kind.name, dumped]))
        strand.seq += 1
        strand.parts |= fresh

    def _charge_parts(self, strand: Strand, kind: Kind[Any, Any]) -> None:
        """Answers that this process could not use: its search ends here."""
        if strand.parts:
            strand.spent.charge(LOST, total(kind.bills(list(strand.parts.values()))))

    def _stop(self, strand: Strand, kind: Kind[Any, Any], reason: str) -> None:
        self._charge_parts(strand, kind)
        strand.stop(reason)

    def _lose(self, strand: Strand, usage: Usage, kind: Kind[Any, Any], lines: list[str]) -> None:
        """Bill what was paid for nothing: a resume must not spend it again."""
        if usage != FREE:
            self.purse.pay([usage])
            lines.append(self._line(strand, kind, LOST, dump_usage(usage)))
            strand.seq += 1
            strand.spent.charge(LOST, usage)

    def _replay(self, strand: Strand, kind: Kind[Any, Any]) -> None:
        name, answer, asked = strand.recorded.popleft()
        if name not in (kind.name, "stop"):
            raise another_run(strand, f"is {name!r} there, and the search now asks to {kind.name}")
        compare(strand, kind, name, asked)
        if name == "stop":
            self._stop(strand, kind, answer)
            return
        try:
            parts = self._whole(strand, [kind.load(part) for part in answer], kind)
        except (TypeError, ValueError) as error:
            raise unreadable(strand, name, error) from error
        self._apply(strand, kind, parts)

    def _replay_failure(self, strand: Strand, kind: Kind[Any, Any]) -> None:
        """What is left of a request that failed: its good answers, or a bill."""
        name, answer, asked = strand.recorded.popleft()
        compare(strand, kind, name, asked)
        try:
            if name == LOST:
                strand.spent.charge(LOST, load_usage(answer))
            else:
                of, parts = answer
                if of != kind.name:
                    raise another_run(strand, f"is a part of {of!r} there, and the search now asks to {kind.name}")
                strand.parts |= {int(place): kind.load(part) for place, part in parts}
        except (TypeError, ValueError) as error:
            raise unreadable(strand, name, error) from error
        strand.seq += 1

    def _apply(self, strand: Strand, kind: Kind[Any, Any], parts: Sequence[Any]) -> None:
        """Use an answer, be it live or replayed, and let the search go on."""
        try:
            strand.seq += 1
            strand.parts = {}
            if strand.positions is not None:
                strand.positions.learn(kind.name, kind.queries(strand.request, self.seed)[0], parts)
            answer = kind.apply(strand.request, parts, strand.spent)
        except Exception as error:
            strand.error = error
        else:
            self._advance(strand, answer)

    def _advance(self, strand: Strand, answer: Any) -> None:
        """Send an answer, and serve the free requests up to the next paid one."""
        request: Any = None
        try:
            while True:
                request = None  # what the search itself raises is about no request
                request = strand.search.send(answer)
                kind, answer = type(request), None
                if kind is Offer:
                    strand.answer = real(request.node, strand.task)
                elif kind is Attempt:
                    strand.attempts.append(real(request.node, strand.task))
                elif kind is Play:
                    if (reason := self.budget.blocks(strand.spent, 1, 1, FREE)) is not None:
                        strand.stop(reason)  # a resume comes to the same end by itself: nothing to journal
                        return
                    answer = play(request, strand.spent)
                elif kind is Ask and request.role in PRIVILEGES:
                    self._need(request.role)
                    break
                elif kind is Imagine and not request.proposals:
                    answer = []
                elif kind is Reward:
                    answer = self._reward(strand, request.node)
                elif kind is Expand and shut(request.node):
                    answer = []
                elif kind is ExpandAll and len(request.nodes) == sum(map(shut, request.nodes)):
                    answer = [[] for _ in request.nodes]
                elif kind is not Evaluate or len(request.nodes) > 0:
                    break
            if kind not in self._paid:
                raise TypeError(f"a search yields requests such as Expand(node); it yielded {request!r:.80}")
            strand.request = request
        except StopIteration as end:
            if strand.recorded:
                raise another_run(strand, f"is {strand.recorded[0][0]!r} there, and the search has ended") from None
            try:
                strand.answer, strand.stopped = real(end.value, strand.task), "returned"
            except (TypeError, ValueError) as error:
                strand.error = error
        except Exception as error:
            strand.error = explained(error, request)

    def _reward(self, strand: Strand, node: Node) -> float:
        self._need("reward")
        reward, replayed = return_of(node)
        strand.spent.replayed_steps += replayed
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
