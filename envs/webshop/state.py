"""Read a state back from JSON, taking nothing on trust."""

from __future__ import annotations

from forethought.envs.family import Illegal, Json, shorten, told
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.rules import Shop, parts_of

LAST = 10**6  # pages that anybody turns to
KEYS = {"goal", "query", "number", "asin", "part", "options", "visited", "bought"}


def read_state(shop: Shop, data: Json) -> State:
    """Raises ValueError: no state of this shop."""
    if not isinstance(data, dict) or set(data) != KEYS:
        raise ValueError(f"a state has the keys {', '.join(sorted(KEYS))}")
    goal, query, number, bought = data["goal"], data["query"], data["number"], data["bought"]
    if type(goal) is not int or not 0 <= goal < len(shop.goals):
        raise ValueError(f"there is no goal {told(goal)}")
    if type(number) is not int or type(bought) is not bool or not isinstance(query, str | None):
        raise ValueError("'number' is an integer, 'bought' true or false, 'query' a text or null")
    if query is None:
        if data != {**dict.fromkeys(KEYS), "goal": goal, "number": 0, "part": "", **EMPTY}:
            raise ValueError("before the first search there is nothing but the goal")
        return State(goal)
    if query != query.lower() or parts_of(f"search[{query}]") != ("search", query):
        raise ValueError(f"no action searches for {shorten(query)}; queries are in lower case, and of one line")
    first = 0 if shop.quirks else 1  # a misread "< Prev" leads from the first page to page 0
    if not first <= number <= LAST:
        raise ValueError(f"no page {told(number)} of {shorten(query)}; pages count from {first} to {LAST}")
    try:
        found = shop.on_page(shop.results(goal, query), number)
    except Illegal as error:
        raise ValueError(f"nobody can search for it: {error}") from error
    row = read_row(shop, data["asin"]) if data["asin"] is not None else -1
    if row >= 0 and row not in found:
        raise ValueError(f"the product is not on page {number} of {shorten(query)}")
    part = data["part"]
    if (
        not isinstance(part, str)
        or part not in ("", *shop.part_of.values())
        or (row < 0 and (part or bought))
        or (part and bought)
    ):
        raise ValueError(f"no part {told(part)} of a product, or no product to buy")
    visited = read_visited(shop, data["visited"])
    if row >= 0 and shop.world.product(row).asin not in visited:
        raise ValueError("the product that is looked at was never visited")
    return State(goal, query, number, row, part, read_choices(shop, row, data["options"]), visited, bought)


EMPTY: dict[str, Json] = {"options": [], "visited": [], "bought": False}


def read_row(shop: Shop, asin: Json) -> int:
    """The row of an ASIN. Raises ValueError: no such product."""
    row = shop.world.row_of(asin) if isinstance(asin, str) else None
    if row is None:
        raise ValueError(f"there is no product {told(asin)}")
    return row


def read_visited(shop: Shop, visited: Json) -> tuple[str, ...]:
    """The visited products. Raises ValueError: not sorted, or no products."""
    if not isinstance(visited, list):
        raise ValueError("'visited' is a list")
    names = tuple(shop.world.product(read_row(shop, asin)).asin for asin in visited)
    if list(names) != sorted(set(names)):
        raise ValueError("'visited' is sorted, without repetition")
    return names


def read_choices(shop: Shop, row: int, options: Json) -> tuple[tuple[str, str], ...]:
    """The chosen options. Raises ValueError: no options of the product."""
    if not isinstance(options, list):
        raise ValueError("'options' is a list")
    groups = dict(shop.world.product(row).options) if row >= 0 else {}
    chosen: list[tuple[str, str]] = []
    for option in options:
        if not isinstance(option, list) or len(option) != 2:
            raise ValueError("an option is a group and a value")
        group, value = option
        if not isinstance(group, str) or not isinstance(value, str) or value not in groups.get(group, ()):
            raise ValueError(f"the product has no {told(group)} {told(value)}")
        chosen.append((group, value))
    if chosen != sorted(dict(chosen).items()):
        raise ValueError("'options' is sorted, one of each group")
    return tuple(chosen)
