from __future__ import annotations

from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search.mcts import backup, most_visited, select
from forethought.search.registry import algorithm

#          root
#      a .5     b .6
#      aa .9   ba .2  bb .1          (aa has ended)
LEGAL = {"": "ab", "a": "a", "b": "ab"}
VALUES = {"a": 0.5, "b": 0.6, "aa": 0.9, "ba": 0.2, "bb": 0.1}


def near(number):
    return pytest.approx(number, abs=1e-12)


@pytest.fixture
def search(letters, judge, mover, one, words):
    def run(legal=LEGAL, values=VALUES, ends=("aa",), budget="nodes=1000", **settings):
        policy = mover()
        outcome = one(
            letters(legal, ends=ends), judge(values), algorithm("mcts", settings), policy=policy, budget=budget
        )
        counts = {word: (node.visits, node.total) for word, node in words(outcome.root).items()}
        return outcome, counts, [word for call in policy.calls for _, word in call]

    return run


# By hand, with c = 1 and UCB = W/N + c sqrt(ln N(parent) / N):
#
# 1. The root is a leaf: a and b are made and judged. a 1/.5, b 1/.6, root 2/1.1.
# 2. ln 2 = .693: a .5 + .833 = 1.333, b .6 + .833 = 1.433. Select b, make ba and bb.
#    ba 1/.2, bb 1/.1, b 3/.9, root 4/1.4.
# 3. ln 4 = 1.386: a .5 + 1.177 = 1.677, b .9/3 + sqrt(1.386/3) = .3 + .680 = .980. Select a, make aa.
#    aa 1/.9, a 2/1.4, root 5/2.3.
# 4. ln 5 = 1.609: a .7 + .897 = 1.597, b .3 + .732 = 1.032. Select a, then aa, its only child, which has
#    ended and counts once more. aa 2/1.8, a 3/2.3, root 6/3.2.
# 5. ln 6 = 1.792: a .767 + .773 = 1.539, b .3 + .773 = 1.073. As before: aa 3/2.7, a 4/3.2, root 7/4.1.
BY_HAND = [
    ({"": (0, 0)}, []),
    ({"": (2, 1.1), "a": (1, 0.5), "b": (1, 0.6)}, [""]),
    ({"": (4, 1.4), "a": (1, 0.5), "b": (3, 0.9), "ba": (1, 0.2), "bb": (1, 0.1)}, ["", "b"]),
    ({"": (5, 2.3), "a": (2, 1.4), "aa": (1, 0.9), "b": (3, 0.9), "ba": (1, 0.2), "bb": (1, 0.1)}, ["", "b", "a"]),
    ({"": (6, 3.2), "a": (3, 2.3), "aa": (2, 1.8), "b": (3, 0.9), "ba": (1, 0.2), "bb": (1, 0.1)}, ["", "b", "a"]),
    ({"": (7, 4.1), "a": (4, 3.2), "aa": (3, 2.7), "b": (3, 0.9), "ba": (1, 0.2), "bb": (1, 0.1)}, ["", "b", "a"]),
]


@pytest.mark.parametrize("num_simulations", range(6))
def test_iterations_are_as_worked_by_hand(search, num_simulations):
    _, counts, expanded = search(num_simulations=num_simulations)
    by_hand, order = BY_HAND[num_simulations]
    assert counts == {word: (visits, near(total)) for word, (visits, total) in by_hand.items()}
    assert expanded == order


@pytest.mark.parametrize(("num_simulations", "answer"), [(0, ""), (1, "a"), (2, "ba"), (3, "aa"), (5, "aa")])
def test_the_answer_is_the_best_ending_else_the_most_visited_path(search, num_simulations, answer):
    # After 1 a and b were visited once each, and the first of equals is taken; after 2 it is b, then ba.
    assert search(num_simulations=num_simulations)[0].answer.state.letters == answer


def test_without_exploration_the_best_mean_is_followed(search):
    # 2. b .6 over a .5: b 3/.9 = .3. 3. a .5: aa .9, a 2/1.4 = .7. From now on aa: a stays above b.
    _, counts, expanded = search(num_simulations=10, exploration=0.0)
    assert expanded == ["", "b", "a"]
    assert counts["b"] == (3, near(0.9))
    assert counts["aa"] == (8, near(7.2))


def test_much_exploration_visits_all_alike(search):
    legal = {"": "ab", "a": "xy", "b": "xy"}
    _, counts, _ = search(legal=legal, values={"a": 1.0, "b": 0.0}, ends=(), num_simulations=3, exploration=100.0)
    assert counts["a"][0] == counts["b"][0] == 3


def test_a_dead_end_counts_as_nothing_each_time_it_is_met(search):
    # c = 0. 1. a 1/.9, b 1/.4. 2. a is found to be dead: nothing is counted. 3. a again: 2/.9 = .45.
    # 4. a again: 3/.9 = .3. 5. b .4: bd 1/1, b 2/1.4.
    outcome, counts, expanded = search(
        legal={"": "ab", "b": "d"},
        values={"a": 0.9, "b": 0.4, "bd": 1.0},
        ends={"bd"},
        num_simulations=5,
        exploration=0.0,
    )
    assert counts == {"": (5, near(2.3)), "a": (3, near(0.9)), "b": (2, near(1.4)), "bd": (1, near(1.0))}
    assert expanded == ["", "a", "b"]
    assert outcome.answer.state.letters == "bd"


def test_a_root_that_is_a_dead_end_is_the_answer(search):
    outcome, counts, expanded = search(legal={}, num_simulations=4)
    assert (counts, expanded) == ({"": (3, near(0))}, [""])
    assert outcome.answer is outcome.root


