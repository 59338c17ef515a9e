from __future__ import annotations

import pytest

from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Estimate, Node
from forethought.search.node import add_children, set_estimate


@pytest.fixture
def tree():
    """Makes a root on a Game of 24 position and grows it: (parent, action, value or None) -> child."""

    def begin(puzzle: str) -> Node:
        world = TaskSimulator(Game24([puzzle]))
        start = world.root(0)
        return Node(start.state, start.observation, world=world)

    return begin


@pytest.fixture
def grow():
    def child_of(node: Node, action: str, value: float | None, rationale: str = "", parsed: bool = True) -> Node:
        step = node.world.step(node.state, action)
        assert step.illegal is None, step.illegal
        child = Node(step.state, step.observation, node, action, 1.0, step.terminated)
        if value is not None:
            set_estimate(child, Estimate(value, rationale, parsed=parsed))
        add_children(node, [child])
        return child

    return child_of
