"""Runs many searches at once: batches their questions, holds their budgets, writes the journal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from forethought.envs import Simulator
from forethought.search.budget import Budget, Ledger, check_bound
from forethought.search.journal import Entry, Journal, JournalError, encode
from forethought.search.kinds import Asking, Bounds, Evaluating, Expanding, Kind
from forethought.search.node import Node, visible
from forethought.search.parts import PastJournal
from forethought.search.protocols import FREE, Asker, Policy, Usage, Value
from forethought.search.requests import Ask, Attempt, Evaluate, Expand, ExpandAll, Offer, Reward, Search

Algorithm = Callable[[Node], Search]


class PrivilegeError(RuntimeError):
    """A search asked for what the run was not given."""


@dataclass(slots=True, eq=False)
class Strand:
    """One task's search, and where it stands."""

    task: int
    root: Node
    recorded: deque[Entry]  # answers of the journal that are still to be replayed
    search: Search = field(init=False)
    request: Any = None
    reserved: Usage = FREE  # what the waiting request can cost at the worst
    seq: int = 0
    spent: Ledger = field(default_factory=Ledger)
    answer: Node | None = None  # the last offer, at the end the answer
    attempts: list[Node] = field(default_factory=list)
    stopped: str | None = None  # "returned", or the limit that ended it; None while it lives
    error: Exception | None = None

    @property
    def live(self) -> bool:
        return self.stopped is None and self.error is None

    def stop(self, reason: str) -> None:
        try:
            self.search.close()
        except Exception as error:  # a search may clean up, and fail at it
            self.error = error
        self.stopped = reason
        self.answer = self.answer or self.root


