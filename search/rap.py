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
    """Plan in the model's own words, do the first action, plan anew (Hao et al. 2023, arXiv:2305.14992).

    The language model is the world model: it writes what an action would show, `horizon` steps ahead at the most,
    and no step of the environment is taken while planning. What is done is the action most visited in the plan;
    where the world refuses it, the next one. The paper plays its whole plan; to plan anew after each real step
    keeps one wrong imagination from spoiling the rest. What is backed up is the value model's judgement, where the
    paper sums rewards of its own (the action's likelihood, the state's confidence) and plays a rollout on.
    The answer is where the real steps came to; a budget that ends in the first plan leaves the root.

    Args:
        num_children: Imagined children of a node, at the most.
        num_simulations: Simulations of each plan, that is, before each real step. It divides the
            budget among the steps, hence it is a number always.
        exploration: w of the upper confidence bound.
        depth: Real steps, at the most.
        horizon: Steps that a plan looks ahead, at the most.
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
    """Monte Carlo tree search below a real node, each child imagined; visits and totals are what it leaves."""
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
    """Do the most visited action that the world does not refuse; stay here if it refuses all."""
    for imagined in sorted(node.children, key=visits, reverse=True):
        if (after := (yield Play(node, imagined.action))) is not None:
            node = after
            break
    return node
