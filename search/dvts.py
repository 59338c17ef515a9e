"""Diverse verifier tree search: many small greedy searches instead of one wide beam."""

from __future__ import annotations

from itertools import chain

from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, Expand, ExpandAll, Offer, Search


def dvts(root: Node, *, n: int = 4, num_children: int = 4, depth: int = 10) -> Search:
    """Split the tree at its root into `n` subtrees, and follow in each the best of `num_children` steps.

    A beam tends to fill with the offspring of one early step; here the subtrees never compete before
    their ends, so `n` different answers come out, of which the best is taken (Beeching, Tunstall & Rush
    2024, "Scaling test-time compute with open models"; its N is n times num_children, its M is num_children).

    The first n times num_children steps are dealt to the subtrees in turn, so that each gets one of the likeliest;
    where there are fewer than `n`, there are fewer subtrees. One that is stuck, or at the depth, answers with
    where it is. A level of all subtrees is one batch of expansions and one of judgements.

    Raises ValueError: `n` or `num_children` is 0.

    Args:
        n: Subtrees; ours is 4.
        num_children: Steps judged at each level of a subtree; M of the source, 4 there.
        depth: Steps below the root at which no state is expanded any more.
    """
    if n < 1 or num_children < 1:
        raise ValueError(f"n={n}, num_children={num_children}; give at least one subtree, and one step to each")
    tips = [root]
    if not root.done and root.depth < depth:
        steps = yield Expand(root, n * num_children)
        yield Evaluate(steps)
        tips = [max(steps[first::n], key=by_value) for first in range(min(n, len(steps)))] or [root]
        yield Offer(max(tips, key=by_terminal_then_value))
    while growing := [tip for tip in tips if not (tip.done or tip.dead) and tip.depth < depth]:
        families = yield ExpandAll(growing, num_children)
        yield Evaluate(list(chain.from_iterable(families)))
        after = {tip: max(family, key=by_value) for tip, family in zip(growing, families, strict=True) if family}
        tips = [after.get(tip, tip) for tip in tips]
        yield Offer(max(tips, key=by_terminal_then_value))
    return max(tips, key=by_terminal_then_value)
