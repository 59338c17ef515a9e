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
    """Take states from the frontier in the order of their value; of equals the oldest comes first.

    Tree search for language model agents, algorithm 1 (Koh et al. 2024, arXiv:2407.01476): `num_children`, `depth`,
    `max_expansions` and `success_threshold` are its b, d, c and theta. Two things differ. There a state is judged
    when it is taken and waits with the value of its parent; here siblings are judged in one batch when they are
    made. There a value of 1 means that the goal is reached; here it can mean that it will be, so only an ending of
    value `success_threshold`, when it is taken, ends the search.

    A state's promise is its value less `length_cost` for each step to it, as in A*. The answer is the ending
    of most promise that was judged, or, before there is one, the state of most promise.

    Args:
        num_children: Children of an expanded state, at the most; b of the paper, 5 in its experiments.
        depth: Steps below the root at which no state is expanded any more; d of the paper, 5 there.
        max_expansions: States taken from the frontier, at the most; c of the paper. An ending, or a state at the
            depth, counts too, for the paper judges it when it is taken. None: until the budget ends.
        success_threshold: Value of an ending, in [0, 1], that ends the search; theta of the paper, 1 there.
        length_cost: Value taken from a state's promise for each step to it; 0 as in the paper.
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
