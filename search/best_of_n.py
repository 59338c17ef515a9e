"""Best of n: independent samples, and a verifier that picks one."""

from __future__ import annotations

from forethought.search.node import Node, by_terminal_then_value
from forethought.search.requests import Evaluate, ExpandAll, Offer, Search


def best_of_n(root: Node, *, n: int = 8, depth: int = 10) -> Search:
    """Take `n` samples to their ends side by side, evaluate the ends, answer with the best one.

    Source: Cobbe et al. 2021, arXiv:2110.14168.

    A level is one batch. The first level takes `n` proposals for the root, each later level the first proposal for
    each sample. A repeated proposal makes no child (the tree has one child for each action), so fewer than `n`
    samples go on where the policy repeats itself; no replacement is drawn.

    Only ends are evaluated: endings, dead ends, and states at the depth, all in one batch. Until then the offer is
    the first sample that has ended, else the first sample.

    Raises:
        ValueError: `n` is 0.

    Args:
        n: Samples.
        depth: Most steps of a sample.
    """
    if n < 1:
        raise ValueError(f"n is {n}; the best of none is none, give at least 1")
    samples, num_children = [root], n
    while growing := [node for node in samples if not (node.done or node.dead) and node.depth < depth]:
        families = yield ExpandAll(growing, num_children)
        after = dict(zip(growing, families, strict=True))
        samples = [child for node in samples for child in after.get(node) or [node]]
        num_children = 1
        yield Offer(max(samples, key=by_terminal_then_value))  # nothing is judged yet: all values are 0
    if samples == [root]:
        return root
    yield Evaluate(samples)
    best = max(samples, key=by_terminal_then_value)
    yield Offer(best)
    return best
