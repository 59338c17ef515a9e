"""Make the synthetic shop of any size as a world folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from forethought.common.parallel import in_order
from forethought.envs.webshop.building.builder import SHELF, Entry, Progress, Shelf, build, stock
from forethought.envs.webshop.stored import KIND
from forethought.envs.worlds.folder import new_world, seal

PRODUCTS, SEED = 1000, 0


def make_world(
    out: Path, products: int, seed: int, *, workers: int = 1, progress: Progress = lambda what, done: None
) -> str:
    """Make a shop in the new folder `out`; the same (products, seed) gives the same content. Returns its hash."""
    if products < 1:
        raise ValueError(f"a shop of {products} products was asked for; expected 1 or more")
    parts = ((first, min(first + SHELF, products)) for first in range(0, products, SHELF))
    with new_world(out) as folder, in_order(partial(made_shelf, seed), parts, workers) as shelves:
        build(folder, shelves, progress)
        return seal(folder, KIND, {"name": f"made-{products}-{seed}", "products": products, "nouns": "approximate"})


def made_shelf(seed: int, part: tuple[int, int]) -> Shelf:
    """The products with these numbers, ready to be written."""
    return stock(made_entries(seed, range(*part)))


def made_entries(seed: int, numbers: range) -> Iterator[Entry]:
    """The entries of the products with these numbers, in the official format."""
    from forethought.envs.webshop.synthetic.products import make_product  # needed once in the life of a world

    for number in numbers:
        made = make_product(seed, number)
        yield Entry(f"made product {number}", made.product, made.attributes, list(made.instructions))
