"""What actions do in the shop: how they are read, where they lead, and that nothing else plays a part."""

from __future__ import annotations

import copy
import json
import pickle
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.family import Illegal
from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.goals import Goal
from forethought.envs.webshop.pages import Body, Node, State
from forethought.envs.webshop.rules import Shop, parts_of
from forethought.envs.webshop.text import plain
from forethought.envs.webshop.world import World

OFFICIAL = re.compile(r"(.+)\[(.+)\]")  # the official environment's regular expression
MUGS = 60
MUG, ODD, BARE, DEAR, LIKE_A_BUTTON = 0, MUGS, MUGS + 1, MUGS + 2, MUGS + 3
OPTIONS = {"Color": ["Red", "Blue"], "Size": ["S", "L"]}
ODD_OPTIONS = {
    "cut": ["a[b]c", "[x]", "a]", "a[", '4" x 6"', "é", "", "one\ntwo", "both"],
    "fit": ["both", "search", "reviews", "buy now", "< prev", "next >"],
}


def record(row, options=None, **more):
    groups = {name: [{"value": value} for value in values] for name, values in (options or {}).items()}
    texts = {"name": f"Mug {row}", "full_description": "Holds tea.", "small_description": ["One", ""]}
    kind = {"category": "garden", "query": "mugs", "pricing": "$5.00", "customization_options": groups}
    return {"asin": f"B{row:09}", **texts, **kind, **more}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    records = [record(row, OPTIONS if row == MUG else {}) for row in range(MUGS)]
    records.append(record(ODD, ODD_OPTIONS, name="Odd jar", query="odd things"))
    records.append({"asin": f"B{BARE:09}", "category": "garden", "query": "bare", "product_category": None})
    records.append(record(DEAR, name="Dear jar", query="dear", pricing="$2,000"))
    many = {"n": [f"value {n}" for n in range(200)]}
    records.append(record(LIKE_A_BUTTON, many, query="buttons", asin="Buy Now"))
    asked = {"instruction_attributes": ["hot"], "attributes": ["hot"]}
    about = {f"B{MUG:09}": {"instruction": "Find a\n<hot> mug", **asked}, f"B{DEAR:09}": {"instruction": "", **asked}}
    (folder / "items_shuffle.json").write_text(json.dumps(records))
    (folder / "items_ins_v2.json").write_text(json.dumps(about))
    import_world(folder, folder / "world")
    return World(folder / "world")


@pytest.fixture(scope="module")
def shop(world):
    return Shop(world, world.goals("synthetic"))


@pytest.fixture(scope="module")
def quirky(world):
    return Shop(world, world.goals("synthetic"), quirks=True)


def walk(shop, *actions, state=None):
    state = state or State(0)
    for action in actions:
        state = shop.play(state, action)
    return state


def item(row=MUG):
    return State(0, "<c> garden", 1, row, visited=(f"B{row:09}",))


# How an action is read.


@given(st.text(alphabet="[]\na b", max_size=9))
def test_the_official_expression_without_its_cost(text):
    match = OFFICIAL.match(text)
    assert parts_of(text) == (match.groups() if match else ("", ""))


def test_long_nonsense_costs_little(shop):
    start = time.perf_counter()
    for text in ("click" + "[" * 30_000, "click[" * 8_000, "[" * 30_000 + "]", "]" * 30_000):
        with pytest.raises(Illegal):
            shop.play(State(0), text)
    assert time.perf_counter() - start < 1  # the regular expression takes 5 seconds for the first alone


@pytest.mark.parametrize(
    ("action", "query"),
    [
        ("search[RED Mug]", "red mug"),
        ("search[mug] and then I look", "mug"),
        ("search[mug]\nclick[x]", "mug"),
        ("search[a]b]", "a]b"),
        ("search[a] b]c", "a] b"),
        ("search[[]", "["),
        ("search[ ]", " "),
        ("search[ÉTÉ \ud800]", "été \ud800"),
    ],
)
@pytest.mark.parametrize("state", [State(0), State(0, "mug", 3), item()], ids=lambda state: state.kind)
def test_searches(shop, quirky, action, query, state):
    for each in (shop, quirky):
        assert each.play(state, action) == State(0, query, 1, visited=state.visited)


NO_SEARCH = (" search[mug]", "Search[mug]", "search [mug]", "search[a\nb]", "search[a[b]c]", "search[]", "search")
NO_SEARCH += ("", "\n", "[mug]", "think[mug]", "search[mug", "searchmug]", "xsearch[mug]", "click[mug] search[mug]")


