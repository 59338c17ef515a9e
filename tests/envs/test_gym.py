"""The Gymnasium adapter: reset and its options, steps, forks, bytes."""

import copy
import json
import pickle
from itertools import product

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs import TextEnv
from forethought.envs.game24 import Game24, State, moves
from forethought.envs.gym import text_env

OPENINGS = ["(left: 4 5 6 10)", "(left: 1 4 5 10)", "(left: 3 3 8 8)", "(left: 4 4 4 4)", "(left: 1 1 1 1)"]


def draws(env, count=20):
    """The openings of the next resets: what the generator will give."""
    return [env.reset()[0] for _ in range(count)]


# reset


def test_reset_tells_the_task_the_instruction_and_the_actions(make):
    text, info = make().reset(options={"task": 0})
    assert text == "(left: 4 5 6 10)"
    assert set(info) == {"task", "instruction", "actions", "illegal"}
    assert (info["task"], info["illegal"]) == (0, None)
    assert info["instruction"].startswith("Use every number once")
    assert "10 - 4" in info["actions"]
    assert len(info["actions"]) == 36


@pytest.mark.parametrize("task", [0, 2, 4, np.int64(3)])
def test_a_task_can_be_named(make, task):
    text, info = make().reset(options={"task": task})
    assert (text, info["task"]) == (OPENINGS[task], task)
    assert type(info["task"]) is int


def test_without_a_name_a_task_is_drawn_from_the_seed(make):
    env = make()
    first = [env.reset(seed=seed)[0] for seed in range(40)]
    assert set(first) == set(OPENINGS)
    assert first == [make().reset(seed=seed)[0] for seed in range(40)]


def test_later_resets_go_on_drawing(make):
    one, two = make(), make()
    one.reset(seed=7)
    two.reset(seed=7)
    drawn = draws(one)
    assert drawn == draws(two)
    assert len(set(drawn)) > 1


def test_the_seed_is_told(make):
    env = make()
    env.reset(seed=7)
    assert env.np_random_seed == 7


def test_a_split_is_drawn_from_and_its_tasks_are_counted_from_its_beginning():
    env = TextEnv(Game24())
    assert env.reset(options={"split": "test", "task": 0})[1]["task"] == 900
    assert env.reset(options={"split": "test", "task": 99})[1]["task"] == 999
    assert env.reset(options={"split": "hard", "task": 361})[1]["task"] == 1361
    env.reset(seed=0)
    drawn = {env.reset(options={"split": "test"})[1]["task"] for _ in range(300)}
    assert drawn <= set(range(900, 1000))
    assert len(drawn) > 60


def test_every_task_of_a_split_is_drawn_sooner_or_later(make):
    env = make()
    env.reset(seed=0)
    assert {env.reset(options={"split": "all"})[1]["task"] for _ in range(100)} == set(range(5))


def test_no_task_and_no_split_are_as_good_as_none(make):
    assert make().reset(seed=5, options={"task": None, "split": None}) == make().reset(seed=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"puzzle": 3}, "unknown reset options ['puzzle']; expected 'task' and 'split'"),
        ({"task": 0, "b": 1, 3: 1}, "unknown reset options ['3', 'b']; expected 'task' and 'split'"),
        ({"split": "exam"}, "unknown split 'exam' of Game24-v0; expected one of ['all']"),
        ({"split": ["all"]}, "unknown split ['all'] of Game24-v0; expected one of ['all']"),
        ({"task": 5}, "no task 5 in Game24-v0; expected an integer from 0 to 4"),
        ({"task": -1}, "no task -1 in Game24-v0; expected an integer from 0 to 4"),
        ({"task": "0"}, "no task '0' in Game24-v0; expected an integer from 0 to 4"),
        ({"task": 1.0}, "no task 1.0 in Game24-v0; expected an integer from 0 to 4"),
        ({"task": True}, "no task True in Game24-v0; expected an integer from 0 to 4"),
        ({"split": "all", "task": 5}, "no task 5 in all; expected an integer from 0 to 4"),
    ],
)
def test_wrong_options_say_what_was_expected_and_the_episode_goes_on(env, options, message):
    env.step("10 - 4")
    with pytest.raises(ValueError, match="expected") as caught:
        env.reset(options=options)
    assert str(caught.value) == message
    assert env.step("5 * 6")[0] == "5 * 6 = 30 (left: 6 30)"


