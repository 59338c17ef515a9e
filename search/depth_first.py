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
    """Go down from the best child first, never below a value of `threshold` or less, and back up when stuck.

    Tree of thoughts, algorithm 2 (Yao et al. 2023, arXiv:2305.10601): `num_children`, `threshold` and `depth` are its
    k, v_th and T. At most `max_expansions` states are expanded, and none after an ending of value `success_threshold`.
    The answer is the best ending that was judged, or, before there is one, the best state.

    Args:
        num_children: Children of an expanded state, at the most; None: all. k of the paper.
        threshold: Value, in [0, 1], at which a state is pruned; 0 prunes the states of value 0 alone.
        depth: Steps below the root at which no state is expanded any more; T of the paper, 10 for its crosswords.
        max_expansions: Expanded states, at the most; the paper's crosswords stop at 100 (section 4.3). None: until
            the budget ends, or no state is left.
        success_threshold: Value of an ending, in [0, 1], after which nothing is expanded; 1 is ours.
    """
    cap = inf if max_expansions is None else max_expansions
    best, stack = root, [root]
    while stack and cap > 0 and not (best.done and best.value >= success_threshold):
        node = stack.pop()  # the best child of where we are, or else of the nearest state above
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
