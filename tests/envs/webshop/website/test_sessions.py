"""Sessions: isolated, bounded, and addressed by their steps."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from forethought.envs.family import Illegal
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.website.sessions import NotHere, Sessions


def play(state, action):
    """A shop in which one can search, and nothing else."""
    if not action.startswith("search["):
        raise Illegal("no")
    return State(state.goal, action[7:-1], 1)


SHOP = SimpleNamespace(goals=range(5), play=play)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(clock):
    return Sessions(SHOP, limit=3, history=4, lifetime=10.0, clock=clock)


def queries(sessions, name):
    """The queries of all steps that are remembered, by step."""
    found = {}
    for step in range(sessions.last(name) + 1):
        try:
            found[step] = sessions.at(name, step).state.query
        except NotHere:
            continue
    return found


def played(sessions, goal, *words):
    name = sessions.begin(goal)
    for step, word in enumerate(words):
        assert sessions.act(name, step, f"search[{word}]") == step + 1
    return name


def test_steps_are_addresses(sessions):
    name = played(sessions, 2, "a", "b")
    assert queries(sessions, name) == {0: None, 1: "a", 2: "b"}
    second = sessions.at(name, 2)
    assert (second.before, second.action) == (sessions.at(name, 1).state, "search[b]")
    assert sessions.at(name, 0).before is None
    assert {sessions.at(name, step).state.goal for step in range(3)} == {2}


def test_acting_on_an_earlier_step_forgets_what_came_after(sessions):
    name = played(sessions, 0, "a", "b", "c")
    assert sessions.act(name, 1, "search[other]") == 2
    assert queries(sessions, name) == {0: None, 1: "a", 2: "other"}


def test_what_is_illegal_changes_nothing(sessions):
    name = played(sessions, 0, "a", "b")
    with pytest.raises(Illegal):
        sessions.act(name, 1, "click[a]")
    assert queries(sessions, name) == {0: None, 1: "a", 2: "b"}


def test_old_steps_are_forgotten(sessions):
    name = played(sessions, 0, *"abcde")
    assert queries(sessions, name) == {2: "b", 3: "c", 4: "d", 5: "e"}
    with pytest.raises(NotHere, match="no step 1 in this session; it has 2 to 5"):
        sessions.act(name, 1, "search[x]")


def test_sessions_do_not_see_each_other(sessions):
    one, other = played(sessions, 0, "a"), played(sessions, 0)
    assert one != other
    assert len(one) >= 22  # 16 random bytes
    assert queries(sessions, other) == {0: None}


def test_a_fork_goes_its_own_way(sessions):
    name = played(sessions, 1, "a", "b")
    fork = sessions.fork(name, 1)
    sessions.act(fork, 1, "search[fork]")
    sessions.act(name, 1, "search[first]")
    assert queries(sessions, fork) == {0: None, 1: "a", 2: "fork"}
    assert queries(sessions, name) == {0: None, 1: "a", 2: "first"}
    sessions.delete(name)
    assert sessions.last(fork) == 2
    with pytest.raises(NotHere):
        sessions.fork(fork, 3)


def test_the_one_used_longest_ago_makes_room(sessions):
    first, second, third = (sessions.begin(goal) for goal in range(3))
    sessions.last(first)
    fourth = sessions.begin(3)
    assert len(sessions) == 3
    with pytest.raises(NotHere):
        sessions.last(second)
    assert [sessions.at(name, 0).state.goal for name in (first, third, fourth)] == [0, 2, 3]


def test_sessions_expire_after_their_last_use(sessions, clock):
    used, idle = sessions.begin(0), sessions.begin(1)
    clock.now = 10.0
    sessions.at(used, 0)
    clock.now = 10.5
    assert len(sessions) == 1
    with pytest.raises(NotHere, match="expired"):
        sessions.last(idle)
    clock.now = 20.5
    with pytest.raises(NotHere):
        sessions.last(used)


@pytest.mark.parametrize("act", [lambda s: s.last("x"), lambda s: s.at("x", 0), lambda s: s.delete("x")])
def test_unknown_sessions(sessions, act):
    with pytest.raises(NotHere):
        act(sessions)


def test_deleted_sessions_are_gone(sessions):
    name = sessions.begin(0)
    sessions.delete(name)
    with pytest.raises(NotHere):
        sessions.delete(name)


@pytest.mark.parametrize("goal", [-1, 5])
def test_unknown_goals(sessions, goal):
    with pytest.raises(ValueError, match="expected an integer from 0 to 4"):
        sessions.begin(goal)


@pytest.mark.parametrize("bounds", [{"limit": 0}, {"history": 0}, {"lifetime": 0.0}])
def test_there_is_room_for_something(bounds):
    with pytest.raises(ValueError, match="must be positive"):
        Sessions(SHOP, **bounds)


def test_a_step_replaced_while_it_was_played_is_not_built_upon(clock):
    sessions = Sessions(SimpleNamespace(goals=range(1), play=lambda state, action: hook(state, action)), clock=clock)
    hook = play
    name = played(sessions, 0, "a", "b")

    def meanwhile(state, action):
        nonlocal hook
        hook = play
        sessions.act(name, 0, "search[other]")
        return play(state, action)

    hook = meanwhile
    with pytest.raises(NotHere, match="played again meanwhile"):
        sessions.act(name, 1, "search[late]")
    assert queries(sessions, name) == {0: None, 1: "other"}


def in_threads(work, count=8):
    """Runs work(0), work(1), … at once; gives what they raised."""
    raised = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_many_threads_at_once():
    sessions = Sessions(SHOP, limit=1000)

    def shop_around(number):
        for turn in range(40):
            fork = sessions.fork(played(sessions, number % 5, f"{number}", f"{turn}"), 2)
            assert queries(sessions, fork) == {0: None, 1: f"{number}", 2: f"{turn}"}
            sessions.delete(fork)

    assert in_threads(shop_around) == []
    assert len(sessions) == 8 * 40


def test_many_threads_stay_within_the_limit():
    sessions = Sessions(SHOP, limit=20)
    assert in_threads(lambda number: [sessions.begin(0) for _ in range(200)]) == []
    assert len(sessions) == 20
