"""Greedy search with restarts: when stuck, go back to the best state that was passed over."""

from __future__ import annotations

from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, Expand, Offer, Search


def restarts(
    root: Node, *, num_children: int | None = None, depth: int = 10, restarts: int = 3, success_threshold: float = 1.0
) -> Search:
    """Follow the best child to an end; from there, up to `restarts` times, start again from the best sibling left.

    An end is an ending, a dead end, or a state at the depth. Only an ending of value `success_threshold` is not started
    again from. The sibling left is the state of highest value anywhere in the tree that was judged, can go on,
    and was not followed; of equals the oldest (Frontier Aware Search with backTracking: Ke et al. 2019,
    arXiv:1903.02547). The answer is the best ending that was judged, or, before there is one, the best state.
    """
    best, node = root, root
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
        if restarts == 0 or not passed or (best.done and best.value >= success_threshold):
            return best
        restarts -= 1
        node = max(passed, key=by_value)
        passed.remove(node)
