from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Evaluate, Expand, Offer
from forethought.search.restarts import restarts

#               root
#      a .6        b .5        c .4
#   aa .3 ab .2    ba .7       ca .9      (ca has ended)
LEGAL = {"": "abc", "a": "ab", "b": "a", "c": "a"}
VALUES = {"a": 0.6, "b": 0.5, "c": 0.4, "aa": 0.3, "ab": 0.2, "ba": 0.7, "ca": 0.9}


@pytest.fixture
def search(letters, judge, mover, one):
    def run(legal=LEGAL, values=VALUES, ends=("ca",), budget="nodes=1000", **settings):
        policy, value = mover(), judge(values)
        outcome = one(letters(legal, ends=ends), value, partial(restarts, **settings), policy=policy, budget=budget)
        return outcome, [word for call in policy.calls for _, word in call], value.calls

    return run


# By hand: down a .6 and aa .3 to a dead end; b .5, c .4 and ab .2 were passed over.
# 1. from b down ba .7 to a dead end; 2. from c to ca .9, which has ended; 3. from ab, a dead end.
ORDER = ["", "a", "aa", "b", "ba", "c", "ab"]


@pytest.mark.parametrize(
    ("times", "answer", "expansions"), [(0, "a", 3), (1, "ba", 5), (2, "ca", 6), (3, "ca", 7), (99, "ca", 7)]
)
def test_restarts_are_as_worked_by_hand(search, times, answer, expansions):
    outcome, expanded, _ = search(restarts=times)
    assert (outcome.answer.state.letters, expanded) == (answer, ORDER[:expansions])


@pytest.mark.parametrize(("success_threshold", "expansions"), [(0.9, 6), (0.91, 7), (0.1, 6)])
def test_an_ending_of_low_value_is_started_again_from_and_a_good_one_is_not(search, success_threshold, expansions):
    # Dead ends are started again from whatever their value: ba .7 has not ended.
    assert search(success_threshold=success_threshold)[1] == ORDER[:expansions]


def test_the_best_sibling_left_can_be_anywhere(search):
    # Down a .9 to ax .2, a dead end. Left are b .3, ay .1: b, then bx .4 and its sibling by .35, then ay.
    legal = {"": "ab", "a": "xy", "b": "xy"}
    values = {"a": 0.9, "b": 0.3, "ax": 0.2, "ay": 0.1, "bx": 0.4, "by": 0.35}
    assert search(legal=legal, values=values)[1] == ["", "a", "ax", "b", "bx", "by", "ay"]


def test_an_ending_that_was_passed_over_is_no_start_and_can_be_the_answer(search):
    # a .3 and c .1 have ended, b .6 leads nowhere: with b expanded nothing is left to start from.
    outcome, expanded, _ = search(legal={"": "abc"}, values={"a": 0.3, "b": 0.6, "c": 0.1}, ends={"a", "c"})
    assert (outcome.answer.state.letters, expanded) == ("a", ["", "b"])


def test_a_state_at_the_depth_is_an_end_and_no_start(search):
    outcome, expanded, _ = search(depth=2, restarts=99)
    assert (outcome.answer.state.letters, expanded) == ("ca", ["", "a", "b", "c"])
    # aa and ab, the best of all, are at the depth: the one restart is from b.
    assert search(depth=2, restarts=1, values=VALUES | {"aa": 0.9, "ab": 0.8})[1] == ["", "a", "b"]


def test_of_equals_the_oldest_comes_first(search):
    outcome, expanded, _ = search(legal={"": "abc", "a": "xy"}, values=dict.fromkeys(["a", "b", "c", "ax", "ay"], 0.5))
    assert (outcome.answer.state.letters, expanded) == ("a", ["", "a", "ax", "b", "c", "ay"])


def test_the_root_is_no_answer_once_there_is_another(search):
    assert search(values={}, ends=())[0].answer.state.letters == "a"


@pytest.mark.parametrize("given", [{"legal": {}}, {"ends": {""}}, {"depth": 0}])
def test_a_root_that_cannot_go_on_is_the_answer(search, given):
    outcome, expanded, judged = search(**given)
    assert outcome.answer is outcome.root
    assert (len(expanded), judged) == ("legal" in given, [])


@pytest.mark.parametrize(("nodes", "answer"), [(2, ""), (3, "a"), (5, "a"), (6, "ba"), (7, "ca")])
def test_on_a_budget_the_answer_is_the_last_offer(search, nodes, answer):
    assert search(budget=f"nodes={nodes}")[0].answer.state.letters == answer


def test_siblings_are_one_batch(search):
    assert [[word for _, word in call] for call in search(restarts=1)[2]] == [["a", "b", "c"], ["aa", "ab"], ["ba"]]


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = restarts(root, num_children=3, depth=2, restarts=1)
    assert next(asked) == Expand(root, 3)
    a, b = leaf(root, "a"), leaf(root, "b")
    assert asked.send([a, b]) == Evaluate([a, b])
    b.value = 0.5
    assert next(asked) == Offer(b)
    assert next(asked) == Expand(b, 3)
    assert asked.send([]) == Expand(a, 3)
    with pytest.raises(StopIteration) as end:
        asked.send([])
    assert end.value.value is b


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 9))
def test_it_goes_to_the_best_child_or_back_to_the_best_that_is_left(
    grown, worth_of, judge, mover, one, words, seed, depth, times
):
    policy = mover()
    search = partial(restarts, depth=depth, restarts=times, success_threshold=2.0)
    outcome = one(grown(seed), judge(worth_of(seed)), search, policy=policy)

    def worth(node):
        return node.value

    def goes_on(node):
        return not node.done and node.depth < depth

    nodes, left, jumps = words(outcome.root), [], 0
    expanded = [nodes[word] for call in policy.calls for _, word in call]
    for at, node in enumerate(expanded):
        ahead = max(expanded[at - 1].children, key=worth, default=None) if at else node
        if ahead is None or not goes_on(ahead):
            assert node is max(left, key=worth)
            jumps += 1
        else:
            assert node is ahead
        left = [other for other in [*left, *node.children] if other is not node and goes_on(other)]
    assert len(expanded) == len(set(expanded))
    assert jumps <= times
    assert jumps == times or not left  # it gives up only where nothing is left
    assert all(node.depth <= depth for node in nodes.values())


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 9), st.integers(1, 40))
def test_wherever_it_ends_the_answer_is_the_best_that_was_judged(
    grown, worth_of, judge, one, seed, depth, times, nodes
):
    search = partial(restarts, depth=depth, restarts=times)
    outcome = one(grown(seed), judge(worth_of(seed)), search, budget=f"nodes={nodes}")
    judged = [(node.done, node.value) for node in outcome.root if node.estimate]
    answer = outcome.answer
    assert (answer.done, answer.value) == max(judged, default=(outcome.root.done, 0.0))
    assert (answer is outcome.root) == (not judged)


@pytest.mark.parametrize("seed", range(3))
def test_concurrency_changes_nothing(grown, worth_of, judge, drive, results, seed):
    def run(concurrency):
        return results(drive(grown(seed), judge(worth_of(seed)), restarts, tasks=range(12), concurrency=concurrency))

    assert run(1) == run(8)
