"""A core that is moved below wrappers that count."""

import warnings

import gymnasium as gym
import pytest
from gymnasium import wrappers

from forethought.envs import TextEnv, fork, get_state, set_state
from forethought.envs.game24 import Game24

WARNING = r"TextEnv\.set_state\(\) moved the environment and not its wrappers: {} went on counting .*envs\.set_state"


def made(*around):
    env = TextEnv(Game24(["4 5 6 10"]))
    for wrap in around:
        env = wrap(env)
    env.reset()
    return env


def limit(env):
    return wrappers.TimeLimit(env, 20)


class Mine(gym.Wrapper):
    def __init__(self, env, scale=2.0):
        super().__init__(env)
        self.scale, self.played = scale, []

    def step(self, action):
        self.played.append(action)
        return self.env.step(action)


class Scaled(gym.Wrapper):
    def __init__(self, env, scale=2.0):
        super().__init__(env)
        self._scale = scale


@pytest.mark.parametrize(
    ("around", "names"),
    [
        ([limit], "TimeLimit"),
        ([wrappers.OrderEnforcing, limit, wrappers.PassiveEnvChecker], "TimeLimit"),
        ([wrappers.PassiveEnvChecker, wrappers.OrderEnforcing, limit], "TimeLimit"),
        ([wrappers.RecordEpisodeStatistics, limit], "RecordEpisodeStatistics, TimeLimit"),
        ([Mine], "Mine"),
        ([lambda env: wrappers.DelayObservation(env, 2)], "DelayObservation"),
        ([limit, wrappers.TimeAwareObservation], "TimeLimit, TimeAwareObservation"),
    ],
)
def test_a_step_through_wrappers_that_were_left_behind_is_warned_of_once(around, names):
    env = made(*around)
    start = env.unwrapped.get_state()
    env.step("10 - 4")
    env.unwrapped.set_state(start)
    with pytest.warns(UserWarning, match=WARNING.format(names)) as told:
        env.step("10 - 4")
    assert [told[0].filename.split("/")[-1], len(told)] == ["test_bypass_warning.py", 1]
    env.unwrapped.set_state(start)
    env.step("10 - 4")  # warnings are errors in these tests


def test_wrappers_that_count_nothing_are_not_warned_of():
    env = made(wrappers.PassiveEnvChecker, wrappers.OrderEnforcing, Scaled)
    start = env.unwrapped.get_state()
    env.step("10 - 4")
    env.unwrapped.set_state(start)
    env.step("10 - 4")


def test_steps_of_the_core_alone_and_a_return_to_where_the_wrappers_stand_are_not_warned_of():
    env = made(limit)
    env.step("10 - 4")
    here = env.unwrapped.get_state()
    for _ in range(30):
        env.unwrapped.set_state(here)
        env.unwrapped.step("5 * 6")
    env.unwrapped.set_state(here)
    assert env.step("5 * 6")[3] is False
    assert env._elapsed_steps == 2


def test_after_a_reset_or_a_state_of_the_whole_chain_nothing_is_left_to_warn_of():
    env = made(limit)
    start, whole = env.unwrapped.get_state(), get_state(env)
    for bring in (env.reset, lambda: set_state(env, whole)):
        env.step("10 - 4")
        env.unwrapped.set_state(start)
        bring()
        env.step("10 - 4")


def test_a_fork_of_one_that_was_moved_is_warned_of_as_well():
    env = made(limit)
    start = env.unwrapped.get_state()
    env.step("10 - 4")
    env.unwrapped.set_state(start)
    for one in (fork(env), env):
        with pytest.warns(UserWarning, match="TimeLimit went on counting"):
            one.step("10 - 4")


def test_a_step_made_by_a_helper_of_a_wrapper_is_seen():
    class Helped(Mine):
        def step(self, action):
            self.played.append(action)
            return (lambda: self.env.step(action))()

    env = made(Helped)
    start = env.unwrapped.get_state()
    env.step("10 - 4")
    env.unwrapped.set_state(start)
    with pytest.warns(UserWarning, match="Helped went on counting"):
        env.step("10 - 4")


def test_steps_cost_nothing_where_nothing_was_moved(monkeypatch):
    monkeypatch.setattr("forethought.envs.gym.counting_callers", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(limit).step("10 - 4")
