"""Runs many searches at once: batches their questions, holds their budgets, writes the journal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from forethought.envs import Simulator
from forethought.search.answers import LOST, check, check_usage, dump_usage, load_usage, paid
from forethought.search.budget import Budget, check_bound
from forethought.search.crew import Crew
from forethought.search.imagining import Imagining, Proposing
from forethought.search.journal import Journal, JournalError, encode
from forethought.search.kinds import Asking, Bounds, Evaluating, Expanding, Kind, play, total
from forethought.search.node import Node, visible
from forethought.search.parts import PastJournal
from forethought.search.protocols import FREE, Asker, Policy, Usage, Value, lost, raises_bound
from forethought.search.purse import Price, Purse
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
from forethought.search.strand import Strand, real, return_of
from forethought.search.transpositions import Positions, shared

Algorithm = Callable[[Node], Search]
Asked = list[tuple[Strand, Sequence[Any]]]  # answers, each a part for each query
Errand = tuple[Asked, Kind[Any, Any]]


# What a search may have only where its run grants it, and its row says so.
PRIVILEGES = {"reward": "the true reward", "reflection": "a reflection on how an attempt truly ended"}


class Miscounted(RuntimeError):
    """A model gave too many answers or too few."""

    def __init__(self, text: str, cost: Usage) -> None:
        super().__init__(text)
        self.settle = lambda: cost


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
            strand.search = algorithm(strand.root)
        except Exception as error:
            strand.error = error
        else:
            self._advance(strand, None)
        return strand

    def _answer(self, group: list[Strand], kind: Kind[Any, Any], bounds: Bounds[Any], crew: Crew[Errand]) -> None:
        """Answer the waiting requests of one kind: from the journal, by one call of the model, or by the crew."""
        asking: list[tuple[Strand, list[Any]]] = []
        lines: list[str] = []
        for strand in group:
            while strand.recorded and strand.recorded[0][0] == LOST:
                strand.spent.charge(LOST, load_usage(strand.recorded.popleft()[1]))
                strand.seq += 1
            if strand.recorded:
                self._replay(strand, kind)
                continue
            try:
                queries, nodes = kind.queries(strand.request, self.seed)
                if strand.positions is not None:
                    queries = strand.positions.fresh(kind.name, queries)
                strand.reserved = bounds(queries)
                steps = nodes if kind.plays else 0
                reason = self._out_of_time() or self.budget.blocks(strand.spent, nodes, steps, strand.reserved)
                strand.poor = False
                if reason is None and (reason := self.purse.reserve(strand.task, strand.reserved)) is not None:
                    strand.poor = self.purse.holding  # what others have set aside and do not need comes back
            except Exception as error:
                strand.error = error
                continue
            if strand.poor:
                continue
            raised, strand.raised = strand.raised, None
            if reason is not None:
                if raised is not None:
                    self._lose(strand, lost(raised), lines)
                lines.append(encode((strand.task, strand.seq, "stop", reason)))
                strand.stop(reason)
            elif kind.waits:
                strand.away = True
                crew.send(partial(self._errand, [(strand, queries)], kind))
            else:
                asking.append((strand, queries))
        self._take(self._ask(asking, kind) if asking else [], kind, lines)

    def _errand(self, asking: list[tuple[Strand, list[Any]]], kind: Kind[Any, Any]) -> Errand:
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

    def _ask(self, asking: list[tuple[Strand, list[Any]]], kind: Kind[Any, Any]) -> Asked:
        """One call for all; if that fails, one call a task, so that only the task at fault is lost."""
        queries = asking[0][1] if len(asking) == 1 else [query for _, mine in asking for query in mine]
        try:
            parts = kind.ask(queries) if queries else []
            if len(parts) != len(queries):
                wrong = f"the model gave {len(parts)} answers to {len(queries)} queries ({kind.name})"
                raise Miscounted(wrong, total(kind.bills(parts)))
        except Exception as error:
            if len(asking) == 1:
                asking[0][0].error = error
                return [(asking[0][0], ())]
            return [answer for one in asking for answer in self._ask([one], kind)]
        if len(asking) == 1:
            return [(asking[0][0], parts)]
        answers, at = Asked(), 0
        for strand, mine in asking:
            answers.append((strand, parts[at : at + len(mine)]))
            at += len(mine)
        return answers

    def _accept(self, strand: Strand, parts: Sequence[Any], kind: Kind[Any, Any], lines: list[str]) -> Sequence[Any]:
        """Bill a fresh answer, add its line for the journal, and return it with what was known before.

        One that cannot be used is the strand's error; only its bill gets a line, and a resume asks again.
        """
        cost = strand.reserved  # where the true cost cannot be told
        try:
            if strand.error is not None and raises_bound(strand.error):
                strand.raised, strand.error = strand.error, None
                return parts
            if strand.error is not None:
                usage = lost(strand.error)
                check_usage(usage)
                self._lose(strand, usage, lines)
                return parts
            bills = list(kind.bills(parts))
            for usage in bills:
                check_usage(usage)
            cost = total(bills)
            check(parts)
            check_bound(cost, strand.reserved)
            if strand.positions is not None:
                queries, _ = kind.queries(strand.request, self.seed)
                parts = strand.positions.whole(kind.name, queries, parts)
            if self.journal:
                lines.append(encode((strand.task, strand.seq, kind.name, [kind.dump(part) for part in parts])))
            self.purse.pay([cost])
        except Exception as error:
            strand.error = error
            self._lose(strand, cost, lines)
        return parts

    def _lose(self, strand: Strand, usage: Usage, lines: list[str]) -> None:
        """Bill what was paid for nothing: a resume must not spend it again."""
        if usage is not FREE:
            self.purse.pay([usage])
            if self.journal:
                lines.append(encode((strand.task, strand.seq, LOST, dump_usage(usage))))
            strand.seq += 1
            strand.spent.charge(LOST, usage)

    def _replay(self, strand: Strand, kind: Kind[Any, Any]) -> None:
        name, answer = strand.recorded.popleft()
        if name == "stop":
            strand.stop(answer)
            return
        try:
            parts = [kind.load(part) for part in answer] if name == kind.name else None
        except (TypeError, ValueError) as error:
            raise JournalError(f"task {strand.task}, answer {strand.seq}: {name} cannot be read ({error})") from error
        if parts is None:
            raise another_run(strand, f"is {name!r} there, and the search now asks to {kind.name}")
        self._apply(strand, kind, parts)

    def _apply(self, strand: Strand, kind: Kind[Any, Any], parts: Sequence[Any]) -> None:
        """Use an answer, be it live or replayed, and let the search go on."""
        try:
            strand.seq += 1
            if strand.positions is not None:
                strand.positions.learn(kind.name, kind.queries(strand.request, self.seed)[0], parts)
            answer = kind.apply(strand.request, parts, strand.spent)
        except Exception as error:
            strand.error = error
        else:
            self._advance(strand, answer)

    def _advance(self, strand: Strand, answer: Any) -> None:
        """Send an answer, and serve the free requests up to the next paid one."""
        try:
            while True:
                request = strand.search.send(answer)
                kind, answer = type(request), None
                if kind is Offer:
                    strand.answer = real(request.node, strand.task)  # type: ignore[union-attr]  # kind says which it is
                elif kind is Attempt:
                    strand.attempts.append(real(request.node, strand.task))  # type: ignore[union-attr]  # likewise
                elif kind is Play:
                    if (reason := self.budget.blocks(strand.spent, 1, 1, FREE)) is not None:
                        strand.stop(reason)  # a resume comes to the same end by itself: nothing to journal
                        return
                    answer = play(request, strand.spent)  # type: ignore[arg-type]  # likewise
                elif kind is Ask and request.role in PRIVILEGES:  # type: ignore[union-attr]  # likewise
                    self._need(request.role)  # type: ignore[union-attr]  # likewise
                    break
                elif kind is Imagine and not request.proposals:  # type: ignore[union-attr]  # likewise
                    answer = []
                elif kind is Reward:
                    answer = self._reward(strand, request.node)  # type: ignore[union-attr]  # likewise
                elif kind is ExpandAll and len(request.nodes) == 0:  # type: ignore[union-attr]  # likewise
                    answer = []
                elif kind is not Evaluate or len(request.nodes) > 0:  # type: ignore[union-attr]  # likewise
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
            strand.error = error

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


def another_run(strand: Strand, what: str) -> JournalError:
    return JournalError(
        f"the journal is of another run: task {strand.task}, answer {strand.seq} {what}; "
        "resume with the code and settings it was begun with"
    )


def each_once(tasks: Iterable[int]) -> Iterator[int]:
    """The tasks, whose journaled answers are told apart by nothing but their number."""
    begun: set[int] = set()
    for task in tasks:
        if task in begun:
            raise ValueError(f"task {task} was given twice; name each task once")
        begun.add(task)
        yield task
