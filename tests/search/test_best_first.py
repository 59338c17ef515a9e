from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Evaluate, Expand, Offer
from forethought.search.best_first import best_first

#               root
#      a .5        b .6        c .4
#   aa .3 ab .8    ba .2       ca .9      (ca has ended)
#         abx .35
LEGAL = {"": "abc", "a": "ab", "b": "a", "c": "a", "ab": "x"}
VALUES = {"a": 0.5, "b": 0.6, "c": 0.4, "aa": 0.3, "ab": 0.8, "ba": 0.2, "ca": 0.9, "abx": 0.35}


@pytest.fixture
def search(letters, judge, mover, one):
    def run(legal=LEGAL, values=VALUES, ends=("ca",), budget="nodes=1000", **settings):
        policy, value = mover(), judge(values)
        outcome = one(letters(legal, ends=ends), value, partial(best_first, **settings), policy=policy, budget=budget)
        return outcome, [word for call in policy.calls for _, word in call], value.calls

    return run


# By hand, the frontier before each visit:
#
# 1. root                             -> a .5, b .6, c .4
# 2. b .6, a .5, c .4                 -> ba .2
# 3. a .5, c .4, ba .2                -> aa .3, ab .8
# 4. ab .8, c .4, aa .3, ba .2        -> abx .35
# 5. c .4, abx .35, aa .3, ba .2      -> ca .9
# 6. ca .9, abx .35, aa .3, ba .2     has ended
# 7. abx .35, 8. aa .3, 9. ba .2      dead ends
ORDER = ["", "b", "a", "ab", "c", "abx", "aa", "ba"]
AFTER = [("", 0), ("b", 1), ("b", 2), ("ab", 3), ("ab", 4), ("ca", 5), ("ca", 5), ("ca", 6), ("ca", 7), ("ca", 8)]


@pytest.mark.parametrize("max_expansions", range(10))
def test_visits_are_as_worked_by_hand(search, max_expansions):
    outcome, expanded, _ = search(max_expansions=max_expansions)
    answer, expansions = AFTER[max_expansions]
    assert (outcome.answer.state.letters, expanded) == (answer, ORDER[:expansions])


def test_an_empty_frontier_ends_the_search(search):
    outcome, expanded, _ = search(max_expansions=1000)
    assert (outcome.answer.state.letters, expanded) == ("ca", ORDER)


@pytest.mark.parametrize(("success_threshold", "expansions"), [(0.5, 5), (0.9, 5), (0.91, 8)])
def test_the_visit_to_a_good_enough_ending_is_the_last(search, success_threshold, expansions):
    # b .6 and ab .8 have not ended, and are gone on from.
    assert search(success_threshold=success_threshold)[1] == ORDER[:expansions]


def test_a_better_state_is_visited_before_an_ending_that_is_good_enough(search):
    # a .5 has ended; b .6 comes first, and ba .7 after it is the better ending.
    outcome, expanded, _ = search(legal={"": "ab", "b": "a"}, values={"a": 0.5, "b": 0.6, "ba": 0.7},
                                 ends={"a", "ba"}, success_threshold=0.5)  # fmt: skip
    assert (outcome.answer.state.letters, expanded) == ("ba", ["", "b"])


def test_steps_can_cost(search):
    # At .5 a step: a 0, b .1, c -.1, aa -.7, ab -.2, ba -.8, ca -.1, abx -1.15: now c comes before ab.
    assert search(length_cost=0.5)[1] == ["", "b", "a", "c", "ab", "aa", "ba", "abx"]


@pytest.mark.parametrize(("length_cost", "answer"), [(0.0, "ba"), (0.25, "ba"), (0.4, "a")])
def test_the_cost_of_steps_counts_in_the_answer(search, length_cost, answer):
    # a .6 and ba .9 have ended: at .4 a step they promise .2 and .1.
    outcome, _, _ = search(
        legal={"": "ab", "b": "a"}, values={"a": 0.6, "b": 0.7, "ba": 0.9}, ends={"a", "ba"}, length_cost=length_cost
    )
    assert outcome.answer.state.letters == answer


def test_a_state_that_promises_less_than_nothing_is_a_better_answer_than_the_root(search):
    assert search(length_cost=1.0, max_expansions=1)[0].answer.state.letters == "b"


