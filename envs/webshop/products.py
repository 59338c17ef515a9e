"""A product as the shop shows it, read from a record of the official files."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from forethought.envs.family import Json, shorten

NO_PRICE = 100.0  # dollars; the price of a product without one
NO_ATTRIBUTES = ("DUMMY_ATTR",)
LONGEST_ASIN = 10


class BadRecord(ValueError):
    """A record of a source file that is no product, goal or instruction."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product, as the pages, the search and the reward know it.

    `options` holds each group's name with its values, as displayed. `attributes`, `query`,
    `product_category` and `price` are hidden from the pages; `tag` is the price that is shown.
    """

    asin: str
    title: str
    description: str
    bullets: tuple[str, ...]
    tag: str
    price: float
    options: tuple[tuple[str, tuple[str, ...]], ...]
    attributes: tuple[str, ...]
    category: str
    query: str
    product_category: str
    image: str


def is_listed(record: Mapping[str, Json]) -> bool:
    """Whether the shop takes the record: the official loader leaves out ASINs that are "nan" or too long."""
    asin = text_of(record, "asin", filled=True)
    return asin != "nan" and len(asin) <= LONGEST_ASIN


def read_product(
    record: Mapping[str, Json], attributes: tuple[str, ...] = NO_ATTRIBUTES, price: float | None = None
) -> Product:
    """The product of an official record; `price` overrules the one drawn for a ranged price.

    Raises BadRecord: a field is missing or of another kind than the official files have.
    """
    asin = text_of(record, "asin", filled=True)
    prices, tag = read_prices(record.get("pricing"))
    images = record.get("images")
    bullets = record.get("small_description")
    return Product(
        asin=asin,
        title=text_of(record, "name"),
        description=text_of(record, "full_description"),
        bullets=texts(bullets, "small_description") if isinstance(bullets, list) else (bullets_text(bullets),),
        tag=tag,
        price=drawn_price(asin, prices) if price is None else price,
        options=read_options(record.get("customization_options")),
        attributes=attributes,
        category=text_of(record, "category", required=True),
        query=text_of(record, "query", required=True).lower().strip(),
        product_category=text_of(record, "product_category"),
        image=str(images[0]) if isinstance(images, list) and images else "",
    )


def text_of(record: Mapping[str, Json], field: str, *, required: bool = False, filled: bool = False) -> str:
    """A text field; none counts as an empty one unless it is `required`. Raises BadRecord."""
    value = record.get(field)
    if value is None and not (required or filled):
        return ""
    if not isinstance(value, str) or (filled and not value):
        raise BadRecord(f"{field!r} is {shorten(str(value))}; expected a text")
    return value


def bullets_text(value: Json) -> str:
    """The bullets of a product as one text. Raises BadRecord: neither a list of texts nor a text."""
    if value is not None and not isinstance(value, str):
        raise BadRecord(f"'small_description' is {shorten(str(value))}; expected a list of texts, or one text")
    return value or ""


def texts(values: Json, field: str) -> tuple[str, ...]:
    """A list of texts. Raises BadRecord: anything else."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadRecord(f"{field!r} is {shorten(str(values))}; expected a list of texts")
    return tuple(map(str, values))


def read_prices(pricing: Json) -> tuple[tuple[float, ...], str]:
    """The prices of "$19.99 - $27.99", and the tag that the pages show for them."""
    if pricing is None or pricing == "" or pricing == []:
        return (NO_PRICE,), f"${NO_PRICE}"
    try:
        if not isinstance(pricing, str) or "$" not in pricing:
            raise ValueError
        prices = tuple(float(Decimal(re.sub(r"[^\d.]", "", part))) for part in pricing.split("$")[1:])
        if not max(prices) < math.inf:
            raise ValueError
    except (ValueError, InvalidOperation):
        raise BadRecord(f"'pricing' is {shorten(str(pricing))}; expected such as '$19.99 - $27.99'") from None
    return prices[:2], f"${prices[0]}" if len(prices) == 1 else f"${prices[0]} to ${prices[1]}"


def drawn_price(asin: str, prices: tuple[float, ...]) -> float:
    """The price of a purchase: within a range, always the same point of it."""
    return prices[0] if len(prices) == 1 else prices[0] + (prices[1] - prices[0]) * fraction("price", asin)


def fraction(*words: str) -> float:
    """A number in [0, 1) that depends on the words alone."""
    digest = hashlib.blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return (int.from_bytes(digest, "big") >> 3) / 2**53


def read_options(groups: Json) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The groups of options, each with its values. Raises BadRecord: no groups of options."""
    if not groups:
        return ()
    if not isinstance(groups, dict):
        raise BadRecord(f"'customization_options' is {shorten(str(groups))}; expected groups of options")
    options: dict[str, tuple[str, ...]] = {}
    for name, choices in groups.items():
        if choices is None:
            continue
        if not isinstance(choices, list):
            raise BadRecord(f"the options of {shorten(name)} are {shorten(str(choices))}; expected a list")
        options[name.lower()] = tuple(option_value(name, choice) for choice in choices)
    return tuple(options.items())


def option_value(name: str, choice: Json) -> str:
    """The value of an option, as the official shop writes it. Raises BadRecord: no text."""
    value = choice.get("value") if isinstance(choice, dict) else None
    if not isinstance(value, str):
        raise BadRecord(f"an option of {shorten(name)} is {shorten(str(choice))}; expected a 'value' that is a text")
    return value.strip().replace("/", " | ").lower()
