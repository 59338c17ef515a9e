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
    min_depth: int = 1,
    max_depth: int = 2,
    num_children: int | None = None,
    evaluate_node: int = 0,
    seed: int = 0,
) -> Search:
    """Walk at random to a depth from `min_depth` to `max_depth`, then expand the node there and evaluate its children.

    A way of ours to make the data of self-taught lookahead (Mendes & Ritter 2025, arXiv:2503.02878) without a search.
    Nodes on the way are expanded and not evaluated, so they make no examples. With `evaluate_node` the node is
    evaluated too, which shows how far a value model agrees with its own look ahead.
    """
    if max_depth < min_depth:
        raise ValueError(f"min_depth={min_depth}, max_depth={max_depth}; give max_depth >= min_depth")
    draw = random.Random(seed_of(seed, root.task))
    looked: set[int] = set()
    best = root
    for number in range(walks):
        node, goal = root, min_depth + number % (max_depth - min_depth + 1)
        while node.depth < goal and not (node.done or node.dead):
            children = node.children or (yield Expand(node, num_children))
            if children:
                node = children[draws.below(draw, len(children))]
        if node.done or id(node) in looked:
            continue
        looked.add(id(node))
        if not (node.children or node.dead):
            yield Expand(node, num_children)
        yield Evaluate([node, *node.children] if evaluate_node else node.children)
        best = max([best, *(child for child in node.children if child.done)], key=by_terminal_then_value)
        yield Offer(best)
    return best