@pytest.mark.parametrize("action", NO_SEARCH)
def test_what_is_no_search(shop, quirky, action):
    for each in (shop, quirky):
        for state in (State(0), State(0, "mug", 1), item()):
            with pytest.raises(Illegal):
                each.play(state, action)


@pytest.mark.parametrize("action", ["click[Red]", "click[rEd] please", "click[red]\nclick[blue]"])
def test_clicks(shop, quirky, action):
    assert shop.play(item(), action).options == quirky.play(item(), action).options == (("color", "red"),)


NO_CLICK = ("click[]", "click[ red]", "click[red ]", "Click[red]", " click[red]", "click [red]", "click[color]")
NO_CLICK += (
    "click[Mug 0]",
    "click[red",
    "click[x[red]",
    "click[search]",
    "click[next >]",
    "buy[red]",
    "click[b000000000]",
    "red",
)


@pytest.mark.parametrize("action", NO_CLICK)
def test_what_is_no_click(shop, quirky, action):
    for each in (shop, quirky):
        with pytest.raises(Illegal, match=r"write search\[words\], or click\[…\] with one of back to search, < prev"):
            each.play(item(), action)


def test_the_search_box_is_no_button(shop, quirky):
    for each in (shop, quirky):
        for action in ("click[search]", "click[Search]", "click[back to search]"):
            with pytest.raises(Illegal, match="with one of none"):
                each.play(State(0), action)


def test_a_refusal_is_a_short_line(shop):
    with pytest.raises(Illegal) as refused:
        shop.play(item(LIKE_A_BUTTON), "x\n" * 10_000)
    assert len(str(refused.value)) < 600
    assert "\n" not in str(refused.value)


# Where it leads.


def test_pages_of_results(shop):
    first = walk(shop, "search[<q> mugs]")
    assert (first.number, walk(shop, *["click[Next >]"] * 9, state=first).number) == (1, 10)  # the last one has 6 pages
    second = walk(shop, "click[next >]", state=first)
    assert second == State(0, "<q> mugs", 2)
    assert walk(shop, "click[< Prev]", state=second) == first
    assert "click[< prev]" in shop.actions(second)
    assert "click[< prev]" not in shop.actions(first)
    with pytest.raises(Illegal):
        shop.play(first, "click[< Prev]")


def test_a_visit_and_the_way_back(shop):
    results = State(0, "<q> mugs", 1)
    mug = walk(shop, f"click[b{MUG:09}]", state=results)
    assert mug == State(0, "<q> mugs", 1, MUG, visited=(f"B{MUG:09}",))
    chosen = walk(shop, "click[red]", "click[l]", "click[blue]", "click[blue]", state=mug)
    assert chosen.options == (("color", "blue"), ("size", "l"))
    for part in ("Description", "Features", "Reviews"):
        there = walk(shop, f"click[{part}]", state=chosen)
        assert (there.part, there.options) == (part, chosen.options)
        assert walk(shop, "click[< Prev]", state=there) == chosen
        assert list(shop.actions(there)) == ["search[<query>]", "click[back to search]", "click[< prev]"]
    assert walk(shop, "click[< Prev]", state=chosen) == State(0, "<q> mugs", 1, visited=mug.visited)
    assert walk(shop, "search[jar]", state=chosen) == State(0, "jar", 1, visited=mug.visited)
    assert walk(shop, "click[Back to Search]", state=chosen) == State(0)


def test_the_page_of_results_is_remembered(shop):
    there = walk(shop, "search[<q> mugs]", "click[next >]", "click[next >]", "click[b000000025]", "click[features]")
    assert walk(shop, "click[< prev]", "click[< prev]", state=there) == State(0, "<q> mugs", 3, visited=("B000000025",))
    again = walk(shop, "search[<q> mugs]", "click[b000000003]", state=there)
    assert again.visited == ("B000000003", "B000000025")  # sorted, not in the order of the visits
    assert shop.chosen(again, Node("B000000025", "product"))


def test_a_window_turns_in_its_own_steps(world):
    shop = Shop(world, world.goals("synthetic"), window=5)
    rows = [node.row for number in (1, 2) for node in shop.page(State(0, "<q> mugs", number)) if node.kind == "product"]
    assert rows == list(range(10))


