"""Reasoning via planning: Monte Carlo tree search in imagined successors, then one real step."""

from __future__ import annotations

from forethought.search.mcts import backup, select, visits
from forethought.search.needs import needs
from forethought.search.node import Node
from forethought.search.requests import Evaluate, Imagine, Offer, Play, Propose, Search


@needs(prompts=("imagination",))
def rap(
    root: Node,
    *,
    num_children: int = 4,
    num_simulations: int = 10,
    exploration: float = 1.0,
    depth: int = 10,
    horizon: int = 5,
) -> Search:
    """Plan in imagined states, play the first action, plan anew (Hao et al. 2023, arXiv:2305.14992).

    The language model is the world model: it writes the observation after an action, at most `horizon` steps ahead,
    and no step of the environment is taken while planning. The real step is the most visited action of the plan;
    where the world refuses it, the next one. A new plan after each real step keeps one wrong imagination from
    spoiling later steps. The estimate of the value model is backed up, no reward of the paper's.
    The answer is the state after the real steps; a budget that ends in the first plan leaves the root.

    Args:
        num_children: Most imagined children of a node.
        num_simulations: Simulations of each plan, that is, before each real step. It divides the budget among the
            steps, so it is always a number.
        exploration: w of the upper confidence bound.
        depth: Most real steps.
        horizon: Most imagined steps of a plan.
    """
    node = root
    while not node.done and node.depth < depth:
        yield from plan(node, num_children, num_simulations, exploration, node.depth + horizon)
        after = yield from act(node)
        if after is node:
            break
        node = after
        yield Offer(node)
    return node


def plan(start: Node, num_children: int, num_simulations: int, exploration: float, deepest: int) -> Search:
    """Monte Carlo tree search below a real node; each child is imagined. The result is in visits and totals."""
    for _ in range(num_simulations):
        leaf = select(start, exploration)
        if leaf.done or leaf.dead or leaf.depth >= deepest:
            backup(leaf, [0.0 if leaf.dead else leaf.value])
            continue
        proposals = yield Propose(leaf, num_children)
        children = yield Imagine(leaf, proposals)
        yield Evaluate(children)
        for child in children:
            child.visits, child.total = 1, child.value
        backup(leaf, [child.value for child in children])
    return start


def act(node: Node) -> Search:
    """Play the most visited action that the world does not refuse; stay at the node if it refuses all of them."""
    for imagined in sorted(node.children, key=visits, reverse=True):
        if (after := (yield Play(node, imagined.action))) is not None:
            node = after
            break
    return node