def test_a_task_of_a_split_stays_in_the_split():
    with pytest.raises(ValueError, match="no task 100 in test; expected an integer from 0 to 99"):
        TextEnv(Game24()).reset(options={"split": "test", "task": 100})


# step


def test_a_whole_episode(env):
    assert env.step("10 - 4")[:4] == ("10 - 4 = 6 (left: 5 6 6)", 0.0, False, False)
    assert env.step("5 * 6")[:4] == ("5 * 6 = 30 (left: 6 30)", 0.0, False, False)
    text, reward, terminated, truncated, info = env.step("30 - 6")
    assert (text, reward, terminated, truncated) == ("30 - 6 = 24 (left: 24)", 1.0, True, False)
    assert info["metrics"] == {"solved": True, "expression": "(5 * (10 - 4)) - 6"}
    assert info["actions"] == ()
    assert info["task"] == 0


def test_metrics_come_at_the_end_only(env):
    for action in ("10 - 4", "junk", "5 * 6"):
        assert "metrics" not in env.step(action)[4]
    assert env.step("30 + 6")[4]["metrics"] == {"solved": False, "expression": "(5 * (10 - 4)) + 6"}
    assert "metrics" not in env.reset()[1]


def test_the_actions_in_info_are_those_of_the_new_position(env):
    assert env.step("10 - 4")[4]["actions"] == moves(State((5, 6, 6)))


def test_at_the_end_no_action_is_offered_whatever_the_family_says():
    class Insistent(Game24):
        def actions(self, state):
            return ("4 * 6",)

    env = TextEnv(Insistent(["4 6"]))
    assert env.reset()[1]["actions"] == ("4 * 6",)
    assert env.step("4 * 6")[4]["actions"] == ()


def test_a_refused_text_is_explained_and_changes_nothing(env):
    before = env.get_state()
    text, reward, terminated, truncated, info = env.step("24")
    assert (text, reward, terminated, truncated) == ("(left: 4 5 6 10)", 0.0, False, False)
    assert info["illegal"].startswith("cannot play '24' with '4 5 6 10' left")
    assert env.get_state() == before
    assert env.step("10 - 4")[4]["illegal"] is None


@pytest.mark.parametrize("action", [None, 3, 1.5, b"10 - 4", ["10 - 4"], ("10", "-", "4"), np.array("10 - 4")])
def test_an_action_that_is_no_str_is_a_type_error_and_changes_nothing(env, action):
    before = env.get_state()
    with pytest.raises(TypeError, match=f"^an action is a str, {type(action).__name__} was given: "):
        env.step(action)
    assert env.get_state() == before


def test_a_str_of_numpy_is_a_str(env):
    assert env.step(np.str_("10 - 4"))[0] == "10 - 4 = 6 (left: 5 6 6)"


def test_before_reset_nothing_can_be_asked(make):
    for ask in (lambda env: env.step("10 - 4"), lambda env: env.get_state(), lambda env: env.state_key()):
        with pytest.raises(ResetNeeded, match=r"no episode has begun; call reset\(\) first"):
            ask(make())


def test_after_the_end_a_step_needs_a_reset(env):
    for action in ("10 - 4", "5 * 6", "30 - 6"):
        env.step(action)
    for action in ("24 - 0", "junk"):
        with pytest.raises(ResetNeeded, match=r"this episode has ended; call reset\(\) before the next step"):
            env.step(action)
    env.reset(options={"task": 0})
    assert env.step("10 - 4")[0] == "10 - 4 = 6 (left: 5 6 6)"


def test_through_gym_make_a_step_before_reset_needs_one_too(puzzles):
    with pytest.raises(ResetNeeded):
        gym.make("Game24-v0", puzzles=puzzles).step("10 - 4")


