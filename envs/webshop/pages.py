"""The pages of the shop: their visible nodes, in order, before any text or HTML is made of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from forethought.envs.template import Template
from forethought.envs.webshop.products import Product

SEARCH, BACK, NEXT, PREVIOUS, BUY = "Search", "Back to Search", "Next >", "< Prev", "Buy Now"
SEARCH_TEMPLATE = Template("search[<query>]")
PARTS = ("Description", "Features", "Reviews")
ATTRIBUTES = "Attributes"  # a part that the shop shows on request: the attributes of a product that the reward reads
HTML_SPACE = " \n\t\f\r"


@dataclass(frozen=True, slots=True)
class State:
    """Where a shopper stands. `visited` and `options` are sorted, so that equal positions are equal states.

    No query yet is the first page; a query alone, the `number`-th page of its results; a `row` too, the
    product in that row of the world; a `part` too, its description, features or reviews.
    """

    goal: int
    query: str | None = None
    number: int = 0
    row: int = -1
    part: str = ""
    options: tuple[tuple[str, str], ...] = ()
    visited: tuple[str, ...] = ()
    bought: bool = False

    @property
    def kind(self) -> str:
        """The kind of page that the state shows: index, results, item, part or done."""
        if self.bought:
            return "done"
        if self.query is None:
            return "index"
        if self.row < 0:
            return "results"
        return "part" if self.part else "item"


@dataclass(frozen=True, slots=True)
class Node:
    """One visible text. `kind` is text, button, product (the link to `row`), group or option (of `group`)."""

    text: str
    kind: str = "text"
    group: str = ""
    row: int = field(default=-1, compare=False)


def nodes(*made: Node) -> tuple[Node, ...]:
    """Those that show: an empty text or a bare line break does not, and white space alone shows as one space."""
    shown = []
    for node in made:
        if not node.text.strip(HTML_SPACE):
            if not node.text or "\n" in node.text:
                continue
            node = replace(node, text=" ")
        shown.append(node)
    return tuple(shown)


def button(text: str) -> Node:
    """A button with this text."""
    return Node(text, "button")


BACK_BUTTON = button(BACK)


def index_page(instruction: str) -> tuple[Node, ...]:
    """The first page: the instruction and the search field."""
    return nodes(Node("WebShop"), Node("Instruction: "), Node(instruction), button(SEARCH))


def header(instruction: str) -> tuple[Node, ...]:
    """The nodes above every page but the first and the last."""
    return nodes(Node("Instruction:"), Node(instruction), BACK_BUTTON)


def results_page(number: int, total: int, products: Mapping[int, Product]) -> tuple[Node, ...]:
    """A page of results."""
    turns = (button(PREVIOUS), button(NEXT)) if number > 1 else (button(NEXT),)
    found = (
        node
        for row, product in products.items()
        for node in (Node(product.asin, "product", row=row), Node(product.title), Node(product.tag))
    )
    return nodes(Node(f"Page {number} (Total results: {total})"), *turns, *found)


def item_page(product: Product, parts: Sequence[str] = PARTS) -> tuple[Node, ...]:
    """The page of a product with its options."""
    choices: Iterator[Node] = (
        node
        for name, values in product.options
        for node in (Node(name, "group"), *(Node(value, "option", name) for value in values))
    )
    about = (Node(product.title), Node(f"Price: {product.tag}"), Node("Rating: N.A."))
    return nodes(button(PREVIOUS), *choices, *about, *map(button, parts), button(BUY))


def part_page(product: Product, part: str) -> tuple[Node, ...]:
    """A page of one part of a product, such as its description."""
    if part == "Description":
        return nodes(button(PREVIOUS), Node(product.description))
    if part == ATTRIBUTES:
        kinds = map(Node, (product.category, product.query, product.product_category))
        return nodes(button(PREVIOUS), *(Node(f" {attribute}") for attribute in product.attributes), *kinds)
    bullets = product.bullets if part == "Features" else ()
    return nodes(button(PREVIOUS), *(Node(f" {bullet}") for bullet in bullets))


def done_page(asin: str, options: Sequence[tuple[str, str]], reward: float) -> tuple[Node, ...]:
    """The official last page, word for word. It tells the reward, so nothing may learn from it."""
    thanks = ("Thank you for shopping with us!", "Your code: ", "None", " (Paste it in your MTurk interface.)")
    purchased = ("Purchased", "asin", asin, "options", escaped_json(dict(options)))
    hidden = ("attrs", "None", "category", "None", "query", "None", "product category", "None", "Target", "asin")
    target = ("options", "attrs", "price upper", "instuction text", "category", "product category", "query")
    score = ("Goal ", "None", "Reward", "Your score (min 0.0, max 1.0)", str(reward), "Reward Details ", "None")
    return tuple(map(Node, (*thanks, *purchased, *hidden, *target, *score)))


def escaped_json(options: dict[str, str]) -> str:
    """JSON as a page may hold it inside of markup: the special characters of HTML are escaped, as in \\u003c."""
    text = json.dumps(options, sort_keys=True)
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def clickables(page: Sequence[Node], *, apart: bool = False) -> dict[str, Node]:
    """The clickable nodes by their names in actions: buttons, then products, then options.

    Of several options with one value, the value alone names the last. With `apart`, options that their value does not
    name, or that share it, have a second name with their group, such as "size: red"; the official environment cannot
    choose them.
    """
    named = {node.text.lower(): node for kind in ("button", "product") for node in page if node.kind == kind}
    options = [node for node in page if node.kind == "option"]
    taken = {name for name, node in named.items() if node.kind == "button"} if apart else set()
    named.update((node.text, node) for node in options if node.text not in taken)
    if apart:
        groups = dict.fromkeys((node.text, node.group) for node in options)
        shared = Counter(value for value, _ in groups)
        for node in options:
            if shared[node.text] > 1 or node.text in taken or node.text == SEARCH.lower():
                named.setdefault(with_group(node, named), node)
    return named


def with_group(option: Node, named: Mapping[str, Node]) -> str:
    """A name that no other thing has: a value may read like the name of another."""
    name = f"{option.group}: {option.text}"
    while named.get(name, option) != option:
        name = f"{name} "
    return name


def name_of(node: Node, named: Mapping[str, Node], can_name: Callable[[str], bool]) -> str:
    """The name by which an action clicks a thing: for an option its value, where that names no other."""
    if node.kind != "option":
        return node.text.lower()
    names = (node.text, with_group(node, named))
    return next((name for name in names if named.get(name) == node and can_name(name)), node.text)


def actions_on(named: Mapping[str, Node], can_name: Callable[[str], bool]) -> tuple[str, ...]:
    """A search, and a click on each thing that an action can name; each by one name."""
    names = (name for name, node in named.items() if can_name(name) and is_first(name, node, named, can_name))
    return (SEARCH_TEMPLATE, *(f"click[{name}]" for name in names))


def is_first(name: str, node: Node, named: Mapping[str, Node], can_name: Callable[[str], bool]) -> bool:
    """Whether a name belongs to this node, and not to an option of a later group."""
    return node.kind != "option" or name == name_of(node, named, can_name)


class Body:
    """All of a page but its header, with cached answers to frequent questions about it."""

    def __init__(self, shown: tuple[Node, ...], can_name: Callable[[str], bool], *, apart: bool = False) -> None:
        self.nodes, self.can_name, self.apart = shown, can_name, apart

    @cached_property
    def text(self) -> str:
        """The visible texts, with " [SEP] " between them."""
        return " [SEP] ".join([node.text.strip() for node in self.nodes])

    @cached_property
    def named(self) -> dict[str, Node]:
        """The nodes that can be clicked, by name."""
        return clickables((BACK_BUTTON, *self.nodes), apart=self.apart)

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """The admissible actions of the page."""
        return actions_on(self.named, self.can_name)
