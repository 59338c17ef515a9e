from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Evaluate, Expand, ExpandAll, Offer, beam
from forethought.search.dvts import dvts

# Two subtrees of two steps each: the first is dealt a and c, the second b and d.
#
#              root
#   a .1   b .8     c .6     d .7
#        bx .2 by .3  cx .95 cy .4       (cx has ended; d leads to dx .5)
LEGAL = {"": "abcd", "b": "xy", "c": "xy", "d": "x"}
VALUES = {"a": 0.1, "b": 0.8, "c": 0.6, "d": 0.7, "bx": 0.2, "by": 0.3, "cx": 0.95, "cy": 0.4, "dx": 0.5}


@pytest.fixture
def search(letters, judge, mover, one):
    def run(legal=LEGAL, values=VALUES, ends=("cx",), budget="nodes=1000", algorithm=dvts, **settings):
        policy, value = mover(), judge(values)
        outcome = one(letters(legal, ends=ends), value, partial(algorithm, **settings), policy=policy, budget=budget)
        calls = [["".join(word) for _, word in call] for call in policy.calls]
        return outcome, calls, [[word for _, word in call] for call in value.calls]

    return run


def test_each_subtree_follows_its_own_best(search):
    # a .1 < c .6 and b .8 > d .7, so c and b go on; d is better than c and does not. Then cx .95, by .3.
    # cx has ended, by is a dead end.
    outcome, expanded, judged = search(n=2, num_children=2)
    assert expanded == [[""], ["c", "b"], ["by"]]
    assert judged == [["a", "b", "c", "d"], ["cx", "cy", "bx", "by"]]
    assert outcome.answer.state.letters == "cx"


def test_a_beam_of_the_same_size_drops_what_a_subtree_keeps(search):
    outcome, expanded, _ = search(algorithm=beam, beam_width=2, num_children=4)
    assert expanded[:2] == [[""], ["b", "d"]]
    assert outcome.answer.state.letters != "cx"


def test_one_subtree_is_greedy(search):
    outcome, expanded, _ = search(n=1, num_children=4)
    assert expanded == [[""], ["b"], ["by"]]
    assert outcome.answer.state.letters == "by"


def test_the_root_makes_the_steps_of_all_subtrees_and_every_tip_its_own(letters, judge, mover, one):
    policy = mover()
    one(letters(LEGAL, ends={"cx"}), judge(VALUES), partial(dvts, n=2, num_children=2), policy=policy)
    assert [query.num_children for query in policy.queries] == [4, 2, 2, 2]


def test_where_there_are_fewer_steps_there_are_fewer_subtrees(search):
    _, expanded, _ = search(n=9, num_children=1)
    assert expanded[:2] == [[""], ["a", "b", "c", "d"]]


def test_a_stuck_subtree_answers_with_where_it_is(search):
    # a and d are dead ends, and of the two a .9 is better.
    outcome, expanded, _ = search(legal={"": "ad"}, values={"a": 0.9, "d": 0.4}, n=2, num_children=1)
    assert (outcome.answer.state.letters, expanded) == ("a", [[""], ["a", "d"]])


def test_an_ending_stands_above_a_better_state_that_has_not_ended(search):
    outcome, _, _ = search(legal={"": "ad"}, values={"a": 0.9, "d": 0.4}, ends={"d"}, n=2, num_children=1)
    assert outcome.answer.state.letters == "d"


@pytest.mark.parametrize("given", [{"legal": {}}, {"ends": {""}}, {"depth": 0}])
def test_a_root_that_cannot_go_on_is_the_answer(search, given):
    outcome, expanded, judged = search(**given)
    assert outcome.answer is outcome.root
    assert (len(expanded), judged) == ("legal" in given, [])


@pytest.mark.parametrize(("depth", "answer", "levels"), [(1, "b", 1), (2, "cx", 2), (3, "cx", 3)])
def test_the_depth_limits_the_levels(search, depth, answer, levels):
    outcome, expanded, _ = search(n=2, num_children=2, depth=depth)
    assert (outcome.answer.state.letters, len(expanded)) == (answer, levels)


@pytest.mark.parametrize(("nodes", "answer"), [(3, ""), (4, "b"), (7, "b"), (8, "cx")])
def test_each_level_is_offered(search, nodes, answer):
    assert search(budget=f"nodes={nodes}", n=2, num_children=2)[0].answer.state.letters == answer


@pytest.mark.parametrize("given", [{"n": 0}, {"num_children": 0}])
def test_no_subtree_and_no_step_are_refused(leaf, given):
    with pytest.raises(ValueError, match="give at least one subtree, and one step to each"):
        next(dvts(leaf(), **given))


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = dvts(root, n=2, num_children=1, depth=2)
    assert next(asked) == Expand(root, 2)
    a, b = leaf(root, "a"), leaf(root, "b")
    assert asked.send([a, b]) == Evaluate([a, b])
    b.value = 0.5
    assert next(asked) == Offer(b)
    assert next(asked) == ExpandAll([a, b], 1)
    c = leaf(a, "c")
    b.dead = True  # as the driver does where no child came
    assert asked.send([[c], []]) == Evaluate([c])
    assert next(asked) == Offer(b)
    with pytest.raises(StopIteration) as end:
        next(asked)
    assert end.value.value is b


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3), st.integers(0, 5), st.none() | st.integers(1, 40))
def test_subtrees_are_disjoint_and_the_best_of_their_tips_is_the_answer(
    grown, worth_of, judge, mover, one, seed, n, num_children, depth, nodes
):
    policy = mover()
    world, search = grown(seed, branching=6), partial(dvts, n=n, num_children=num_children, depth=depth)
    outcome = one(world, judge(worth_of(seed)), search, policy=policy, budget=f"nodes={nodes or 10**6}")
    root = outcome.root
    followed = []
    for first in range(min(n, len(root.children))):
        trail = [max(root.children[first::n], key=lambda node: node.value)]
        while trail[-1].children:
            trail.append(max(trail[-1].children, key=lambda node: node.value))
        followed.append(trail)
    expanded = [word for call in policy.calls for _, word in call]
    mine = [{node.state.letters for node in trail} for trail in followed]
    assert sum(map(len, mine)) == len(set().union(*mine))
    assert set(expanded) <= {""}.union(*mine)
    assert len(expanded) == len(set(expanded))
    tips = [trail[-1] for trail in followed] or [root]
    assert (outcome.answer.done, outcome.answer.value) == max((tip.done, tip.value) for tip in tips)
    assert outcome.answer in tips
    assert all(node.depth <= depth and len(node.children) <= num_children for node in root if node is not root)
    if outcome.stopped == "returned":
        assert all(tip.done or tip.dead or tip.depth == depth for tip in tips)
        assert len(policy.calls) <= depth


@pytest.mark.parametrize("seed", range(3))
def test_concurrency_changes_nothing(grown, worth_of, judge, drive, results, seed):
    def run(concurrency):
        return results(drive(grown(seed), judge(worth_of(seed)), dvts, tasks=range(12), concurrency=concurrency))

    assert run(1) == run(8)