def test_the_end(shop, quirky):
    bought = walk(shop, "click[red]", "click[Buy Now]", state=item())
    assert bought == State(0, "<c> garden", 1, MUG, "", (("color", "red"),), item().visited, True)
    assert shop.actions(bought) == ()
    for action in ("search[mug]", "click[buy now]", "click[back to search]", "click[red]"):
        with pytest.raises(Illegal, match="has ended; begin another"):
            shop.play(bought, action)
    assert quirky.actions(bought) == ("search[<query>]",)
    with pytest.raises(Illegal, match="with one of none"):
        quirky.play(bought, "click[buy now]")
    assert walk(quirky, "search[mug]", state=bought) == State(0, "mug", 1, visited=bought.visited)
    again = walk(quirky, "search[<q> mugs]", "click[b000000000]", "click[buy now]", state=bought)
    assert (again.bought, again.options) == (True, ())
    assert quirky.score(again).reward > 0


def test_a_product_without_anything(shop):
    state = walk(shop, "search[<q> bare]", f"click[b{BARE:09}]")
    assert shop.plain(state).endswith(
        "Back to Search [SEP] < Prev [SEP] Price: $100.0 [SEP] Rating: N.A. [SEP] Description [SEP] Features [SEP] "
        "Reviews [SEP] Buy Now"
    )
    for part, rest in (("description", ""), ("features", " [SEP] "), ("reviews", "")):  # no bullets are an empty one
        shown = shop.plain(walk(shop, f"click[{part}]", state=state))
        assert shown.endswith(f"Back to Search [SEP] < Prev{rest}")
    assert walk(shop, "click[buy now]", state=state).bought


# Options with names of their own kind.


@pytest.mark.parametrize("value", ["a[b]c", "[x]", "a]", "a[", '4" x 6"', "é", "next >"])
def test_odd_options_can_be_clicked(shop, value):
    assert f"click[{value}]" in shop.actions(item(ODD))
    (choice,) = shop.play(item(ODD), f"click[{value.upper()}]").options
    assert choice == ("fit" if value == "next >" else "cut", value)


def test_the_official_expression_cannot_name_brackets(quirky):
    offered = [action[6:-1] for action in quirky.actions(item(ODD))]
    assert {"a[b]c", "[x]"}.isdisjoint(offered)
    assert {"a]", "a["} <= {*offered}
    for value in ("a[b]c", "[x]"):
        with pytest.raises(Illegal):
            quirky.play(item(ODD), f"click[{value}]")


@pytest.mark.parametrize("name", ["both", "plain", "a[", "a[b", "[", "][", "a[[", "a]b["])
def test_quirks_name_what_the_official_expression_names(quirky, name):
    assert quirky.can_name(name) == (OFFICIAL.match(f"click[{name}]").groups() == ("click", name))


def test_the_later_group_has_a_value_of_two(shop):
    state = shop.play(item(ODD), "click[both]")
    assert state.options == (("fit", "both"),)
    marks = [node.group for node in shop.page(state) if node.kind == "option" and shop.chosen(state, node)]
    assert marks == ["fit"]


def test_each_of_two_groups_with_one_value_can_be_chosen(shop):
    """The value alone is the later group's, as in the official environment; the other is named with its group."""
    offered = shop.actions(item(ODD))
    assert [action for action in offered if "both" in action] == ["click[both]", "click[cut: both]"]
    for first, second in (("click[both]", "click[CUT: both]"), ("click[cut: both]", "click[fit: both]")):
        state = walk(shop, first, second, state=item(ODD))
        assert state.options == (("cut", "both"), ("fit", "both"))
        marks = [(node.group, node.text) for node in shop.page(state) if shop.chosen(state, node)]
        assert marks == [("cut", "both"), ("fit", "both")]
    alone = shop.play(item(ODD), "click[cut: both]")
    assert alone.options == (("cut", "both"),)
    assert shop.play(alone, "click[a]]").options == (("cut", "a]"),)


def test_with_quirks_only_the_later_group_is_there(quirky):
    assert [action for action in quirky.actions(item(ODD)) if "both" in action] == ["click[both]"]
    with pytest.raises(Illegal):
        quirky.play(item(ODD), "click[cut: both]")


@pytest.mark.parametrize("value", ["search", "reviews", "buy now", "< prev"])
def test_options_that_are_called_like_a_button_can_be_chosen(shop, quirky, value):
    action = f"click[fit: {value}]"
    assert action in shop.actions(item(ODD))
    assert shop.play(item(ODD), action).options == (("fit", value),)
    assert action not in quirky.actions(item(ODD))


