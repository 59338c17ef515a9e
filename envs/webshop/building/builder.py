"""Make a world folder from products of any source: the official files or the made shop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from forethought.envs.family import Json, shorten
from forethought.envs.ranking.build import Builder, Chunk, analyse
from forethought.envs.webshop.building.indexed_text import document
from forethought.envs.webshop.goals import combinations, draw_ceiling, expand, official_order, read_instruction, weights
from forethought.envs.webshop.products import NO_ATTRIBUTES, BadRecord, Product, read_product, texts
from forethought.envs.webshop.stored import ASIN, GOAL
from forethought.envs.worlds.blobs import BlobWriter

SHELF = 2000  # products prepared at once
MOST_GOALS = 1_000_000  # of one product; more are damage, and would not fit into memory
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry of one product in the official files; `where` names it in errors, `price` is a frozen one."""

    where: str
    record: Mapping[str, Json]
    about: Json
    written: Json = None
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Stocked:
    """The facts about a product that are kept while the world is made."""

    asin: str
    category: str
    query: str
    price: float
    asked: tuple[str, ...]  # attributes of its synthetic instruction
    goals: int
    written: tuple[Json, ...]  # the instructions of people that ask for attributes


@dataclass(frozen=True, slots=True)
class Shelf:
    """Products ready to be written, prepared in a process of its own."""

    records: list[bytes]
    stock: list[Stocked]
    chunk: Chunk


def stock(entries: Iterable[Entry]) -> Shelf:
    """Raises BadRecord, which names the entry."""
    records, kept, documents, places = [], [], [], []
    for entry in entries:
        try:
            product, instruction, asked = read_entry(entry)
            written = read_written(entry.written)
            goals = combinations(product) if instruction is not None else 0
            if goals > MOST_GOALS:
                raise BadRecord(f"its options give {goals:,} goals; expected {MOST_GOALS:,} at most")
        except BadRecord as error:
            raise BadRecord(f"{entry.where} (asin {entry.record.get('asin')!r}): {error}") from None
        records.append(json.dumps([*astuple(product), instruction, asked], separators=(",", ":")).encode())
        kept.append(Stocked(product.asin, product.category, product.query, product.price, asked, goals, written))
        documents.append(document(product))
        places.append(entry.where)
    try:
        return Shelf(records, kept, analyse(documents))
    except ValueError as error:  # it numbers the texts
        raise BadRecord(f"{places[0]} to {places[-1]}: {error}") from error


def read_entry(entry: Entry) -> tuple[Product, str | None, tuple[str, ...]]:
    """The product, the instruction and the attributes of an entry. Raises BadRecord: a field of the wrong form."""
    about = entry.about
    if not isinstance(about, dict):
        raise BadRecord(f"its attributes are {shorten(str(about))}; expected an object")
    attributes = texts(about["attributes"], "attributes") if "attributes" in about else NO_ATTRIBUTES
    product = read_product(entry.record, attributes, entry.price)
    if not (product.asin.isascii() and product.asin.isprintable()):
        raise BadRecord("its ASIN holds other characters than ASCII has")
    instruction = about.get("instruction")
    if instruction is None:
        return product, None, ()
    asked = texts(about.get("instruction_attributes"), "instruction_attributes")
    if not isinstance(instruction, str) or not asked:
        raise BadRecord(f"its instruction {instruction!r:.60} asks for no attribute; expected a text, and at least one")
    return product, instruction, asked


def read_written(written: Json) -> tuple[Json, ...]:
    """The instructions that ask for attributes: the official loader leaves the others out."""
    if written is not None and not isinstance(written, list):
        raise BadRecord(f"its human instructions are {written!r:.60}; expected a list")
    return tuple(record for record in written or () if read_instruction(record)[1])


def build(folder: Path, shelves: Iterable[Shelf], progress: Progress = lambda what, done: None) -> list[Stocked]:
    """Write all of a world but its manifest into an empty folder; returns the facts about each row."""
    builder = Builder(folder / "index")
    stocked: list[Stocked] = []
    with BlobWriter(folder, "products") as products:
        for shelf in shelves:
            products.extend(shelf.records)
            builder.add(shelf.chunk)
            stocked += shelf.stock
            progress("products", len(stocked))
    if not stocked:
        raise BadRecord("there is no product in it; expected at least one")
    builder.finish(write_asins(folder, [item.asin for item in stocked]))
    progress("index", len(stocked))
    write_groups(folder, stocked)
    write_synthetic(folder, stocked)
    write_human(folder, stocked)
    progress("goals", len(stocked))
    return stocked


def write_asins(folder: Path, asins: list[str]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Write the rows by ASIN; returns each row's place in that order, which breaks ties in the ranking."""
    names = np.array([asin.encode("ascii") for asin in asins], ASIN)
    order = np.argsort(names, kind="stable").astype("<u4")
    names[order].tofile(folder / "asins.raw")
    order.tofile(folder / "asin_rows.raw")
    rank = np.empty(len(order), np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    return rank


def write_groups(folder: Path, stocked: list[Stocked]) -> None:
    """The rows of each category and of each query, for the searches that name one."""
    table: dict[str, dict[str, tuple[int, int]]] = {"category": {}, "query": {}}
    rows: list[int] = []
    for kind, spans in table.items():
        members: dict[str, list[int]] = {}
        for row, item in enumerate(stocked):
            members.setdefault(getattr(item, kind), []).append(row)
        for name in sorted(members):
            spans[name] = (len(rows), len(rows) + len(members[name]))
            rows += members[name]
    np.array(rows, "<u4").tofile(folder / "groups.raw")
    (folder / "groups.json").write_text(json.dumps(table), encoding="utf-8")


def write_synthetic(folder: Path, stocked: list[Stocked]) -> None:
    """Write the table of synthetic goals."""
    rows, numbers = expand(item.goals for item in stocked)
    wanted = [item for item in stocked if item.goals]
    weight = np.zeros(len(stocked))
    ceiling = np.zeros(len(stocked))
    weight[[row for row, item in enumerate(stocked) if item.goals]] = weights([(i.asked, i.goals) for i in wanted])
    ceiling[:] = [draw_ceiling(item.price, item.asin) if item.goals else 0.0 for item in stocked]
    goals = np.empty(len(rows), GOAL)
    order = official_order(len(rows))
    goals["row"], goals["number"] = rows[order], numbers[order]
    goals["ceiling"], goals["weight"] = ceiling[goals["row"]], weight[goals["row"]]
    goals.tofile(folder / "goals_synthetic.raw")


def write_human(folder: Path, stocked: list[Stocked]) -> None:
    """Write the human instructions and the table of their goals."""
    found: list[tuple[int, float]] = []
    with BlobWriter(folder, "instructions") as written:
        for row, item in enumerate(stocked):
            written.extend(json.dumps([item.asin, record]).encode() for record in item.written)
            found += [(row, draw_ceiling(item.price, item.asin, str(place))) for place in range(len(item.written))]
    order = official_order(len(found))
    goals = np.empty(len(found), GOAL)
    goals["number"], goals["weight"] = order, 1.0
    goals["row"] = np.array([row for row, _ in found], "<u4")[order]
    goals["ceiling"] = np.array([ceiling for _, ceiling in found])[order]
    goals.tofile(folder / "goals_human.raw")
