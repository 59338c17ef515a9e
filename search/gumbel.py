"""Gumbel search: sequential halving over actions drawn without replacement."""

from __future__ import annotations

import random
from math import ceil, exp, inf, log, log2

from forethought.common import random as draws
from forethought.common.seeds import seed_of
from forethought.common.sums import plain_sum
from forethought.search.mcts import most_visited
from forethought.search.node import Node
from forethought.search.puct import best_finished, count, descend, priors, simulate
from forethought.search.requests import Expand, Offer, Search


def gumbel(
    root: Node,
    *,
    num_children: int | None = None,
    num_simulations: int = 100,
    considered: int = 16,
    c_visit: float = 50.0,
    c_scale: float = 1.0,
    parallel: int = 1,
    depth: int = 10,
    seed: int = 0,
) -> Search:
    """Gumbel AlphaZero (Danihelka et al. 2022, "Policy improvement by planning with Gumbel", algorithm 2).

    `considered` actions of the root are drawn without replacement (Gumbel-top-k over log priors), then halved
    round by round (Karnin et al. 2013), each round with an equal share of the simulations; what the rounds
    leave over goes to the last two. They are ranked by gumbel + logit + sigma(Q), where
    sigma(Q) = (c_visit + max N) c_scale Q. Below the root the child is the one whose visits lag most behind
    the improved policy, softmax(logit + sigma(completed Q)) (their section 5). `parallel` candidates make one
    batch; as their subtrees are apart, the tree is the same. The answer is the finished node of highest value,
    or, before there is one, the end of the most visited path below the best candidate.
    """
    if considered < 1:
        raise ValueError(f"considered is {considered}; at least one action must be considered")
    if parallel < 1:
        raise ValueError(f"parallel is {parallel}; a batch has at least one candidate")
    if root.done or depth < 1 or num_simulations < 1:
        return root
    children = yield Expand(root, num_children)
    if not children:
        return root
    draw = random.Random(seed_of(seed, root.task))
    drawn = {child: logit + draws.gumbel(draw) for child, logit in zip(children, logits(root), strict=True)}

    def scale(node: Node) -> float:
        return (c_visit + max(child.visits for child in node.children)) * c_scale

    def rank(child: Node) -> float:
        return drawn[child] + scale(root) * child.total / max(1, child.visits)

    def choose(node: Node) -> Node:
        """Of the highest pi'(a) - N(a) / (1 + sum of N)."""
        sigma = scale(node)
        policy = softmax([logit + sigma * q for logit, q in zip(logits(node), completed(node), strict=True)])
        visited = 1 + sum(child.visits for child in node.children)
        lag = [p - child.visits / visited for p, child in zip(policy, node.children, strict=True)]
        return node.children[lag.index(max(lag))]

    def share() -> int:
        """The simulations of each candidate in one round."""
        return max(1, num_simulations // (rounds * len(left)))

    best = None
    left = sorted(children, key=lambda child: drawn[child], reverse=True)[:considered]
    rounds = max(1, ceil(log2(len(left))))
    goal = share()
    while root.visits < num_simulations:
        fewest = min(candidate.visits for candidate in left)
        if fewest == goal:
            left = sorted(left, key=rank, reverse=True)[: max(2, len(left) // 2)]
            goal += share()
        waiting = [candidate for candidate in left if candidate.visits == fewest]
        leaves = [descend(candidate, choose) for candidate in waiting[: min(parallel, num_simulations - root.visits)]]
        for leaf in leaves:
            count(leaf)
        ends = yield from simulate(leaves, num_children, depth, choose)
        best = best_finished(best, ends)
        yield Offer(best or most_visited(max(left, key=rank)))
    return best or most_visited(max(left, key=rank))


def logits(node: Node) -> list[float]:
    return [log(prior) if prior > 0 else -inf for prior in priors(node)]


def softmax(scores: list[float]) -> list[float]:
    top = max(scores)
    weights = [exp(score - top) for score in scores]
    total = plain_sum(weights)
    return [weight / total for weight in weights]


def completed(node: Node) -> list[float]:
    """Q of the children; unvisited ones have v_mix, a mean of the node's value and the Q seen so far (appendix D)."""
    seen = [(child, prior) for child, prior in zip(node.children, priors(node), strict=True) if child.visits]
    visits, mass = sum(child.visits for child, _ in seen), plain_sum(prior for _, prior in seen)
    mean = plain_sum(prior * child.total / child.visits for child, prior in seen) / mass if mass else 0.0
    mixed = (node.value + visits * mean) / (1 + visits)
    return [child.total / child.visits if child.visits else mixed for child in node.children]
