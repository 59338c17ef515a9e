"""One face over pure rules and foreign environments."""

import random

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from forethought.envs import EnvSimulator, Simulator, TaskSimulator, TextEnv, simulate
from forethought.envs.game24 import Game24, initial
from forethought.envs.simulator import plain

TAXI = "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3"
CLIFF = "CliffWalking-v1" if "CliffWalking-v1" in gym.registry else "CliffWalking-v0"
DOWN, RIGHT = "1", "2"
SURE_LAKE = ("FrozenLake-v1", {"is_slippery": False})
WORLDS = [
    SURE_LAKE,
    ("FrozenLake-v1", {"is_slippery": True}),
    (TAXI, {}),
    (CLIFF, {}),
    ("CartPole-v1", {}),
    ("Game24-v0", {"puzzles": ("4 5 6 10", "3 3 8 8", "4 4 4 4")}),
    ("FrozenLake-v1", {"is_slippery": False, "max_episode_steps": 3}),
]


def simulator(env_id, options, restore="snapshot", **more):
    return EnvSimulator(lambda: gym.make(env_id, **options), restore=restore, **more)


def told(sim, step):
    """All that a search can learn from a step, but for what it cost."""
    return (
        step.observation, step.reward, step.terminated, step.illegal,
        sim.actions(step.state), sim.key(step.state), sim.metrics(step.state), sim.instruction(step.state),
    )  # fmt: skip


# pure rules


@pytest.fixture
def pure(puzzles):
    return TaskSimulator(Game24(puzzles))


def test_the_pure_path_is_the_family(pure):
    family = pure.family
    root = pure.root(2)
    assert (root.state, root.observation) == (initial("3 3 8 8"), "(left: 3 3 8 8)")
    assert (pure.name, pure.world, pure.shows_reward) == ("Game24-v0", family.world, False)
    state = root.state
    for action in ("8 / 3", "junk", "3 - 8/3", "8 / 1/3"):
        assert pure.actions(state) == family.actions(state)
        assert pure.key(state) == family.key(state)
        assert pure.instruction(state) == family.instruction(state)
        assert pure.step(state, action) == family.step(state, action)
        state = pure.step(state, action).state
    assert pure.metrics(state) == {"solved": True, "expression": "8 / (3 - (8 / 3))"}


@pytest.mark.parametrize("index", [-1, 5, 10_000])
def test_a_task_that_is_not_there(pure, index):
    with pytest.raises(IndexError, match=f"no task {index} in Game24-v0; expected 0 to 4"):
        pure.root(index)


def test_both_are_simulators(pure):
    assert isinstance(pure, Simulator)
    assert isinstance(simulator(*SURE_LAKE), Simulator)


# foreign environments


@pytest.mark.parametrize("restore", ["snapshot", "replay"])
def test_the_frozen_lake_by_hand(restore):
    sim = simulator(*SURE_LAKE, restore)
    step = sim.root(0)
    assert (sim.name, sim.world, sim.shows_reward) == ("FrozenLake-v1", "", True)
    assert (step.observation, step.reward, step.terminated) == ("0", 0.0, False)
    seen = []
    for action in (DOWN, DOWN, RIGHT, RIGHT, DOWN, RIGHT):
        assert sim.actions(step.state) == ("0", "1", "2", "3")
        step = sim.step(step.state, action)
        seen.append((step.observation, step.reward, step.terminated, step.replayed))
    way = [
        ("4", 0.0, False, 0),
        ("8", 0.0, False, 0),
        ("9", 0.0, False, 0),
        ("10", 0.0, False, 0),
        ("14", 0.0, False, 0),
    ]
    assert seen == [*way, ("15", 1.0, True, 0)]
    assert sim.metrics(step.state) == {}
    assert sim.instruction(step.state) == ""


@pytest.mark.parametrize("restore", ["snapshot", "replay"])
def test_the_cliff_by_hand(restore):
    sim = simulator(CLIFF, {}, restore)
    root = sim.root(0)
    fallen, up = sim.step(root.state, "1"), sim.step(root.state, "0")
    assert (root.observation, fallen.observation, up.observation) == ("36", "36", "24")
    assert (fallen.reward, up.reward) == (-100.0, -1.0)
    assert not fallen.terminated


