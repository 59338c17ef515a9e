"""Beam search over states."""

from __future__ import annotations

from itertools import chain

from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, ExpandAll, Offer, Search


def beam(root: Node, *, num_children: int | None = None, beam_width: int = 5, depth: int = 10) -> Search:
    """Breadth-first search that keeps the `beam_width` best states of each level (Yao et al. 2023, arXiv:2305.10601).

    A finished state keeps its place in the beam. The answer is the best ending ever kept, or, before there is one,
    the best state of the newest level.

    Args:
        num_children: Most children of an expanded state. None: all that the policy proposes.
        beam_width: States kept of each level. The authors keep 5 in Game of 24 (scripts/game24/bfs.sh of their code).
        depth: Most levels below the root.
    """
    if beam_width < 1:
        raise ValueError(f"beam_width is {beam_width}; a beam keeps at least one state")
    level, best = [root], root
    while any(not node.done and node.depth < depth for node in level):
        finished = [node for node in level if node.done]
        families = yield ExpandAll([node for node in level if not node.done], num_children)
        children = list(chain.from_iterable(families))
        if not children:
            break
        yield Evaluate(children)
        level = sorted(finished + children, key=by_value, reverse=True)[:beam_width]
        best = max([best, *level] if best.done else level, key=by_terminal_then_value)
        yield Offer(best)
    return best
