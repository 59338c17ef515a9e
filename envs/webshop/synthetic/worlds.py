"""Worlds that are made: the default one on first use, others on request."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from forethought.common.parallel import in_order
from forethought.envs.webshop.building.builder import SHELF, Entry, Progress, Shelf, build, stock
from forethought.envs.webshop.world import KIND, World
from forethought.envs.worlds.default import FETCHING, made_once, opener, recipe
from forethought.envs.worlds.folder import new_world, seal

PRODUCTS, SEED = 1000, 0
# Files that a world does not depend on: what shows it, and what plays in it.
SHOWING = {
    "browser.py",
    "chrome.py",
    "family.py",
    "guard.py",
    "html.py",
    "official.py",
    "pages.py",
    "reward.py",
    "rules.py",
}
SHOWING |= {"saved.py", "sessions.py", "site.py", "text.py", *FETCHING}


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
    return stock(made_entries(seed, range(*part)))


def made_entries(seed: int, numbers: range) -> Iterator[Entry]:
    from forethought.envs.webshop.synthetic.products import make_product  # needed once in the life of a world

    for number in numbers:
        made = make_product(seed, number)
        yield Entry(f"made product {number}", made.product, made.attributes, list(made.instructions))


open_world = opener(World)


def default_world() -> World:
    """The made shop of 1,000 products, made in the cache folder when it is not there yet."""
    name = f"webshop-{PRODUCTS}-{SEED}-{shop_recipe()}"
    return made_once(name, lambda folder: make_world(folder, PRODUCTS, SEED), open_world)


@lru_cache(maxsize=1)
def shop_recipe() -> str:
    return recipe(("forethought.envs.webshop", "forethought.envs.ranking", "forethought.envs.worlds"), SHOWING)
