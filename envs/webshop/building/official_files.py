"""Make a world from the official files, read as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forethought.common.parallel import in_order
from forethought.envs.downloads.json_stream import array_items, object_items
from forethought.envs.family import Json
from forethought.envs.webshop.building.builder import SHELF, Entry, Progress, Shelf, build, stock
from forethought.envs.webshop.building.recorded_goals import freeze_goals, freeze_nouns, given_nouns, titles
from forethought.envs.webshop.goals import MOST_DOLLARS
from forethought.envs.webshop.nouns import spacy_nouns
from forethought.envs.webshop.products import BadRecord, is_listed
from forethought.envs.webshop.stored import KIND
from forethought.envs.worlds.folder import new_world, seal

PRODUCTS = ("items_shuffle.json", "items_shuffle_1000.json", "products_raw.json")
ATTRIBUTES = ("items_ins_v2.json", "items_ins_v2_1000.json", "ins.json")
INSTRUCTIONS = ("items_human_ins.json", "human_ins.json")

Raw = tuple[str, str, str, str, float | None]  # as Entry has it, but as texts, which take less room and time to send


@dataclass(frozen=True, slots=True)
class Sources:
    """The official files of one folder; those that may be missing are None."""

    products: Path
    attributes: Path
    instructions: Path | None
    prices: Path | None
    goals: Path | None
    human_goals: Path | None
    nouns: Path | None


def find_sources(place: Path) -> Sources:
    """The files in a folder, or those beside a given file of products.

    Raises ValueError: none, or several to choose from.
    """
    if not place.exists():
        raise ValueError(f"{place} does not exist; give a folder of official files, or the file of products")
    folder = place if place.is_dir() else place.parent

    def one(names: tuple[str, ...], near: int | None = None) -> Path | None:
        found = [folder / name for name in names if (folder / name).is_file()]
        if near is not None and folder / names[near] in found:
            return folder / names[near]
        if len(found) > 1:
            raise ValueError(f"{folder} holds {' and '.join(path.name for path in found)}; give the one file to import")
        return found[0] if found else None

    products = place if place.is_file() else one(PRODUCTS)
    if products is None:
        raise ValueError(f"{folder} holds no products; expected {', '.join(PRODUCTS[:-1])} or {PRODUCTS[-1]}")
    near = PRODUCTS.index(products.name) if products.name in PRODUCTS else None
    attributes = one(ATTRIBUTES, near)
    if attributes is None:
        raise ValueError(f"{folder} holds no attributes; expected {', '.join(ATTRIBUTES[:-1])} or {ATTRIBUTES[-1]}")
    rest = (one((name,)) for name in ("product_prices.json", "goals.json", "goals_human.json", "title_nouns.json"))
    return Sources(products, attributes, one(INSTRUCTIONS, None if near is None else near // 2), *rest)


def import_world(
    place: Path,
    out: Path,
    *,
    nouns: str | None = None,
    workers: int = 1,
    progress: Progress = lambda what, done: None,
) -> str:
    """Import official files into the new folder `out`; returns the world's hash.

    `nouns="spacy"` finds the nouns of titles with spaCy; else they come from title_nouns.json where that
    is there, and are approximated where not. Raises ValueError (Damaged, BadRecord) naming file, record
    and reason; then nothing is left behind.
    """
    if nouns not in (None, "spacy"):
        raise ValueError(f"unknown nouns {nouns!r}; expected 'spacy', or none")
    sources = find_sources(place)
    with new_world(out) as folder:
        tagged = spacy_nouns(titles(folder)) if nouns else None  # where it is not installed, say so at once
        with in_order(stock_raw, shelves_of(raw_products(sources)), workers) as shelves:
            stocked = build(folder, shelves, progress)
        if sources.goals:
            freeze_goals(folder, stocked, sources.goals, "synthetic")
        if sources.human_goals:
            freeze_goals(folder, stocked, sources.human_goals, "human")
        if tagged is not None:
            freeze_nouns(folder, tagged)
        elif sources.nouns:
            freeze_nouns(folder, given_nouns(sources.nouns, stocked))
        facts: dict[str, Json] = {
            "name": out.name,
            "products": len(stocked),
            "nouns": nouns or ("given" if sources.nouns else "approximate"),
            "sources": {path.name: path.stat().st_size for path in present(sources)},
        }
        return seal(folder, KIND, facts)


def present(sources: Sources) -> Iterator[Path]:
    """The files that were given."""
    for field in sources.__slots__:
        if (path := getattr(sources, field)) is not None:
            yield path


def raw_products(sources: Sources) -> Iterator[Raw]:
    """The records that the shop lists, each ASIN once."""
    prices = read_object(sources.prices) if sources.prices else {}
    written = {asin: text for asin, _, text in object_items(sources.instructions)} if sources.instructions else {}
    about = {asin: text for asin, _, text in object_items(sources.attributes)}
    seen: set[str] = set()
    for number, (record, text) in enumerate(array_items(sources.products)):
        where = f"{sources.products.name}, record {number}"
        try:
            if not isinstance(record, dict):
                raise BadRecord("it is no object; expected a product")
            if not is_listed(record) or (asin := str(record["asin"])) in seen:
                continue
        except BadRecord as error:
            raise BadRecord(f"{where}: {error}") from None
        seen.add(asin)
        price = prices.get(asin)
        yield (
            where,
            text,
            about.get(asin, "{}"),
            written.get(asin, "null"),
            None if price is None else dollars(asin, price),
        )


def dollars(asin: str, price: Json) -> float:
    """A price of the price file. Raises BadRecord: no number of dollars."""
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < MOST_DOLLARS:
        raise BadRecord(f"product_prices.json: the price of {asin} is {price!r}; expected a number of dollars")
    return float(price)


def shelves_of(raw: Iterator[Raw]) -> Iterator[list[Raw]]:
    """The raw records in lists of at most SHELF, for parallel work."""
    shelf: list[Raw] = []
    for item in raw:
        shelf.append(item)
        if len(shelf) == SHELF:
            yield shelf
            shelf = []
    if shelf:
        yield shelf


def stock_raw(shelf: list[Raw]) -> Shelf:
    """The products of one list of raw records."""
    return stock(
        Entry(where, json.loads(record), json.loads(about), json.loads(written), price)
        for where, record, about, written, price in shelf
    )


def read_object(path: Path) -> dict[str, Json]:
    """A JSON object of a large file, read as a stream."""
    return {name: value for name, value, _ in object_items(path)}
