"""Random walks with one look ahead at the end of each: the cheapest data for self-taught lookahead."""

from __future__ import annotations

from forethought.common.random import Generator
from forethought.common.seeds import seed_of
from forethought.search.caps import up_to
from forethought.search.node import Node, by_terminal_then_value
from forethought.search.requests import Evaluate, Expand, Offer, Search

STALE_WALKS = 100


def walk(
    root: Node,
    *,
    walks: int | None = None,
    min_depth: int = 1,
    max_depth: int = 2,
    num_children: int | None = None,
    evaluate_node: int = 0,
    seed: int = 0,
) -> Search:
    """Walk at random to a depth from `min_depth` to `max_depth`, then expand the node there and evaluate its children.

    Makes the data of self-taught lookahead (Mendes & Ritter 2025, arXiv:2503.02878) without a search; no method of
    the paper. Nodes on the way are expanded and not evaluated, so they make no examples. With `evaluate_node` the
    node is evaluated too, to compare a value model with its own look ahead.

    Args:
        walks: Most walks. None: until the budget ends, or many walks in a row have found no new node.
        min_depth: Least depth of a look ahead, in steps below the root.
        max_depth: Greatest depth of a look ahead, in steps below the root.
        num_children: Most children of an expanded node. None: all.
        evaluate_node: 1: the node is evaluated too, beside its children; 0: its children alone.
        seed: Seed of the walks, together with the task.
    """
    if max_depth < min_depth:
        raise ValueError(f"min_depth={min_depth}, max_depth={max_depth}; give max_depth >= min_depth")
    rng = Generator(seed_of(seed, root.task))
    looked: set[int] = set()
    best = root
    stale = 0  # walks in a row that ended where another one had ended
    for number in up_to(walks):
        node, goal = root, min_depth + number % (max_depth - min_depth + 1)
        while node.depth < goal and not (node.done or node.dead):
            children = node.children or (yield Expand(node, num_children))
            if children:
                node = rng.pick(children)
        if node.done or id(node) in looked:
            stale += 1
            if walks is None and stale > max(STALE_WALKS, len(looked)):
                break
            continue
        stale = 0
        looked.add(id(node))
        if not (node.children or node.dead):
            yield Expand(node, num_children)
        yield Evaluate([node, *node.children] if evaluate_node else list(node.children))
        best = max([best, *(child for child in node.children if child.done)], key=by_terminal_then_value)
        yield Offer(best)
    root.capped = walks is not None
    return best