def test_an_option_that_is_alone_has_one_name(shop):
    for action in ("click[fit: next >]", "click[color: red]", "click[fit:both]", "click[: both]"):
        with pytest.raises(Illegal):
            shop.play(item(ODD), action)


def test_every_option_that_is_offered_chooses_itself(shop):
    """No two actions of a page lead to the same choice, and all that can be named are offered."""
    chosen = {}
    for action in shop.actions(item(ODD))[1:]:
        after = shop.play(item(ODD), action)
        if after.options:
            (option,) = after.options
            assert option not in chosen
            chosen[option] = action
    wanted = {
        (group, value) for group, values in ODD_OPTIONS.items() for value in values if value not in ("", "one\ntwo")
    }
    assert set(chosen) == wanted


# The part that tells what the reward looks for.


@pytest.fixture(scope="module")
def telling(world):
    return Shop(world, world.goals("synthetic"), attributes=True)


def test_the_official_page_of_attributes(telling):
    """Each attribute, then category, query and product category, of which an empty one does not show."""
    assert telling.plain(item()).endswith("Reviews [SEP] Attributes [SEP] Buy Now")
    assert telling.actions(item())[-2:] != ()
    state = telling.play(item(), "click[Attributes]")
    assert (state.part, state.kind) == ("Attributes", "part")
    assert telling.plain(state).endswith("Back to Search [SEP] < Prev [SEP] hot [SEP] garden [SEP] mugs")
    assert telling.actions(state) == ("search[<query>]", "click[back to search]", "click[< prev]")
    assert telling.play(state, "click[< prev]") == item()
    chosen = walk(telling, "click[red]", "click[attributes]", "click[< prev]", state=item())
    assert chosen.options == (("color", "red"),)
    bare = telling.play(State(0, "<q> bare", 1, BARE, visited=(f"B{BARE:09}",)), "click[attributes]")
    assert telling.plain(bare).endswith("< Prev [SEP] DUMMY_ATTR [SEP] garden [SEP] bare")


def test_without_the_option_there_is_no_such_page(shop, quirky):
    for each in (shop, quirky):
        assert "Attributes" not in each.plain(item())
        assert "click[attributes]" not in each.actions(item())
        with pytest.raises(Illegal):
            each.play(item(), "click[attributes]")


def test_a_copy_of_a_shop_shows_attributes_as_well(telling):
    assert pickle.loads(pickle.dumps(telling)).plain(item()) == telling.plain(item())  # noqa: S301  # our own bytes


def test_buttons_go_before_options_of_their_name(shop, quirky):
    for each in (shop, quirky):
        assert each.play(item(ODD), "click[reviews]").part == "Reviews"
        assert each.play(item(ODD), "click[< prev]").kind == "results"
        assert each.play(item(ODD), "click[buy now]").bought


@pytest.mark.parametrize("name", ["search", "", "one\ntwo"])
def test_what_no_action_can_name(shop, quirky, name):
    for each in (shop, quirky):
        assert f"click[{name}]" not in each.actions(item(ODD))
        with pytest.raises(Illegal):
            each.play(item(ODD), f"click[{name}]")


def test_a_product_may_be_called_like_a_button(shop):
    state = walk(shop, "search[<q> buttons]", "click[buy now]")
    assert (state.row, state.visited, state.bought) == (LIKE_A_BUTTON, ("Buy Now",), False)


# Searches that are no search for words.


def test_searches_for_a_kind(shop):
    assert list(shop.results(0, "<q> odd things")) == [ODD]
    assert list(shop.results(0, "<c> garden")) == list(range(MUGS + 4))
    assert list(shop.results(0, "<c> garden and more")) == list(range(MUGS + 4))
    for nothing in ("<q>", "<q> mug", "<c> nosuch", "<c> ", "nothingness", " ", "the of", "<z> nothingness"):
        assert list(shop.results(0, nothing)) == []
    assert len(shop.results(0, "mug")) == 50


def test_totals_are_told(shop):
    for query, total in (("mug", 50), ("<q> mugs", MUGS), ("<q> bare", 1), ("nothingness", 0), ("<r>", 50)):
        assert f" Page 1 (Total results: {total}) [SEP] Next >" in shop.plain(walk(shop, f"search[{query}]"))


