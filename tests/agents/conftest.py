from __future__ import annotations

import pytest

from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Node, Query
from forethought.search.node import add_children


@pytest.fixture
def query():
    """Makes a query about a Game of 24 position such as "4 5 6 10", after moves."""

    def make(puzzle: str, *moves: str, num_children: int | None = None, seed: int = 0) -> Query:
        world = TaskSimulator(Game24([puzzle]))
        start = world.root(0)
        node = Node(start.state, start.observation, world=world)
        for move in moves:
            step = world.step(node.state, move)
            assert step.illegal is None, step.illegal
            child = Node(step.state, step.observation, node, move, 1.0, step.terminated)
            add_children(node, [child])
            node = child
        return Query(node, num_children, seed)

    return make
