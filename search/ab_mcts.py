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

# The default priors of the authors' code (SakanaAI/treequest, ab_mcts_a/prob_state.py). Normal: the mean, the number of
# scores that the mean counts as, the number that the variance counts as, the variance. Beta: the prior of Jeffreys.
MEAN, KAPPA, NU, TAU_SQUARED = 0.0, 1.0, 1.0, 0.1
ALPHA = BETA = 0.5


def ab_mcts(
    root: Node, *, num_simulations: int | None = None, depth: int = 10, beta: int = 0, patience: int = 2, seed: int = 0
) -> Search:
    """AB-MCTS-A, with node aggregation (Inoue et al. 2025, arXiv:2503.04412).

    Each node chooses between GEN, one more child, and CONT, one of its children, by Thompson sampling: a mean score
    is drawn for both from a normal-inverse-gamma posterior (with `beta`, a beta posterior), and after CONT for each
    child. The observations of GEN are the first scores of the children, those of CONT the scores made below the
    children, those of a child its own score and the scores below it.

    A policy may repeat a child, or propose no legal action. That request is a simulation too, and the next request
    at the node asks for one proposal more than it has children; `patience` failures in a row exhaust the node.
    Nodes that are finished, at the depth, or exhausted without an open node below are not selected again.
    The answer is the finished node of highest value, or, before there is one, the node of highest value.

    Args:
        num_simulations: Most simulations, each one request for a child. None: until the budget ends, or no node is
            open.
        depth: Steps below the root at which no node is expanded.
        beta: 1: the posterior of the scores is a beta distribution; 0: a normal-inverse-gamma.
        patience: Requests in a row without a new child that exhaust a node. No setting of the paper.
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
    """Sort key of answers: finished nodes rank above all others, and the root, without a value, below them."""
    return node.done, node.depth > 0, node.value


@dataclass(slots=True)
class Scores:
    """The count, the mean and the spread of the observed scores: all that a posterior needs (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    spread: float = 0.0  # the sum of squared distances from the mean

    def add(self, score: float) -> None:
        """Count one more score, in [0, 1]."""
        self.count += 1
        before = score - self.mean
        self.mean += before / self.count
        self.spread += before * (score - self.mean)


@dataclass(slots=True)
class Arms:
    """The observations of Thompson sampling at a node: as a parent (`gen`, `cont`) and as a child (`scores`)."""

    gen: Scores = field(default_factory=Scores)
    cont: Scores = field(default_factory=Scores)
    scores: Scores = field(default_factory=Scores)
    failures: int = 0  # in a row
    closed: bool = False


def normal_mean(rng: Generator, scores: Scores) -> float:
    """A draw of the mean of normal scores of unknown mean and variance (Murphy 2023, section 3.4.3.3)."""
    n, kappa, nu = scores.count, KAPPA + scores.count, NU + scores.count
    mean = (KAPPA * MEAN + n * scores.mean) / kappa
    spread = NU * TAU_SQUARED + scores.spread + n * KAPPA / kappa * (MEAN - scores.mean) ** 2
    variance = spread / rng.chi_square(nu)
    return rng.normal(mean, sqrt(variance / kappa))


def beta_mean(rng: Generator, scores: Scores) -> float:
    """A draw of the mean of scores in [0, 1]; a score of 0.3 counts as 0.3 successes and 0.7 failures."""
    successes = scores.count * scores.mean
    return rng.beta(ALPHA + successes, BETA + scores.count - successes)
