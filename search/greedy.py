"""Greedy search: follow the best child."""

from __future__ import annotations

from forethought.search.node import Node, by_value
from forethought.search.requests import Evaluate, Expand, Offer, Search


def greedy(root: Node, *, num_children: int | None = None, depth: int = 10) -> Search:
    """Expand, evaluate, step to the child of highest value (the descent of Mendes & Ritter 2025, arXiv:2503.02878).

    The answer is where that ends.

    Args:
        num_children: Children of an expanded state, at the most; None: all. The paper takes 5.
        depth: Steps of the descent, at the most; the paper takes 5.
    """
    node = root
    while not node.done and node.depth < depth:
        children = yield Expand(node, num_children)  # may come back empty: a dead end
        if not children:
            break
        yield Evaluate(children)
        node = max(children, key=by_value)
        yield Offer(node)
    return node
