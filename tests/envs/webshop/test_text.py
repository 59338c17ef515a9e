"""The forms of a page as text."""

from __future__ import annotations

import pytest

from forethought.envs.webshop.pages import Node, State, button, done_page, header, index_page, item_page, results_page
from forethought.envs.webshop.products import read_product
from forethought.envs.webshop.text import SHOWN, compact, compact_page, plain, rich

TASK = "Find <b>it</b>\nsoon "
RED, BLUE, SMALL = Node("red", "option", "color"), Node("blue", "option", "color"), Node("s", "option", "size")
ITEM = (
    button("< Prev"),
    Node("color", "group"),
    RED,
    BLUE,
    Node("size", "group"),
    SMALL,
    Node(" A mug\n"),
    Node(" "),
    button("Buy Now"),
)


def nothing(node):
    return False


def one(name):
    record = {"asin": name, "name": f"Title {name}", "category": "c", "query": "q", "pricing": "$1 - $2"}
    return read_product({**record, "customization_options": {"Size": [{"value": 'a"[b]'}]}})


def found(count, number=1, task=TASK):
    return header(task) + results_page(number, 50, {row: one(f"B{row}") for row in range(count)})


def test_plain_strips_each_node_and_nothing_within():
    assert plain(header(TASK) + ITEM) == (
        "Instruction: [SEP] Find <b>it</b>\nsoon [SEP] Back to Search [SEP] "
        "< Prev [SEP] color [SEP] red [SEP] blue [SEP] size [SEP] s [SEP] A mug [SEP]  [SEP] Buy Now"
    )


def test_rich_marks_buttons_choices_and_visits():
    assert rich(ITEM, {RED, SMALL}.__contains__) == (
        "You have clicked s.\nYou have clicked red.\n"
        "[button] < Prev [button_]\ncolor\n  [clicked button] red [clicked button_]\n  [button] blue [button_]\n"
        "size\n  [clicked button] s [clicked button_]\n A mug\n\n \n[button] Buy Now [button_]\n"
    )
    first, second = Node("B1", "product"), Node("B2", "product")
    assert rich((button("B2"), first, second), {second, button("B2")}.__contains__) == (
        "[button] B2 [button_]\n\n[button] B1 [button_]\n\n[clicked button] B2 [clicked button_]\n"
    )


def test_compact_doubles_the_brackets_of_choices():
    assert compact(ITEM, {RED}.__contains__) == (
        "\n[< Prev] \ncolor [[red]][blue]\nsize [s]\n A mug\n \n[Buy Now] "  # nothing of the empty bullet
    )


@pytest.mark.parametrize(("bullet", "shows"), [(" ", False), (" \\n \\n", False), ("\xa0", True), (" \\n.", True)])
def test_compact_hides_empty_bullets(bullet, shows):
    assert compact((Node(bullet),), nothing) == (f"\n{bullet} " if shows else "")


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (4, 4), (5, 5), (6, 5), (10, 5)])
def test_compact_shows_five_products_at_most(count, shown):
    products = [f"\n[B{row}] \nTitle B{row} \n$1.0 to $2.0 " for row in range(count)]
    expected = "\n[Back to Search] \nPage 1 (Total results: 50) \n[Next >] " + "".join(products[:shown])
    assert compact_page(found(count), State(0, "q", 1), nothing) == expected
    assert SHOWN == 5


def test_compact_tells_the_instruction_on_the_first_page_only():
    first = compact_page(index_page(TASK), State(0), nothing)
    assert first == "\nWebShop \nInstruction:  \nFind <b>it</b>\nsoon  \n[Search] "
    item = State(0, "q", 1, 0)
    assert compact_page(header(TASK) + item_page(one("B0")), item, nothing).startswith(
        '\n[Back to Search] \n[< Prev] \nsize [a"[b]]\nTitle B0 \nPrice: $1.0 to $2.0 '
    )
    assert compact_page(found(1, task=""), State(0, "q", 1), nothing).startswith("\n[Back to Search] \nPage 1")


def test_compact_tells_nothing_but_the_score_at_the_end():
    page = done_page("B0", (), 2 / 3)
    assert compact_page(page, State(0, "q", 1, 0, bought=True), nothing) == (
        "Your score (min 0.0, max 1.0): 0.6666666666666666"
    )
