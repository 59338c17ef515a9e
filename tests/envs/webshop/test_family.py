"""WebShop as a task family and as an environment: options, observations, ends, and what is told of a purchase."""

from __future__ import annotations

import builtins
import json
import pickle

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded
from markupsafe import escape

from forethought.envs.webshop.browser.make import make_browser
from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.family import WebShop, WebShopEnv, make, splits
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.synthetic.make_world import make_world
from forethought.envs.webshop.text import OBSERVATIONS
from forethought.envs.webshop.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    make_world(folder := tmp_path_factory.mktemp("worlds") / "world", 60, 0)
    return World(folder)


@pytest.fixture(scope="module")
def forms(world):
    """A family for each observation and both kinds of rules, by (observation, quirks)."""
    return {
        (form, quirks): WebShop(world, observation=form, official_quirks=quirks)
        for form in OBSERVATIONS
        for quirks in (False, True)
    }


@pytest.fixture(scope="module")
def purchase(forms):
    """A goal, and the actions that buy all that it asks for."""
    family = forms["text", False]
    index = next(n for n, goal in enumerate(family.goals) if len(goal.options) == 2)
    goal = family.goals[index]
    kind = family.shop.world.product(family.shop.world.row_of(goal.asin)).query
    found = list(family.shop.results(index, f"<q> {kind}")).index(family.shop.world.row_of(goal.asin))
    assert found < 5, "compact shows no more"
    choices = [f"click[{value}]" for value in goal.options]
    return index, [f"search[<q> {kind}]", f"click[{goal.asin}]", *choices, "click[Buy Now]"]


def steps(family, index, actions):
    state, done = family.initial(index), []
    for action in actions:
        done.append(family.step(state, action))
        state = done[-1].state
    return done


SIZES = {0: (0, 0, 0), 1: (0, 0, 1), 5: (1, 1, 3), 13: (2, 3, 8), 2000: (400, 400, 1200), 2001: (500, 1000, 501)}
SIZES |= {6910: (500, 1000, 5410), 12087: (500, 1000, 10587)}


@pytest.mark.parametrize(("count", "sizes"), SIZES.items())
def test_splits_share_out_all_goals_in_order(count, sizes):
    parts = splits(count)
    assert tuple(map(len, parts.values())) == sizes
    assert list(parts) == ["test", "eval", "train"]
    assert [index for part in parts.values() for index in part] == list(range(count))


@pytest.mark.parametrize("quirks", [False, True])
def test_attributes_are_shown_on_request_in_every_form(world, purchase, quirks):
    """As the official option does: a button behind "Reviews", and a page of what the reward knows of a product."""
    index, (search, click, *_) = purchase
    product = world.product(world.row_of(click[6:-1]))
    known = [*product.attributes, product.category, product.query, product.product_category]
    for form in OBSERVATIONS:
        family = WebShop(world, observation=form, official_quirks=quirks, show_attrs=True)
        opened, told = steps(family, index, [search, click, "click[attributes]"])[1:]
        assert opened.observation.index("Reviews") < opened.observation.index("Attributes")
        assert "click[attributes]" in family.actions(opened.state)
        assert told.illegal is None
        assert [node.text.strip() for node in family.shop.page(told.state)[4:]] == known
        assert all((escape(text) if form == "html" else text) in told.observation for text in known)
        assert family.from_json(family.to_json(told.state)) == told.state
        back = family.step(told.state, "click[< prev]")
        assert (back.state, back.observation) == (opened.state, opened.observation)


def test_attributes_are_another_world_and_another_state(world):
    shown, plain = WebShop(world, show_attrs=True), WebShop(world)
    assert shown.world == f"{plain.world}-attributes"
    asin = world.product(shown.shop.results(0, "<c> fashion")[0]).asin
    state = steps(shown, 0, ["search[<c> fashion]", f"click[{asin}]", "click[attributes]"])[-1].state
    with pytest.raises(ValueError, match="no part 'Attributes' of a product"):
        plain.from_json(shown.to_json(state))


def test_attributes_through_gymnasium(world):
    env = gym.make("WebShop-v0", world=world, show_attrs=True)
    env.reset(options={"task": 0})
    text, *_, info = env.step(env.step("search[<c> fashion]")[4]["actions"][-1])
    assert "Attributes [SEP] Buy Now" in text
    assert "click[attributes]" in info["actions"]
    with pytest.raises(ValueError, match="show_attrs is True or False; 1 was given"):
        gym.make("WebShop-v0", world=world, show_attrs=1)


