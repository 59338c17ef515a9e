"""The private parts of Gymnasium in use: there, and named where they are not."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils import RecordConstructorArgs
from gymnasium.wrappers import TimeLimit, utils

from forethought.envs import Unicode, fork
from forethought.envs.game24 import Game24
from forethought.envs.gym import TextEnv
from forethought.envs.wrappers import gymnasium_private


@pytest.fixture
def core():
    return TextEnv(Game24(["4 6"]))


def test_all_parts_are_there_in_the_gymnasium_that_is_installed(core):
    env = TimeLimit(core, 3)
    assert gymnasium_private.generator_of(core) is None
    gymnasium_private.put_generator(core, mine := np.random.default_rng(0))
    assert gymnasium_private.generator_of(core) is mine is core.np_random
    gymnasium_private.forget_seed(core)
    assert core.np_random_seed == -1
    assert gymnasium_private.generator_of(space := Unicode(seed=1)) is space.np_random
    assert gymnasium_private.cached_spec(env) is None
    assert gymnasium_private.arguments_of(env) == {"max_episode_steps": 3}
    assert gymnasium_private.arguments_of(gym.Wrapper(core)) == {}
    assert {"env", "_cached_spec", "_saved_kwargs", "_observation_space"} <= gymnasium_private.common_names()
    assert callable(gymnasium_private.zeros_of().register)


class Renamed(gym.Space):
    def __init__(self):
        super().__init__()
        self._generator = self.__dict__.pop("_np_random")


def test_a_renamed_part_is_named_with_the_versions_that_have_it(monkeypatch, core):
    with pytest.raises(RuntimeError, match=r"^Gymnasium .* has no Space\._np_random; expected one from 1\.1 to 1\.4"):
        gymnasium_private.generator_of(Renamed())
    monkeypatch.delattr(gym.Env, "_np_random")
    monkeypatch.delattr(gym.Env, "_np_random_seed")
    for ask in (
        gymnasium_private.generator_of,
        lambda core: gymnasium_private.put_generator(core, np.random.default_rng()),
    ):
        with pytest.raises(RuntimeError, match=r"has no Env\._np_random; .*pip install 'gymnasium>=1\.1,<1\.5'"):
            ask(core)
    with pytest.raises(RuntimeError, match=r"has no Env\._np_random_seed"):
        gymnasium_private.forget_seed(core)


def test_wrappers_without_the_parts_are_told_before_anything_is_lost(monkeypatch, core):
    env = TimeLimit(core, 3)
    monkeypatch.setattr(gymnasium_private, "common_names", frozenset)
    with pytest.raises(RuntimeError, match=r"has no Wrapper\._cached_spec"):
        fork(env)
    with pytest.raises(RuntimeError, match=r"has no RecordConstructorArgs\._saved_kwargs"):
        gymnasium_private.arguments_of(env)
    assert gymnasium_private.arguments_of(gym.Wrapper(core)) == {}
    assert not isinstance(gym.Wrapper(core), RecordConstructorArgs)


def test_a_function_of_spaces_that_is_gone_is_named(monkeypatch):
    monkeypatch.setattr(utils, "create_zero_array", lambda space: 0)
    with pytest.raises(RuntimeError, match=r"has no wrappers\.utils\.create_zero_array\.register"):
        gymnasium_private.zeros_of()
    monkeypatch.delattr(utils, "create_zero_array")
    with pytest.raises(RuntimeError, match=r"has no wrappers\.utils\.create_zero_array"):
        gymnasium_private.zeros_of()
