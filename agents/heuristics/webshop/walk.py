"""The memory of a walk through the shop, and the fit of each product to the wish."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from forethought.agents.heuristics.webshop.pages import REMEMBERED, Page, read_page
from forethought.agents.heuristics.webshop.wishes import (
    GROUPS,
    Choice,
    Wish,
    granted,
    read_wish,
    token_set,
    wanted_choices,
)
from forethought.search.node import TERMINAL, Context

# An attribute is two words and weighs as much as the price. A product without a named option is hardly the wanted one.
WORD, OPTION, PRICE = 0.5, 2.0, 1.0
HOPE = (0.4, 0.2, 0.0)  # of the words not met yet, how many the unread parts will meet, by the number of parts read
PARTS = ("features", "description")

Hope = tuple[float, float]  # met part of the rest for an unopened product: at the top, and less for each place below


class Item(NamedTuple):
    """The page of a product against a wish: the met words of its title, the wanted values, the group of each value."""

    price: float | None
    met: frozenset[str]
    choices: tuple[Choice, ...]
    group_of: dict[str, str]

    def name_of(self, choice: Choice) -> str:
        """The name of a choice in an action: its value, or with its group if a later group has the value too."""
        return choice.value if self.group_of[choice.value] == choice.group else f"{choice.group}: {choice.value}"


@dataclass(slots=True)
class Product:
    """An opened product: its page, the met words of its parts, the parts read, the options chosen."""

    item: Item
    met: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    chosen: dict[str, str] = field(default_factory=dict)

    def missing(self) -> list[Choice]:
        """The wanted options that are not chosen."""
        return [choice for choice in self.item.choices if self.chosen.get(choice.group) != choice.value]

    def estimate(self, wish: Wish, *, bought: bool = False) -> float:
        """The score of its purchase: with all wanted options, or with the chosen ones if it is `bought`."""
        missing = self.missing() if bought else []
        met, lost = self.item.met | self.met, frozenset[str]()
        for choice in self.item.choices:
            if choice in missing:
                lost |= choice.words
            else:
                met |= choice.words
        options = len(self.item.choices) - len(missing) if wish.named else 0
        hope = HOPE[len(self.read)]
        unread = len(wish.words) - len(met | lost)
        return share(wish, len(met - lost) + hope * unread, options, self.item.price)


@dataclass(slots=True)
class Walk:
    """The memory of a shopper: the page, its products with their promises, the opened products, the searches."""

    wish: Wish
    page: Page
    listed: dict[str, float] = field(default_factory=dict)
    opened: dict[str, Product] = field(default_factory=dict)
    asin: str = ""
    here: Product | None = None
    searches: tuple[str, ...] = ()
    steps: int = 0
    bought: bool = False


def share(wish: Wish, words: float, options: float, price: float | None) -> float:
    """The met share of a wish, in [0, 1], for so many of its words and named options, hoped for or seen."""
    fits = price is None or price <= wish.ceiling
    whole = WORD * len(wish.words) + OPTION * len(wish.named) + PRICE
    return (WORD * words + OPTION * options + PRICE * fits) / whole


@lru_cache(REMEMBERED)
def promises(wish: Wish, observation: str, hopes: Hope) -> dict[str, float]:
    """The products of a page of results, each with its promise by title, price and position."""
    top, further = hopes
    found = {}
    for place, offer in enumerate(read_page(observation).offers):
        hope = top * further**place
        met = len(granted(wish.words, token_set(offer.title)))
        found[offer.asin] = share(wish, met + hope * (len(wish.words) - met), hope * len(wish.named), offer.price)
    return found


@lru_cache(REMEMBERED)
def read_item(wish: Wish, observation: str) -> Item:
    """The product page in an observation, with its groups of options."""
    page = read_page(observation)
    names = GROUPS.union(name for name, _ in wish.named)
    groups: dict[str, list[str]] = {}
    name = ""
    for text in page.choices:
        if not name or text in names:  # the first is always the name of a group
            name = text
            groups.setdefault(name, [])
        else:
            groups[name].append(text)
    group_of = {value: name for name, values in groups.items() for value in values}
    return Item(page.price, granted(wish.words, token_set(page.title)), wanted_choices(wish, groups), group_of)


@lru_cache(REMEMBERED)
def words_of_part(wish: Wish, observation: str) -> frozenset[str]:
    """The wanted words on a part of a product page, such as its description."""
    return granted(wish.words, token_set(read_page(observation).text))


def follow(context: Context, hopes: Hope) -> Walk:
    """The walk of all steps of a context."""
    walk = Walk(read_wish(context.instruction), read_page(context.opening))
    for action, observation in context.steps:
        if observation == TERMINAL:
            walk.bought = True
            break
        verb, _, name = action.partition("[")
        name = name.rpartition("]")[0].lower()
        if verb == "search":
            walk.searches += (name,)
        walk.steps += 1
        look(walk, name, observation, hopes)
    return walk


def look(walk: Walk, name: str, observation: str, hopes: Hope) -> None:
    """Add the page after a click on `name`."""
    page, product = read_page(observation), walk.here
    if page.kind == "note":  # an option was chosen, and the page of the item is still there
        choose(product, name)
        return
    walk.page = page
    if page.kind in ("results", "index"):
        walk.here = None
        walk.listed = promises(walk.wish, observation, hopes)
    elif page.kind == "item" and product is None:
        walk.asin = name.upper()
        walk.here = walk.opened.setdefault(walk.asin, Product(read_item(walk.wish, observation)))
        walk.here.chosen = {}
    elif page.kind == "item":
        choose(product, name)
    elif product is not None and name in PARTS:
        product.read |= {name}
        product.met |= words_of_part(walk.wish, observation)


def choose(product: Product | None, name: str) -> None:
    """Note the option of a click."""
    if product is None:
        return
    if name in product.item.group_of:
        product.chosen[product.item.group_of[name]] = name
    for choice in product.item.choices:
        if name == f"{choice.group}: {choice.value}":
            product.chosen[choice.group] = choice.value