def test_what_reset_and_step_return_can_be_kept(env):
    first = env.reset(options={"task": 0})[1]
    kept = copy.deepcopy(first)
    assert env.step("10 - 4")[4] is not first
    assert first == kept


def test_patience_with_illegal_texts_ends_after_twenty_steps(puzzles):
    env = gym.make("Game24-v0", puzzles=puzzles)
    env.reset(seed=0)
    assert [env.step("junk")[3] for _ in range(20)] == [False] * 19 + [True]


def test_render_shows_the_last_text(make):
    env = make(render_mode="ansi")
    env.reset(options={"task": 0})
    assert env.render() == "(left: 4 5 6 10)"
    env.step("10 - 4")
    assert env.render() == "10 - 4 = 6 (left: 5 6 6)"


def test_without_a_render_mode_nothing_is_shown(env):
    assert env.render() is None


def test_an_unknown_render_mode_is_refused():
    with pytest.raises(ValueError, match="unknown render_mode 'human'; expected None or 'ansi'"):
        TextEnv(Game24(["4 6"]), render_mode="human")


# fork


def test_a_fork_stands_where_its_parent_stands_and_goes_its_own_way(env):
    env.step("10 - 4")
    fork = env.fork()
    assert type(fork) is TextEnv
    assert fork.get_state() == env.get_state()
    assert fork.step("5 * 6")[0] == "5 * 6 = 30 (left: 6 30)"
    assert env.step("6 + 6")[0] == "6 + 6 = 12 (left: 5 12)"
    assert fork.step("30 - 6")[4]["metrics"]["expression"] == "(5 * (10 - 4)) - 6"
    assert env.step("12 * 5")[4]["metrics"]["expression"] == "(6 + (10 - 4)) * 5"


def test_a_fork_of_an_ended_episode_has_ended(env):
    for action in ("10 - 4", "5 * 6", "30 - 6"):
        env.step(action)
    with pytest.raises(ResetNeeded):
        env.fork().step("24")


def test_a_fork_before_the_first_reset_draws_its_own_tasks(make):
    env = make()
    fork = env.fork()
    env.reset(seed=3)
    fork.reset(seed=3)
    assert draws(env) == draws(fork)


def expected_draws(make, seed):
    env = make()
    env.reset(seed=seed)
    return draws(env)


FAMILY = ("parent", "child", "grandchild")
DOINGS = ("draw", "reseed", "replace", "refuse")


@pytest.mark.parametrize("order", [FAMILY, FAMILY[::-1], ("child", "parent", "grandchild")])
@pytest.mark.parametrize("doings", list(product(DOINGS, repeat=2)))
def test_no_fork_sees_a_draw_of_another(make, order, doings):
    """Whoever does something first or second, whoever is left draws what it would have drawn alone."""
    parent = make()
    parent.reset(seed=3)
    child = parent.fork()
    envs = {"parent": parent, "child": child, "grandchild": child.fork()}
    untouched = expected_draws(make, 3)
    afterwards = {
        "draw": lambda env: draws(env) == untouched,
        "reseed": lambda env: env.reset(seed=9) and draws(env) == expected_draws(make, 9),
        "replace": replaced,
        "refuse": lambda env: refused(env) and draws(env) == untouched,
    }
    for name, doing in zip(order, doings, strict=False):
        assert afterwards[doing](envs[name]), (name, doing)
    assert draws(envs[order[2]]) == untouched


def replaced(env):
    env.np_random = np.random.default_rng(11)
    twin = np.random.default_rng(11)
    return draws(env) == [OPENINGS[twin.integers(5)] for _ in range(20)] and env.np_random_seed == -1


def refused(env):
    """A seed that is none: nothing may have changed, not even whose generator it is."""
    with pytest.raises(gym.error.Error):
        env.reset(seed=-1)
    return True


def test_a_forks_generator_is_shared_until_someone_draws(env):
    fork = env.fork()
    assert fork._np_random is env._np_random
    fork.reset()
    assert fork._np_random is not env._np_random
    assert fork.np_random is fork.np_random