def test_any_fifty_products(world, shop):
    drawn = shop.results(0, "<r>")
    assert len({*drawn}) == len(drawn) == 50
    assert drawn == Shop(world, shop.goals).results(0, "<r>")
    assert drawn not in (shop.results(1, "<r>"), shop.results(0, "<r> more"))
    for goal in (0, 1):  # its pages are the goal's own, and one draw
        pages = [shop.page(State(goal, "<r>", number)) for number in (1, 2)]
        rows = [node.row for page in pages for node in page if node.kind == "product"]
        assert rows == list(shop.results(goal, "<r>")[:20])
    assert len(shop.results(0, "<r> \ud800")) == 50


ELSEWHERE = """
import sys
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.rules import Shop
from forethought.envs.webshop.world import World
world = World(sys.stdin.read())
shop = Shop(world, world.goals("synthetic"))
print([[int(row) for row in shop.results(1, query)] for query in ("<r>", "<r> x", "<c> garden", "<q> mugs", "mug jar")])
"""


def test_every_process_finds_the_same(world, shop, elsewhere):
    queries = ("<r>", "<r> x", "<c> garden", "<q> mugs", "mug jar")
    here = [[int(row) for row in shop.results(1, query)] for query in queries]
    assert elsewhere(ELSEWHERE, str(world.folder)) == str(here)


@pytest.mark.parametrize("query", ["<c>", "<a>", "<a> hot", " ".join(f"w{n}" for n in range(1025))])
def test_searches_that_the_official_environment_raises_on(shop, quirky, query):
    for each in (shop, quirky):
        with pytest.raises(Illegal):
            each.play(item(), f"search[{query}]")
    assert shop.results(0, " ".join(f"w{n % 1024}" for n in range(2000))) == ()


# Nothing else plays a part.


def test_pages_kept_ready_are_the_pages(shop, quirky):
    """Also of goals without an instruction; and a shop that has seen much shows what a new one shows."""
    for each in (shop, quirky):
        draw, state, seen = random.Random(0), State(0), set()
        fresh = Shop(each.world, each.goals, quirks=each.quirks)
        for _ in range(300):
            seen.add((state.kind, state.part, state.goal))
            assert each.plain(state) == plain(each.page(state)) == plain(fresh.page(state))
            assert each.named(state) == fresh.named(state)
            offered = [a for a in each.actions(state) if a != "click[buy now]" or draw.random() < 0.2]
            if not offered or draw.random() < 0.03:
                state = State(draw.randrange(len(each.goals)))
                continue
            words = draw.choice(("<r>", "mug", "<q> odd things", "jar"))
            before, action = copy.copy(state), draw.choice(offered).replace("<query>", words)
            state = each.play(before, action)
            assert before == copy.copy(before)
        assert {kind for kind, *_ in seen} == {"index", "results", "item", "part", "done"}
    bare = next(n for n in range(len(shop.goals)) if not shop.goals[n].instruction)
    assert shop.plain(State(bare, "bare", 1)) == plain(shop.page(State(bare, "bare", 1)))
    assert shop.plain(State(bare, "bare", 1)).startswith("Instruction: [SEP] Back to Search [SEP] Page 1")


def test_a_shop_travels_to_other_processes(shop, world):
    for original in (shop, Shop(world, world.goals("synthetic"), window=3, quirks=True)):
        for again in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):  # noqa: S301
            assert again is not original
            assert (again.window, again.quirks, again.world.hash) == (original.window, original.quirks, world.hash)
            assert again.page(State(0, "<r>", 2)) == original.page(State(0, "<r>", 2))


def test_a_score_is_of_the_goal_and_what_was_chosen(shop):
    goal = shop.goal(State(0))
    assert isinstance(goal, Goal)
    wanted = next(n for n in range(len(shop.goals)) if shop.goals[n].options == ("red", "l"))
    right = walk(shop, "click[red]", "click[l]", "click[buy now]", state=State(wanted, "mug", 1, MUG))
    wrong = walk(shop, "click[blue]", "click[buy now]", state=State(wanted, "mug", 1, MUG))
    assert shop.score(right).reward == 1.0
    assert shop.score(wrong).reward == 0.5  # attribute and price, and neither option


def test_bodies_are_shared_between_states(shop):
    assert isinstance(shop.body(item()), Body)
    assert shop.body(item()) is shop.body(walk(shop, "click[red]", state=item()))
    assert shop.body(State(0, "mug", 2)) is shop.body(State(1, "mug", 2))
    assert shop.body(State(0, "mug", 2)) is not shop.body(State(0, "mug", 3))
    assert shop.body(State(0, "<r>", 2)) is not shop.body(State(1, "<r>", 2))
