"""Monte Carlo tree search with PUCT selection: priors say where to look first."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from math import inf, sqrt
from typing import Any

from forethought.common.sums import plain_sum
from forethought.search.caps import can_grow, close
from forethought.search.mcts import most_visited
from forethought.search.node import Node, by_value
from forethought.search.requests import Evaluate, ExpandAll, Offer, Request, Search


def puct(
    root: Node,
    *,
    num_children: int | None = None,
    num_simulations: int | None = None,
    exploration: float = 1.25,
    reduction: float = 0.0,
    parallel: int = 1,
    depth: int = 10,
) -> Search:
    """Select by prior and value, expand, evaluate one leaf, back up.

    Sources: PUCT (Rosin 2011); AlphaZero (Silver et al. 2017, arXiv:1712.01815).

    The first simulation ends at the root. A leaf gets its children only when a second simulation comes through it,
    so no unused children are made. c is constant, and the root has no noise. First-play urgency: an unvisited child
    has the mean of its parent less `reduction` (at 1 that is at most 0, a loss). `parallel` leaves make one batch;
    each counts as a loss until its value is known (virtual loss, Chaslot et al. 2008), and a batch ends early rather
    than take a leaf twice. The answer is the finished node of highest value, or, before there is one, the end of the
    most visited path.

    Args:
        num_children: Most children of an expanded node. None: all admissible actions.
        num_simulations: Most visits of the root. None: until the budget ends, or no node is left to expand.
        exploration: c_puct, a factor of the prior's bonus.
        reduction: Value taken from the parent's mean for an unvisited child, in [0, 1].
        parallel: Leaves of one batch; with 1 there is no virtual loss.
        depth: Steps below the root at which no node is expanded.
    """
    if parallel < 1:
        raise ValueError(f"parallel is {parallel}; a batch has at least one leaf")
    if root.done or depth < 1:
        return root

    cap = inf if num_simulations is None else num_simulations
    closed: set[Node] = set()  # filled without a cap only: free visits of explored subtrees would never end

    def choose(node: Node) -> Node:
        """The open child of highest Q + c P sqrt(N(parent)) / (1 + N)."""
        scale, unvisited = exploration * sqrt(node.visits), node.total / node.visits - reduction
        # The sum of visits under the root is N(parent) - 1, for the first visit of a node is its own evaluation.
        bounds = [
            -inf
            if closed and child in closed
            else (child.total / child.visits if child.visits else unvisited) + scale * prior / (1 + child.visits)
            for child, prior in zip(node.children, priors(node), strict=True)
        ]
        return node.children[bounds.index(max(bounds))]

    best = None
    while root.visits < cap and root not in closed:
        leaves: list[Node] = []
        while len(leaves) < parallel and root.visits < cap:
            leaf = descend(root, choose)
            if leaf in leaves:
                break
            leaves.append(leaf)
            count(leaf)
        ends = yield from simulate(leaves, num_children, depth, choose)
        best = best_finished(best, ends)
        yield Offer(best or most_visited(root))
        if num_simulations is None:
            close_ends(ends, depth, closed)
    root.capped = num_simulations is not None and any(can_grow(node, depth) for node in root)
    return best or most_visited(root)


def close_ends(ends: Sequence[Node], depth: int, closed: set[Node]) -> None:
    """Close the ends of simulations that cannot be expanded; each of them has a value."""
    for end in ends:
        if not can_grow(end, depth):
            close(end, closed)


def priors(node: Node) -> list[float]:
    """The children's priors, divided by their sum; all equal where all are 0."""
    given = [child.prior for child in node.children]
    mass = plain_sum(given)
    return [prior / mass for prior in given] if mass else [1 / len(given)] * len(given)


def descend(node: Node, choose: Callable[[Node], Node]) -> Node:
    """The leaf at the end of the choices."""
    while node.children:
        node = choose(node)
    return node


def count(node: Node | None) -> None:
    """Count one more visit of the node and of its ancestors, with a total of 0 until its value is known."""
    while node is not None:
        node.visits += 1
        node = node.parent


def simulate(
    leaves: Sequence[Node], num_children: int | None, depth: int, choose: Callable[[Node], Node]
) -> Generator[Request, Any, list[Node]]:
    """Finish the simulations that came to these leaves and are counted there. Returns the end of each simulation.

    A leaf with a value is expanded, and its simulation goes on to a child. Values are added up to the root.
    """
    yield ExpandAll([n for n in leaves if n.estimate and not (n.done or n.dead) and n.depth < depth], num_children)
    ends = [choose(leaf) if leaf.children else leaf for leaf in leaves]
    yield Evaluate([end for end in ends if end.estimate is None])
    for leaf, end in zip(leaves, ends, strict=True):
        end.visits += end is not leaf
        for node in end.ancestors:
            node.total += 0.0 if end.dead else end.value
    return ends


def best_finished(best: Node | None, nodes: Sequence[Node]) -> Node | None:
    """The finished node of highest value; of equals the first."""
    finished = [node for node in nodes if node.done]
    return max([best, *finished] if best else finished, key=by_value, default=None)
