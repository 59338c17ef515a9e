"""The made shop: believable products and instructions in the format of the official files, as many as wanted.

The statistics follow the shop of Yao et al. 2022 (WebShop, arXiv:2207.01206): five departments, how many products miss
a price, a description, options or attributes, how long the texts are. The words are our own.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass

from forethought.common.random import Generator
from forethought.envs.family import Json
from forethought.envs.webshop.synthetic.codes import CODES, asin_of, image, model
from forethought.envs.webshop.synthetic.instructions import ROLES, asked, displayed, synthetic
from forethought.envs.webshop.synthetic.options import Offer, customization, pick_offers
from forethought.envs.webshop.synthetic.texts import Facts, bullets, description, title, words_for
from forethought.envs.webshop.synthetic.vocabulary import Attribute, Kind, plural, vocabulary

SHARES = (0.238, 0.467, 0.683, 0.883)  # of the departments, summed up; grocery is the rest
COUNTS = (0.17, 0.37, 0.565, 0.70, 0.82, 0.885, 0.925, 0.955, 0.975, 0.99)  # of 0, 1, 2 … attributes, summed up
PLACES = (0.3, 0.66, 0.76)  # where an attribute is told, summed up: title, bullets, description; the rest nowhere
IMAGES = (8, 8, 8, 8, 8, 2, 7, 6, 5, 4, 3)


@dataclass(frozen=True, slots=True)
class Made:
    """One product as the official files hold it."""

    product: dict[str, Json]  # a record of items_shuffle.json
    attributes: dict[str, Json]  # its entry of items_ins_v2.json
    instructions: list[dict[str, Json]]  # its entries of items_human_ins.json, often none


def make_shop(products: int, seed: int) -> Iterator[Made]:
    """The products 0 … `products` - 1 of the shop with this seed.

    Raises ValueError: fewer than none.
    """
    if products < 0:
        raise ValueError(f"a shop has 0 products or more; given {products}")
    return (make_product(seed, number) for number in range(products))


def make_product(seed: int, number: int) -> Made:
    """Product `number` of a shop; it depends on its two arguments alone.

    Raises ValueError: a number outside 0 … 36**8 - 1, where its ASIN would not be its own.
    """
    if not 0 <= number < CODES:
        raise ValueError(f"a product number is from 0 to {CODES - 1}; given {number}")
    rng = Generator(f"webshop {seed} {number}")
    asin = asin_of(seed, number)
    kind = pick_kind(rng)
    labels = pick_attributes(rng, kind)
    offers = pick_offers(rng, kind)
    facts = make_facts(rng, kind, labels, offers)
    places: tuple[list[Attribute], ...] = ([], [], [], [])
    for one in facts.attributes:
        places[bisect(PLACES, rng.random())].append(one)
    named, shown, written, _ = places
    points = bullets(rng, facts, shown)
    product: dict[str, Json] = {
        "name": title(rng, facts, named),
        "full_description": description(rng, facts, written),
        "pricing": pricing(rng, kind),
        "images": [image(rng) for _ in range(rng.pick(IMAGES))],
        "product_category": "" if rng.happens(0.02) else kind.path,
        "average_rating": rating(rng),
        "small_description": "".join(points) if rng.happens(0.016) else list(points),
        "customization_options": customization(rng, asin, offers),
        "asin": asin,
        "category": kind.category,
        "query": kind.query,
        "page": rng.between(1, 400),
    }
    if rng.happens(0.2):
        product["model"] = model(rng)
    return Made(product, entry(rng, facts), human(rng, asin, facts, offers))


def pick_kind(rng: Generator) -> Kind:
    """The first kinds of a family are the most frequent, so that their products compete."""
    families = vocabulary().departments[bisect(SHARES, rng.random())]
    family = rng.pick(families)
    return family[int(len(family) * rng.random() * rng.random())]


def pick_attributes(rng: Generator, kind: Kind) -> list[Attribute]:
    """As many as the real shop has, and none that contradicts another."""
    rivals = vocabulary().rivals
    found: list[Attribute] = []
    barred: set[str] = set()
    for one in rng.some(kind.attributes, bisect(COUNTS, rng.random())):
        if one.label not in barred:
            found.append(one)
            barred |= rivals[one.label] or {one.label}
            barred.add(one.label)
    return found


def make_facts(rng: Generator, kind: Kind, labels: list[Attribute], offers: list[Offer]) -> Facts:
    """The facts of a product: names, attributes, texts and options."""
    noun, material, look = rng.pick(kind.nouns), rng.pick(kind.materials), rng.pick(kind.looks)
    uses = rng.some(kind.uses, rng.between(1, 3))
    told = [one for one in labels if one.label not in noun.lower()]  # no "memory foam mattress with memory foam"
    name = brand(rng)
    named = [rng.pick(offer.values) for offer in offers]
    words = words_for(
        rng, name, noun, material, look, uses[0], [value for offer in offers for value in offer.values[:6]]
    )
    return Facts(kind, name, noun, material, look, uses, told, named, words)


def brand(rng: Generator) -> str:
    """A made-up name: "Kelmira", "TARDOR", "Oravey Studio"."""
    wording = vocabulary().wording
    name: str = rng.pick(wording["heads"]) + rng.pick(wording["middles"]) + rng.pick(wording["tails"])
    roll = rng.random()
    if roll < 0.3:
        return name.upper()
    return f"{name} {rng.pick(wording['houses'])}" if roll > 0.82 else name


def amount(rng: Generator, kind: Kind) -> float:
    """Dollars between the kind's cheapest and dearest, cheap ones more often."""
    low, high = kind.price
    whole = int(low + (high - low) * rng.random() * rng.random() * rng.random())
    roll = rng.random()
    cents = 99 if roll < 0.5 else 95 if roll < 0.58 else 0 if roll < 0.7 else rng.below(100)
    return whole + cents / 100