def test_a_generator_that_was_set_is_the_one_that_is_drawn_from(env):
    env.fork()
    env.np_random = mine = np.random.default_rng(11)
    assert env.np_random is mine


def test_a_fork_draws_what_its_parent_would_have_drawn(make):
    env, alone = make(), make()
    for one in (env, alone):
        one.reset(seed=3)
        one.reset()
    fork = env.fork()
    assert draws(fork) == draws(env) == draws(alone)


def test_samples_of_a_fork_do_not_touch_those_of_its_parent(make):
    env, alone = make(), make()
    env.action_space.seed(5)
    alone.action_space.seed(5)
    fork = env.fork()
    twice = [fork.action_space.sample() for _ in range(2)]
    assert [env.action_space.sample() for _ in range(2)] == twice == [alone.action_space.sample() for _ in range(2)]
    env.observation_space.seed(5)
    assert env.fork().observation_space.sample() == env.observation_space.sample() == twice[0]


# bytes


def test_the_bytes_of_a_state_hold_everything(env):
    env.step("10 - 4")
    assert json.loads(env.get_state()) == {
        "family": "Game24-v0",
        "world": env.family.world,
        "task": 0,
        "state": {"left": ["5", "6", "6"], "moves": ["10 - 4 = 6"]},
        "text": "10 - 4 = 6 (left: 5 6 6)",
        "ended": False,
    }


def test_another_environment_goes_on_from_the_bytes(env, make):
    env.step("10 - 4")
    other = make(render_mode="ansi")
    other.set_state(env.get_state())  # no reset needed
    assert other.get_state() == env.get_state()
    assert other.state_key() == env.state_key() == b"5 6 6"
    assert other.render() == "10 - 4 = 6 (left: 5 6 6)"
    assert other.step("5 * 6") == env.step("5 * 6")
    assert other.step("30 - 6") == env.step("30 - 6")
    with pytest.raises(ResetNeeded):
        other.step("24")


def test_the_end_is_in_the_bytes(env, make):
    for action in ("10 - 4", "5 * 6", "30 - 6"):
        env.step(action)
    other = make()
    other.set_state(env.get_state())
    with pytest.raises(ResetNeeded, match="has ended"):
        other.step("24")
    env.reset(options={"task": 1})
    other.set_state(env.get_state())
    assert other.step("10 - 4")[4]["task"] == 1


def test_the_generator_is_not_in_the_bytes(make):
    env, other = make(), make()
    env.reset(seed=1)
    other.reset(seed=2)
    other.set_state(env.get_state())
    assert draws(other) == expected_draws(make, 2)


ELSEWHERE = """
import json, sys
import gymnasium as gym
env = gym.make("forethought.envs:Game24-v0", puzzles={puzzles!r}).unwrapped
env.set_state(sys.stdin.read().encode())
same = env.get_state().decode()
print(json.dumps([same, env.state_key().decode(), env.step("3 - 8/3")]))
"""


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_another_process_with_another_hash_seed_goes_on_alike(make, puzzles, elsewhere, hash_seed):
    env = make()
    env.reset(options={"task": 2})
    env.step("8 / 3")
    here = env.get_state()
    state, key, step = json.loads(elsewhere(ELSEWHERE.format(puzzles=puzzles), here.decode(), hash_seed))
    assert state.encode() == here
    assert key.encode() == env.state_key() == b"8/3 3 8"
    assert step == json.loads(json.dumps(env.step("3 - 8/3")))