def test_of_equals_the_oldest_comes_first(search):
    # a's child is as good as b and c, and younger.
    legal = {"": "abc", "a": "x", "b": "x"}
    outcome, expanded, _ = search(legal=legal, values=dict.fromkeys(["a", "b", "c", "ax", "bx"], 0.5))
    assert (outcome.answer.state.letters, expanded) == ("a", ["", "a", "b", "c", "ax", "bx"])


@pytest.mark.parametrize(("depth", "order"), [(0, []), (1, [""]), (2, ["", "b", "a", "c"])])
def test_the_depth_limits_the_tree(search, depth, order):
    assert search(depth=depth)[1] == order


def test_a_visit_to_what_goes_no_further_counts(search):
    # At depth 2: root, b, a, ab (no further), c. With four visits c is not reached.
    assert search(depth=2, max_expansions=4)[1] == ["", "b", "a"]
    assert search(depth=2, max_expansions=5)[1] == ["", "b", "a", "c"]


@pytest.mark.parametrize("given", [{"legal": {}}, {"ends": {""}}, {"depth": 0}, {"max_expansions": 0}])
def test_a_root_that_cannot_go_on_is_the_answer(search, given):
    outcome, expanded, judged = search(**given)
    assert outcome.answer is outcome.root
    assert (len(expanded), judged) == ("legal" in given, [])


def test_siblings_are_one_batch(search):
    assert [[word for _, word in call] for call in search(max_expansions=3)[2]] == [
        ["a", "b", "c"],
        ["ba"],
        ["aa", "ab"],
    ]


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = best_first(root, num_children=3, max_expansions=2)
    assert next(asked) == Expand(root, 3)
    child = leaf(root, "a")
    assert asked.send([child]) == Evaluate([child])
    child.value = 0.5
    assert next(asked) == Offer(child)
    assert next(asked) == Expand(child, 3)
    with pytest.raises(StopIteration) as end:
        asked.send([])
    assert end.value.value is child


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 40), st.sampled_from([0.0, 0.125, 1.0]))
def test_nothing_on_the_frontier_promises_more_than_what_is_expanded(
    grown, worth_of, judge, mover, one, words, seed, depth, max_expansions, cost
):
    policy = mover()
    search = partial(best_first, depth=depth, max_expansions=max_expansions, length_cost=cost)
    outcome = one(grown(seed), judge(worth_of(seed)), search, policy=policy)
    nodes, frontier = words(outcome.root), [outcome.root]
    expanded = [nodes[word] for call in policy.calls for _, word in call]
    for node in expanded:
        assert node is max(frontier, key=lambda other: other.value - cost * other.depth)  # the first is the oldest
        frontier.remove(node)  # so that none is expanded twice
        frontier += [child for child in node.children if not child.done and child.depth < depth]
    assert len(expanded) <= max_expansions
    assert all(node.depth <= depth for node in nodes.values())


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 40), st.integers(1, 40))
def test_wherever_it_ends_the_answer_is_the_best_that_was_judged(
    grown, worth_of, judge, one, seed, depth, max_expansions, nodes
):
    search = partial(best_first, num_children=3, depth=depth, max_expansions=max_expansions)
    outcome = one(grown(seed), judge(worth_of(seed)), search, budget=f"nodes={nodes}")
    judged = [(node.done, node.value) for node in outcome.root if node.estimate]
    answer = outcome.answer
    assert (answer.done, answer.value) == max(judged, default=(outcome.root.done, 0.0))
    assert (answer is outcome.root) == (not judged)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(0, 5))
def test_with_visits_enough_nothing_is_left_out(grown, worth_of, judge, one, seed, depth):
    search = partial(best_first, depth=depth, max_expansions=10**6, success_threshold=2.0)
    root = one(grown(seed), judge(worth_of(seed)), search).root
    assert all(node.children or node.dead or node.done or node.depth == depth for node in root)


@pytest.mark.parametrize("seed", range(3))
def test_concurrency_changes_nothing(grown, worth_of, judge, drive, results, seed):
    def run(concurrency):
        return results(drive(grown(seed), judge(worth_of(seed)), best_first, tasks=range(12), concurrency=concurrency))

    assert run(1) == run(8)
