"""States of whole wrapper chains, as bytes."""

import copy
import json
import threading
from collections import deque

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.error import ResetNeeded
from hypothesis import given, settings
from hypothesis import strategies as st

import forethought.envs
from forethought.envs import TextEnv, get_state, set_state
from forethought.envs.game24 import Game24


class Counting(gym.Wrapper):
    """One of a user: counts, a log of what happened, a generator; some of it made at reset only."""

    def __init__(self, env, bonus=0.5):
        super().__init__(env)
        self.bonus = bonus
        self.steps = 0
        self.random = np.random.default_rng(5)

    def reset(self, *, seed=None, options=None):
        self.seen = {"longest": 0, "texts": deque(maxlen=3)}
        return self.env.reset(seed=seed, options=options)

    def step(self, action):
        text, reward, terminated, truncated, info = self.env.step(action)
        self.steps += 1
        self.seen["texts"].append(str(text))
        draw = float(self.random.random())
        return (
            text,
            float(reward) + self.bonus * draw,
            terminated,
            truncated,
            {**info, "seen": copy.deepcopy(self.seen)},
        )


# The wrappers a chain may have, each as one that two chains are made of.
AROUND = {
    "limit": lambda env: wrappers.TimeLimit(env, 3),
    "statistics": lambda env: wrappers.RecordEpisodeStatistics(env, 2),
    "order": wrappers.OrderEnforcing,
    "checker": wrappers.PassiveEnvChecker,
    "stack": lambda env: wrappers.FrameStackObservation(env, 2),
    "delay": lambda env: wrappers.DelayObservation(env, 1),
    "time": wrappers.TimeAwareObservation,
    "flat": wrappers.FlattenObservation,
    "sticky": lambda env: wrappers.StickyAction(env, 0.0),
    "reset": wrappers.Autoreset,
    "normal": wrappers.NormalizeReward,
    "mine": Counting,
}


def chain(names):
    env = wrappers.TimeLimit(TextEnv(Game24(["4 5 6 10"])), 6)
    for name in names:
        env = AROUND[name](env)
    return env


def moves(env, draws):
    """What a chain answers: to the first moves and to nonsense, over two episodes."""
    answers = []
    for draw in draws:
        core = env.unwrapped
        actions = () if core._ended else core.family.actions(core._here())
        try:
            answer = env.step(actions[draw % len(actions)] if actions and draw % 3 else "junk")
        except ResetNeeded:
            answer = env.reset(options={"task": 0})
        answers.append(comparable(answer))
    return answers


def comparable(answer):
    """Without the seconds that an episode took."""
    answer = copy.deepcopy(answer)
    answer[-1].get("episode", {}).pop("t", None)
    return json.dumps(answer, default=lambda value: np.asarray(value).tolist(), sort_keys=True)


DRAWS = st.lists(st.integers(0, 40), max_size=9)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(list(AROUND)), max_size=4, unique=True), DRAWS, DRAWS)
def test_a_fresh_chain_goes_on_as_the_one_that_was_saved(names, before, after):
    """No reset is made in the fresh one; the original is not disturbed by being read."""
    env, twin = chain(names), chain(names)
    env.reset(seed=0, options={"task": 0})
    moves(env, before)
    data = get_state(env)
    set_state(twin, data)
    assert get_state(twin) == get_state(env) == data
    assert moves(twin, after) == moves(env, after)
    set_state(env, data)
    set_state(twin, data)
    assert moves(twin, after) == moves(env, after)


ELSEWHERE = """
import json, sys
import gymnasium as gym
from forethought.envs import set_state
env = gym.wrappers.RecordEpisodeStatistics(gym.make("Game24-v0", max_episode_steps=4))
set_state(env, sys.stdin.read().encode())
answers = [env.step("junk")[2:4], env.step("junk")[2:]]
episode = answers[1][2]["episode"]
print(json.dumps([answers[0], answers[1][:2], episode["r"], episode["l"], 0 <= episode["t"] < 60]))
"""