def test_a_purchase_in_every_form(forms, purchase):
    index, actions = purchase
    for (form, quirks), family in forms.items():
        *before, last = steps(family, index, actions)
        assert [(step.reward, step.terminated, step.illegal) for step in before] == [(0.0, False, None)] * 4
        assert (last.reward, last.terminated, last.illegal, last.state.kind) == (1.0, True, None, "done")
        assert "1.0" in last.observation
        assert [step.state for step in steps(family, index, actions)] == [step.state for step in (*before, last)]
        for step in (before[1], last) if form == "compact" else (*before, last):
            assert step.observation == family.show(step.state)
        assert family.metrics(last.state)["reward"] == 1.0, (form, quirks)


def test_forms_are_different_texts_of_the_same_page(forms, purchase):
    index, actions = purchase
    begun = {form: forms[form, False].initial(index) for form in OBSERVATIONS}
    openings = {form: forms[form, False].opening(state) for form, state in begun.items()}
    instruction = forms["text", False].instruction(begun["text"])
    assert openings["text"] == f"WebShop [SEP] Instruction: [SEP] {instruction} [SEP] Search"
    assert openings["text_rich"] == f"WebShop\nInstruction: \n{instruction}\n[button] Search [button_]\n"
    assert openings["compact"] == f"\nWebShop \nInstruction:  \n{instruction} \n[Search] "
    assert openings["html"].startswith("<!DOCTYPE html>")
    chosen = {form: steps(forms[form, False], index, actions)[3].observation for form in OBSERVATIONS}
    assert chosen["text"].startswith(f"Instruction: [SEP] {instruction} [SEP] Back to Search [SEP] < Prev [SEP] ")
    names = [action[6:-1] for action in actions[2:4]]
    assert f"[clicked button] {names[1]} [clicked button_]" in chosen["text_rich"]
    assert chosen["compact"] == f"You have clicked {names[1]}."
    assert 'aria-pressed="true"' in chosen["html"]


def test_compact_answers_one_line_to_a_choice_and_to_nothing_else(forms, purchase):
    index, (search, product, first, second, _) = purchase
    for quirks in (False, True):
        family = forms["compact", quirks]
        item = steps(family, index, [search, product])[1].state
        for action in (first, first.upper().replace("CLICK", "click") + " please"):
            assert family.step(item, action).observation == f"You have clicked {first[6:-1]}."
        for action in (
            "click[Reviews]",
            "click[< Prev]",
            "click[no such thing]",
            "search[mug]",
            "click[back to search]",
        ):
            step = family.step(item, action)
            assert step.observation == family.show(step.state)
            assert "You have clicked" not in step.observation
        for turned in (State(index, "<r>", 2), steps(family, index, [search, product, "click[reviews]"])[2].state):
            for action in ("click[next >]", "click[< prev]"):
                assert "You have clicked" not in family.step(turned, action).observation
        assert f"[[{second[6:-1]}]]" in family.show(steps(family, index, [search, product, first, second])[3].state)


def test_quirks_mark_options_in_rich_text_and_html(forms, purchase):
    index, (_, product, *choices, _) = purchase
    row = forms["text", True].shop.world.row_of(product[6:-1])
    word = next(choice[6:-1] for choice in choices if " " not in choice)
    state = State(index, f'"{word}"', 1, row)
    marked = {key for key, family in forms.items() if family.show(state) != family.show(State(index, "x", 1, row))}
    assert marked == {("text_rich", True), ("html", True)}


def test_compact_turns_five_products_a_page_and_with_quirks_ten(forms):
    fair, official = forms["compact", False], forms["compact", True]
    pages = [State(0, "<r>", number) for number in (1, 2)]
    asins = [fair.shop.world.product(row).asin for row in fair.shop.results(0, "<r>")[:15]]

    def shown(family, state):
        return [asin for asin in asins if f"[{asin}]" in family.show(state)]

    assert [shown(fair, state) for state in pages] == [asins[:5], asins[5:10]]
    assert [shown(official, state) for state in pages] == [asins[:5], asins[10:15]]
    assert f"click[{asins[5].lower()}]" in official.actions(pages[0])  # it can be clicked, unseen, as in those papers
    assert f"click[{asins[5].lower()}]" not in fair.actions(pages[0])


def test_what_is_illegal_changes_nothing(forms, purchase):
    index, actions = purchase
    for family in forms.values():
        for before in (family.initial(index), *(step.state for step in steps(family, index, actions))):
            for action in ("", "click[search]", "search[<a>]", "search[a[b]c]", "click[\ud800]", "\x00" * 10_000):
                step = family.step(before, action)
                assert step.state is before
                assert (step.observation, step.reward) == (family.show(before), 0.0)
                assert step.terminated == before.bought
                assert step.illegal
                assert "\n" not in step.illegal


def test_the_end_is_the_end_but_for_quirks(forms, purchase):
    index, actions = purchase
    for (_, quirks), family in forms.items():
        bought = steps(family, index, actions)[-1].state
        assert family.actions(bought) == (("search[<query>]",) if quirks else ())
        after = family.step(bought, "search[mug]")
        assert (after.illegal is None, after.terminated, after.reward) == (quirks, not quirks, 0.0)
        if quirks:
            *_, again = steps(family, index, [*actions, *actions])
            assert (again.reward, again.terminated) == (1.0, True)


