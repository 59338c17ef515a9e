from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Evaluate, Expand, Offer
from forethought.search.depth_first import depth_first

#               root
#      a .5        b .6        c .2
#   aa .3 ab .8    ba .1       ca .9      (ab .8 and ca .9 have ended)
#   aax .7
LEGAL = {"": "abc", "a": "ab", "b": "a", "c": "a", "aa": "x"}
VALUES = {"a": 0.5, "b": 0.6, "c": 0.2, "aa": 0.3, "ab": 0.8, "ba": 0.1, "ca": 0.9, "aax": 0.7}


@pytest.fixture
def search(letters, judge, mover, one):
    def run(legal=LEGAL, values=VALUES, ends=("ab", "ca"), budget="nodes=1000", **settings):
        policy, value = mover(), judge(values)
        outcome = one(letters(legal, ends=ends), value, partial(depth_first, **settings), policy=policy, budget=budget)
        return outcome, [word for call in policy.calls for _, word in call], value.calls

    return run


def test_the_best_child_is_first_and_a_dead_end_backs_up(search):
    # b .6: ba .1 is a dead end. Back up to a .5: ab .8 has ended, aa .3 goes on to aax, a dead end.
    # Back up to c .2: ca .9 has ended, and is the best.
    outcome, expanded, _ = search()
    assert expanded == ["", "b", "ba", "a", "aa", "aax", "c"]
    assert outcome.answer.state.letters == "ca"


@pytest.mark.parametrize(
    ("threshold", "order"),
    [
        (0.0, ["", "b", "ba", "a", "aa", "aax", "c"]),
        (0.1, ["", "b", "a", "aa", "aax", "c"]),  # a value equal to the threshold is pruned
        (0.25, ["", "b", "a", "aa", "aax"]),
        (0.4, ["", "b", "a"]),
        (0.55, ["", "b"]),
        (1.0, [""]),
    ],
)
def test_what_is_worth_the_threshold_or_less_is_pruned(search, threshold, order):
    assert search(threshold=threshold)[1] == order


@pytest.mark.parametrize(("threshold", "answer"), [(0.25, "ab"), (0.55, "b"), (1.0, "b")])
def test_what_is_pruned_can_be_the_answer_and_what_is_below_it_cannot(search, threshold, answer):
    assert search(threshold=threshold)[0].answer.state.letters == answer


@pytest.mark.parametrize(
    ("max_expansions", "answer"), [(0, ""), (1, "b"), (2, "b"), (3, "b"), (4, "ab"), (6, "ab"), (7, "ca")]
)
def test_steps_are_expansions(search, max_expansions, answer):
    outcome, expanded, _ = search(max_expansions=max_expansions)
    assert (outcome.answer.state.letters, len(expanded)) == (answer, max_expansions)


def test_an_ending_that_is_good_enough_is_the_last(search):
    outcome, expanded, _ = search(success_threshold=0.8)
    assert (outcome.answer.state.letters, expanded) == ("ab", ["", "b", "ba", "a"])


def test_a_state_that_has_not_ended_is_never_good_enough(search):
    assert len(search(success_threshold=0.5, ends=())[1]) == 9


@pytest.mark.parametrize(("depth", "order"), [(0, []), (1, [""]), (2, ["", "b", "a", "c"])])
def test_the_depth_limits_the_tree(search, depth, order):
    assert search(depth=depth)[1] == order


def test_of_equals_the_first_comes_first(search):
    assert search(legal={"": "abc"}, values=dict.fromkeys("abc", 0.5), ends=())[1] == ["", "a", "b", "c"]


def test_of_equal_answers_the_first_is_kept_and_the_root_is_none(search):
    assert search(legal={"": "abc"}, values={}, ends=())[0].answer.state.letters == "a"
    values = {"a": 0.4, "b": 0.5, "ax": 0.3, "bx": 0.3}
    outcome, _, _ = search(legal={"": "ab", "a": "x", "b": "x"}, values=values, ends={"ax", "bx"})
    assert outcome.answer.state.letters == "bx"


@pytest.mark.parametrize("given", [{"legal": {}}, {"ends": {""}}, {"depth": 0}])
def test_a_root_that_cannot_go_on_is_the_answer(search, given):
    outcome, expanded, judged = search(**given)
    assert outcome.answer is outcome.root
    assert (len(expanded), judged) == ("legal" in given, [])


def test_siblings_are_one_batch(search):
    assert [[word for _, word in call] for call in search(max_expansions=4)[2]] == [
        ["a", "b", "c"],
        ["ba"],
        ["aa", "ab"],
    ]


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = depth_first(root, num_children=3, max_expansions=2)
    assert next(asked) == Expand(root, 3)
    child = leaf(root, "a")
    assert asked.send([child]) == Evaluate([child])
    child.value = 0.5
    assert next(asked) == Offer(child)
    assert next(asked) == Expand(child, 3)
    with pytest.raises(StopIteration) as end:
        asked.send([])
    assert end.value.value is child


def by_the_book(node, threshold, depth):
    """The states that algorithm 2 of the paper expands in a tree that is there already, by recursion."""
    if node.done or node.depth >= depth:
        return []
    order = [node.state.letters]
    for child in sorted(node.children, key=lambda child: -child.value):
        if child.value > threshold:
            order += by_the_book(child, threshold, depth)
    return order


RUNS = (st.integers(0, 10**6), st.floats(0, 1), st.integers(0, 5))


@settings(deadline=None, max_examples=60)
@given(*RUNS)
def test_without_limits_it_expands_what_the_recursion_does_in_its_order(
    grown, worth_of, judge, mover, one, seed, threshold, depth
):
    policy = mover()
    search = partial(depth_first, threshold=threshold, depth=depth, max_expansions=10**6, success_threshold=2.0)
    outcome = one(grown(seed), judge(worth_of(seed)), search, policy=policy)
    assert [word for call in policy.calls for _, word in call] == by_the_book(outcome.root, threshold, depth)


@settings(deadline=None, max_examples=60)
@given(*RUNS, st.integers(0, 20), st.integers(1, 40))
def test_wherever_it_ends_the_answer_is_the_best_that_was_judged(
    grown, worth_of, judge, mover, one, seed, threshold, depth, max_expansions, nodes
):
    policy = mover()
    search = partial(depth_first, threshold=threshold, depth=depth, max_expansions=max_expansions)
    outcome = one(grown(seed), judge(worth_of(seed)), search, policy=policy, budget=f"nodes={nodes}")
    judged = [(node.done, node.value) for node in outcome.root if node.estimate]
    answer = outcome.answer
    assert (answer.done, answer.value) == max(judged, default=(outcome.root.done, 0.0))
    assert (answer is outcome.root) == (not judged)
    words = [word for call in policy.calls for _, word in call]
    assert len(words) == len(set(words)) <= max_expansions
    assert all(node.depth <= depth for node in outcome.root)


@pytest.mark.parametrize("seed", range(3))
def test_concurrency_changes_nothing(grown, worth_of, judge, drive, results, seed):
    def run(concurrency):
        return results(drive(grown(seed), judge(worth_of(seed)), depth_first, tasks=range(12), concurrency=concurrency))

    assert run(1) == run(8)
