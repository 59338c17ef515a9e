from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs import Step, Template
from forethought.search import Budget, Estimate, Node, Proposal, beam
from forethought.search.engine.driver import Driver
from forethought.search.node import TERMINAL, add_children, set_estimate
from forethought.value import target, targets


def test_the_target_is_gamma_times_the_best_child(tree, grow):
    root = tree("4 5 6")
    grow(root, "4 + 5", 0.2)
    grow(root, "4 * 6", 0.8, rationale="24 is there, 5 is left over")
    grow(root, "5 - 4", 0.6)
    example = target(root, gamma=0.75)
    assert example.target == pytest.approx(0.6)  # 0.75 * 0.8, by hand
    assert (example.best_action, example.best_observation) == ("4 * 6", "4 * 6 = 24 (left: 5 24)")
    assert example.best_rationale == "24 is there, 5 is left over"
    assert example.key == b"4 5 6"
    assert (example.seen, example.ends, example.gamma) == (3, 0, 0.75)


def test_unseen_children_are_counted(tree, grow):
    root = tree("4 6")
    grow(root, "4 + 6", 0.0)
    grow(root, "4 * 6", None)  # made, and not evaluated
    assert target(root).unseen == 5  # of six admissible moves one was seen
    assert target(root).ends == 1


def test_a_full_look_has_nothing_unseen(tree, grow):
    root = tree("4 6")
    for action in root.world.actions(root.state):
        grow(root, action, 0.0)
    assert (target(root).seen, target(root).unseen, target(root).target) == (6, 0, 0.0)


def test_templates_count_as_unseen(tree, grow, monkeypatch):
    root = tree("4 6")
    grow(root, "4 * 6", 1.0)
    monkeypatch.setattr(
        root.world, "actions", lambda state: ("4 * 6", Template("search[<query>]"), "click[<3 months>]")
    )
    assert target(root).unseen == 2


def test_an_ending_makes_no_example(tree, grow):
    root = tree("4 6")
    assert target(grow(root, "4 * 6", 1.0)) is None


def test_a_node_nobody_looked_beyond_makes_no_example(tree, grow):
    root = tree("4 6")
    assert target(root) is None
    grow(root, "4 * 6", None)
    assert target(root) is None


def test_a_dead_end_has_target_zero(tree):
    root = tree("4 6")
    root.dead = True
    example = target(root)
    assert (example.target, example.best_action, example.seen) == (0.0, "", 0)


def test_children_that_could_not_be_parsed_are_left_out(tree, grow):
    root = tree("4 6")
    grow(root, "4 * 6", 0.9, parsed=False)
    assert target(root) is None
    grow(root, "4 + 6", 0.1)
    assert (target(root).target, target(root).seen, target(root).unseen) == (0.1, 1, 5)


def test_the_first_of_equal_children_is_best(tree, grow):
    root = tree("4 6")
    grow(root, "4 + 6", 0.5)
    grow(root, "4 * 6", 0.5)
    assert target(root).best_action == "4 + 6"


@pytest.mark.parametrize("gamma", [0.0, -0.5, 1.01])
def test_a_discount_lies_above_0_and_up_to_1(gamma):
    with pytest.raises(ValueError, match=f"gamma is {gamma}"):
        targets([], gamma)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0.01, 1))
def test_a_target_never_leaves_the_range_of_values(values, gamma):
    class Flat:
        def actions(self, state):
            return ()

        def key(self, state):
            return b""

        def instruction(self, state):
            return ""

    root = Node(None, "", world=Flat())
    for value in values:
        child = Node(None, "", root, str(value))
        set_estimate(child, Estimate(value))
        add_children(root, [child])
    assert target(root, gamma).target == gamma * max(values)
    assert 0 <= target(root, gamma).target <= 1


def test_examples_come_in_the_order_of_their_nodes_and_write_as_json(tree, grow):
    root = tree("4 5 6")
    child = grow(root, "4 + 5", 0.2)
    grow(child, "6 + 9", 0.0)
    found = targets([root])
    assert [example.key for example in found] == [b"4 5 6", b"6 9"]
    row = json.loads(json.dumps(found[1].to_json()))
    assert row["key"] == b"6 9".hex()
    assert row["context"]["steps"] == [["4 + 5", "4 + 5 = 9 (left: 6 9)"]]


class Shop:
    """A world whose last page prints the score, as the real shop's does."""

    name, world, shows_reward = "Shop", "", True

    def root(self, index):
        return Step("page", "find a red shoe")

    def instruction(self, state):
        return "find a red shoe"

    def actions(self, state):
        return ("buy", "look")

    def step(self, state, action):
        if action == "buy":
            return Step("end", "Your score (min 0.0, max 1.0): 0.75", 0.75, True)
        return Step(state + "+", "a shoe")

    def key(self, state):
        return state.encode()

    def metrics(self, state):
        return {}


def test_a_planted_reward_reaches_no_model_and_no_example():
    read = []

    class Reader:
        def evaluate(self, queries):
            read.extend(str(query.context) for query in queries)
            return [Estimate(0.5, "looks fine") for _ in queries]

        def propose(self, queries):
            read.extend(str(query.context) for query in queries)
            return [[Proposal(action) for action in query.actions] for query in queries]

    driver = Driver(Shop(), Reader(), Reader(), Budget(nodes=20))
    (outcome,) = driver.run([0], lambda root: beam(root, num_children=2, beam_width=2, depth=3))
    examples = targets([outcome.root])
    assert any(example.best_observation == TERMINAL for example in examples)
    assert any(TERMINAL in text for text in read)
    for text in (*read, *(json.dumps(example.to_json()) for example in examples)):
        assert "score" not in text
        assert "0.75" not in text


def test_what_was_imagined_teaches_nothing(tree, grow):
    root = tree("4 6")
    dream = grow(root, "4 * 6", 1.0)
    dream._imagined = True
    assert target(root) is None
    assert target(dream) is None
    grow(root, "4 + 6", 0.3)
    assert (target(root).best_action, target(root).seen, target(root).unseen) == ("4 + 6", 1, 5)
