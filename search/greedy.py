"""Greedy search: follow the best child."""

from __future__ import annotations

from forethought.search.node import Node, by_value
from forethought.search.requests import Evaluate, Expand, Offer, Search


def greedy(root: Node, *, num_children: int | None = None, depth: int = 10) -> Search:
    """Expand, evaluate, step to the child of highest value (one descent of Mendes & Ritter 2025, arXiv:2503.02878).

    The answer is the last state of the descent.

    Args:
        num_children: Most children of an expanded state. None: all. The authors' code takes 5, and 10 at the root.
        depth: Most steps of the descent. The authors' code takes 5.
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
