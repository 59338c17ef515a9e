"""Judges of endings: rules, verdicts, functions of the user's own; none reads a reward."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import pytest

from forethought.agents.judges import EndingsValue, TerminalValue, find_judge, judged
from forethought.agents.models.scripted import Scripted
from forethought.agents.registry import default_judge, default_terminal_value, find_value, make_value
from forethought.envs import EnvSimulator, Unicode, simulate
from forethought.search import Node, Query
from forethought.search.node import add_children, visible


class Door(gym.Env):
    """Two doors; the verdict of an ending is given by the test, its reward is another number."""

    observation_space = action_space = Unicode()
    verdict: object = 0.25

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return "two doors", {"actions": ["left", "right"]}

    def step(self, action):
        info = {"actions": []}
        if self.verdict is not None:
            info["verdict"] = self.verdict
        return "through", 1.0, True, False, info


def ending(verdict):
    world = EnvSimulator(lambda: type("Door", (Door,), {"verdict": verdict})())
    start = world.root(0)
    root = Node(start.state, visible(start, world), world=world)
    step = world.step(root.state, "left")
    return Query(Node(step.state, visible(step, world), root, "left", 1.0, step.terminated), None, 0)


def constant(context):
    """A judge of a user's own."""
    return len(context.steps) / 10


def test_the_verdict_of_an_environment_is_its_judge():
    judge = find_judge("verdict", "Door-v0")
    assert judge(ending(0.25)) == 0.25
    assert judge(ending(True)) == 1.0


@pytest.mark.parametrize("verdict", [None, "good", 1.5, float("nan")])
def test_a_verdict_that_is_no_value_is_refused(verdict):
    with pytest.raises(ValueError, match=r"info\['verdict'\]|expected a number in \[0, 1\]"):
        find_judge("verdict", "Door-v0")(ending(verdict))


def test_a_function_of_the_users_own_judges(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    judge = find_judge("test_judges:constant", "Door-v0")
    assert judge(ending(0.9)) == 0.1


@pytest.mark.parametrize("name", ["coin", "", "rule:"])
def test_an_unknown_judge_is_refused(name):
    with pytest.raises(ValueError, match="unknown judge"):
        find_judge(name, "Game24-v0")


def test_model_is_no_judge_apart():
    assert find_judge("model", "Game24-v0") is None


@pytest.mark.parametrize("env_id", ["Game24-v0", "WebShop-v0", "HotpotQA-v0"])
def test_every_family_has_a_rule_for_endings(env_id):
    assert find_judge("rule", env_id) is not None
    assert default_terminal_value(env_id, find_value("endings")) == "rule"


def test_the_default_judge_proves_or_is_the_model():
    assert default_judge("Game24-v0", "lm-tokens") == "rule"
    assert default_judge("WebShop-v0", "lm-tokens") == "model"
    assert default_judge("Door-v0", "endings") == "verdict"
    assert default_judge("WebShop-v0", "rule") is None


def test_a_value_of_endings_is_0_before_the_end():
    value = make_value("endings", "Door-v0", None, {}, "verdict")
    assert isinstance(value, TerminalValue)
    query = ending(0.75)
    root = Query(query.node.parent, None, 0)
    assert [estimate.value for estimate in value.evaluate([root, query])] == [0.0, 0.75]
    with pytest.raises(ValueError, match="no model to judge endings"):
        judged(EndingsValue(), "model", "Door-v0")


def test_the_rule_of_the_shop_reads_no_reward():
    """The last page prints the score: it stays out of the context that the rule reads."""
    world = simulate("WebShop-v0")
    node = Node(world.root(0).state, "", world=world)
    for action in ("search[red shirt]",):
        step = world.step(node.state, action)
        add_children(node, [child := Node(step.state, visible(step, world), node, action)])
        node = child
    item = next(a for a in world.actions(node.state) if a.startswith("click[b0"))
    for action in (item, "click[buy now]"):
        step = world.step(node.state, action)
        add_children(node, [child := Node(step.state, visible(step, world), node, action, 1.0, step.terminated)])
        node = child
    assert node.done
    assert node.observation == "Terminal State"
    assert 0 <= find_judge("rule", "WebShop-v0")(Query(node, None, 0)) <= 1


def test_a_head_value_reads_the_model():
    from forethought.agents.registry import load_prompts

    prompts = load_prompts("Game24-v0", ("value_head",))
    value = make_value("lm-head", "Game24-v0", Scripted(scores={"value": 0.3}), prompts, "model")
    world = simulate("Game24-v0")
    start = world.root(0)
    (estimate,) = value.evaluate([Query(Node(start.state, start.observation, world=world), None, 0)])
    assert estimate.value == 0.3
    assert estimate.usage.calls == 1
