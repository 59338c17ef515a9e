"""Greedy search with restarts: after an end, go on from the best state that was passed over."""

from __future__ import annotations

from math import inf

from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, Expand, Offer, Search


def restarts(
    root: Node,
    *,
    num_children: int | None = None,
    depth: int = 10,
    restarts: int | None = None,
    success_threshold: float = 1.0,
) -> Search:
    """Follow the best child to an end; then start again from the best state that was passed over.

    An end is an ending, a dead end, or a state at the depth; after an ending of value `success_threshold` there is no
    new start. A new start begins at the state of highest value anywhere in the tree that was evaluated, can be
    expanded, and was not followed; of equal values at the oldest (Frontier Aware Search with backTracking: Ke et al.
    2019, arXiv:1903.02547). The answer is the best evaluated ending, or, before there is one, the best state.

    Args:
        num_children: Most children of an expanded state. None: all.
        depth: Steps below the root at which no state is expanded.
        restarts: Most new starts. None: until the budget ends, or no state is left.
        success_threshold: Value of an ending, in [0, 1], after which no new start is made.
    """
    best, node, left = root, root, inf if restarts is None else restarts
    passed: list[Node] = []
    while True:
        while not node.done and node.depth < depth:
            children = yield Expand(node, num_children)
            if not children:
                break
            yield Evaluate(children)
            best = max(children if best is root else [best, *children], key=by_terminal_then_value)
            yield Offer(best)
            node = max(children, key=by_value)
            passed += [child for child in children if child is not node and not child.done and child.depth < depth]
        if left == 0 or not passed or (best.done and best.value >= success_threshold):
            root.capped = left == 0 and bool(passed) and not (best.done and best.value >= success_threshold)
            return best
        left -= 1
        node = max(passed, key=by_value)
        passed.remove(node)
