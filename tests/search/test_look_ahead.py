"""Look ahead to the endings, and the actions that lead nowhere back."""

from __future__ import annotations

from forethought.agents import AllActions, EndingsValue, ForwardActions, find_judge
from forethought.agents.judges import TerminalValue
from forethought.envs import TaskSimulator, simulate
from forethought.envs.game24 import Game24
from forethought.search import Budget, Node, Query, look_ahead
from forethought.search.engine.driver import Driver
from forethought.search.node import add_children, visible
from forethought.search.registry import algorithm


def searched(puzzle, **settings):
    world = TaskSimulator(Game24([puzzle]))
    value = TerminalValue(EndingsValue(), find_judge("rule", "Game24-v0"))
    driver = Driver(world, AllActions(), value, Budget(nodes=50_000))
    (outcome,) = list(driver.run([0], algorithm(look_ahead, settings)))
    return outcome


def test_it_finds_the_ending_that_the_judge_likes_best():
    outcome = searched("4 6 1")
    assert outcome.answer.done
    assert outcome.answer.observation.endswith("(left: 24)")


def test_only_endings_have_values():
    outcome = searched("4 6 1")
    assert all((node.estimate is not None) == node.done for node in outcome.root)


def test_a_level_keeps_its_width_and_draws_by_the_seed():
    first, again, other = (searched("1 4 6 10", level_width=3, seed=seed) for seed in (1, 1, 2))
    for outcome in (first, again, other):
        depths = [node.depth for node in outcome.root if node.children]
        assert [depths.count(depth) for depth in (0, 1, 2)] == [1, 3, 3]
    paths = [[node.path for node in outcome.root if node.children] for outcome in (first, again, other)]
    assert paths[0] == paths[1] != paths[2]


def test_a_depth_ends_it_before_the_endings():
    outcome = searched("1 4 6 10", depth=2)
    assert max(node.depth for node in outcome.root) == 2
    assert outcome.answer.depth == 0


def shop_at(*actions):
    world = simulate("WebShop-v0")
    start = world.root(0)
    node = Node(start.state, start.observation, world=world)
    for action in actions:
        step = world.step(node.state, action)
        assert step.illegal is None
        child = Node(step.state, visible(step, world), node, action, 1.0, step.terminated)
        add_children(node, [child])
        node = child
    return node


def proposed(node, num_children=None):
    return [proposal.action for proposal in ForwardActions().propose([Query(node, num_children, 0)])[0]]


def test_forward_actions_fill_the_search_and_turn_no_page():
    assert proposed(shop_at())[0].startswith("search[")
    results = shop_at("search[shirt]")
    shown = proposed(results)
    assert shown
    assert not {"click[back to search]", "click[next >]", "click[< prev]"} & set(shown)
    assert len(proposed(results, 2)) == 2


def test_forward_actions_choose_each_option_once_and_can_buy():
    results = shop_at("search[shirt]")
    for item in proposed(results):
        page = shop_at("search[shirt]", item)
        offered = proposed(page)
        assert "click[buy now]" in offered
        assert not {"click[description]", "click[features]", "click[reviews]"} & set(offered)
        options = [action for action in offered if action != "click[buy now]"]
        if options:
            after = proposed(shop_at("search[shirt]", item, options[0]))
            assert options[0] not in after
            assert len(after) < len(offered)
            return
    raise AssertionError("no product with options")


def test_without_a_declared_direction_all_actions_lead_forward():
    world = TaskSimulator(Game24(["4 6 1"]))
    start = world.root(0)
    node = Node(start.state, start.observation, world=world)
    assert proposed(node) == list(world.actions(node.state))
