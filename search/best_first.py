"""Best-first search: always go on from the most promising state anywhere in the tree."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count

from forethought.search.caps import can_grow, up_to
from forethought.search.node import Node
from forethought.search.requests import Evaluate, Expand, Offer, Search


def best_first(
    root: Node,
    *,
    num_children: int = 5,
    depth: int = 5,
    max_expansions: int | None = None,
    success_threshold: float = 1.0,
    length_cost: float = 0.0,
) -> Search:
    """Take states from the frontier in the order of their value; of equal values the oldest state comes first.

    Tree search for language model agents (Koh et al. 2024, arXiv:2407.01476). Siblings are evaluated in one batch
    when they are made. A value of 1 may mean that the goal will be reached, so only an ending of value
    `success_threshold`, when it is taken from the frontier, ends the search.

    The promise of a state is its value less `length_cost` for each step to it, as in A*. The answer is the evaluated
    ending of highest promise, or, before there is one, the state of highest promise.

    Args:
        num_children: Most children of an expanded state. The authors' scripts take 5.
        depth: Steps below the root at which no state is expanded. The authors' scripts look 5 steps ahead.
        max_expansions: Most states taken from the frontier, endings and states at the depth included. The authors'
            scripts take 20. None: until the budget ends.
        success_threshold: Value of an ending, in [0, 1], that ends the search.
        length_cost: Value taken from the promise of a state for each step to it.
    """

    def promise(node: Node) -> float:
        return node.value - length_cost * node.depth

    def standing(node: Node) -> tuple[bool, float]:
        return node.done, promise(node)

    best, ages = root, count()
    frontier = [(0.0, next(ages), root)]  # a heap: the smallest comes first
    for _ in up_to(max_expansions):
        if not frontier:
            break
        _, _, node = heappop(frontier)
        if node.done and node.value >= success_threshold:
            break
        if node.done or node.depth >= depth:
            continue
        children = yield Expand(node, num_children)
        if not children:
            continue  # a dead end
        yield Evaluate(children)
        best = max(children if best is root else [best, *children], key=standing)
        yield Offer(best)
        for child in children:
            heappush(frontier, (-promise(child), next(ages), child))
    else:
        root.capped = any(can_grow(node, depth) for _, _, node in frontier)
    return best
