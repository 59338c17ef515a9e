from __future__ import annotations

import json

import pytest

from forethought.search import Attempt, Expand, Offer, greedy
from forethought.search.engine.results import result
from forethought.search.engine.tree_dump import digest
from forethought.search.registry import algorithm

REWARDS = {"a": 0.25, "ab": 0.5, "b": 0.125}


@pytest.fixture
def trial(letters, judge, one):
    """The result of a search in a world that pays .25 for a, .5 more for ab and .125 for b."""

    def run(search, **settings):
        world = letters({"": "ab", "a": "ab"}, ends={"ab"}, rewards=REWARDS)
        outcome = one(world, judge({"a": 0.5, "ab": 0.75}), search, **settings)
        return outcome, result(outcome)

    return run


def test_a_result_is_the_line_of_a_task(trial):
    outcome, row = trial(greedy)
    answer = {
        "score": 0.75,
        "metrics": {"length": 2},
        "actions": ["a", "b"],
        "observation": "0:ab",
        "value": 0.75,
        "done": True,
    }
    assert row == {
        "task": 0,
        "score": 0.75,
        "answer": answer,
        "first": None,
        "oracle": None,
        "stopped": "returned",
        "exhausted": False,
        "values": [0.0, 0.75],
        "spent": outcome.spent.to_json(),
        "tree": digest(outcome.root),
    }
    assert json.loads(json.dumps(row)) == row


def test_the_score_is_of_the_answer_and_neither_of_the_first_attempt_nor_of_the_best(trial):
    def search(root):
        a, b = yield Expand(root)
        _, ab = yield Expand(a)
        for node in (b, ab, a):
            yield Attempt(node)
        return a

    _, row = trial(search)
    assert row["first"]["actions"] == ["b"]
    assert row["oracle"]["actions"] == ["a", "b"]
    assert row["answer"]["actions"] == ["a"]
    assert [row["score"], row["first"]["score"], row["oracle"]["score"]] == [0.25, 0.125, 0.75]


def test_the_oracle_takes_the_first_of_equal_attempts(trial):
    def search(root):
        a, _ = yield Expand(root)
        aa, _ = yield Expand(a)
        yield Attempt(a)
        yield Attempt(aa)
        return root

    _, row = trial(search)
    assert row["oracle"]["actions"] == ["a"]
    assert (row["score"], row["answer"]["value"]) == (0.0, None)


def test_of_a_stopped_search_the_last_offer_is_the_answer(trial):
    def search(root):
        a, b = yield Expand(root)
        yield Attempt(b)
        yield Offer(b)
        yield Offer(a)
        yield Expand(a)
        return b

    _, row = trial(search, budget="nodes=2")
    assert (row["answer"]["actions"], row["score"], row["stopped"]) == (["a"], 0.25, "nodes")
    assert row["first"]["actions"] == ["b"]


def test_an_unfinished_answer_scores_what_it_was_paid_so_far(trial):
    _, row = trial(greedy, budget="nodes=2")
    assert (row["answer"]["done"], row["score"], row["answer"]["metrics"]) == (False, 0.25, {"length": 1})


def test_reading_the_true_reward_afterwards_is_not_billed(trial):
    outcome, row = trial(greedy)
    assert row["spent"]["env_steps"] == outcome.spent.env_steps == 4
    assert row["spent"]["replayed_steps"] == 0


def test_a_tree_that_the_settings_leave_nothing_of_is_told(letters, judge, one):
    world = letters(lambda word: "abc" if len(word.letters) < 2 else "", ends=lambda word: len(word.letters) == 2)
    told = {
        (width, nodes): result(one(world, judge(), algorithm("mcts", {"num_children": width}), budget=f"nodes={nodes}"))
        for width, nodes in [(2, 100), (2, 5), (1, 100)]
    }
    assert [(row["stopped"], row["exhausted"]) for row in told.values()] == [
        ("returned", True),  # 6 nodes of 12
        ("nodes", False),
        ("returned", False),  # a path
    ]
    assert not result(one(world, judge(), greedy))["exhausted"]  # it passed siblings over