def test_metrics_tell_a_purchase_in_both_readings(forms, purchase):
    index, actions = purchase
    family = forms["text", False]
    states = [step.state for step in steps(family, index, actions)]
    for state in (family.initial(index), *states[:-1]):
        assert family.metrics(state) == {"bought": False, "reward": 0.0, "success": False}
    told = family.metrics(states[-1])
    assert (told["bought"], told["success"], told["reward"]) == (True, True, 1.0)
    assert {"r_type", "r_att", "r_option", "r_price", "reward_by_value", "reward_official"} <= set(told)
    half = steps(family, index, [*actions[:2], actions[-1]])[-1].state
    assert (family.metrics(half)["success"], family.metrics(half)["r_option"]) == (False, 0.0)
    json.dumps(told)


def test_worlds_with_other_rules_have_other_names(world, forms):
    names = {form: forms[form, False].world for form in OBSERVATIONS}
    assert names["text"] == names["html"] == names["text_rich"] == f"{world.hash}-synthetic"
    assert names["compact"] != names["text"]  # its pages are shorter: the same state would be another page
    assert {forms[form, True].world for form in OBSERVATIONS} == {f"{world.hash}-synthetic-quirks"}
    assert WebShop(world, goals="human").world == f"{world.hash}-human"


# The environment.


def test_info_holds_the_page_where_compact_tells_one_line(world, purchase):
    index, actions = purchase
    for form in OBSERVATIONS:
        env = make(world, form)
        text, info = env.reset(options={"task": index})
        assert info["page"] == text == env.family.opening(State(index))
        for action in actions:
            text, reward, ended, _, info = env.step(action)
            state = env.family.from_json(json.loads(env.get_state())["state"])
            assert info["page"] == env.family.show(state)
            assert (text == info["page"]) == (form != "compact" or action not in actions[2:4])
        assert (reward, ended, info["metrics"]["success"], info["actions"]) == (1.0, True, True, ())


def test_the_environment_ends_at_the_purchase_also_with_quirks(world, purchase):
    index, actions = purchase
    env = make(str(world.folder), official_quirks=True)
    env.reset(options={"task": index})
    *_, last = [env.step(action) for action in actions]
    assert last[2:4] == (True, False)
    with pytest.raises(ResetNeeded):
        env.step("search[mug]")


def test_a_fork_and_a_pickled_copy_go_on_alike(world, purchase):
    index, actions = purchase
    env = make(world, "compact")
    env.reset(options={"task": index})
    env.step(actions[0])
    fork, other = env.fork(), pickle.loads(pickle.dumps(env))  # noqa: S301
    for action in actions[1:]:
        expected = env.step(action)
        assert fork.step(action) == other.step(action) == expected


def test_splits_are_the_familys(world):
    env = make(world)
    env.reset(seed=0, options={"split": "eval", "task": 0})
    assert json.loads(env.get_state())["task"] == len(env.family) // 5


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"observation": "rich"}, "unknown observation 'rich'; expected one of compact, text, text_rich, html"),
        ({"observation": None}, "unknown observation None"),
        ({"goals": "robot"}, "unknown goals 'robot'; expected 'synthetic' or 'human'"),
        ({"world": "/nowhere"}, "is no world of webshop"),
        ({"world": ""}, "is no world of webshop"),
        ({"world": 3}, "a world is a folder or an opened World; 3 was given"),
        ({"render_mode": "human"}, "unknown render_mode 'human'"),
    ],
)
def test_wrong_options(world, options, error):
    with pytest.raises(ValueError, match=error):
        gym.make("WebShop-v0", **{"world": world, **options})


def test_a_world_without_goals_of_a_kind(tmp_path, official, put):
    del official["items_human_ins.json"]
    import_world(put(official), tmp_path / "world")
    assert len(WebShop(World(tmp_path / "world"))) > 0
    with pytest.raises(ValueError, match=r"world has no human goals; give another world, or other goals"):
        WebShop(World(tmp_path / "world"), goals="human")


def test_the_default_world_is_the_made_one():
    family = gym.make("WebShop-v0").unwrapped.family
    assert len(family.shop.world) == 1000
    assert tuple(map(len, family.splits.values())) == (500, 1000, len(family) - 1500)
    assert isinstance(make(), WebShopEnv)


def test_what_the_browser_needs_is_named(monkeypatch):
    imported = builtins.__import__

    def without(name, *rest):
        if name == "forethought.envs.webshop.browser.env":
            raise ModuleNotFoundError("no", name="selenium")
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"needs selenium; install it: pip install 'forethought\[browser\]'"):
        make_browser()
