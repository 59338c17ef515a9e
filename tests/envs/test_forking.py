"""Forks through wrappers."""

import threading

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.wrappers import OrderEnforcing, RecordEpisodeStatistics, TimeLimit

from forethought.envs import TextEnv, fork
from forethought.envs.game24 import Game24


@pytest.fixture
def wrapped(puzzles):
    """TimeLimit of 4 outside, statistics in the middle, order inside, at the opening of "4 5 6 10"."""
    core = TextEnv(Game24(puzzles))
    env = TimeLimit(RecordEpisodeStatistics(OrderEnforcing(core)), max_episode_steps=4)
    env.reset(seed=0, options={"task": 0})
    return env


def chain(env):
    names = []
    while isinstance(env, gym.Wrapper):
        names.append(type(env))
        env = env.env
    return [*names, type(env)]


def test_a_bare_environment_is_forked_by_itself(env):
    env.step("10 - 4")
    other = fork(env)
    assert type(other) is TextEnv
    assert other is not env
    assert other.get_state() == env.get_state()


def test_the_whole_chain_is_there_again(wrapped):
    other = fork(wrapped)
    assert chain(other) == chain(wrapped) == [TimeLimit, RecordEpisodeStatistics, OrderEnforcing, TextEnv]
    for one, two in ((other, wrapped), (other.env, wrapped.env), (other.unwrapped, wrapped.unwrapped)):
        assert one is not two


def test_the_rules_are_shared(wrapped):
    assert fork(wrapped).unwrapped.family is wrapped.unwrapped.family


def test_steps_that_were_made_count_in_the_fork(wrapped):
    wrapped.step("10 - 4")
    wrapped.step("junk")
    other = fork(wrapped)
    assert [other.step("junk")[3] for _ in range(2)] == [False, True]
    assert [wrapped.step("junk")[3] for _ in range(2)] == [False, True]


def test_the_statistics_go_on_in_each(wrapped):
    wrapped.step("10 - 4")
    other = fork(wrapped)
    other.step("5 * 6")
    info = other.step("30 - 6")[4]
    assert (info["episode"]["r"], info["episode"]["l"]) == (1.0, 3)
    wrapped.step("junk")
    wrapped.step("5 * 6")
    info = wrapped.step("30 + 6")[4]
    assert (info["episode"]["r"], info["episode"]["l"]) == (0.0, 4)
    assert list(wrapped.env.return_queue) == [0.0]
    assert list(other.env.return_queue) == [1.0]


def test_neither_chain_moves_the_other(wrapped):
    other = fork(wrapped)
    assert other.step("10 - 4")[0] == "10 - 4 = 6 (left: 5 6 6)"
    assert wrapped.step("5 + 6")[0] == "5 + 6 = 11 (left: 4 10 11)"
    assert other.step("5 * 6")[0] == "5 * 6 = 30 (left: 6 30)"
    other.reset(options={"task": 3})
    assert wrapped.step("11 - 4")[0] == "11 - 4 = 7 (left: 7 10)"


def test_their_generators_are_apart(wrapped):
    other = fork(wrapped)
    drawn = [other.reset()[0] for _ in range(10)]
    assert [wrapped.reset()[0] for _ in range(10)] == drawn


def test_a_fork_of_a_fork(wrapped):
    wrapped.step("10 - 4")
    other = fork(fork(wrapped))
    assert other.step("5 * 6")[0] == "5 * 6 = 30 (left: 6 30)"
    assert other._elapsed_steps == 2


def test_whether_reset_was_called_is_known_to_the_fork(puzzles):
    env = OrderEnforcing(TextEnv(Game24(puzzles)))
    with pytest.raises(ResetNeeded):
        fork(env).step("10 - 4")
    other = fork(env)
    other.reset()
    with pytest.raises(ResetNeeded):
        env.step("10 - 4")


def test_what_gym_make_wraps_can_be_forked_and_keeps_its_spec(puzzles):
    env = gym.make("Game24-v0", puzzles=puzzles)
    env.reset(options={"task": 0})
    assert env.spec.id == "Game24-v0"
    other = fork(env)
    assert other.spec is env.spec
    assert other.step("10 - 4")[0] == "10 - 4 = 6 (left: 5 6 6)"
    assert env.unwrapped.state_key() == b"4 5 6 10"


def test_a_spec_that_nobody_asked_for_is_not_needed(wrapped):
    assert fork(wrapped).spec is None


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1"])
def test_an_environment_without_fork_is_named(env_id):
    with pytest.raises(
        TypeError, match=r"cannot fork; expected an environment with fork\(\), such as forethought's own"
    ):
        fork(gym.make(env_id))


def test_a_fork_that_is_no_method_does_not_count():
    core = gym.make("CartPole-v1").unwrapped
    core.fork = "yes"
    with pytest.raises(TypeError, match=r"CartPole.* cannot fork"):
        fork(core)


class Locked(gym.Wrapper):
    def __init__(self, env):
        super().__init__(env)
        self.lock = threading.Lock()


def test_a_wrapper_that_cannot_be_copied_is_named_with_advice(wrapped):
    with pytest.raises(
        TypeError, match=r"a wrapper of <Locked.* cannot be copied \(.*lock.*\); fork before wrapping it"
    ):
        fork(Locked(wrapped))


def test_a_foreign_core_with_fork_is_welcome():
    class Counter(gym.Env):
        def __init__(self, count=0):
            self.count = count

        def step(self, action):
            self.count += 1
            return self.count, 0.0, False, False, {}

        def fork(self):
            return Counter(self.count)

    env = TimeLimit(Counter(5), 10)
    env._elapsed_steps = 0
    other = fork(env)
    assert env.step(0)[0] == 6
    assert [other.step(0)[0] for _ in range(2)] == [6, 7]
