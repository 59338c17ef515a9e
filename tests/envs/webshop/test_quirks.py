"""The official environment's bugs: each is there with `quirks`, and none without."""

from __future__ import annotations

import json

import pytest

from forethought.envs.family import Illegal
from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.quirks import is_pressed, kind_of, url
from forethought.envs.webshop.rules import Shop
from forethought.envs.webshop.text import rich
from forethought.envs.webshop.world import World

ASIN = "B000000001"
VALUES = ["red", "dark red", '4" wide', "é", "search_results", "item_page", "color", "redwood"]
RED = (("color", "red"),)


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """(with quirks, without)"""
    folder = tmp_path_factory.mktemp("files")
    options = {"color": [{"value": value} for value in VALUES], "trim": [{"value": "red"}]}
    mug = {"asin": ASIN, "name": "Mug", "category": "c", "query": "mugs", "customization_options": options}
    asked = {"attributes": ["hot"], "instruction": "Find", "instruction_attributes": ["hot"]}
    (folder / "items_shuffle.json").write_text(json.dumps([mug]))
    (folder / "items_ins_v2.json").write_text(json.dumps({ASIN: asked}))
    import_world(folder, folder / "world")
    world = World(folder / "world")
    return tuple(Shop(world, world.goals("synthetic"), quirks=quirks) for quirks in (True, False))


def item(query="mug", number=1, part="", options=()):
    return State(0, query, number, 0, part, options, (ASIN,))


@pytest.mark.parametrize(
    ("state", "path"),
    [
        (State(7), "7"),
        (State(7, "red mug  x", 2), "search_results/7/red+mug++x/2"),
        (item(), f"item_page/0/{ASIN}/mug/1/{{}}"),
        (item("a b", 3, "", (*RED, ("trim", "é"))), f'item_page/0/{ASIN}/a+b/3/{{"color": "red", "trim": "\\u00e9"}}'),
        (item("mug", 1, "Reviews", RED), f"item_sub_page/0/{ASIN}/mug/1/Reviews/{{'color': 'red'}}"),
        (State(7, "mug", 1, 0, "", RED, (ASIN,), True), f"done/7/{ASIN}/{{'color': 'red'}}"),
    ],
)
def test_addresses(state, path):
    assert url(state, ASIN) == f"http://127.0.0.1:3000/{path}"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("x/7", ""),
        ("x/done/7", "done"),
        ("x/item_sub_page/7", "part"),
        ("x/item_page/7/done", "item"),
        ("x/item_sub_page/7/item_page", "item"),
        ("x/item_page/7/search_results", "results"),
    ],
)
def test_a_page_is_named_by_the_first_known_word(address, kind):
    assert kind_of(address) == kind


MISREAD = [
    (item("search_results mug"), State(0, "search_results mug", 0, visited=(ASIN,))),
    (item("search_results", 3, "", RED), State(0, "search_results", 2, visited=(ASIN,))),
    (item("search_results", 1, "Reviews"), State(0, "search_results", 0, visited=(ASIN,))),
    (item("my item_page", 2, "Features", RED), State(0, "my item_page", 2, visited=(ASIN,))),
    (item("mug", 2, "", (("color", "search_results"),)), State(0, "mug", 1, visited=(ASIN,))),
    (item("mug", 2, "Features", (("color", "item_page"),)), State(0, "mug", 2, visited=(ASIN,))),
]
READ_WELL = [
    item("item_page"),
    item("done", 2),
    item("done", 2, "Reviews", RED),
    item("item_sub_page"),
    item("searchresults"),
]


@pytest.mark.parametrize(("state", "there"), MISREAD)
def test_words_of_the_query_or_an_option_misroute_the_way_back(shops, state, there):
    quirky, fair = shops
    assert quirky.play(state, "click[< Prev]") == there
    back = State(
        0, state.query, state.number, 0 if state.part else -1, "", state.options if state.part else (), (ASIN,)
    )
    assert fair.play(state, "click[< Prev]") == back


