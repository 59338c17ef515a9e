"""The world of a WebShop environment that is given none: synthetic, made on first use."""

from __future__ import annotations

from functools import lru_cache

from forethought.envs.webshop.synthetic import make_world as making
from forethought.envs.webshop.synthetic.make_world import PRODUCTS, SEED, make_world
from forethought.envs.webshop.world import World
from forethought.envs.worlds.default import made_once, opener, recipe

open_world = opener(World)


def default_world() -> World:
    """The synthetic shop of 1,000 products, made in the cache folder if it is not there yet."""
    name = f"webshop-{PRODUCTS}-{SEED}-{shop_recipe()}"
    return made_once(name, lambda folder: make_world(folder, PRODUCTS, SEED), open_world)


@lru_cache(maxsize=1)
def shop_recipe() -> str:
    """The hash of everything that the default world is made of."""
    return recipe(making)
