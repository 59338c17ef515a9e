"""Diverse verifier tree search: many small greedy searches instead of one wide beam."""

from __future__ import annotations

from itertools import chain

from forethought.search.node import Node, by_terminal_then_value, by_value
from forethought.search.requests import Evaluate, Expand, ExpandAll, Offer, Search


def dvts(root: Node, *, n: int = 4, num_children: int = 4, depth: int = 10) -> Search:
    """Split the tree at its root into `n` subtrees, and follow in each the best of `num_children` steps.

    A beam tends to fill with the descendants of one early step. Here the subtrees do not compete before their ends,
    so there are `n` different answers, and the best one is taken (Beeching, Tunstall & Rush 2024, "Scaling test-time
    compute with open models"; `n` of their code is n times num_children here, its beam width is num_children).

    The first n times num_children steps are dealt to the subtrees in turn, so that each subtree gets one of the
    likeliest steps; fewer than `n` steps make fewer subtrees. The answer of a subtree at a dead end or at the depth
    is its last state. A level of all subtrees is one batch of expansions and one batch of evaluations.

    Raises:
        ValueError: `n` or `num_children` is 0.

    Args:
        n: Subtrees.
        num_children: Steps evaluated at each level of a subtree. The authors' code takes 4 (beam_width).
        depth: Steps below the root at which no state is expanded.
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
