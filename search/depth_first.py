"""Depth-first search with pruning."""

from __future__ import annotations

from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, Expand, Offer, Search


def depth_first(
    root: Node,
    *,
    width: int | None = None,
    threshold: float = 0.0,
    depth: int = 10,
    steps: int = 100,
    enough: float = 1.0,
) -> Search:
    """Go down from the best child first, never below a value of `threshold` or less, and back up when stuck.

    Tree of thoughts, algorithm 2 (Yao et al. 2023, arXiv:2305.10601): `width`, `threshold` and `depth` are its
    k, v_th and T. At most `steps` states are expanded, and none after an ending of value `enough`. The answer
    is the best ending that was judged, or, before there is one, the best state.
    """
    best, stack = root, [root]
    while stack and steps > 0 and not (best.done and best.value >= enough):
        node = stack.pop()  # the best child of where we are, or else of the nearest state above
        if node.done or node.depth >= depth:
            continue
        steps -= 1
        children = yield Expand(node, width)
        if not children:
            continue  # a dead end
        yield Evaluate(children)
        best = max(children if best is root else [best, *children], key=by_terminal_then_value)
        yield Offer(best)
        promising = [child for child in reversed(children) if child.value > threshold]
        stack += sorted(promising, key=by_value)  # of equals the first child comes last, and is popped first
    return best
