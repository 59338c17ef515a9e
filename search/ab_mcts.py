"""Adaptive branching Monte Carlo tree search: at each node, wider or deeper?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

from forethought.common.random import Generator
from forethought.common.seeds import seed_of
from forethought.search.caps import up_to
from forethought.search.mcts import backup
from forethought.search.node import Node
from forethought.search.requests import Evaluate, Expand, Offer, Search

# The priors of the authors' code: of the normal its mean, how many scores count as seen for it, how many for
# the variance, and the variance; of the beta those of Jeffreys.
MEAN, KAPPA, NU, TAU_SQUARED = 0.0, 1.0, 1.0, 0.1
ALPHA = BETA = 0.5


def ab_mcts(
    root: Node, *, num_simulations: int | None = None, depth: int = 10, beta: int = 0, patience: int = 2, seed: int = 0
) -> Search:
    """AB-MCTS-A, with node aggregation (Inoue et al. 2025, arXiv:2503.04412).

    Every node has the choice of GEN, one more child, and CONT, to go on at one of those it has. Thompson
    sampling makes it: a mean score is drawn for each from a normal-inverse-gamma posterior (with `beta`, a
    beta posterior), and after CONT for each child. GEN knows the first scores of the children, CONT those
    made below them, a child both of its own.

    A policy may propose what is there already, or nothing legal. That too is a simulation, and the next one
    at the node asks for one proposal more than there are children; `patience` failures in a row exhaust it.
    Nodes that are done, too deep, or exhausted with nothing open below are not gone to again.
    The answer is the finished node of highest value, or, before there is one, the node of highest value.

    Args:
        num_simulations: Simulations, at the most, each one request for a child. None: until the budget ends, or no
            node is open.
        depth: Steps below the root at which no node is expanded any more.
        beta: 1: the scores' posterior is a beta distribution; 0: a normal-inverse-gamma.
        patience: Requests in a row without a new child after which a node gets no more; ours.
        seed: Seed of the Thompson samples, together with the task.
    """
    if patience < 1:
        raise ValueError(f"patience is {patience}; a node is asked at least once")
    rng = Generator(seed_of(seed, root.task))
    sample = beta_mean if beta else normal_mean
    arms: defaultdict[Node, Arms] = defaultdict(Arms)

    def is_open(node: Node) -> bool:
        return not (node.done or node.depth >= depth or arms[node].closed)

    def select() -> Node:
        node = root
        while choices := [child for child in node.children if is_open(child)]:
            arm = arms[node]
            # GEN is drawn before CONT, and both before the children: the order of draws is part of a seed's tree.
            if arm.failures < patience and sample(rng, arm.gen) >= sample(rng, arm.cont):
                break
            node = max(choices, key=lambda child: sample(rng, arms[child].scores))
        return node

    best = root
    for _ in up_to(num_simulations):
        if not is_open(root):
            break
        node = select()
        failures = arms[node].failures
        children = yield Expand(node, len(node.children) + 1 if failures else 1)
        arms[node].failures = 0 if children else failures + 1
        yield Evaluate(children)
        for child in children:
            backup(child, [child.value])
            arms[child].scores.add(child.value)
            arms[node].gen.add(child.value)
            for parent, above in pairwise(node.ancestors):
                arms[above].scores.add(child.value)
                arms[parent].cont.add(child.value)
        for above in reversed(node.ancestors):
            arms[above].closed = arms[above].failures >= patience and not any(map(is_open, above.children))
        best = max([best, *children], key=merit)
        yield Offer(best)
    else:
        root.capped = is_open(root)
    return best


def merit(node: Node) -> tuple[bool, bool, float]:
    """Finished nodes before others, and the root, which has no value, after them."""
    return node.done, node.depth > 0, node.value


@dataclass(slots=True)
class Scores:
    """What a posterior needs of the scores it has seen (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    spread: float = 0.0  # the sum of squared distances from the mean

    def add(self, score: float) -> None:
        self.count += 1
        before = score - self.mean
        self.mean += before / self.count
        self.spread += before * (score - self.mean)


@dataclass(slots=True)
class Arms:
    """What Thompson sampling knows of a node: as a parent, and as a child."""

    gen: Scores = field(default_factory=Scores)
    cont: Scores = field(default_factory=Scores)
    scores: Scores = field(default_factory=Scores)
    failures: int = 0  # in a row
    closed: bool = False


def normal_mean(rng: Generator, scores: Scores) -> float:
    """A draw of the mean of normal scores whose variance is unknown too (Murphy 2023, section 3.4.3.3)."""
    n, kappa, nu = scores.count, KAPPA + scores.count, NU + scores.count
    mean = (KAPPA * MEAN + n * scores.mean) / kappa
    spread = NU * TAU_SQUARED + scores.spread + n * KAPPA / kappa * (MEAN - scores.mean) ** 2
    variance = spread / rng.chi_square(nu)
    return rng.normal(mean, sqrt(variance / kappa))


def beta_mean(rng: Generator, scores: Scores) -> float:
    """A draw of the mean of scores in [0, 1], each counted as that much of a success."""
    successes = scores.count * scores.mean
    return rng.beta(ALPHA + successes, BETA + scores.count - successes)
