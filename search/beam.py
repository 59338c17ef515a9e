"""Beam search over states."""

from __future__ import annotations

from itertools import chain

from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, ExpandAll, Offer, Search


def beam(root: Node, *, num_children: int | None = None, beam_width: int = 5, depth: int = 10) -> Search:
    """Breadth-first search that keeps the `beam_width` best states of each level (Yao et al. 2023, algorithm 1).

    A finished state keeps its place in the beam. The answer is the best ending ever kept, or, before there is one,
    the best state of the newest level.

    Args:
        num_children: Children of an expanded state, at the most; None: as many as the policy proposes, as in the paper.
        beam_width: States kept of each level; b of the paper, 5 for Game of 24 (section 4.1).
        depth: Levels below the root, at the most; T of the paper.
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
