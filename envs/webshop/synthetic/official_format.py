"""The made shop in the format of the official files, written as a stream."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from pathlib import Path
from types import TracebackType

from forethought.common.parallel import in_order
from forethought.envs.webshop.building.builder import SHELF, Progress
from forethought.envs.webshop.building.official_files import ATTRIBUTES, INSTRUCTIONS, PRODUCTS
from forethought.envs.webshop.synthetic.products import make_product
from forethought.envs.worlds.folder import new_world

# The official name of each file and its brackets: products are an array, the others objects by ASIN.
FILES = ((PRODUCTS[0], "[]"), (ATTRIBUTES[0], "{}"), (INSTRUCTIONS[0], "{}"))

Lines = tuple[list[str], list[str], list[str]]  # one list a file


def write_raw(
    out: Path, products: int, seed: int, *, workers: int = 1, progress: Progress = lambda what, done: None
) -> None:
    """Write the files of a made shop into the new folder `out`, whole or not at all.

    Raises ValueError: `out` is already there, or fewer than one product.
    """
    if products < 1:
        raise ValueError(f"a shop of {products} products was asked for; expected 1 or more")
    parts = [(first, min(first + SHELF, products)) for first in range(0, products, SHELF)]
    with (
        new_world(out) as folder,
        in_order(partial(raw_lines, seed), parts, workers) as shelves,
        contextlib.ExitStack() as opened,
    ):
        files = [opened.enter_context(RawFile(folder / name, *brackets)) for name, brackets in FILES]
        for (_, end), shelf in zip(parts, shelves, strict=True):
            for file, lines in zip(files, shelf, strict=True):
                file.extend(lines)
            progress("products", end)


class RawFile:
    """One JSON array or object, a record a line."""

    def __init__(self, path: Path, opening: str, closing: str) -> None:
        self.file = path.open("w", encoding="utf-8", newline="\n")
        self.file.write(opening)
        self.closing, self.before = closing, "\n"  # the end, and the text before the next record

    def extend(self, records: list[str]) -> None:
        """Write more records of the JSON array."""
        if records:
            self.file.write(self.before + ",\n".join(records))
            self.before = ",\n"

    def __enter__(self) -> RawFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.file:
            self.file.write(f"\n{self.closing}\n")


def raw_lines(seed: int, part: tuple[int, int]) -> Lines:
    """The records of some products as JSON, for each file."""
    products, attributes, instructions = [], [], []
    for number in range(*part):
        made = make_product(seed, number)
        name = json.dumps(made.product["asin"])
        products.append(json.dumps(made.product))
        attributes.append(f"{name}: {json.dumps(made.attributes)}")
        if made.instructions:
            instructions.append(f"{name}: {json.dumps(made.instructions)}")
    return products, attributes, instructions
