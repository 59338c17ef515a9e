"""A shop's data as a folder, mapped into memory: products, goals, nouns and the index of its search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from forethought.common.json_text import read_json
from forethought.envs.ranking.index import Index
from forethought.envs.webshop.goals import Goal, human_goal, synthetic_goal
from forethought.envs.webshop.nouns import title_nouns
from forethought.envs.webshop.products import Product
from forethought.envs.webshop.stored import ASIN, GOAL, KIND
from forethought.envs.worlds.blobs import Blob, mapped
from forethought.envs.worlds.sealed import SealedWorld

KEPT = 4096  # products and queries that a process keeps ready

GoalKind = Literal["synthetic", "human"]


def parse_record(record: bytes) -> tuple[Product, str | None, tuple[str, ...]]:
    """A product as the world keeps it, its synthetic instruction, and the attributes that this asks for."""
    asin, title, description, bullets, tag, price, groups, attributes, *rest, instruction, asked = json.loads(record)
    options = tuple((name, tuple(values)) for name, values in groups)
    product = Product(asin, title, description, tuple(bullets), tag, price, options, tuple(attributes), *rest)
    return product, instruction, tuple(asked)


class World(SealedWorld):
    """An immutable shop. Rows are the products' places in the official file.

    Opening maps the files; a process reads only the products that it needs, and processes share their memory.
    """

    kind = KIND

    def __init__(self, folder: Path) -> None:
        """Raises ValueError: the folder is no world of WebShop, or a damaged one."""
        super().__init__(folder)
        self.records = Blob(self.folder, "products")
        self.asins = mapped(self.folder / "asins.raw", ASIN)
        self.asin_rows = mapped(self.folder / "asin_rows.raw", np.dtype("<u4"))
        self.index = Index.open(self.folder / "index")
        self.nouns_given = Blob(self.folder, "nouns") if (self.folder / "nouns.bin").exists() else None
        self.groups = read_json((self.folder / "groups.json").read_text(encoding="utf-8"))
        self.group_rows = mapped(self.folder / "groups.raw", np.dtype("<u4"))
        self.record = lru_cache(KEPT)(self.read)
        self.nouns = lru_cache(KEPT)(self.read_nouns)
        self.found = lru_cache(KEPT)(self.rank)

    def __len__(self) -> int:
        return len(self.records)

    def read(self, row: int) -> tuple[Product, str | None, tuple[str, ...]]:
        """The product of a row, with its synthetic instruction (if any) and the attributes it asks for."""
        return parse_record(self.records[row])

    def product(self, row: int) -> Product:
        """The product in a row."""
        return self.record(row)[0]

    def row_of(self, asin: str) -> int | None:
        """The row of an ASIN; None where there is no such product."""
        if len(asin) > ASIN.itemsize or not asin.isascii():  # numpy would widen all the others to a longer one
            return None
        place = int(np.searchsorted(self.asins, np.bytes_(asin.encode())))
        if place < len(self.asins) and self.asins[place].decode() == asin:
            return int(self.asin_rows[place])
        return None

    def read_nouns(self, row: int) -> tuple[str, ...]:
        """The nouns of a title: those the world was built with, else the approximation of `nouns.py`."""
        if self.nouns_given is None:
            return title_nouns(self.product(row).title)
        return tuple(json.loads(self.nouns_given[row]))

    def rank(self, query: str) -> tuple[int, ...]:
        """Rows of the 50 best products for a query. Raises TooManyTerms."""
        return tuple(document for document, _ in self.index.search(query))

    def members(self, kind: str, name: str) -> Sequence[int]:
        """Rows of all products of one "category" or "query", in the order of the official file."""
        first, end = self.groups[kind].get(name, (0, 0))
        return cast("Sequence[int]", self.group_rows[first:end])

    def goals(self, kind: GoalKind) -> GoalList:
        """The goals of one kind."""
        return GoalList(self, kind)


class GoalList(Sequence[Goal]):
    """The goals of one kind in the official order, made when they are asked for."""

    def __init__(self, world: World, kind: GoalKind) -> None:
        if kind not in ("synthetic", "human"):
            raise ValueError(f"unknown goals {kind!r}; expected 'synthetic' or 'human'")
        self.world, self.kind = world, kind
        self.table = mapped(world.folder / f"goals_{kind}.raw", GOAL)
        self.written = Blob(world.folder, "instructions") if kind == "human" else None
        self.get = lru_cache(KEPT)(self.make)

    def __deepcopy__(self, memo: dict[int, Any]) -> GoalList:
        return self

    def __reduce__(self) -> tuple[type[GoalList], tuple[World, GoalKind]]:
        return GoalList, (self.world, self.kind)

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(f"no goal {number}; there are {len(self)}")
        return self.get(int(number) % len(self))

    def make(self, number: int) -> Goal:
        """Make a goal from the tables."""
        row, place, ceiling, weight = self.table[number].item()
        product, instruction, asked = self.world.record(row)
        if self.written is not None:
            return human_goal(product, json.loads(self.written[place])[1], ceiling)
        assert instruction is not None, "only products with an instruction have synthetic goals"
        return synthetic_goal(product, instruction, asked, place, ceiling, weight)
