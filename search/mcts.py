"""Monte Carlo tree search with UCT selection and a value model in the place of rollouts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf, log, sqrt
from operator import attrgetter

from forethought.common.sums import plain_sum
from forethought.search.node import Node
from forethought.search.requests import Evaluate, Expand, Offer, Search

visits = attrgetter("visits")


def mcts(
    root: Node,
    *,
    num_children: int | None = None,
    num_simulations: int = 100,
    exploration: float = 1.0,
    depth: int = 10,
) -> Search:
    """UCT (Kocsis & Szepesvári 2006): select, expand, evaluate, back up.

    All children of an expanded leaf are evaluated in one batch, and each counts as one simulation. The answer is
    the finished node of highest value, or, before there is one, the end of the most visited path.
    """
    best = None
    for _ in range(num_simulations):
        leaf = select(root, exploration)
        if leaf.done or leaf.dead or leaf.depth >= depth:
            backup(leaf, [leaf.value if not leaf.dead else 0.0])
            continue
        children = yield Expand(leaf, num_children)
        if not children:
            continue  # a dead end from now on
        yield Evaluate(children)
        for child in children:
            child.visits, child.total = 1, child.value
            if child.done and (best is None or child.value > best.value):
                best = child
        backup(leaf, [child.value for child in children])
        yield Offer(best or most_visited(root))
    return best or most_visited(root)


def select(node: Node, exploration: float, closed: Collection[Node] = ()) -> Node:
    """Follow the highest upper confidence bound, W/N + c sqrt(ln N(parent) / N), to a leaf; no closed one below."""
    while node.children:
        log_visits = log(node.visits)
        bound = -inf
        for child in node.children:
            if child in closed:
                continue
            count = child.visits
            upper = child.total / count + exploration * sqrt(log_visits / count)
            if upper > bound:
                bound, node = upper, child
    return node


def backup(node: Node | None, values: Sequence[float]) -> None:
    """Count the simulated `values` at the node and at all above it."""
    count, total = len(values), plain_sum(values)
    while node is not None:
        node.visits += count
        node.total += total
        node = node.parent


def most_visited(node: Node) -> Node:
    """The end of the principal variation."""
    while node.children:
        node = max(node.children, key=visits)
    return node