@pytest.mark.parametrize("restore", ["snapshot", "replay"])
def test_the_taxi_offers_what_its_mask_allows(restore):
    sim = simulator(TAXI, {}, restore)
    step = sim.root(3)
    rules = gym.make(TAXI).unwrapped
    offered = set()
    for _ in range(8):
        actions = sim.actions(step.state)
        assert actions == tuple(str(a) for a in range(6) if rules.action_mask(int(step.observation))[a])
        offered.add(actions)
        step = sim.step(step.state, actions[0])
    assert len(offered) > 1


@pytest.mark.parametrize(("env_id", "options"), WORLDS)
def test_snapshot_and_replay_tell_the_same_of_a_whole_tree(env_id, options):
    one, two = simulator(env_id, options), simulator(env_id, options, "replay")
    draw = random.Random(0)
    pairs = []
    for task in (1, 2):
        pairs.append((one.root(task), two.root(task)))
        assert told(one, pairs[-1][0]) == told(two, pairs[-1][1])
    for _ in range(45):
        a, b = draw.choice(pairs[-12:] + pairs[:3])
        action = draw.choice([*one.actions(a.state), "junk"])
        a, b = one.step(a.state, action), two.step(b.state, action)
        assert told(one, a) == told(two, b)
        assert a.replayed == 0
        pairs.append((a, b))
    assert {told(one, a)[0] for a, _ in pairs} != {""}
    assert sum(b.replayed for _, b in pairs) > 0


@pytest.mark.parametrize("restore", ["snapshot", "replay"])
@pytest.mark.parametrize(("env_id", "options"), WORLDS)
def test_a_state_is_never_disturbed(env_id, options, restore):
    """The same action from the same state leads to the same again, whatever was done in between."""
    sim = simulator(env_id, options, restore)
    root = sim.root(1)
    state = sim.step(root.state, sim.actions(root.state)[-1]).state
    actions = sim.actions(state)[:3]
    before = [told(sim, sim.step(state, action)) for action in actions]
    deeper = sim.step(state, actions[0])
    for _ in range(3):
        if not deeper.terminated:
            deeper = sim.step(deeper.state, sim.actions(deeper.state)[0])
    sim.root(2)
    assert [told(sim, sim.step(state, action)) for action in actions] == before


def test_game24_told_by_its_environment_is_game24_told_by_its_rules(puzzles):
    foreign = simulator("Game24-v0", {"puzzles": puzzles}, "replay")
    step = foreign.root(0)
    pure = TaskSimulator(Game24(puzzles))
    same = pure.root(step.state.info["task"])
    draw = random.Random(1)
    while not same.terminated:
        assert foreign.actions(step.state) == pure.actions(same.state)
        assert foreign.instruction(step.state) == pure.instruction(same.state)
        action = draw.choice(pure.actions(same.state))
        step, same = foreign.step(step.state, action), pure.step(same.state, action)
        assert (step.observation, step.reward, step.terminated) == (same.observation, same.reward, same.terminated)
    assert foreign.metrics(step.state) == pure.metrics(same.state)


def test_a_refused_text_is_told_and_its_state_goes_on(puzzles):
    sim = simulator("Game24-v0", {"puzzles": puzzles}, "replay")
    root = sim.root(0)
    refused = sim.step(root.state, "junk")
    assert refused.illegal.startswith("cannot play 'junk' with")
    assert refused.observation == root.observation
    assert sim.actions(refused.state) == sim.actions(root.state)
    sim.root(0)
    assert sim.step(refused.state, sim.actions(root.state)[0]).replayed == 1  # the refused one is played again as well


# what replay costs


