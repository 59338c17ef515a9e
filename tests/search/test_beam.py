from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import beam
from forethought.search.registry import algorithm

#               root
#      a .5      b .6      c .4
#   aa .3 ab .8  ba .7     ca .9
#   aax .1  abx .2  bax .35    cax .99
LEGAL = {"": "abc", "a": "ab", "b": "a", "c": "a", "aa": "x", "ab": "x", "ba": "x", "ca": "x"}
VALUES = {
    "a": 0.5, "b": 0.6, "c": 0.4, "aa": 0.3, "ab": 0.8, "ba": 0.7, "ca": 0.9,
    "aax": 0.1, "abx": 0.2, "bax": 0.35, "cax": 0.99,
}  # fmt: skip


@pytest.fixture
def search(letters, judge, mover, one):
    def run(ends=(), **settings):
        policy, value = mover(), judge(VALUES)
        outcome = one(letters(LEGAL, ends=ends), value, algorithm("beam", settings), policy=policy)
        return outcome.answer.state.letters, policy.calls, value.calls

    return run


def test_beam_keeps_the_best_of_each_level(search):
    # Level 1 keeps b .6 and a .5, so c and its .99 are never seen; level 2 keeps ab .8 and ba .7 of aa, ab, ba.
    answer, expanded, judged = search(beam_width=2, depth=3)
    assert answer == "bax"
    assert expanded == [[(0, "")], [(0, "b"), (0, "a")], [(0, "ab"), (0, "ba")]]
    assert judged == [
        [(0, "a"), (0, "b"), (0, "c")],
        [(0, "ba"), (0, "aa"), (0, "ab")],
        [(0, "abx"), (0, "bax")],
    ]


@pytest.mark.parametrize(("beam_width", "answer"), [(1, "bax"), (2, "bax"), (3, "cax"), (99, "cax")])
def test_a_wider_beam_sees_more(search, beam_width, answer):
    assert search(beam_width=beam_width, depth=3)[0] == answer


@pytest.mark.parametrize(("depth", "answer"), [(0, ""), (1, "b"), (2, "ca"), (3, "cax")])
def test_the_depth_limits_the_levels(search, depth, answer):
    got, expanded, _ = search(beam_width=9, depth=depth)
    assert (got, len(expanded)) == (answer, depth)


def test_a_level_is_one_request(search):
    _, expanded, judged = search(beam_width=9, depth=3)
    assert [len(call) for call in expanded] == [1, 3, 4]
    assert [len(call) for call in judged] == [3, 4, 4]


def test_a_finished_state_keeps_its_place_and_is_not_expanded(search):
    # ab .8 has ended: level 2 is ab, ba. Of level 3, bax .35 and the old ab .8, ab is best.
    answer, expanded, _ = search(ends={"ab"}, beam_width=2, depth=3)
    assert answer == "ab"
    assert expanded[-1] == [(0, "ba")]


def test_a_finished_state_can_lose_its_place_and_stays_the_answer_until_a_better_one_has_finished(search):
    # b .6 has ended; level 2 of c .4 and a .5 is ca .9, ab .8, aa .3: a beam of 2 has no place for b.
    answer, expanded, _ = search(ends={"b"}, beam_width=2, depth=3)
    assert (answer, expanded[-1]) == ("b", [(0, "ab")])
    assert search(ends={"b", "cax"}, beam_width=3, depth=3)[0] == "cax"


def test_an_ending_is_never_given_up_for_a_dead_end(letters, judge, one):
    outcome = one(letters({"": "ab"}, ends={"a"}), judge({"a": 0.3, "b": 0.9}), beam)
    assert outcome.answer.state.letters == "a"


def test_the_search_ends_where_all_have_ended(search):
    answer, expanded, _ = search(ends={"a", "b", "c"}, depth=10)
    assert (answer, len(expanded)) == ("b", 1)


def test_of_equal_values_the_first_is_kept(letters, judge, one):
    outcome = one(letters({"": "abc"}), judge(dict.fromkeys("abc", 0.5)), algorithm("beam", {"beam_width": 1}))
    assert outcome.answer.state.letters == "a"


def test_where_all_are_dead_ends_the_answer_is_the_best_of_them(letters, judge, one):
    outcome = one(letters({"": "ab"}), judge({"a": 0.1, "b": 0.2}), beam)
    assert outcome.answer.state.letters == "b"
    assert (outcome.stopped, outcome.root.children[0].dead) == ("returned", True)


def test_a_dead_end_among_others_is_left_behind(letters, judge, one):
    outcome = one(letters({"": "ab", "b": "c"}), judge({"a": 0.9, "b": 0.2, "bc": 0.1}), beam)
    assert outcome.answer.state.letters == "bc"


def test_a_task_that_has_ended_is_its_own_answer(letters, judge, mover, one):
    policy = mover()
    outcome = one(letters({"": "a"}, ends={""}), judge(), beam, policy=policy)
    assert outcome.answer is outcome.root
    assert policy.calls == []


def test_each_level_is_offered(letters, judge, one):
    world = letters(LEGAL)
    for budget, answer in [("nodes=2", ""), ("nodes=3", "b"), ("nodes=5", "b"), ("nodes=6", "ab")]:
        outcome = one(world, judge(VALUES), algorithm("beam", {"beam_width": 2, "depth": 3}), budget=budget)
        assert outcome.answer.state.letters == answer


def test_a_beam_that_keeps_nothing_is_refused(letters, judge, drive):
    outcome = drive(letters(LEGAL), judge(VALUES), algorithm("beam", {"beam_width": 0}))[0]
    with pytest.raises(ValueError, match="beam_width is 0; a beam keeps at least one state"):
        raise outcome.error


def last_level(world, task, depth):
    """The steps that an exhaustive search ends with: all that have ended, and the others of the last level."""
    level, ended = [world.root(task)], []
    for _ in range(depth):
        after = [world.step(s.state, a) for s in level if not s.terminated for a in world.actions(s.state)]
        if not after:
            break
        ended += [step for step in level if step.terminated]
        level = after
    return ended + level


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 5))
def test_a_beam_that_keeps_all_finds_the_best_there_is(grown, worth_of, judge, one, seed, depth):
    world, value = grown(seed), judge(worth_of(seed))
    outcome = one(world, value, algorithm("beam", {"beam_width": 10**6, "depth": depth}))
    steps = last_level(world, 0, depth)
    assert outcome.answer.state in [step.state for step in steps]
    if outcome.answer is not outcome.root:

        class At:
            def __init__(self, state):
                self.task, self.node = state.task, type("Node", (), {"state": state})

        best = max((step.terminated, worth_of(seed)(At(step.state)).value) for step in steps)
        assert (outcome.answer.done, outcome.answer.value) == best


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_no_level_expands_more_than_the_beam_keeps(grown, worth_of, judge, mover, one, seed, beam_width):
    policy = mover()
    one(grown(seed), judge(worth_of(seed)), algorithm("beam", {"beam_width": beam_width}), policy=policy)
    assert all(len(call) <= beam_width for call in policy.calls)