def changed(env, **parts):
    return json.dumps({**json.loads(env.get_state()), **parts}).encode()


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"family": "Game25-v0"}, "it belongs to 'Game25-v0', world "),
        ({"world": "elsewhere"}, "it belongs to 'Game24-v0', world 'elsewhere'"),
        ({"task": 5}, "no task 5"),
        ({"task": -1}, "no task -1"),
        ({"task": True}, "no task True"),
        ({"task": "0"}, "no task '0'"),
        ({"text": None}, "its text or its end is malformed"),
        ({"ended": 0}, "its text or its end is malformed"),
        ({"state": None}, "a state has the keys 'left' and 'moves'"),
        ({"state": {"left": ["6"], "moves": ["4 + 4 = 8"]}}, "the moves do not lead to what is left"),
    ],
)
def test_foreign_bytes_are_refused_with_the_reason_and_nothing_changes(env, parts, reason):
    env.step("10 - 4")
    before = env.get_state()
    with pytest.raises(ValueError, match=r"^these bytes are no state of Game24-v0, world ") as caught:
        env.set_state(changed(env, **parts))
    assert reason in str(caught.value)
    assert str(caught.value).endswith("give what get_state() returned")
    assert env.get_state() == before


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b"3",
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5000,
        None,
        3,
        b'{"family": "Game24-v0"}',
    ],
    ids=range(12),
)
def test_bytes_that_are_no_state_are_refused(env, data):
    before = env.get_state()
    with pytest.raises(ValueError, match="these bytes are no state of Game24-v0"):
        env.set_state(data)
    assert env.get_state() == before


def test_the_bytes_of_another_world_are_refused(env):
    other = TextEnv(Game24(["4 5 6 10", "1 2 3 4"]))
    other.reset(options={"task": 0})
    with pytest.raises(ValueError, match=f"it belongs to 'Game24-v0', world '{other.family.world}'"):
        env.set_state(other.get_state())


@given(st.binary())
def test_no_bytes_do_harm(make, data):
    survives(make, data)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["4", "8/3", "4 + 4 = 8"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["left", "moves", "x"]), inner),
    max_leaves=5,
)


@given(st.sampled_from(["family", "world", "task", "state", "text", "ended"]), JSON)
def test_no_json_does_harm(make, part, value):
    env = make()
    env.reset(seed=0)
    survives(make, changed(env, **{part: value}))


NUMBERS = st.sampled_from(["4", "8", "24", "-1", "8/3", "0", "04", "x"])
MOVES = st.builds("{} {} {} = {}".format, NUMBERS, st.sampled_from("+-*/"), NUMBERS, NUMBERS)


@given(st.lists(NUMBERS, max_size=4), st.lists(MOVES | st.text(), max_size=3), st.booleans())
def test_no_state_nearly_right_does_harm(make, left, made, ended):
    env = make()
    env.reset(seed=0)
    survives(make, changed(env, state={"left": left, "moves": made}, ended=ended))


@given(st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 3))
def test_no_flipped_byte_does_harm(make, spot, byte, steps):
    env = make()
    env.reset(seed=0, options={"task": 0})
    for action in ("10 - 4", "5 * 6", "30 - 6")[:steps]:
        env.step(action)
    data = bytearray(env.get_state())
    data[spot % len(data)] = byte
    survives(make, bytes(data))


def survives(make, data):
    """Bytes are refused and change nothing, or what they led to can be played and told to its end."""
    env = make()
    env.reset(seed=0)
    before = env.get_state()
    try:
        env.set_state(data)
    except ValueError:
        assert env.get_state() == before
        return
    env.set_state(env.get_state())
    try:
        while not (ended := env.step(([*env.family.actions(env._here()), "junk"])[0]))[2]:
            pass
    except ResetNeeded:
        assert json.loads(data)["ended"]
    else:
        assert isinstance(ended[4]["metrics"]["expression"], str)


def test_an_environment_can_be_copied_and_pickled(env):
    env.step("10 - 4")
    for twin in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):  # noqa: S301  # our own bytes
        assert twin.get_state() == env.get_state()
        assert twin.step("5 * 6")[0] == "5 * 6 = 30 (left: 6 30)"
    assert env.state_key() == b"5 6 6"


def test_the_core_of_a_wrapper_chain(puzzles):
    env = gym.make("Game24-v0", puzzles=puzzles)
    assert text_env(env) is env.unwrapped
    assert text_env(gym.make("CartPole-v1")) is None


def test_gymnasiums_checker_has_nothing_to_say(puzzles):
    check_env(gym.make("Game24-v0", puzzles=puzzles).unwrapped)
