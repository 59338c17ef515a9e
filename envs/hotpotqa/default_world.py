"""The world of a HotpotQA environment that is given none: synthetic, made on first use."""

from __future__ import annotations

from functools import lru_cache

from forethought.envs.hotpotqa.synthetic import make_world as making
from forethought.envs.hotpotqa.synthetic.make_world import PAGES, SEED, make_world
from forethought.envs.hotpotqa.world import World
from forethought.envs.worlds.default import made_once, opener, recipe

open_world = opener(World)


def default_world() -> World:
    """The synthetic encyclopedia of 2,000 pages and 500 questions, made in the cache folder if it is not there yet."""
    return made_once(f"hotpotqa-{PAGES}-{SEED}-{made_recipe()}", make_world, open_world)


@lru_cache(maxsize=1)
def made_recipe() -> str:
    """The hash of everything that the default world is made of."""
    return recipe(making)