def test_the_depth_limits_the_tree(search):
    # c = 0, depth 1: after the root only b, the better one, counts: 1 + 2 more times .6.
    _, counts, expanded = search(num_simulations=3, depth=1, exploration=0.0)
    assert expanded == [""]
    assert counts == {"": (4, near(0.5 + 3 * 0.6)), "a": (1, near(0.5)), "b": (3, near(1.8))}


def test_a_depth_of_nothing_asks_nothing(search):
    outcome, counts, expanded = search(num_simulations=3, depth=0)
    assert (counts, expanded) == ({"": (3, near(0))}, [])
    assert outcome.answer is outcome.root


def test_a_task_that_has_ended_is_its_own_answer(search):
    outcome, counts, expanded = search(ends={""}, num_simulations=3)
    assert (counts, expanded) == ({"": (3, near(0))}, [])
    assert outcome.answer is outcome.root


@pytest.mark.parametrize(
    ("values", "answer"),
    [({"a": 0.3, "b": 0.8, "c": 0.5}, "b"), ({"a": 0.5, "b": 0.5, "c": 0.1}, "a"), ({"c": 0.1}, "c"), ({}, "a")],
)
def test_of_the_endings_the_one_of_highest_value_is_the_answer(search, values, answer):
    outcome, _, _ = search(legal={"": "abc"}, values=values, ends={"a", "b", "c"}, num_simulations=20)
    assert outcome.answer.state.letters == answer


def test_a_later_and_better_ending_takes_the_place_of_the_first(search):
    outcome, _, _ = search(
        legal={"": "ab", "b": "a"}, values={"a": 0.4, "b": 0.1, "ba": 0.9}, ends={"a", "ba"}, num_simulations=30
    )
    assert outcome.answer.state.letters == "ba"


def test_the_children_of_a_leaf_are_one_batch(letters, judge, one):
    value = judge(VALUES)
    one(letters(LEGAL, ends={"aa"}), value, algorithm("mcts", {"num_simulations": 3}))
    assert [[word for _, word in call] for call in value.calls] == [["a", "b"], ["ba", "bb"], ["aa"]]


@pytest.mark.parametrize(("nodes", "answer"), [(1, ""), (2, "a"), (3, "a"), (4, "ba"), (5, "aa")])
def test_on_a_budget_the_answer_is_the_last_offer(search, nodes, answer):
    assert search(budget=f"nodes={nodes}", num_simulations=10)[0].answer.state.letters == answer


def test_select_follows_the_bound_to_a_leaf(leaf):
    root = leaf()
    a, b = leaf(root, "a"), leaf(root, "b")
    deep = leaf(b, "c")
    root.visits, (a.visits, a.total), (b.visits, b.total) = 10, (8, 6.4), (2, 0.4)
    deep.visits, deep.total = 1, 0.2
    # a .8 + c sqrt(2.303/8) = .8 + .537 c; b .2 + 1.073 c: b from c = .6 / .536 = 1.119 on.
    turn = (0.8 - 0.2) / (sqrt(log(10) / 2) - sqrt(log(10) / 8))
    assert select(root, turn - 0.001) is a
    assert select(root, turn + 0.001) is deep


def test_select_takes_the_first_of_equals(leaf):
    root = leaf()
    for letter in "abc":
        child = leaf(root, letter)
        child.visits, child.total = 1, 0.5
    root.visits = 3
    assert select(root, 1.0) is root.children[0]


def test_backup_counts_at_the_node_and_at_all_above_it(leaf):
    root = leaf()
    middle, aside = leaf(root, "a"), leaf(root, "b")
    node = leaf(middle, "a")
    backup(node, [0.25, 0.5])
    backup(middle, [1.0])
    assert [(n.visits, n.total) for n in (root, middle, aside, node)] == [(3, 1.75), (3, 1.75), (0, 0.0), (2, 0.75)]


def test_most_visited_follows_visits_and_not_values(leaf):
    root = leaf()
    a, b = leaf(root, "a"), leaf(root, "b")
    a.visits, a.total, b.visits, b.total = 2, 2.0, 3, 0.0
    assert most_visited(root) is b


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    num_simulations=st.integers(0, 40),
    exploration=st.floats(0, 3),
    depth=st.integers(0, 5),
    num_children=st.none() | st.integers(1, 3),
)
def test_visits_and_totals_are_those_of_the_simulations_below(
    grown, worth_of, judge, one, seed, num_simulations, exploration, depth, num_children
):
    settings = {"num_simulations": num_simulations, "exploration": exploration, "depth": depth}
    settings |= {} if num_children is None else {"num_children": num_children}
    outcome = one(grown(seed), judge(worth_of(seed)), algorithm("mcts", settings))
    root, answer = outcome.root, outcome.answer
    for node in root:
        below = sum(child.visits for child in node.children), sum(child.total for child in node.children)
        own = (0, 0.0) if node is root else (1, node.value)
        if node.children:
            assert node.visits == own[0] + below[0]
            assert node.total == pytest.approx(own[1] + below[1])
        elif node.done or node.depth >= depth:
            assert node.total == pytest.approx(node.visits * node.value)
        elif node.dead:
            assert node.total == own[1]
        else:
            assert (node.visits, node.total) == own
        assert node.depth <= depth
        assert 0 <= node.total <= node.visits
    finished = [node.value for node in root if node.done]
    if finished:
        assert answer.value == max(finished)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_no_node_is_expanded_twice(grown, worth_of, judge, mover, one, seed, num_simulations):
    policy = mover()
    one(grown(seed), judge(worth_of(seed)), algorithm("mcts", {"num_simulations": num_simulations}), policy=policy)
    assert len(policy.calls) == len({word for call in policy.calls for word in call}) <= num_simulations
