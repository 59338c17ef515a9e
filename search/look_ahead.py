"""Look ahead to the endings: the tree below a state, level by level, with values asked for endings alone."""

from __future__ import annotations

from forethought.common.random import Generator
from forethought.common.seeds import seed_of
from forethought.search.caps import up_to
from forethought.search.node import Node, by_terminal_then_value
from forethought.search.requests import Evaluate, ExpandAll, Offer, Search


def look_ahead(
    root: Node,
    *,
    depth: int | None = None,
    num_children: int | None = None,
    level_width: int | None = None,
    seed: int = 0,
) -> Search:
    """Expand every state, level by level, evaluate the endings, and answer with the best one.

    The search of a judge of endings alone: no value of an unfinished state is asked. Its trees are the data of
    self-taught lookahead with a horizon at the endings (`forethought value collect`), and its score is the
    bound of a value learnt from them. Give it a policy without actions that lead back (`forward`), or a depth: states
    of the tree are not compared, and a walk in a circle has no end. No method of a paper.

    Args:
        depth: Most steps from the root. None: until all branches have ended, or the budget ends.
        num_children: Most children of a state. None: all that the policy proposes.
        level_width: Most unfinished states of a level that are expanded, drawn by the seed. None: all.
        seed: Seed of the drawn states, together with the task.
    """
    rng = Generator(seed_of(seed, root.task))
    level, best = [root], root
    for _ in up_to(depth):
        growing = [node for node in level if not (node.done or node.dead)]
        if not growing:
            break
        if level_width is not None and level_width < len(growing):
            growing = rng.ranked(growing, level_width)
        families = yield ExpandAll(growing, num_children)
        level = [child for family in families for child in family]
        if endings := [node for node in level if node.done]:
            yield Evaluate(endings)
            best = max([best, *endings], key=by_terminal_then_value)
            yield Offer(best)
    return best
