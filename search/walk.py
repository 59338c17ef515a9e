"""Random walks that each end in one look ahead: where data for self-taught lookahead is cheapest."""

from __future__ import annotations

import random

from forethought.common import random as draws
from forethought.common.seeds import seed_of
from forethought.search.node import Node, by_terminal_then_value
from forethought.search.requests import Evaluate, Expand, Offer, Search


def walk(
    root: Node,
    *,
    walks: int = 8,
    first: int = 1,
    last: int = 2,
    width: int | None = None,
    itself: int = 0,
    seed: int = 0,
) -> Search:
    """Walk at random to a depth from `first` to `last`, then expand the node there and evaluate its children.

    A way of ours to make the data of self-taught lookahead (Mendes & Ritter 2025, arXiv:2503.02878) without a search.
    Nodes on the way are expanded and not evaluated, so they make no examples. With `itself` the node is
    evaluated too, which shows how far a value model agrees with its own look ahead.
    """
    if last < first:
        raise ValueError(f"walks go to depths from first={first} to last={last}; give last >= first")
    draw = random.Random(seed_of(seed, root.task))
    looked: set[int] = set()
    best = root
    for number in range(walks):
        node, goal = root, first + number % (last - first + 1)
        while node.depth < goal and not (node.done or node.dead):
            children = node.children or (yield Expand(node, width))
            if children:
                node = children[draws.below(draw, len(children))]
        if node.done or id(node) in looked:
            continue
        looked.add(id(node))
        if not (node.children or node.dead):
            yield Expand(node, width)
        yield Evaluate([node, *node.children] if itself else node.children)
        best = max([best, *(child for child in node.children if child.done)], key=by_terminal_then_value)
        yield Offer(best)
    return best