def test_a_fresh_process_goes_on_right_after_make(elsewhere):
    env = wrappers.RecordEpisodeStatistics(gym.make("Game24-v0", max_episode_steps=4))
    env.reset(options={"task": 900})
    env.step("10 - 4")
    env.step("junk")
    told = json.loads(elsewhere(ELSEWHERE, get_state(env).decode()))
    assert told == [[False, False], [False, True], 0.0, 4, True]


def test_the_clock_of_another_process_is_not_taken_over(monkeypatch):
    env = chain(["statistics"])
    env.reset(options={"task": 0})
    env.step("junk")
    env.episode_start_time = -1e9
    set_state(env, get_state(env))
    env.step("junk")
    assert 0 <= env.step("junk")[4].get("episode", {"t": 0})["t"] < 60
    assert b"episode_start_time" not in get_state(env)


def test_a_bare_environment_has_the_state_of_its_core():
    env, other = TextEnv(Game24(["4 6"])), TextEnv(Game24(["4 6"]))
    env.reset()
    set_state(other, get_state(env))
    assert other.get_state() == env.get_state()


def test_what_was_kept_by_the_caller_is_not_touched():
    env = chain(["mine"])
    env.reset(options={"task": 0})
    data, seen = get_state(env), env.seen
    env.step("junk")
    kept = copy.deepcopy(seen)
    set_state(env, data)
    assert seen == kept
    assert env.seen["texts"] == deque()


class Hooked(gym.Wrapper):
    """Keeps what cannot be written, and writes the rest by itself."""

    def __init__(self, env, broken=False):
        super().__init__(env)
        self.lock, self.steps, self.broken = threading.Lock(), 0, broken

    def step(self, action):
        self.steps += 1
        return self.env.step(action)

    def get_state(self):
        return {"steps": self.steps, "pair": (1, 2)}

    def set_state(self, data):
        if self.broken:
            self.steps = -1
            self.broken = False
            raise OSError("no space")
        self.steps = data["steps"]
        assert data["pair"] == (1, 2)


def hooked(**options):
    return wrappers.TimeLimit(Hooked(TextEnv(Game24(["4 5 6 10"])), **options), 3)


def test_a_wrapper_may_write_its_own_state():
    env, other = hooked(), hooked()
    env.reset()
    env.step("10 - 4")
    set_state(other, get_state(env))
    assert (other.env.steps, other._elapsed_steps, other.unwrapped.state_key()) == (1, 1, b"5 6 6")


def test_a_wrapper_that_refuses_moves_nothing():
    env, other = hooked(), hooked(broken=True)
    env.reset()
    data = get_state(env)
    other.reset()
    other.step("10 - 4")
    before = get_state(other)
    with pytest.raises(ValueError, match=r"refused its state \(no space\); nothing has changed"):
        set_state(other, data)
    assert get_state(other) == before


class Locked(gym.Wrapper):
    def __init__(self, env):
        super().__init__(env)
        self.steps, self.guard = 0, threading.Lock()


def test_what_cannot_be_written_is_refused_by_wrapper_and_attribute():
    env = wrappers.TimeLimit(Locked(TextEnv(Game24(["4 6"]))), 3)
    env.reset()
    with pytest.raises(
        TypeError, match=r"^the wrapper Locked keeps 'guard', a lock, which cannot be written; expected"
    ):
        get_state(env)


def test_how_a_wrapper_was_made_is_not_its_state():
    """Functions, spaces, loggers and the environment below stay as they are."""

    class Configured(Counting):
        def __init__(self, env):
            super().__init__(env)
            self.core, self.below, self.write, self.kind, self.space = env.unwrapped, env, print, dict, env.action_space

    env, other = Configured(chain([])), Configured(chain([]))
    env.reset(options={"task": 0})
    env.step("10 - 4")
    set_state(other, get_state(env))
    assert (other.steps, other.core, other.below) == (1, other.unwrapped, other.env)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (["limit"], "it has the wrappers RecordEpisodeStatistics TimeLimit, and here are TimeLimit TimeLimit"),
        ([], "it has the wrappers RecordEpisodeStatistics TimeLimit, and here are TimeLimit"),
        (["statistics", "order"], "and here are OrderEnforcing RecordEpisodeStatistics TimeLimit"),
    ],
)
def test_another_chain_is_refused(other, reason):
    env = chain(["statistics"])
    env.reset()
    with pytest.raises(ValueError, match=r"^these bytes are no state of <.*; give what forethought") as caught:
        set_state(chain(other), get_state(env))
    assert reason in str(caught.value)