class Driver:
    """Answers the requests of searches. One driver is one run of a policy and a value model in one world.

    Requests of a kind that wait at the same time are one call of the policy or the value model.
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
        concurrency: int = 64,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; at least one search must run")
        self.world, self.budget, self.seed = world, budget, seed
        self.journal, self.privileges, self.concurrency = journal, privileges, concurrency
        expanding, evaluating, asking = Expanding(policy), Evaluating(value), Asking(asker)
        self._kinds: tuple[tuple[tuple[type, ...], Kind[Any, Any], Bounds[Any]], ...] = (
            ((Expand, ExpandAll), expanding, Bounds(policy)),
            ((Evaluate,), evaluating, Bounds(value)),
            ((Ask,), asking, Bounds(asker)),
        )
        self._began = time.monotonic()

    def run(self, tasks: Iterable[int], algorithm: Algorithm) -> Iterator[Strand]:
        """Search every task; yields each strand when it ends. Raises ValueError: a task comes twice."""
        waiting, live = iter(each_once(tasks)), list[Strand]()
        while True:
            while len(live) < self.concurrency and (task := next(waiting, None)) is not None:
                live.append(self._begin(task, algorithm))
            if not live:
                return
            for types, kind, bounds in self._kinds:
                group = [s for s in live if type(s.request) in types and s.stopped is None and s.error is None]
                if group:
                    self._answer(group, kind, bounds)
            if any(not s.live for s in live):
                yield from (s for s in live if not s.live)
                live = [s for s in live if s.live]

    def _begin(self, task: int, algorithm: Algorithm) -> Strand:
        recorded = self.journal.entries.get(task, []) if self.journal else []
        strand = Strand(task, Node(None, "", world=self.world, task=task), deque(recorded))
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

    def _answer(self, group: list[Strand], kind: Kind[Any, Any], bounds: Bounds[Any]) -> None:
        """Answer the waiting requests of one kind: from the journal, or by one call of the model."""
        asking: list[tuple[Strand, list[Any]]] = []
        lines: list[str] = []
        for strand in group:
            if strand.recorded:
                self._replay(strand, kind)
                continue
            try:
                queries, nodes = kind.queries(strand.request, self.seed)
                strand.reserved = bounds(queries)
                reason = self._out_of_time() or self.budget.blocks(strand.spent, nodes, strand.reserved)
            except Exception as error:
                strand.error = error
                continue
            if reason is None:
                asking.append((strand, queries))
            else:
                lines.append(encode((strand.task, strand.seq, "stop", reason)))
                strand.stop(reason)
        answers = [answer for answer in self._ask(asking, kind) if self._accept(*answer, kind, lines)] if asking else []
        if self.journal and lines:
            self.journal.write(lines)
        for strand, parts in answers:
            self._apply(strand, kind, parts)

    def _ask(self, asking: list[tuple[Strand, list[Any]]], kind: Kind[Any, Any]) -> list[tuple[Strand, Sequence[Any]]]:
        """One call for all; if that fails, one call a task, so that only the task at fault is lost."""
        queries = [query for _, mine in asking for query in mine]
        try:
            parts = kind.ask(queries)
            if len(parts) != len(queries):
                raise RuntimeError(f"the model gave {len(parts)} answers to {len(queries)} queries ({kind.name})")
        except Exception as error:
            if len(asking) == 1:
                asking[0][0].error = error
                return [(asking[0][0], ())]
            return [answer for one in asking for answer in self._ask([one], kind)]
        if len(asking) == 1:
            return [(asking[0][0], parts)]
        answers, at = [], 0
        for strand, mine in asking:
            answers.append((strand, parts[at : at + len(mine)]))
            at += len(mine)
        return answers

    def _accept(self, strand: Strand, parts: Sequence[Any], kind: Kind[Any, Any], lines: list[str]) -> bool:
        """Add the journal's line of a fresh answer. One that cannot be used gets none: a resume asks again."""
        try:
            if strand.error is None:
                check_bound(kind.cost(parts), strand.reserved)
                if self.journal:
                    lines.append(encode((strand.task, strand.seq, kind.name, [kind.dump(part) for part in parts])))
        except Exception as error:
            strand.error = error
        return strand.error is None

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
                    strand.answer = request.node  # type: ignore[union-attr]  # kind says which it is
                elif kind is Attempt:
                    strand.attempts.append(request.node)  # type: ignore[union-attr]  # likewise
                elif kind is Reward:
                    answer = self._reward(strand, request.node)  # type: ignore[union-attr]  # likewise
                elif kind is ExpandAll and not request.nodes:  # type: ignore[union-attr]  # likewise
                    answer = []
                elif kind is not Evaluate or request.nodes:  # type: ignore[union-attr]  # likewise
                    break
            if kind not in (Expand, ExpandAll, Evaluate, Ask):
                raise TypeError(f"a search yields requests such as Expand(node); it yielded {request!r:.80}")
            strand.request = request
        except StopIteration as end:
            if strand.recorded:
                raise another_run(strand, f"is {strand.recorded[0][0]!r} there, and the search has ended") from None
            if isinstance(end.value, Node):
                strand.answer, strand.stopped = end.value, "returned"
            else:
                strand.error = TypeError(f"a search returns the node of its answer; it returned {end.value!r:.80}")
        except Exception as error:
            strand.error = error

    def _reward(self, strand: Strand, node: Node) -> float:
        if "reward" not in self.privileges:
            raise PrivilegeError(
                "the search asks for the true reward, which this run was not given; run with --privilege reward"
            )
        reward, replayed = return_of(node)
        strand.spent.replayed_steps += replayed
        return reward

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


def return_of(node: Node) -> tuple[float, int]:
    """The true return of the path to a node (its rewards added up), and the steps it took to play it again."""
    step = node.world.root(node.task)
    total, steps = 0.0, 0
    for action in node.actions:
        step = node.world.step(step.state, action)
        total += step.reward
        steps += 1 + step.replayed
    return total, steps


def each_once(tasks: Iterable[int]) -> Iterator[int]:
    """The tasks, whose journaled answers are told apart by nothing but their number."""
    begun: set[int] = set()
    for task in tasks:
        if task in begun:
            raise ValueError(f"task {task} was given twice; name each task once")
        begun.add(task)
        yield task
