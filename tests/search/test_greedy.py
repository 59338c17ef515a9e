from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import greedy
from forethought.search.registry import algorithm

#        root
#     a .2    b .6
#            ba .3   bb .1   bc .3
#            baa .9
LEGAL = {"": "ab", "a": "x", "b": "abc", "ba": "a"}
VALUES = {"a": 0.2, "b": 0.6, "ba": 0.3, "bb": 0.1, "bc": 0.3, "baa": 0.9}


def test_greedy_steps_to_the_best_child_and_the_first_of_equals(letters, judge, mover, one, words):
    policy, value = mover(), judge(VALUES)
    outcome = one(letters(LEGAL), value, greedy, policy=policy)
    assert outcome.answer.state.letters == "baa"
    assert policy.calls == [[(0, "")], [(0, "b")], [(0, "ba")], [(0, "baa")]]
    assert value.calls == [[(0, "a"), (0, "b")], [(0, "ba"), (0, "bb"), (0, "bc")], [(0, "baa")]]
    assert {word: node.value for word, node in words(outcome.root).items()} == {"": 0.0, **VALUES}
    assert (outcome.spent.nodes, outcome.stopped) == (6, "returned")


def test_a_dead_end_is_the_answer_where_it_is_reached(letters, judge, one):
    outcome = one(letters({"": "ab", "b": "c"}), judge({"a": 0.9, "b": 0.1}), greedy)
    assert outcome.answer.state.letters == "a"
    assert outcome.answer.dead


def test_an_ending_stops_the_search(letters, judge, mover, one):
    policy = mover()
    outcome = one(letters(LEGAL, ends={"ba"}), judge(VALUES), greedy, policy=policy)
    assert outcome.answer.state.letters == "ba"
    assert policy.calls == [[(0, "")], [(0, "b")]]


@pytest.mark.parametrize(("depth", "answer"), [(0, ""), (1, "b"), (2, "ba"), (3, "baa"), (10, "baa")])
def test_the_depth_limits_the_answer(letters, judge, one, depth, answer):
    assert one(letters(LEGAL), judge(VALUES), algorithm("greedy", {"depth": depth})).answer.state.letters == answer


def test_each_step_is_offered(letters, judge, one):
    for budget, answer in [("nodes=1", ""), ("nodes=2", "b"), ("nodes=5", "ba"), ("nodes=6", "baa")]:
        assert one(letters(LEGAL), judge(VALUES), greedy, budget=budget).answer.state.letters == answer


def test_a_task_that_has_ended_is_its_own_answer(letters, judge, mover, one):
    policy = mover()
    outcome = one(letters({"": "a"}, ends={""}), judge(), greedy, policy=policy)
    assert outcome.answer is outcome.root
    assert policy.calls == []


def test_the_width_is_asked_for(letters, judge, mover, one):
    policy = mover()
    outcome = one(letters(LEGAL), judge(VALUES), algorithm("greedy", {"num_children": 1}), policy=policy)
    assert outcome.answer.state.letters == "ax"
    assert {query.num_children for query in policy.queries} == {1}


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.none() | st.integers(1, 3), st.integers(0, 5))
def test_the_answer_ends_a_path_of_best_children(grown, worth_of, judge, one, seed, num_children, depth):
    settings = {"depth": depth} | ({"num_children": num_children} if num_children else {})
    outcome = one(grown(seed), judge(worth_of(seed)), algorithm("greedy", settings))
    trail = outcome.answer.ancestors
    for parent, child in pairwise(trail):
        assert child.value == max(sibling.value for sibling in parent.children)
        assert not any(sibling.children for sibling in parent.children if sibling is not child)
    assert outcome.answer.done or outcome.answer.dead or outcome.answer.depth == depth
    assert sum(1 for _ in outcome.root) == 1 + sum(len(node.children) for node in trail)
