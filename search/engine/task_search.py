"""The search of one task, and the rules for its answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from forethought.search.engine.budget import Ledger
from forethought.search.engine.handlers.handler import RequestHandler
from forethought.search.engine.journal import Entry
from forethought.search.engine.transpositions import Positions
from forethought.search.estimates import NO_USAGE, Usage
from forethought.search.node import Node, is_in_tree
from forethought.search.requests import Search


@dataclass(slots=True, eq=False)
class TaskSearch:
    """The search of one task and its present state."""

    task: int
    root: Node
    recorded: deque[Entry]  # answers of the journal that are still to be replayed
    generator: Search | None = None  # None: the algorithm has not begun
    request: Any = None  # the paid request that waits for its answer
    handler: RequestHandler[Any, Any] | None = None  # of the request
    away: bool = False  # its request is with a thread
    poor: bool = False  # it waits for dollars that others have set aside
    reserved: Usage = NO_USAGE  # the worst case of the waiting request
    raised: Exception | None = None  # the waiting request was found to cost more than was reserved, and is asked again
    seq: int = 0
    parts: dict[int, Any] = field(default_factory=dict)  # good answers of the waiting request, which failed before
    spent_before: Sequence[float] = ()  # amounts that the budget limits, when they were last looked at
    spent: Ledger = field(default_factory=Ledger)
    answer: Node | None = None  # the offer that stands, at the end the answer
    attempts: list[Node] = field(default_factory=list)
    positions: Positions | None = None  # the models' answers by position, where transpositions are merged
    stopped: str | None = None  # "returned", "cap" (a setting), "stalled", or the limit reached; None while it lives
    error: Exception | None = None

    @property
    def live(self) -> bool:
        """Whether the search goes on."""
        return self.stopped is None and self.error is None

    @property
    def waits(self) -> bool:
        """Whether its request waits here for an answer."""
        return not self.away and self.stopped is None and self.error is None

    def offer(self, node: Any) -> None:
        """Take an answer: the newest stands, but an ending stands before an unfinished node.

        Raises TypeError, ValueError: see `checked_answer`.
        """
        node = checked_answer(node, self.task)
        if node.done or self.answer is None or not self.answer.done:
            self.answer = node

    def end(self, reason: str) -> None:
        """The search is over; the offer that stands is the answer. Raises ValueError: it is not of the tree."""
        self.stopped, self.answer = reason, self.answer or self.root
        checked_path(self.answer, self.root)

    def missing(self, queries: Sequence[Any]) -> Sequence[Any]:
        """The queries of the waiting request without an answer so far."""
        return [query for place, query in enumerate(queries) if place not in self.parts] if self.parts else queries

    def whole(self, answers: Sequence[Any]) -> Sequence[Any]:
        """All answers of the waiting request, given those that were missing."""
        if not self.parts:
            return answers
        rest, count = iter(answers), len(self.parts) + len(answers)
        return [self.parts[place] if place in self.parts else next(rest) for place in range(count)]


def checked_answer(node: Any, task: int) -> Node:
    """The node, as an answer. Raises TypeError: no node. ValueError: another task's, or an imagined one."""
    if not isinstance(node, Node):
        raise TypeError(f"a search returns the node of its answer; it returned {node!r:.80}")
    if node.task != task:
        raise ValueError(
            f"the answer after {node.action!r} is a node of task {node.task}, and the search is of task {task}"
        )
    if node.imagined:
        raise ValueError(f"the answer after {node.action!r} is imagined; a search plays its actions before it offers")
    return node


def checked_path(node: Node, root: Node) -> Node:
    """The node. Raises ValueError: it is not of a tree that the engine has grown."""
    if not is_in_tree(node, root):
        raise ValueError(
            f"the answer after {node.action!r:.60} is no node of the tree; a search answers with a node that a request "
            "such as Expand(node) has made"
        )
    return node


def episode_return(node: Node) -> tuple[float, int]:
    """The true return of the path to a node (its rewards added up), and the steps it took to play it again."""
    step = node.world.root(node.task)
    total, steps = 0.0, 0
    for action in node.actions:
        step = node.world.step(step.state, action)
        total += step.reward
        steps += 1 + step.replayed
    return total, steps
