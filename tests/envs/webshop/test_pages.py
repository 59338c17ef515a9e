"""What is visible on each page, node by node, for products that lack things or are called like a button."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.webshop.pages import (
    BACK_BUTTON,
    Body,
    Node,
    State,
    actions_on,
    button,
    clickables,
    done_page,
    escaped_json,
    header,
    index_page,
    item_page,
    name_of,
    nodes,
    part_page,
    results_page,
)
from forethought.envs.webshop.products import read_product


def product(asin="B000000001", options=None, **record):
    groups = {name: [{"value": value} for value in values] for name, values in (options or {}).items()}
    base = {"asin": asin, "category": "garden", "query": "mugs", "pricing": "$5.00", "customization_options": groups}
    return read_product({**base, **record})


BARE = product()
MUG = product(
    name="Red\nMug <b>", options={"Color": ["Red", "Blue"], "size": ["S"]}, small_description=["One", "", "\n"]
)


def told(page):
    return [node.text for node in page]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (State(0), "index"),
        (State(0, "", 1), "results"),
        (State(0, "mug", 1, 0), "item"),
        (State(0, "mug", 1, 0, "Reviews"), "part"),
        (State(0, "mug", 1, 0, bought=True), "done"),
    ],
)
def test_kinds_of_states(state, kind):
    assert state.kind == kind


def test_states_are_values():
    one, other = (State(1, "mug", 2, 3, "", (("color", "red"),), ("B1", "B2")) for _ in range(2))
    assert one == other
    assert {one: "found"}[other] == "found"
    assert len({State(1, "mug", 2, 3), State(1, "mug", 2, 3, visited=("B1",)), State(1, "mug", 2, 3, bought=True)}) == 3
    assert Node("B1", "product", row=1) == Node("B1", "product", row=2)  # a page says nothing of rows
    with pytest.raises(FrozenInstanceError):
        one.number = 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", []),
        ("\n", []),
        (" \n\t", []),
        (" ", [" "]),
        (" \t\f\r ", [" "]),
        (" a\n", [" a\n"]),
        ("\xa0", ["\xa0"]),  # no space of HTML
    ],
)
def test_white_space_shows_as_in_a_browser(text, shown):
    assert told(nodes(Node(text))) == shown


def test_first_page_and_header():
    assert told(index_page("Find it")) == ["WebShop", "Instruction: ", "Find it", "Search"]
    assert told(header("Find it")) == ["Instruction:", "Find it", "Back to Search"]
    assert told(header("")) == ["Instruction:", "Back to Search"]
    assert list(clickables(index_page("Find it"))) == ["search"]


@pytest.mark.parametrize(
    ("number", "turns"), [(1, ["Next >"]), (2, ["< Prev", "Next >"]), (7, ["< Prev", "Next >"]), (0, ["Next >"])]
)
def test_results_can_always_go_on_and_go_back_from_the_second_page(number, turns):
    page = results_page(number, 50, {4: MUG, 7: BARE})
    products = ["B000000001", "Red\nMug <b>", "$5.0", "B000000001", "$5.0"]  # a product without a title
    assert told(page) == [f"Page {number} (Total results: 50)", *turns, *products]
    assert [node.row for node in page if node.kind == "product"] == [4, 7]


def test_an_item_with_everything_and_one_with_nothing():
    parts = ["Description", "Features", "Reviews", "Buy Now"]
    choices = ["color", "red", "blue", "size", "s"]
    assert told(item_page(MUG)) == ["< Prev", *choices, "Red\nMug <b>", "Price: $5.0", "Rating: N.A.", *parts]
    assert told(item_page(BARE)) == ["< Prev", "Price: $5.0", "Rating: N.A.", *parts]
    assert [(node.kind, node.group) for node in item_page(MUG)[1:4]] == [("group", "")] + [("option", "color")] * 2


@pytest.mark.parametrize(
    ("part", "of_mug"), [("Description", ["A <b>\nmug"]), ("Features", [" One", " "]), ("Reviews", [])]
)
def test_parts(part, of_mug):
    mug = product(full_description="A <b>\nmug", small_description=["One", "", "\n"])
    assert told(part_page(mug, part)) == ["< Prev", *of_mug]
    empty = [" "] if part == "Features" else []  # no list of bullets is one empty bullet
    assert told(part_page(BARE, part)) == ["< Prev", *empty]
    assert told(part_page(product(small_description=[]), part)) == ["< Prev"]


def test_the_last_page_offers_nothing():
    page = done_page("B1", (("size", "<4\" & '5'"), ("color", "é")), 0.5)
    options = '{"color": "\\u00e9", "size": "\\u003c4\\" \\u0026 \\u00275\\u0027"}'
    assert " [SEP] ".join(told(page)) == (
        "Thank you for shopping with us! [SEP] Your code:  [SEP] None [SEP]  (Paste it in your MTurk interface.) [SEP] "
        f"Purchased [SEP] asin [SEP] B1 [SEP] options [SEP] {options} [SEP] "
        "attrs [SEP] None [SEP] category [SEP] None [SEP] query [SEP] None [SEP] product category [SEP] None [SEP] "
        "Target [SEP] asin [SEP] options [SEP] attrs [SEP] price upper [SEP] instuction text [SEP] category [SEP] "
        "product category [SEP] query [SEP] Goal  [SEP] None [SEP] Reward [SEP] "
        "Your score (min 0.0, max 1.0) [SEP] 0.5 [SEP] Reward Details  [SEP] None"
    )
    assert clickables(page) == {}


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_escaped_json_is_json_without_markup(options):
    text = escaped_json(options)
    assert json.loads(text) == options
    assert not set(text) & set("<>&'")
    assert text.isascii()
    assert text == escaped_json(dict(reversed(options.items())))


def test_what_can_be_clicked():
    options = {"fit": ["Both", ""], "size": ["both", "Reviews", "next >"]}
    named = clickables((BACK_BUTTON, *item_page(product(options=options))))
    buttons = ["back to search", "< prev", "description", "features", "reviews", "buy now"]
    assert list(named) == [*buttons, "both", "next >"]
    assert named["both"] == Node("both", "option", "size")  # the later of two groups
    found = clickables(results_page(1, 1, {3: product("B00ABC")}))
    assert [(name, node.row) for name, node in found.items()] == [("next >", -1), ("b00abc", 3)]


def test_what_can_be_clicked_where_groups_are_told_apart():
    options = {"fit": ["both", "alone", ""], "size": ["both", "Reviews", "reviews"], "x": ["fit: both", "both"]}
    page = (BACK_BUTTON, *item_page(product(options=options)))
    named = clickables(page, apart=True)
    buttons = ["back to search", "< prev", "description", "features", "reviews", "buy now"]
    own = ["both", "alone", "fit: both"]
    assert list(named) == [*buttons, *own, "fit: both ", "size: both", "size: reviews", "x: both"]
    assert named["both"] == Node("both", "option", "x")
    assert named["fit: both "] == Node("both", "option", "fit")  # "fit: both" is a value of its own
    assert named["reviews"].kind == "button"
    names = {name_of(node, named, bool): node for node in page if node.kind == "option"}
    assert list(names) == ["fit: both ", "alone", "size: both", "size: reviews", "fit: both", "both"]
    assert all(named[name] == node for name, node in names.items())
    offered = [action[6:-1] for action in actions_on(named, bool)[1:]]
    assert offered == [*buttons, *own, "fit: both ", "size: both", "size: reviews"]


def test_a_body_is_asked_for_its_text_and_actions():
    body = Body((button("< Prev"), Node(" a\nb "), Node("red", "option", "color"), Node("no", "option")), "no".__ne__)
    assert body.text == "< Prev [SEP] a\nb [SEP] red [SEP] no"
    assert list(body.named) == ["back to search", "< prev", "red", "no"]
    assert body.actions == ("search[<query>]", "click[back to search]", "click[< prev]", "click[red]")
