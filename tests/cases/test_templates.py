"""Texts with <…> in them, from public reports: they are literal in data and actions; blanks are marked by families."""

from __future__ import annotations

import copy
import json
import pickle
from types import SimpleNamespace

import gymnasium as gym
import pytest

from forethought.agents import AllActions, LMRank, Scripted, load_prompt
from forethought.agents.policies import RandomActions
from forethought.envs import EnvSimulator, TaskSimulator, Template, Unicode, is_template, simulate
from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.world import World
from forethought.search import Estimate, Node, Query
from forethought.search.node import Context, add_children, set_estimate
from forethought.value import target

SIZES = ["<3 months>", "size < 5 & > 2", "a<b>c", "<", "<>", "<query>", "plain"]
LITERAL = [f"click[{size}]" for size in SIZES]
ITEM = ["search[jar]", "click[b000000001]"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop of one product whose sizes have every kind of angle brackets."""
    folder = tmp_path_factory.mktemp("files")
    record = {
        "asin": "B000000001",
        "name": "Baby jar",
        "full_description": "It holds <b>tea</b>.",
        "small_description": [],
        "pricing": "$5.00",
        "category": "baby",
        "query": "jar",
        "customization_options": {"Size": [{"value": size} for size in SIZES]},
    }
    asked = {"instruction": "Find a jar", "instruction_attributes": ["hot"], "attributes": ["hot"]}
    (folder / "items_shuffle.json").write_text(json.dumps([record]))
    (folder / "items_ins_v2.json").write_text(json.dumps({"B000000001": asked}))
    import_world(folder, folder / "world")
    return WebShop(World(folder / "world"))


@pytest.fixture
def query(shop):
    """A query about the product's page."""
    world = TaskSimulator(shop)
    node = Node(world.root(0).state, "", world=world)
    for action in ITEM:
        step = world.step(node.state, action)
        child = Node(step.state, step.observation, node, action)
        add_children(node, [child])
        node = child
    return Query(node, None, 0)


def test_shopify_dawn_774(shop, query):
    offered = query.actions
    assert set(LITERAL) <= set(offered)
    assert [action for action in offered if is_template(action)] == ["search[<query>]"]
    assert set(LITERAL) <= {proposal.action for proposal in AllActions().propose([query])[0]}


@pytest.mark.parametrize("size", SIZES)
def test_shopify_dawn_2942(shop, query, size):
    """An option is clicked by its text as it stands."""
    after = shop.step(query.node.state, f"click[{size}]")
    assert after.illegal is None
    assert after.state.options == (("size", size),)


def test_every_policy_leaves_literal_texts_as_they_are(query):
    prompt = load_prompt("WebShop-v0", "propose")
    ranked = LMRank(Scripted(scores=lambda request: [0.0] * len(request.continuations)), prompt)
    assert set(LITERAL) <= {proposal.action for proposal in ranked.propose([query])[0]}
    asked = [
        SimpleNamespace(actions=query.actions, context=Context("", "jar", ()), num_children=None, seed=s)
        for s in range(9)
    ]
    for proposals in RandomActions().propose(asked):
        drawn = [proposal.action for proposal in proposals]
        assert set(LITERAL) <= set(drawn)
        assert "search[<query>]" not in drawn


def test_the_space_fills_what_is_marked_and_nothing_else(query):
    space = Unicode(seed=0)
    drawn = {space.sample(mask=query.actions) for _ in range(400)}
    assert set(LITERAL) <= drawn
    assert "search[<query>]" not in drawn
    assert sum(action.startswith("search[") for action in drawn) > 10
    assert all(space.sample(mask=LITERAL) in LITERAL for _ in range(50))


def test_a_mark_survives_copies_wrappers_and_workers(query):
    marked = query.actions[0]
    for same in (copy.copy(marked), copy.deepcopy(query.actions)[0], pickle.loads(pickle.dumps(marked))):  # noqa: S301  # bytes of this line
        assert is_template(same)
        assert same == "search[<query>]"
        assert hash(same) == hash("search[<query>]")
    env = gym.make("HotpotQA-v0")
    _, info = env.reset(seed=0)
    assert all(map(is_template, info["actions"]))
    world = EnvSimulator(lambda: env)
    assert all(map(is_template, world.actions(world.root(0).state)))
    assert json.loads(json.dumps(info["actions"])) == [str(action) for action in info["actions"]]


def test_a_users_text_with_brackets_is_played_as_it_stands():
    world = simulate("HotpotQA-v0")
    after = world.step(world.root(0).state, "finish[<answer>]")
    assert world.metrics(after.state)["answer"] == "<answer>"


class Foreign(gym.Env):
    """An environment of somebody else, whose actions are plain texts."""

    observation_space = action_space = Unicode()

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return "here", {"actions": ["take <lamp>", "go"]}

    def step(self, action):
        return f"done: {action}", 1.0, True, False, {"actions": []}


def test_what_a_foreign_environment_lists_is_literal():
    world = EnvSimulator(Foreign)
    root = world.root(0)
    node = Node(root.state, root.observation, world=world)
    proposals = AllActions().propose([Query(node, None, 0)])[0]
    assert [proposal.action for proposal in proposals] == ["take <lamp>", "go"]
    assert world.step(root.state, "take <lamp>").observation == "done: take <lamp>"


def test_a_target_counts_literal_texts_as_tried(query):
    node = query.node
    world = node.world
    for action in query.actions[1:]:
        step = world.step(node.state, action)
        child = Node(step.state, step.observation, node, action, 1.0, step.terminated)
        set_estimate(child, Estimate(0.5))
        add_children(node, [child])
    assert target(node).unseen == 1  # the search alone


def test_every_blank_is_filled_with_a_word_of_its_own():
    words = iter("ab")
    assert Template("say[<one>] then [<two>]").fill(lambda: next(words)) == "say[a] then [b]"
    assert Template("click[a < b]").fill(lambda: "x") == "click[a < b]"