def test_replayed_steps_are_billed_by_hand():
    sim = simulator(*SURE_LAKE, "replay")
    root = sim.root(0)
    down = sim.step(root.state, DOWN)
    right = sim.step(root.state, RIGHT)  # back to the root costs a reset and no step
    assert (down.replayed, right.replayed) == (0, 0)
    below = sim.step(down.state, DOWN)  # down again
    again = sim.step(down.state, DOWN)  # and again
    further = sim.step(again.state, RIGHT)  # it stands there
    assert (below.replayed, again.replayed, further.replayed) == (1, 1, 0)
    assert sim.step(below.state, RIGHT).replayed == 2  # equal to where it stood, but another point
    assert sim.step(further.state, RIGHT).replayed == 3
    assert sim.root(1).replayed == 0
    assert sim.step(root.state, DOWN).replayed == 0


def test_an_illegal_action_costs_nothing_and_moves_nothing():
    sim = simulator(*SURE_LAKE, "replay")
    down = sim.step(sim.root(0).state, DOWN)
    assert sim.step(down.state, "north").replayed == 0
    assert sim.step(down.state, DOWN).replayed == 0


def test_snapshots_cost_no_steps():
    sim = simulator(*SURE_LAKE)
    down = sim.step(sim.root(0).state, DOWN)
    assert [sim.step(down.state, DOWN).replayed for _ in range(3)] == [0, 0, 0]


# ends and texts that are no actions


@pytest.mark.parametrize("restore", ["snapshot", "replay"])
def test_after_the_end_nothing_can_be_done(restore):
    sim = simulator(*SURE_LAKE, restore)
    hole = sim.step(sim.step(sim.root(0).state, DOWN).state, RIGHT)
    assert (hole.observation, hole.reward, hole.terminated) == ("5", 0.0, True)
    assert sim.actions(hole.state) == ()
    after = sim.step(hole.state, DOWN)
    assert after.state is hole.state
    assert (after.observation, after.reward, after.terminated, after.illegal) == (
        "",
        0.0,
        True,
        "the episode has ended",
    )


@pytest.mark.parametrize("restore", ["snapshot", "replay"])
def test_a_time_limit_counts_on_every_branch(restore):
    sim = simulator("FrozenLake-v1", {"is_slippery": False, "max_episode_steps": 2}, restore)
    root = sim.root(0)
    for first in ("0", "1", "3"):
        step = sim.step(root.state, first)
        assert not step.terminated
        assert sim.step(step.state, "0").terminated
        assert sim.step(step.state, "3").terminated


@pytest.mark.parametrize("action", ["4", "-1", "01", " 1", "1 ", "١", "down", "", "\ud800"])
def test_a_text_that_is_no_action_is_refused(action):
    sim = simulator(*SURE_LAKE)
    root = sim.root(0)
    step = sim.step(root.state, action)
    assert step.state is root.state
    assert (step.reward, step.terminated) == (0.0, False)
    assert step.illegal == f"no action {action!r}; expected one of 0 1 2 3"


def test_the_refusal_of_a_long_text_stays_short():
    sim = simulator(*SURE_LAKE)
    assert len(sim.step(sim.root(0).state, "x" * 100_000).illegal) < 100


class Stub(gym.Env):
    """Shows the actions it got, and ends when told to."""

    observation_space = Discrete(100)
    action_space = Discrete(3, start=5)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.got = []
        return (seed, tuple(self.got)), {}

    def step(self, action):
        self.got.append(action)
        return (0, tuple(self.got)), 0, False, False, {}


def test_actions_are_counted_from_the_start_of_the_space():
    sim = EnvSimulator(Stub)
    root = sim.root(9)
    assert sim.name == "Stub"
    assert root.observation == "(9, ())"
    assert sim.actions(root.state) == ("5", "6", "7")
    step = sim.step(sim.step(root.state, "7").state, "5")
    assert step.observation == "(0, (7, 5))"
    assert type(step.reward) is float
    assert "expected one of 5 6 7" in sim.step(root.state, "0").illegal


def test_an_observation_is_described_as_told():
    sim = EnvSimulator(Stub, describe=lambda observation: f"after {len(observation[1])} steps")
    root = sim.root(0)
    assert root.observation == "after 0 steps"
    assert sim.step(root.state, "5").observation == "after 1 steps"


