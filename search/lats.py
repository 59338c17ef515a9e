"""Language agent tree search: Monte Carlo tree search that plays on to endings, and learns from failures in words."""

from __future__ import annotations

from math import inf

from forethought.search.caps import close, up_to
from forethought.search.mcts import backup, select
from forethought.search.needs import needs
from forethought.search.node import Node, by_value
from forethought.search.requests import Ask, Attempt, Evaluate, Expand, Offer, Reward, Search


@needs(privileges=("reward", "reflection"), prompts=("reflection",), unless={"reflection": "max_reflections"})
def lats(
    root: Node,
    *,
    num_children: int = 5,
    num_simulations: int | None = None,
    exploration: float = 1.0,
    depth: int = 7,
    max_reflections: int = 3,
    success_threshold: float = 1.0,
) -> Search:
    """Select by UCT, expand, evaluate, simulate, back up, reflect (Zhou et al. 2023, arXiv:2310.04406).

    A simulation follows the best child down to an ending. Needs the privilege `reward`: the true reward of the
    ending is backed up, and a reward of `success_threshold` ends the search. After a lower reward the model is asked
    for a reflection (the privilege `reflection`); the last `max_reflections` reflections are memory in all later
    contexts of the tree. Where a simulation reaches no ending, the value of its last state is backed up, 0 of a dead
    end. Rewards must lie in [0, 1], as values do: UCT adds them up together.

    The first visit of a node, except the root, is the estimate of the value model; each simulation through it is one
    more. (So the second simulation begins with the best child: the logarithm of the root's one visit is 0.) The end
    of a simulation is not selected again, as in the authors' code, and the search ends when no node is left.
    The answer is the attempt of the highest reward, or, before there is one, the end of the newest simulation.

    Args:
        num_children: Most children of an expanded node. The authors' scripts take 5.
        num_simulations: Most simulations. None: until the budget ends, or no node is left.
        exploration: w of the upper confidence bound, W/N + w sqrt(ln N(parent) / N). The authors' code has the square
            root of 2 in its place.
        depth: Steps below the root at which a simulation ends.
        max_reflections: Newest reflections that stand in later contexts; 0: none is asked for. The authors' code asks
            for 3 at the most.
        success_threshold: True reward, in [0, 1], that ends the search; 1 as in the authors' code.
    """
    lessons: list[str] = []
    closed: set[Node] = set()
    best, highest = root, -inf
    for _ in up_to(num_simulations):
        if root in closed:
            break
        end = yield from simulate(select(root, exploration, closed), num_children, depth)
        score = 0.0 if end.dead else end.value
        if end.done:
            # The reward comes before the backup, so that it replaces the model's estimate of an ending it has proven.
            yield Attempt(end)
            score = yield Reward(end)
        backup(end, [score])
        close(end, closed)
        if not end.done or score > highest:
            best = end
            yield Offer(best)
        if end.done:
            highest = max(highest, score)
        if highest >= success_threshold:
            break
        if end.done and max_reflections:
            lessons.append((yield Ask(end, "reflection")))
            root.set_memory(lessons[-max_reflections:])
    else:
        root.capped = root not in closed
    return best


def simulate(node: Node, num_children: int, depth: int) -> Search:
    """Expand and follow the best child until an ending, a dead end or the depth."""
    while not (node.done or node.dead) and node.depth < depth:
        children = yield Expand(node, num_children)
        if not children:
            break
        yield Evaluate(children)
        for child in children:
            child.visits, child.total = 1, child.value
        node = max(children, key=by_value)
    return node
