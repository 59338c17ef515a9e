from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Evaluate, Expand, Offer
from forethought.search.registry import algorithm

LEGAL = {"": "ab", "a": "cd", "b": "cd", "ac": "xy", "ad": "xy", "bc": "xy", "bd": "xy"}


@pytest.fixture
def search(letters, judge, mover, one):
    def run(legal=LEGAL, values=None, ends=(), tasks=1, **settings):
        policy, value = mover(), judge(values)
        outcome = one(letters(legal, ends=ends), value, algorithm("walk", settings), policy=policy)
        return outcome, policy.calls, value.calls

    return run


def test_a_walk_of_one_step_expands_the_root_and_looks_ahead_from_a_child(search):
    _, expanded, judged = search(walks=1, min_depth=1, max_depth=1)
    (looked,) = {word for _, word in expanded[1]}
    assert expanded == [[(0, "")], [(0, looked)]]
    assert looked in ("a", "b")
    assert judged == [[(0, looked + "c"), (0, looked + "d")]]


def test_a_walk_of_no_step_looks_ahead_from_the_root(search):
    _, expanded, judged = search(walks=3, min_depth=0, max_depth=0)
    assert expanded == [[(0, "")]]
    assert judged == [[(0, "a"), (0, "b")]]


def test_with_itself_the_node_is_judged_before_its_children(search):
    _, _, judged = search(walks=1, min_depth=0, max_depth=0, evaluate_node=1)
    assert judged == [[(0, ""), (0, "a"), (0, "b")]]


def test_walks_take_turns_over_the_depths(search):
    outcome, _, judged = search(walks=40, min_depth=1, max_depth=2)
    assert {len(word) for call in judged for _, word in call} == {2, 3}
    assert {node.state.letters for node in outcome.root if node.children} == {"", *"ab", "ac", "ad", "bc", "bd"}


def test_no_node_is_looked_at_or_expanded_twice(search):
    _, expanded, judged = search(walks=40, min_depth=1, max_depth=2)
    words = [word for call in expanded for _, word in call]
    assert len(words) == len(set(words)) == 7
    assert len(judged) == 6


def test_nodes_on_the_way_are_not_judged(search):
    outcome, _, judged = search(walks=1, min_depth=2, max_depth=2)
    assert len(judged) == 1
    assert outcome.root.estimate is None
    assert all(child.estimate is None for child in outcome.root.children)


def test_the_answer_is_the_best_ending_that_was_seen(search):
    ends, values = {"ac", "ad", "bc", "bd"}, {"ac": 0.2, "ad": 0.7, "bc": 0.4, "bd": 0.1}
    outcome, _, _ = search(values=values, ends=ends, walks=20, min_depth=1, max_depth=1)
    assert outcome.answer.state.letters == "ad"


def test_without_an_ending_the_answer_is_the_root(search):
    outcome, _, _ = search(values={"ac": 0.9}, walks=20, min_depth=1, max_depth=1)
    assert outcome.answer is outcome.root


def test_endings_are_not_walked_through(search):
    _, expanded, judged = search(legal={"": "ab"}, ends={"a", "b"}, walks=10, min_depth=1, max_depth=3)
    assert expanded == [[(0, "")]]
    assert judged == []


def test_a_dead_end_is_expanded_once_and_ends_every_walk(search):
    outcome, expanded, judged = search(legal={"": "a"}, walks=10, min_depth=2, max_depth=3)
    assert expanded == [[(0, "")], [(0, "a")]]
    assert judged == []
    assert outcome.answer is outcome.root
    _, expanded, _ = search(legal={}, walks=10)
    assert expanded == [[(0, "")]]


def test_a_dead_end_is_judged_with_itself(search):
    _, _, judged = search(legal={"": "a"}, walks=10, min_depth=2, max_depth=3, evaluate_node=1)
    assert judged == [[(0, "a")]]


def test_a_task_that_has_ended_is_its_own_answer(search):
    outcome, expanded, judged = search(ends={""})
    assert (outcome.answer, expanded, judged) == (outcome.root, [], [])


def test_the_steps_depend_on_seed_and_task_alone(letters, judge, mover, drive):
    def looked(seed, tasks):
        value = judge()
        drive(letters(lambda word: "abcdefgh"), value, algorithm("walk", {"seed": seed, "walks": 3}), tasks=tasks)
        seen = {}
        for call in value.calls:
            for task, word in call:
                seen.setdefault(task, []).append(word)
        return seen

    three = looked(1, [0, 1, 2])
    assert looked(1, [1])[1] == three[1]
    assert three[0] != three[1]
    assert looked(2, [1])[1] != three[1]


def test_depths_that_do_not_go_up_are_refused(search):
    with pytest.raises(ValueError, match="min_depth=2, max_depth=1; give max_depth >= min_depth"):
        search(min_depth=2, max_depth=1)


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = algorithm("walk", {"walks": 1, "min_depth": 0, "max_depth": 0})(root)
    assert next(asked) == Expand(root, None)
    child = leaf(root, "a")
    assert asked.send([child]) == Evaluate([child])
    assert asked.send(None) == Offer(root)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(0, 2), st.integers(0, 2))
def test_of_each_node_all_children_are_judged_or_none(grown, worth_of, judge, mover, one, seed, walks, min_depth, more):
    policy = mover()
    search = algorithm("walk", {"walks": walks, "min_depth": min_depth, "max_depth": min_depth + more})
    outcome = one(grown(seed), judge(worth_of(seed)), search, policy=policy)
    parents = [node for node in outcome.root if node.children]
    judged = [sum(child.estimate is not None for child in node.children) for node in parents]
    assert all(count in (0, len(node.children)) for count, node in zip(judged, parents, strict=True))
    assert sum(map(bool, judged)) <= walks
    assert all(node.depth <= min_depth + more for node in parents)
    best = max([node.value for node in outcome.root if node.done and node.estimate], default=0.0)
    assert outcome.answer.value == best
    words = [word for call in policy.calls for _, word in call]
    assert len(words) == len(set(words))


def test_an_ending_is_the_answer_even_where_it_is_worth_nothing(search):
    outcome, *_ = search(values={}, ends=("ac", "ad", "bc", "bd"), walks=4, min_depth=1, max_depth=1)
    assert outcome.answer.done
