from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Estimate
from forethought.search.estimates import Reply
from forethought.search.needs import PRIVILEGES
from forethought.search.registry import algorithm

#         root
#      a .6     b .5          Simulations follow the best child to its end.
#     aa .8    bb .4          Both have ended; bb is right.
LEGAL = {"": "ab", "a": "a", "b": "b"}
VALUES = {"a": 0.6, "b": 0.5, "aa": 0.8, "bb": 0.4}


@pytest.fixture(scope="session")
def search(letters, judge, mover, one, words, oracle):
    def run(legal=LEGAL, values=VALUES, ends=("aa", "bb"), rewards=None, budget="nodes=1000", **settings):
        responder = oracle(lambda question: Reply(f"not {''.join(action for action, _ in question.context.steps)}"))
        world = letters(legal, ends=ends, rewards={"bb": 1.0} if rewards is None else rewards)
        models = {"policy": mover(), "responder": responder, "privileges": frozenset(PRIVILEGES), "budget": budget}
        outcome = one(world, judge(values), algorithm("lats", settings), **models)
        return outcome, {word: (node.visits, node.total) for word, node in words(outcome.root).items()}, responder

    return run


# By hand, with c = 1. A node's first visit is its judgement.
#
# 1. The root is a leaf: a 1/.6, b 1/.5 are made; a is better: aa 1/.8 is made, and has ended. Its reward is 0:
#    aa 2/.8, a 2/.6, root 1/0. A reflection on a, aa.
# 2. ln 1 = 0, so that only the means count: a .3, b .5. Select b, make bb 1/.4, which has ended. Its reward is 1:
#    bb 2/1.4, b 2/1.5, root 2/1. That is enough.
def test_simulations_are_as_worked_by_hand(search):
    outcome, counts, _ = search(num_simulations=1)
    assert counts == {"": (1, 0.0), "a": (2, 0.6), "aa": (2, 0.8), "b": (1, 0.5)}
    assert outcome.answer.state.letters == "aa"
    outcome, counts, responder = search(num_simulations=9)
    assert counts == {"": (2, 1.0), "a": (2, 0.6), "aa": (2, 0.8), "b": (2, 1.5), "bb": (2, 1.4)}
    assert [node.state.letters for node in outcome.attempts] == ["aa", "bb"]
    assert outcome.answer is outcome.attempts[1]
    assert [question.role for call in responder.calls for question in call] == ["reflection"]


def test_reflections_are_memory_in_the_whole_tree_and_the_last_are_kept(search, words):
    wide = {"": "ab", "a": "ab", "b": "ab"}
    values = {"a": 0.6, "b": 0.5, "aa": 0.8, "ab": 0.3, "ba": 0.2, "bb": 0.4}
    outcome, _, responder = search(
        wide, values, ends=("aa", "ab", "ba", "bb"), rewards={}, num_simulations=9, max_reflections=2
    )
    notes = ["not aa", "not bb", *("not " + node.state.letters for node in outcome.attempts[2:])]
    assert len(responder.calls) == 4
    assert {node.memory for node in outcome.root} == {tuple(notes[-2:])}
    assert responder.calls[1][0].context.memory == ("not aa",)


@pytest.mark.parametrize("rewards", [{"aa": 0.3, "bb": 0.2}, {"aa": -0.2, "bb": -0.9}, {"aa": -20.0, "bb": -90.0}])
def test_the_best_attempt_is_the_answer_and_none_is_made_twice(search, rewards):
    outcome, counts, responder = search(rewards=rewards, num_simulations=5)
    assert outcome.answer.state.letters == "aa"
    assert [node.state.letters for node in outcome.attempts] == ["aa", "bb"]
    assert (counts[""][0], len(responder.calls)) == (2, 2)


def test_where_no_reflection_is_kept_none_is_asked_for(search):
    outcome, _, responder = search(num_simulations=9, max_reflections=0)
    assert (outcome.answer.state.letters, responder.calls) == ("bb", [])


def test_where_nothing_ends_the_newest_simulation_is_the_answer(search):
    outcome, _, responder = search(ends=(), num_simulations=3, depth=2)
    assert outcome.attempts == []
    assert responder.calls == []
    assert len(outcome.answer.state.letters) == 2


def test_dead_ends_are_worth_nothing(search):
    outcome, counts, _ = search(legal={"": "ab"}, ends=(), num_simulations=2, values={"a": 0.6, "b": 0.5})
    assert counts == {"": (2, 0.0), "a": (2, 0.6), "b": (2, 0.5)}
    assert outcome.attempts == []


TREES = st.dictionaries(st.text("ab", max_size=3), st.sampled_from(["", "a", "b", "ab"]), max_size=15)


@settings(max_examples=60)
@given(legal=TREES, num_simulations=st.integers(0, 8), rewards=st.dictionaries(st.text("ab", max_size=3), st.just(0.4)))
def test_visits_are_simulations(search, legal, num_simulations, rewards):
    outcome, counts, _ = search(
        legal=legal, values=lambda query: Estimate(0.5), ends=lambda word: len(word.letters) == 3, rewards=rewards,
        num_simulations=num_simulations, depth=3, success_threshold=9.0,
    )  # fmt: skip
    ended = [node for node in outcome.root if not node.children and node.visits > 1]
    assert counts[""][0] <= num_simulations
    assert len({id(node) for node in outcome.attempts}) == len(outcome.attempts)
    assert counts[""][0] == len(ended) or outcome.root.dead
    if counts[""][0] < num_simulations:
        assert all(node.visits > 1 for node in outcome.root if not node.children) or outcome.root.dead
    for node in outcome.root:
        made = [child for child in node.children if child.visits > 1]
        through = sum(child.visits - 1 for child in made)
        ended_here = node.visits - (node.parent is not None) - through
        assert ended_here >= 0
        assert ended_here == 0 or not node.children or node.done
    again, *_ = search(
        legal=legal, values=lambda query: Estimate(0.5), ends=lambda word: len(word.letters) == 3, rewards=rewards,
        num_simulations=num_simulations, depth=3, success_threshold=9.0,
    )  # fmt: skip
    assert again.answer.state == outcome.answer.state
