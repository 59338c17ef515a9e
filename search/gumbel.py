"""Gumbel search: sequential halving over actions drawn without replacement."""

from __future__ import annotations

from math import ceil, exp, inf, log, log2

from forethought.common.random import Generator
from forethought.common.seeds import seed_of
from forethought.common.sums import plain_sum
from forethought.search.caps import can_grow
from forethought.search.mcts import most_visited
from forethought.search.node import Node
from forethought.search.puct import best_finished, close_ends, count, descend, priors, simulate
from forethought.search.requests import Expand, Offer, Search


def gumbel(
    root: Node,
    *,
    num_children: int | None = None,
    num_simulations: int | None = None,
    considered: int = 16,
    c_visit: float = 50.0,
    c_scale: float = 1.0,
    parallel: int = 1,
    depth: int = 10,
    seed: int = 0,
) -> Search:
    """Gumbel AlphaZero (Danihelka et al. 2022, "Policy improvement by planning with Gumbel").

    `considered` actions of the root are drawn without replacement (Gumbel-top-k over log priors), then halved
    round by round (Karnin et al. 2013), each round with an equal share of the simulations; the last two candidates
    get the remainder. The rank of a candidate is gumbel + logit + sigma(Q), where
    sigma(Q) = (c_visit + max N) c_scale Q. Below the root, selection takes the child with the largest lag of its
    visits behind the improved policy, softmax(logit + sigma(completed Q)). `parallel` candidates make one batch;
    their subtrees are disjoint, so the tree is the same. The answer is the finished node of highest value, or,
    before there is one, the end of the most visited path below the best candidate.

    Args:
        num_children: Most children of an expanded node. None: all admissible actions.
        num_simulations: Simulations that the rounds share. None: until the budget ends. The share of a round is then
            not known, so passes of one simulation for each candidate of a round follow each other, and each pass
            halves the candidates anew, until no node is left to expand.
        considered: Actions of the root that are drawn.
        c_visit: Visits that the scale of Q counts beside the visits of the most visited child.
        c_scale: Factor of Q, in [0, 1], in the unit of logits.
        parallel: Candidates of one batch.
        depth: Steps below the root at which no node is expanded.
        seed: Seed of the Gumbel noise, together with the task.
    """
    if considered < 1:
        raise ValueError(f"considered is {considered}; at least one action must be considered")
    if parallel < 1:
        raise ValueError(f"parallel is {parallel}; a batch has at least one candidate")
    if root.done or depth < 1 or num_simulations == 0:
        return root
    children = yield Expand(root, num_children)
    if not children:
        return root
    rng = Generator(seed_of(seed, root.task))
    closed: set[Node] = set()  # filled without a cap only
    # One draw of the noise for all rounds: a top-k of Gumbel + logits is a sample without replacement, and ranking
    # the survivors by the same noise is the condition of the policy improvement.
    drawn = {child: logit + rng.gumbel() for child, logit in zip(children, logits(root), strict=True)}

    def scale(node: Node) -> float:
        return (c_visit + max(child.visits for child in node.children)) * c_scale

    def rank(child: Node) -> float:
        return drawn[child] + scale(root) * child.total / max(1, child.visits)

    def choose(node: Node) -> Node:
        """Of the highest pi'(a) - N(a) / (1 + sum of N)."""
        sigma = scale(node)
        policy = softmax([logit + sigma * q for logit, q in zip(logits(node), completed(node), strict=True)])
        visited = 1 + sum(child.visits for child in node.children)
        lag = [
            -inf if closed and child in closed else p - child.visits / visited
            for p, child in zip(policy, node.children, strict=True)
        ]
        return node.children[lag.index(max(lag))]

    def share() -> int:
        """The simulations of each candidate in one round."""
        return 1 if num_simulations is None else max(1, num_simulations // (rounds * len(left)))

    candidates = sorted(children, key=lambda child: drawn[child], reverse=True)[:considered]
    rounds = max(1, ceil(log2(len(candidates))))
    left, given = candidates, dict.fromkeys(candidates, 0)  # simulations of this pass
    goal = share()
    best = None
    cap = inf if num_simulations is None else num_simulations
    while root.visits < cap:
        if num_simulations is None:
            left = [candidate for candidate in left if candidate not in closed]
            if not left or (len(left) <= 2 and min(given[candidate] for candidate in left) == goal):
                left = [candidate for candidate in candidates if candidate not in closed]
                if not left:
                    break
                given, goal = dict.fromkeys(left, 0), 1
        fewest = min(given[candidate] for candidate in left)
        if fewest == goal:
            left = sorted(left, key=rank, reverse=True)[: max(2, len(left) // 2)]
            goal += share()
        waiting = [candidate for candidate in left if given[candidate] == fewest]
        batch = waiting[: int(min(parallel, cap - root.visits))]
        leaves = [descend(candidate, choose) for candidate in batch]
        for candidate, leaf in zip(batch, leaves, strict=True):
            given[candidate] += 1
            count(leaf)
        ends = yield from simulate(leaves, num_children, depth, choose)
        best = best_finished(best, ends)
        if num_simulations is None:
            close_ends(ends, depth, closed)
        yield Offer(best or most_visited(max(left, key=rank)))
    root.capped = num_simulations is not None and any(can_grow(n, depth) for child in candidates for n in child)
    return best or most_visited(max(left or candidates, key=rank))


def logits(node: Node) -> list[float]:
    """The log priors of the children; -inf for a prior of 0."""
    return [log(prior) if prior > 0 else -inf for prior in priors(node)]


def softmax(scores: list[float]) -> list[float]:
    """The softmax of scores in the unit of logits, as probabilities that add up to 1."""
    top = max(scores)
    weights = [exp(score - top) for score in scores]
    total = plain_sum(weights)
    return [weight / total for weight in weights]


def completed(node: Node) -> list[float]:
    """Q of the children. An unvisited child has v_mix: a mean of the node's value and of the Q of visited children."""
    seen = [(child, prior) for child, prior in zip(node.children, priors(node), strict=True) if child.visits]
    visits, mass = sum(child.visits for child, _ in seen), plain_sum(prior for _, prior in seen)
    mean = plain_sum(prior * child.total / child.visits for child, prior in seen) / mass if mass else 0.0
    mixed = (node.value + visits * mean) / (1 + visits)
    return [child.total / child.visits if child.visits else mixed for child in node.children]