def pricing(rng: Generator, kind: Kind) -> str:
    """ "$19.99", for 9% a range and for 9% nothing."""
    roll, price = rng.random(), amount(rng, kind)
    if roll < 0.09:
        return ""
    if roll < 0.18:
        return f"${price:,.2f} - ${price * (1.1 + 0.8 * rng.random()):,.2f}"
    return f"${price:,.2f}"


def rating(rng: Generator) -> float | str:
    """A rating from 1 to 5, or "" for a product without ratings."""
    roll = rng.random()
    if roll < 0.36:
        return ""
    return 5.0 if roll < 0.47 else round(min(5.0, 3.2 + 1.9 * rng.high()), 1)


def entry(rng: Generator, facts: Facts) -> dict[str, Json]:
    """The attribute list, and for 42% of the products a synthetic instruction."""
    labels: list[Json] = [one.label for one in facts.attributes]
    if " " in facts.noun and rng.happens(0.3):
        labels.append(facts.noun.lower())  # the real lists hold pairs of words from the title too
    if not facts.attributes or not rng.happens(0.505):
        return {"attributes": labels}
    most = min(5, len(facts.attributes))
    chosen = rng.some(facts.attributes, max(1, most - rng.below(2)))
    chosen.sort(key=lambda one: ROLES.index(one.role))
    return {
        "attributes": labels,
        "instruction": synthetic(facts.kind.query, chosen),
        "instruction_attributes": [one.label for one in chosen],
    }


def human(rng: Generator, asin: str, facts: Facts, offers: list[Offer]) -> list[dict[str, Json]]:
    """The human-like instructions of a product: one or more for half of the products."""
    if not facts.attributes or not rng.happens(0.9 if offers else 0.45):
        return []
    roll = rng.random()
    count = 1 if roll < 0.62 else 2 if roll < 0.86 else 3 if roll < 0.96 else 4
    return [one_human(rng, asin, facts, offers) for _ in range(count)]


def one_human(rng: Generator, asin: str, facts: Facts, offers: list[Offer]) -> dict[str, Json]:
    """One instruction for a product, in the style of a person."""
    roll = rng.random()
    more = 0 if offers else 0.25  # without options it takes more attributes to tell products apart
    chosen = rng.some(facts.attributes, 1 if roll < 0.58 - more else 2 if roll < 0.9 - more else 3)
    sized = any(one.label.endswith(" size") for one in chosen)  # "king size" says it already
    wanted, picked = {}, []
    for offer in offers:
        value = displayed(rng.pick(offer.values))
        picked.append(f"{offer.group.name.lower()}: {value}")
        if rng.happens(0.75) and not (sized and offer.group.ask == "size"):
            wanted[offer.group.ask] = value
    kind = facts.kind
    many = "some" if plural(facts.noun) or kind.category == "grocery" else "a"
    if many == "some" and kind.category == "fashion":
        many = rng.pick(("a pair of", "some"))
    noun = f"{kind.who.lower()} {facts.noun.lower()}".strip()
    return {
        "asin": asin,
        "instruction": asked(rng, noun, many, chosen, wanted),
        "attributes": [one.label for one in facts.attributes],
        "options": [*picked] or [""],
        "instruction_attributes": [one.label for one in chosen],
        "instruction_options": [*wanted.values()],
        "assignment_id": "",
        "worker_id": "",
    }
