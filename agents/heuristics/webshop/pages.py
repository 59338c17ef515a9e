"""A page of the shop, read from its text in any of the four observation modes, and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import unescape
from typing import NamedTuple

REMEMBERED = 2048  # texts, about 20 MB
SEPARATOR = " [SEP] "
BACK, PREVIOUS, BUY, SEARCH = "Back to Search", "< Prev", "Buy Now", "Search"
CLICKED = "You have clicked"
HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|head)\b.*?</\1>", re.DOTALL)  # comments name hidden fields
TAG = re.compile(r"<[^<>]*>")
MARK = re.compile(r"\s*\[(?:clicked )?button_?\]\s*")
BETWEEN_BRACKETS = re.compile(r"\]+\s*\[+")
PAGE_OF = re.compile(r"Page -?\d+ \(Total results: \d+\)")
ASIN = re.compile(r"[A-Z0-9]{10}")
DOLLARS = re.compile(r"\$\s*(\d[\d,]*(?:\.\d+)?)")


class Offer(NamedTuple):
    """A product on a page of results. `price` is in dollars, the lowest of a range; None without one."""

    asin: str
    title: str
    price: float | None


class Page(NamedTuple):
    """A page. `kind` is index, results, item, part (a description, the features or the reviews) or note.

    A note is the one line in `compact` after the choice of an option. Results have `offers`; an item has a `title`, a
    `price` and `choices`, its groups and their values in order; a part has a `text`.
    """

    kind: str
    offers: tuple[Offer, ...] = ()
    title: str = ""
    price: float | None = None
    choices: tuple[str, ...] = ()
    text: str = ""


@lru_cache(REMEMBERED)
def read_page(observation: str) -> Page:
    """The page in a text, with its kind; a text of no known page is a part."""
    if observation.startswith(CLICKED) and "\n" not in observation:
        return Page("note")
    found = segments(observation)
    body = found[found.index(BACK) + 1 :] if BACK in found else found
    for place, segment in enumerate(body):
        if PAGE_OF.fullmatch(segment):
            return Page("results", offers=read_offers(body[place + 1 :]))
        if segment.startswith("Price: ") and BUY in body:
            return read_item(body, place)
    if body is found and SEARCH in found[-1:]:
        return Page("index")
    return Page("part", text=" ".join(body[1:] if body[:1] == [PREVIOUS] else body))


def segments(observation: str) -> list[str]:
    """The visible texts of a page in their order, without the marks of buttons."""
    if SEPARATOR in observation:
        return [text.strip() for text in observation.split(SEPARATOR)]
    if observation.lstrip().startswith("<"):
        found = TAG.split(HIDDEN.sub("", observation))
        return [text for text in (unescape(part).strip() for part in found) if text]
    lines = [line.strip() for line in observation.split("\n")]
    if "button_]" in observation:
        return [text for text in (MARK.sub("", line) for line in lines) if text]
    following = [*lines[1:], ""]
    return [
        text
        for line, after in zip(lines, following, strict=True)
        for text in ((line,) if after.startswith("Price: ") else without_brackets(line))
        if text
    ]


def without_brackets(line: str) -> Sequence[str]:
    """The texts color, red, blue of "color [red][[blue]]"; a line without brackets at its end stays as it is."""
    if not line.endswith("]") or "[" not in line:
        return (line,)
    name, _, values = line.partition("[")
    return (name.strip(), *BETWEEN_BRACKETS.split(values.strip("[]")))


def read_offers(body: Sequence[str]) -> tuple[Offer, ...]:
    """The products of a page: an ASIN, then a title (which may be missing), then a price."""
    offers, asin, title = list[Offer](), "", list[str]()
    for segment in body:
        if asin and segment.startswith("$"):
            offers.append(Offer(asin, " ".join(title), price_of(segment)))
            asin, title = "", []
        elif not asin and ASIN.fullmatch(segment):
            asin = segment
        elif asin:
            title.append(segment)
    return tuple(offers)


def read_item(body: Sequence[str], place: int) -> Page:
    """The page of a product with its price at `place`, after the title."""
    first = body.index(PREVIOUS) + 1 if PREVIOUS in body[:place] else 0
    *choices, title = body[first:place] or [""]
    return Page("item", title=title, price=price_of(body[place]), choices=tuple(choices))


def price_of(text: str) -> float | None:
    """The first price in a text, in dollars; None where there is none."""
    found = DOLLARS.search(text)
    return float(found[1].replace(",", "")) if found else None