def test_actions_in_info_come_before_those_of_the_space():
    class Telling(Stub):
        def step(self, action):
            observation, reward, *_ = super().step(action)
            return observation, reward, False, False, {"actions": ["6"], "metrics": "none"}

    sim = EnvSimulator(Telling)
    step = sim.step(sim.root(0).state, "5")
    assert sim.actions(step.state) == ("6",)
    assert sim.metrics(step.state) == {}


def test_actions_that_cannot_be_listed_are_an_error_with_advice():
    class Steering(Stub):
        action_space = Box(-1, 1, (1,))

    sim = EnvSimulator(Steering)
    with pytest.raises(
        TypeError, match=r"Steering lists no info\['actions'\] and its Box.* is not Discrete: search cannot know"
    ):
        sim.actions(sim.root(0).state)


def test_pendulum_has_no_actions_to_list():
    sim = simulator("Pendulum-v1", {})
    with pytest.raises(TypeError, match="Pendulum-v1 lists no"):
        sim.actions(sim.root(0).state)


def test_an_unknown_way_to_restore_is_refused():
    with pytest.raises(ValueError, match="unknown restore 'pickle'; expected 'snapshot' or 'replay'"):
        simulator(*SURE_LAKE, "pickle")


def test_a_continuous_observation_is_told_in_numbers():
    sim = simulator("CartPole-v1", {})
    numbers = [float(number) for number in sim.root(0).observation.strip("[]").split(",")]
    shown, _ = gym.make("CartPole-v1").reset(seed=0)
    assert np.array_equal(np.array(numbers, dtype=np.float32), shown)  # to the last bit


@pytest.mark.parametrize(
    ("observation", "text"),
    [
        ("as it is", "as it is"),
        (5, "5"),
        (np.int64(5), "5"),
        (np.float32(0.5), "0.5"),
        (np.array([1, 2]), "[1, 2]"),
        (np.array([0.013696168, 1e-9]), "[1.3696168e-02, 1.0000000e-09]"),
        ((1, 2), "(1, 2)"),
        (None, "None"),
    ],
)
def test_observations_in_plain_text(observation, text):
    assert plain(observation) == text


# keys


def test_keys_are_of_the_path_and_of_the_task():
    sim = simulator(*SURE_LAKE)
    root, other = sim.root(0), sim.root(1)
    left = sim.step(root.state, "0")
    steps = [root, other, left, sim.step(left.state, "0"), sim.step(root.state, "1"), sim.step(other.state, "0")]
    assert len({sim.key(step.state) for step in steps}) == len(steps)
    assert sim.key(sim.step(root.state, "0").state) == sim.key(left.state)
    assert sim.key(simulator(*SURE_LAKE, "replay").root(1).state) == sim.key(other.state)


def test_a_key_is_the_same_in_another_process(elsewhere):
    code = """
import gymnasium as gym
from forethought.envs import EnvSimulator
sim = EnvSimulator(lambda: gym.make("FrozenLake-v1", is_slippery=False))
print(sim.key(sim.step(sim.root(4).state, "1").state).hex())
"""
    sim = simulator(*SURE_LAKE)
    assert elsewhere(code) == sim.key(sim.step(sim.root(4).state, "1").state).hex()


# environments that do not repeat themselves


class Fickle(Stub):
    """Follows `script`, one list an episode, whatever is played: "end" ends it."""

    script: tuple[tuple[str, ...], ...] = ()

    def __init__(self):
        self.episode = -1

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode += 1
        self.here = list(self.script[self.episode])
        return self.here.pop(0), {}

    def step(self, action):
        shown = self.here.pop(0)
        return shown, 0.0, shown == "end", False, {}


