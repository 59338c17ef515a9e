"""Monte Carlo tree search with UCT selection and a value model in the place of rollouts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf, log, sqrt
from operator import attrgetter

from forethought.common.sums import plain_sum
from forethought.search.caps import can_grow, close, up_to
from forethought.search.node import Node
from forethought.search.requests import Evaluate, Expand, Offer, Search

visits = attrgetter("visits")


def mcts(
    root: Node,
    *,
    num_children: int | None = None,
    num_simulations: int | None = None,
    exploration: float = 1.0,
    depth: int = 10,
) -> Search:
    """UCT (Kocsis & Szepesvári 2006): select, expand, evaluate, back up.

    All children of an expanded leaf are evaluated in one batch, and each counts as one simulation. The answer is
    the finished node of highest value, or, before there is one, the end of the most visited path.

    Args:
        num_children: Most children of an expanded node. None: all admissible actions.
        num_simulations: Most simulations; one that ends at a node that cannot be expanded counts too. None: until the
            budget ends, or no node is left to expand.
        exploration: c of the upper confidence bound, a factor without a unit.
        depth: Steps below the root at which no node is expanded.
    """
    best = None
    closed: set[Node] = set()
    for _ in up_to(num_simulations):
        if root in closed:
            break
        leaf = select(root, exploration, closed)
        if not can_grow(leaf, depth):
            backup(leaf, [leaf.value if not leaf.dead else 0.0])
            # Under a cap a second visit is a simulation. Without a cap it would be free, and with a small c the same
            # ending could be visited for ever: it is not selected again, and the budget ends the search.
            if num_simulations is None:
                close(leaf, closed)
            continue
        children = yield Expand(leaf, num_children)
        if not children:  # a dead end
            continue
        yield Evaluate(children)
        for child in children:
            child.visits, child.total = 1, child.value
            if child.done and (best is None or child.value > best.value):
                best = child
        backup(leaf, [child.value for child in children])
        yield Offer(best or most_visited(root))
    root.capped = num_simulations is not None and any(can_grow(node, depth) for node in root)
    return best or most_visited(root)


def select(node: Node, exploration: float, closed: Collection[Node] = ()) -> Node:
    """The leaf of the highest upper confidence bounds, W/N + c sqrt(ln N(parent) / N); closed nodes are left out."""
    while children := node.children:
        log_visits = log(node.visits)
        bound = -inf
        for child in children:
            if closed and child in closed:
                continue
            count = child.visits
            upper = child.total / count + exploration * sqrt(log_visits / count)
            if upper > bound:
                bound, node = upper, child
    return node


def backup(node: Node | None, values: Sequence[float]) -> None:
    """Count the simulated `values` at the node and at all of its ancestors.

    All values in one pass: the siblings of a batch share the path to the root, so their sum is added once on each
    level. `plain_sum` adds from left to right; the `sum` of Python 3.12 and later rounds in another way, and trees
    would differ.
    """
    count, total = len(values), plain_sum(values)
    while node is not None:
        node.visits += count
        node.total += total
        node = node.parent


def most_visited(node: Node) -> Node:
    """The end of the most visited path below a node."""
    while children := node.children:
        node = max(children, key=visits)
    return node
