"""A page of the shop as HTML, and its nodes read back from there.

The text nodes of a page are the texts of its nodes, and nothing else is text: decoration is drawn by
attributes, style and pictures made here. White space between elements is a single line break.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from forethought.envs.webshop.pages import BACK_BUTTON, Node, State, name_of
from forethought.envs.webshop.products import fraction
from forethought.envs.webshop.rules import Shop

UNWRITABLE = re.compile("[\x00\ud800-\udfff]")  # no reader of HTML gives these back
BETWEEN = re.compile(r"(?<=[>}])\s+(?=[<{])")  # layout of a template, between its tags
TITLES = {"index": "Search", "results": "Results", "item": "Product", "done": "Thank you"}
SHAPES = ("beauty", "electronics", "fashion", "garden", "grocery")
# Background, main and accent colour of a picture.
PALETTES = (
    ("#dbeafe", "#3b6fd4", "#f2b84b"),
    ("#dcf5e7", "#2f8f63", "#f28f6b"),
    ("#fde8e4", "#d1574a", "#3f7f93"),
    ("#efe6fb", "#7a55c7", "#f0a8c0"),
    ("#fdf0cf", "#c98a1b", "#4f79b8"),
    ("#d9f2f4", "#23818c", "#e5725d"),
    ("#fbe3ef", "#b94583", "#6fae8e"),
    ("#e6e9ee", "#4c5b73", "#e3a04f"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A node with its attributes on the page beside its text; `action` is empty if it cannot be clicked."""

    text: str
    kind: str
    group: str
    action: str
    pressed: bool
    row: int


def page_html(shop: Shop, state: State, *, base: str = "", home: str = "", notice: str = "") -> str:
    """The page of a state. Its forms post to the page's own address: `action`, or the words of a search as `q`.

    `base` stands before the address of the style sheet. `home` is the address that the mark in the corner leads to
    (no link if empty); `notice` is shown above the page, as no text of it.
    """
    named = shop.named(state)
    page = [shown(shop, state, node, named) for node in shop.page(state)]
    return (
        templates()
        .get_template(f"{state.kind}.html")
        .render(
            **PARTS[state.kind](page),
            title=state.part or TITLES[state.kind],
            base=base,
            home=home,
            notice=notice,
            picture=lambda row: picture(shop, row),
            row=state.row,
        )
    )


def shown(shop: Shop, state: State, node: Node, named: Mapping[str, Node]) -> Shown:
    """A node of a page, with its action and its look."""
    name = name_of(node, named, shop.can_name)
    clickable = node.kind in ("button", "product", "option") and shop.can_name(name)
    pressed = node.kind in ("product", "option") and shop.pressed(state, node)
    return Shown(node.text, node.kind, node.group, f"click[{name}]" if clickable else "", pressed, node.row)


def index_parts(page: Sequence[Shown]) -> dict[str, object]:
    """The parts of the first page, for its template."""
    return {"name": page[0], "label": page[1], "instruction": page[2:-1], "search": page[-1]}


def headed(page: Sequence[Shown]) -> tuple[dict[str, object], Sequence[Shown]]:
    """The header that most pages have, and the nodes after it."""
    back = next(i for i, node in enumerate(page) if (node.text, node.kind) == (BACK_BUTTON.text, "button"))
    return {"label": page[0], "instruction": page[1:back], "back": page[back]}, page[back + 1 :]


def results_parts(page: Sequence[Shown]) -> dict[str, object]:
    """The parts of a page of results, for its template."""
    header, rest = headed(page)
    starts = [i for i, node in enumerate(rest) if node.kind == "product"]
    cards = [rest[start:end] for start, end in pairwise([*starts, len(rest)])]
    return {**header, "count": rest[0], "turns": [node for node in rest if node.kind == "button"], "cards": cards}


def item_parts(page: Sequence[Shown]) -> dict[str, object]:
    """The options as fieldsets: (legend, options) with no legend where the group has no visible name."""
    header, (previous, *rest) = headed(page)
    fieldsets: list[tuple[list[Shown], list[Shown]]] = []
    for node in rest:
        if node.kind == "group":
            fieldsets.append(([node], []))
        elif node.kind == "option":
            if not fieldsets or (fieldsets[-1][1] and fieldsets[-1][1][0].group != node.group):
                fieldsets.append(([], []))
            fieldsets[-1][1].append(node)
    texts = [node for node in rest if node.kind == "text"]
    *parts, buy = (node for node in rest if node.kind == "button")
    about = {"name": texts[:-2], "price": texts[-2], "rating": texts[-1], "parts": parts, "buy": buy}
    return {**header, "previous": previous, "fieldsets": fieldsets, **about}


def part_parts(page: Sequence[Shown]) -> dict[str, object]:
    """The parts of a page such as the description, for its template."""
    header, (previous, *texts) = headed(page)
    return {**header, "previous": previous, "texts": texts}


def done_parts(page: Sequence[Shown]) -> dict[str, object]:
    """The parts of the last page, for its template."""
    purchased = [page[i : i + 2] for i in range(5, 17, 2)]
    return {"thanks": page[0], "code": page[1:4], "purchased": (page[4], purchased), "end": page[17:]}


PARTS = {
    "index": index_parts,
    "results": results_parts,
    "item": item_parts,
    "part": part_parts,
    "done": done_parts,
}


def picture(shop: Shop, row: int) -> Mapping[str, object]:
    """The drawing of a product, always the same: a shape for its category, colours of its own."""
    product = shop.world.product(row)
    draw = [fraction(word, product.asin) for word in ("palette", "pattern")]
    back, main, accent = PALETTES[int(draw[0] * len(PALETTES))]
    shape = product.category if product.category in SHAPES else "box"
    return {"shape": shape, "back": back, "main": main, "accent": accent, "pattern": int(draw[1] * 4)}


@cache
def templates() -> Environment:
    """The templates, with all text escaped."""
    loader = FunctionLoader(lambda name: tightened(template_source(name)))
    return Environment(loader=loader, autoescape=True, finalize=written, undefined=StrictUndefined)


def template_source(name: str) -> str:
    """The text of a template file."""
    return resources.files("forethought.envs.webshop").joinpath("templates", name).read_text(encoding="utf-8")


def tightened(source: str) -> str:
    """A template with a layout that leaves no white space in a page but single line breaks between two tags."""

    def joint(space: re.Match[str]) -> str:
        return "\n" if source[space.start() - 1] == ">" and source[space.end()] == "<" else ""

    return BETWEEN.sub(joint, source.strip())


def written(value: object) -> object:
    """A text as a page can hold it: characters that a reader of HTML would change are escaped, else U+FFFD."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup(str(escape(UNWRITABLE.sub("\ufffd", value))).replace("\r", "&#13;"))


def visible_nodes(html: str) -> list[Node]:
    """The nodes of a page that `page_html` made, read back from its markup."""
    reader = NodeReader()
    reader.feed(html)
    reader.close()
    return reader.nodes


class NodeReader(HTMLParser):
    """Collects the elements marked `data-node`; they hold nothing but their text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.nodes: list[Node] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a node at a marked element."""
        named = dict(attrs)
        kind = named.get("data-node")
        if kind:
            self.nodes.append(Node("", kind, named.get("data-group") or ""))
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        """End the text of a node."""
        self.inside = False

    def handle_data(self, data: str) -> None:
        """Add text to the node."""
        if self.inside:
            node = self.nodes.pop()
            self.nodes.append(Node(node.text + data, node.kind, node.group))
