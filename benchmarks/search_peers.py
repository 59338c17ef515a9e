"""The other sides of search_overhead.py: llm-reasoners, treequest, and UCT with nothing around it.

This file needs nothing of forethought, so that the peers' Python can run it in their own environment. All sides
search the same tree of integers by UCT, and 1 iteration makes the 5 children of 1 leaf:

bare        a loop and a node class with slots: no driver, no requests, no budget, no journal. The tree is the one
            that `mcts` grows, so this is the limit of what Python can do here.
reasoners   llm-reasoners' MCTS with its rollouts switched off, so that it too expands one leaf an iteration and
            backs up its value. It scores five children and steps one, where we step five and back up five values.
trace       The same with `output_trace_in_each_iter`, which copies the whole tree in each iteration.
inplace     treequest's StandardMCTS. A step makes one child, so five steps are an iteration, and a step is a node.
default     The same as `step` does it unless told otherwise: it copies the whole tree in each step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from math import log, sqrt
from typing import Any

WIDTH = 5
ACTIONS = tuple(str(n) for n in range(1, WIDTH + 1))
SECONDS_TO_MICROSECONDS = 1e6


def worth(state: int) -> float:
    return (state * 7919 % 1009) / 1009


class Bare:
    """A node of the bare search."""

    __slots__ = ("children", "parent", "state", "total", "visits")

    def __init__(self, state: int, parent: Bare | None) -> None:
        self.state, self.parent = state, parent
        self.children: list[Bare] | None = None
        self.total = worth(state)
        self.visits = 1


def bare(iterations: int) -> Bare:
    """The root of the tree that `mcts(root, num_children=5, num_simulations=iterations, exploration=1.0)` grows."""
    root = Bare(0, None)
    root.total, root.visits = 0.0, 0  # nobody judged it
    for _ in range(iterations):
        node = root
        while node.children:
            log_visits, highest = log(node.visits), -1.0
            for child in node.children:
                count = child.visits
                upper = child.total / count + sqrt(log_visits / count)
                if upper > highest:
                    highest, node = upper, child
        state, total = WIDTH * node.state, 0.0
        node.children = children = [Bare(state + action, node) for action in range(1, WIDTH + 1)]
        for child in children:
            total += child.total
        above: Bare | None = node
        while above is not None:
            above.visits += WIDTH
            above.total += total
            above = above.parent
    return root


def reasoners(iterations: int, *, traced: bool = False) -> Any:
    from reasoners import SearchConfig, WorldModel
    from reasoners.algorithm import MCTS

    class World(WorldModel):
        def init_state(self):
            return 0

        def step(self, state, action):
            return WIDTH * state + int(action), {}

        def is_terminal(self, state):
            return False

    class Config(SearchConfig):
        def get_actions(self, state):
            return ACTIONS

        def fast_reward(self, state, action):
            return worth(WIDTH * state + int(action)), {}

        def reward(self, state, action, **kwargs):
            return worth(WIDTH * state + int(action)), {}

    class Expanding(MCTS):
        def _simulate(self, path):
            """No rollout: one expansion an iteration."""

    settings = {"depth_limit": 1000, "w_exp": 1.0, "cum_reward": lambda rewards: rewards[-1]}  # a leaf's own value
    search = Expanding(n_iters=iterations, output_trace_in_each_iter=traced, **settings)
    search.world_model, search.search_config = World(), Config()
    search.output_strategy = "none"  # the choice of an answer is not timed
    yield
    search.search()
    assert not traced or len(search.trace_in_each_iter) == iterations
    yield


def treequest(iterations: int, *, inplace: bool) -> Any:
    from treequest import StandardMCTS

    def child(action: int, state: int | None) -> tuple[int, float]:
        after = WIDTH * (state or 0) + action  # the root has no state
        return after, worth(after)

    steps = {name: partial(child, int(name)) for name in ACTIONS}
    # Its bonus is multiplied by a softmax of the siblings' scores, about a fifth each: five make it ours.
    search = StandardMCTS(samples_per_action=1, exploration_weight=float(WIDTH))
    tree = search.init_tree()
    yield
    for _ in range(WIDTH * iterations):
        tree = search.step(tree, steps, inplace=inplace)
    yield
    assert len(tree.tree) == WIDTH * iterations + 1


def bare_search(iterations: int) -> Any:
    yield
    root = bare(iterations)
    yield
    assert root.visits == WIDTH * iterations


SIDES: dict[str, Callable[[int], Any]] = {
    "bare": bare_search,
    "reasoners": reasoners,
    "trace": partial(reasoners, traced=True),
    "inplace": partial(treequest, inplace=True),
    "default": partial(treequest, inplace=False),
}


def microseconds(side: str, iterations: int) -> float:
    """Of one node, the mean over a search. A side gets ready, and is timed from its first yield to its second."""
    search = SIDES[side](iterations)
    next(search)
    began = time.perf_counter()
    next(search)
    spent = time.perf_counter() - began
    next(search, None)  # what it checks
    return spent / (WIDTH * iterations) * SECONDS_TO_MICROSECONDS