def test_another_limit_is_refused():
    core = TextEnv(Game24(["4 6"]))
    env, other = wrappers.TimeLimit(core, 3), wrappers.TimeLimit(core, 5)
    env.reset()
    with pytest.raises(ValueError, match=r'made with {"max_episode_steps": 3}, and here with {"max_episode_steps": 5}'):
        set_state(other, get_state(env))


def test_another_world_is_refused_and_no_wrapper_moves():
    env, other = wrappers.TimeLimit(TextEnv(Game24(["4 6"])), 3), chain([])
    other = wrappers.TimeLimit(TextEnv(Game24(["1 24"])), 3)
    env.reset()
    other.reset()
    other.step("junk")
    before = get_state(other)
    with pytest.raises(ValueError, match="it belongs to 'Game24-v0'"):
        set_state(other, get_state(env))
    assert get_state(other) == before


def refused(data, message="these bytes are no state of"):
    env = chain(["statistics", "mine"])
    env.reset(options={"task": 0})
    env.step("10 - 4")
    before = get_state(env)
    with pytest.raises(ValueError, match=message):
        set_state(env, data)
    assert get_state(env) == before


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"null", b"3", b"\xff", b"[" * 100_000, None, 3, b'{"chain": 1}'], ids=range(9)
)
def test_bytes_that_are_no_state_are_refused(data):
    refused(data)


def test_the_state_of_the_core_alone_is_refused_with_advice():
    env = chain([])
    env.reset()
    refused(env.unwrapped.get_state(), r"or give env\.unwrapped\.set_state what env\.unwrapped\.get_state\(\) did")


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_flipped_byte_is_refused(spot, byte):
    env = chain(["statistics", "mine"])
    env.reset(options={"task": 0})
    data = bytearray(get_state(env))
    if data[spot % len(data)] != byte:
        data[spot % len(data)] = byte
        refused(bytes(data))


@pytest.mark.parametrize("name", ["env", "step", "_cached_spec", "spec", "np_random"])
def test_no_bytes_set_what_is_no_count(name):
    from forethought.envs.wrappers.state import digest

    env = chain(["statistics", "mine"])
    env.reset()
    body = json.loads(get_state(env))["chain"]
    body["wrappers"][0]["state"]["kept"][name] = "harm"
    refused(json.dumps({"chain": body, "digest": digest(body)}).encode(), f"Counting keeps no '{name}'")


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1"])
def test_an_environment_without_a_state_is_named(env_id):
    env = gym.make(env_id)
    for ask in (lambda: get_state(env), lambda: set_state(env, b"")):
        with pytest.raises(TypeError, match=r"has no state; expected an environment with get_state\(\) and set_state"):
            ask()


def test_before_the_first_reset_there_is_no_state():
    with pytest.raises(ResetNeeded, match="no episode has begun"):
        get_state(chain(["statistics"]))


@pytest.mark.parametrize("env_id", [env_id for env_id in forethought.envs.IDS if "Browser" not in env_id])
def test_every_environment_of_the_suite_goes_on(env_id):
    env, other = gym.make(env_id), gym.make(env_id)
    env.reset(seed=0, options={"task": 3})
    env.step("think[hm]")
    set_state(other, get_state(env))
    assert comparable(other.step("junk")) == comparable(env.step("junk"))


@pytest.mark.parametrize("function", [str.upper, len, "a".join, np.add, str.__add__])
def test_functions_of_every_kind_are_how_a_wrapper_is_made(function):
    class Holder(gym.Wrapper):
        def __init__(self, env):
            super().__init__(env)
            self.function, self.steps = function, 0

    env = Holder(gym.make("Game24-v0"))
    env.reset(options={"task": 900})
    data = get_state(env)
    env.function, env.steps = None, 5
    env.function = function
    set_state(env, data)
    assert (env.function, env.steps) == (function, 0)
