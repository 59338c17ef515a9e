"""Depth-first search with pruning."""

from __future__ import annotations

from math import inf

from forethought.search.caps import can_grow
from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, Expand, Offer, Search


def depth_first(
    root: Node,
    *,
    num_children: int | None = None,
    threshold: float = 0.0,
    depth: int = 10,
    max_expansions: int | None = None,
    success_threshold: float = 1.0,
) -> Search:
    """Expand the best child first, prune states of value `threshold` or less, and go back up at a dead end.

    Tree of thoughts (Yao et al. 2023, arXiv:2305.10601). At most `max_expansions` states are expanded, and no state
    after an ending of value `success_threshold`. The answer is the best evaluated ending, or, before there is one,
    the best state.

    Args:
        num_children: Most children of an expanded state. None: all.
        threshold: Value, in [0, 1], at which a state is pruned; 0 prunes only states of value 0.
        depth: Steps below the root at which no state is expanded. The authors' crosswords stop at 10 steps.
        max_expansions: Most expanded states. The authors' crosswords stop after 100. None: until the budget ends, or
            no state is left.
        success_threshold: Value of an ending, in [0, 1], that ends the search.
    """
    cap = inf if max_expansions is None else max_expansions
    best, stack = root, [root]
    while stack and cap > 0 and not (best.done and best.value >= success_threshold):
        node = stack.pop()  # the best child of the newest state, or else of the nearest state above it
        if node.done or node.depth >= depth:
            continue
        cap -= 1
        children = yield Expand(node, num_children)
        if not children:
            continue  # a dead end
        yield Evaluate(children)
        best = max(children if best is root else [best, *children], key=by_terminal_then_value)
        yield Offer(best)
        promising = [child for child in reversed(children) if child.value > threshold]
        stack += sorted(promising, key=by_value)  # of equals the first child comes last, and is popped first
    solved = best.done and best.value >= success_threshold
    root.capped = not solved and any(can_grow(node, depth) for node in stack)
    return best
