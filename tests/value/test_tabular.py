"""The method by table: exact values, in as many rounds as the position is deep."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.agents import AllActions
from forethought.agents.judges import judged
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24, exact_value
from forethought.search import Budget, beam
from forethought.search.engine.driver import Driver
from forethought.value import TabularTrainer, TabularValue, target, targets

SMALL = st.lists(st.integers(1, 13), min_size=2, max_size=3).map(lambda ns: " ".join(map(str, ns)))


def whole_tree(puzzle, value):
    """Every position below a puzzle, its children all evaluated."""
    driver = Driver(
        TaskSimulator(Game24([puzzle])), AllActions(), judged(value, "rule", "Game24-v0"), Budget(nodes=10_000)
    )
    (outcome,) = driver.run([0], lambda root: beam(root, beam_width=10_000))
    assert outcome.error is None
    return outcome.root


@settings(max_examples=25, deadline=None)
@given(SMALL)
def test_lookahead_reaches_the_exact_values_in_as_many_rounds_as_the_position_is_deep(puzzle):
    trainer = TabularTrainer()
    value = trainer.initial()
    for _ in range(len(puzzle.split()) - 1):
        value = trainer.fit(targets([whole_tree(puzzle, value)]))
    for node in whole_tree(puzzle, value):
        if not node.done:
            assert value.table[node.world.key(node.state)] == exact_value(node.state)


def test_one_round_is_too_few_for_three_numbers():
    value = TabularTrainer().fit(targets([whole_tree("1 1 1", TabularValue())]))
    assert value.table[b"1 1 1"] == 0.5  # its children were not known yet
    assert value.table[b"1 2"] == 0.0


def test_every_round_begins_anew(tree, grow):
    root = tree("4 6")
    grow(root, "4 * 6", 1.0)
    example = target(root)
    trainer = TabularTrainer(default=0.25)
    first = trainer.fit([example, replace(example, target=0.0)])
    assert first.table == {b"4 6": 0.5}
    assert trainer.fit([replace(example, key=b"x")]).table == {b"x": 1.0}
    assert trainer.initial().table == {}


def test_unknown_keys_get_the_default(tree):
    class Asked:
        key = b"unknown"

    (estimate,) = TabularValue(default=0.3).evaluate([Asked()])
    assert estimate.value == pytest.approx(0.3)