@pytest.mark.parametrize("state", READ_WELL)
def test_other_words_do_not(shops, state):
    quirky, fair = shops
    assert quirky.play(state, "click[< prev]") == fair.play(state, "click[< prev]")


def test_results_are_always_known_as_results(shops):
    for shop in shops:
        assert shop.play(State(0, "item_page done", 2), "click[next >]").number == 3
        assert shop.play(State(0, "item_page done", 2), "click[< prev]").number == 1


def test_page_zero_has_no_products_and_leads_on(shops):
    quirky, _ = shops
    zero = quirky.play(item("search_results mug"), "click[< Prev]")
    assert quirky.plain(zero).endswith("Back to Search [SEP] Page 0 (Total results: 1) [SEP] Next >")
    assert quirky.actions(zero) == ("search[<query>]", "click[back to search]", "click[next >]")
    assert quirky.play(zero, "click[next >]") == State(0, "search_results mug", 1, visited=(ASIN,))
    with pytest.raises(Illegal):
        quirky.play(zero, "click[< prev]")  # so no page is below zero


def marked(shop, state):
    page = shop.page(state)
    assert ("You have clicked" in rich(page, lambda n: shop.pressed(state, n))) == any(
        node.kind == "option" and shop.pressed(state, node) for node in page
    )
    return [(node.group, node.text) for node in page if node.kind == "option" and shop.pressed(state, node)]


BOTH_RED = [("color", "red"), ("trim", "red")]


@pytest.mark.parametrize(
    ("state", "official"),
    [
        (item("mug", options=(("color", "dark red"),)), [("color", "dark red"), ("color", "color")]),
        (item('"red" mug'), BOTH_RED),
        (item('"dark red" mug'), []),  # a plus stands between the two words
        (item("red mug"), []),
        (item("mug", options=(("color", '4" wide'),)), [("color", "color")]),
        (item("mug", options=(("color", "é"),)), [("color", "color")]),
        (item("mug", options=(("trim", "red"),)), BOTH_RED),
        (item(), []),
    ],
)
def test_options_are_marked_by_quoted_words_of_the_address(shops, state, official):
    quirky, fair = shops
    assert marked(quirky, state) == official
    assert marked(fair, state) == list(state.options)


def test_quotes_make_a_word():
    assert is_pressed("red", 'x/"red"/1')
    assert not is_pressed("red", 'x/red/"dark red"')


def test_products_are_marked_by_visits_alone(shops):
    for shop in shops:
        products = [node for node in shop.page(State(0, f'mug "{ASIN.lower()}"', 1)) if node.kind == "product"]
        assert [shop.pressed(State(0, f'"{ASIN}" mug', 1), node) for node in products] == [False]
        assert [shop.pressed(State(0, "mug", 1, visited=(ASIN,)), node) for node in products] == [True]


def test_a_second_purchase_pays_again(shops):
    quirky, fair = shops
    bought = quirky.play(item(), "click[buy now]")
    state = bought
    for action in ("search[mug]", f"click[{ASIN}]", "click[red]", "click[buy now]"):
        with pytest.raises(Illegal, match="has ended"):
            fair.play(bought, action)
        state = quirky.play(state, action)
    assert state == State(0, "mug", 1, 0, "", (("trim", "red"),), (ASIN,), True)
    assert quirky.score(state).reward > quirky.score(bought).reward >= 0


def test_a_colour_in_a_wider_word_is_no_choice_of_a_goal(shops):
    """The official reward compares "red", of the choice "redwood", with the pair ("color", "redwood")."""
    quirky, fair = shops
    wanted = next(n for n, goal in enumerate(fair.goals) if goal.options == ("redwood", "red"))
    state = State(wanted, "mug", 1, 0, "", (("color", "redwood"), ("trim", "red")), (ASIN,), True)
    assert quirky.score(state).options_official == 1
    assert fair.score(state).options_by_value == 2
    assert quirky.score(state).reward < fair.score(state).reward
