"""The options of a made product, and how the official files write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forethought.common.random import Generator
from forethought.envs.family import Json
from forethought.envs.webshop.synthetic.codes import CODES, DIGITS, image, spelled
from forethought.envs.webshop.synthetic.vocabulary import Group, Kind


@dataclass(frozen=True, slots=True)
class Offer:
    """A group of options with the values that this product offers."""

    group: Group
    values: list[str]


def pick_offers(rng: Generator, kind: Kind) -> list[Offer]:
    """The options of 38% of the products."""
    if not rng.happens(0.39):
        return []
    offers = []
    for group in kind.groups:
        if not rng.happens(0.93):
            continue
        most = min(group.most, len(group.values))
        count = 1 + int(most * (rng.high() if len(kind.groups) < 3 else rng.low()))
        if group.run:
            start = rng.below(len(group.values) - count + 1)
            values = list(group.values[start : start + count])
        else:
            values = rng.some(group.values, count)
        offers.append(Offer(group, dressed(rng, group, values)))
    return offers


def dressed(rng: Generator, group: Group, values: list[str]) -> list[str]:
    """The values in the seller's own spelling: codes before colors, no-break spaces, capitals."""
    roll = rng.random()
    if group.name != "Color" or roll > 0.24:
        return values
    if roll < 0.07:
        return [f"{DIGITS[10 + place % 26]}-{value}" for place, value in enumerate(values)]
    if roll < 0.1:
        first = rng.between(1, 80)
        return [f"{first + place:03d} {value}" for place, value in enumerate(values)]
    if roll < 0.13:
        return [value.replace("/", "  / ") for value in values]
    if roll < 0.15:
        return [value.replace(" ", "\N{NO-BREAK SPACE}") for value in values]
    return [value.lower() if roll < 0.2 else value.upper() for value in values]


def customization(rng: Generator, asin: str, offers: list[Offer]) -> Json:
    """The options as in `items_shuffle.json`: "" where there are none, null for a group without values."""
    if not offers:
        return {rng.pick(("Color", "Size")): None} if rng.happens(0.15) else ""
    return {offer.group.name: [*entries(rng, asin, offer)] for offer in offers}


def entries(rng: Generator, asin: str, offer: Offer) -> Iterator[Json]:
    """One entry a value: with stock and ASIN as a list of sizes has them, or with price and picture."""
    chosen = rng.below(len(offer.values))
    plain = offer.group.name == "Size" and rng.happens(0.7)
    priced = rng.happens(0.2)
    for place, value in enumerate(offer.values):
        other = asin if place == chosen else "B1" + spelled(int(rng.random() * CODES))
        if plain:
            yield {"is_selected": place == chosen, "is_available": True, "value": value, "asin": other}
            continue
        price = round(8 + 60 * rng.random(), 2) if priced else 0
        yield {
            "is_selected": place == chosen,
            "url": None
            if place == chosen
            else f"https://example.com/dp/{other}/ref=other_of_{asin}?_encoding=UTF8&psc=1",
            "value": value,
            "price_string": f"${price:.2f}" if priced else "",
            "price": price,
            "image": image(rng) if offer.group.name == "Color" else None,
        }