@pytest.mark.parametrize(
    ("once_more", "message"),
    [
        (("a", "end", "c", "d"), "task 0 ended after 1 of 2 replayed steps"),
        (("a", "b", "end", "d"), "task 0 ended after 2 of 2 replayed steps"),
        (("a", "b", "x", "d"), "task 0 showed 'x' after 2 replayed steps, and 'c' before"),
    ],
)
def test_an_environment_that_does_not_repeat_itself_is_reported(once_more, message):
    class Moody(Fickle):
        script = (("a", "b", "c", "d"), once_more)

    sim = EnvSimulator(Moody, restore="replay")
    first = sim.step(sim.root(0).state, "5")
    second = sim.step(first.state, "5")
    sim.step(second.state, "5")
    with pytest.raises(RuntimeError, match=r"^Moody does not repeat itself: ") as caught:
        sim.step(second.state, "6")
    assert message in str(caught.value)
    assert str(caught.value).endswith("use restore='snapshot'")


def test_another_opening_is_reported_as_well():
    class Moody(Fickle):
        script = (("a", "b"), ("x", "b"))

    sim = EnvSimulator(Moody, restore="replay")
    root = sim.root(0)
    sim.step(root.state, "5")
    with pytest.raises(RuntimeError, match="task 0 showed 'x' after 0 replayed steps, and 'a' before"):
        sim.step(root.state, "5")


def test_after_such_a_report_no_step_is_made_from_a_wrong_place():
    class Moody(Fickle):
        script = (("a", "b", "c"), ("x",), ("a", "b", "c"))

    sim = EnvSimulator(Moody, restore="replay")
    root = sim.root(0)
    first = sim.step(root.state, "5")
    with pytest.raises(RuntimeError):
        sim.step(root.state, "5")
    step = sim.step(first.state, "5")
    assert (step.observation, step.replayed) == ("c", 1)


def test_after_an_error_of_the_environment_no_step_is_made_from_a_wrong_place():
    class Breaking(Stub):
        def step(self, action):
            result = super().step(action)
            if action == 7:
                raise OSError("the connection broke")
            return result

    sim = EnvSimulator(Breaking, restore="replay")
    first = sim.step(sim.root(0).state, "5")
    with pytest.raises(OSError, match="connection"):
        sim.step(first.state, "7")
    step = sim.step(first.state, "6")
    assert (step.observation, step.replayed) == ("(0, (5, 6))", 1)


def test_snapshots_need_no_repetition():
    class Moody(Fickle):
        script = (("a", "b", "c", "d"),)

    sim = EnvSimulator(Moody)
    root = sim.root(0)
    assert [sim.step(root.state, "5").observation for _ in range(3)] == ["b", "b", "b"]


# the fastest way


def test_our_own_environments_are_simulated_by_their_rules(puzzles):
    sim = simulate("Game24-v0", puzzles=puzzles)
    assert isinstance(sim, TaskSimulator)
    assert sim.root(0).observation == "(left: 4 5 6 10)"


def test_any_other_is_simulated_by_snapshots():
    sim = simulate("FrozenLake-v1", is_slippery=False)
    assert isinstance(sim, EnvSimulator)
    assert sim.restore == "snapshot"
    assert sim.step(sim.root(0).state, DOWN).observation == "4"


def test_an_environment_without_a_spec_goes_by_its_class(puzzles):
    assert EnvSimulator(lambda: TextEnv(Game24(puzzles))).name == "TextEnv"


def test_the_tasks_of_our_own_environments_are_tasks_also_when_they_are_driven():
    world = EnvSimulator(lambda: gym.make("Game24-v0"))
    assert world.root(900).observation == gym.make("Game24-v0").reset(options={"task": 900})[0]
    assert world.world == gym.make("Game24-v0").unwrapped.family.world
    assert world.metrics(world.root(900).state)["solved"] is False


def test_a_refused_action_that_is_a_step_is_one_behind_gymnasium_too():
    driven, pure = EnvSimulator(lambda: gym.make("HotpotQA-v0")), simulate("HotpotQA-v0")
    for sim in (driven, pure):
        step = sim.step(sim.root(0).state, "nonsense")
        assert (step.counted, step.illegal is None, sim.metrics(step.state)["steps"]) == (True, False, 1)
    game = EnvSimulator(lambda: gym.make("Game24-v0"))
    assert not game.step(game.root(0).state, "nonsense").counted
