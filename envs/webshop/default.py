"""Worlds that are made: the default one on first use, others on request."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path

from forethought.envs.data.parallel import in_order
from forethought.envs.data.world import MANIFEST, cache_folder, new_world, seal
from forethought.envs.webshop.building import SHELF, Entry, Progress, Shelf, build, stock
from forethought.envs.webshop.world import KIND, World

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
SHOWING |= {"saved.py", "sessions.py", "site.py", "text.py", "fetch.py", "download.py", "lock.py", "sources.py"}


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
    from forethought.envs.webshop.making import make_product  # needed once in the life of a world

    for number in numbers:
        made = make_product(seed, number)
        yield Entry(f"made product {number}", made.product, made.attributes, list(made.instructions))


def open_world(place: str | Path) -> World:
    """A world, opened once a process as long as the folder holds the same one. Raises ValueError."""
    folder = Path(place).expanduser().resolve()
    manifest = folder / MANIFEST
    made = manifest.stat().st_mtime_ns if manifest.is_file() else 0
    return opened(folder, made)


@lru_cache(maxsize=8)
def opened(folder: Path, made: int) -> World:
    return World(folder)


def default_world() -> World:
    """The made shop of 1,000 products, made in the cache folder when it is not there yet."""
    folder = cache_folder() / "worlds" / f"webshop-{PRODUCTS}-{SEED}-{recipe()}"
    if not (folder / MANIFEST).exists():
        try:
            make_world(folder, PRODUCTS, SEED)
        except (ValueError, OSError):
            if not (folder / MANIFEST).exists():  # else another process was faster
                raise
    try:
        return open_world(folder)
    except ValueError as error:
        raise ValueError(f"{error} (it is made by itself once you have deleted {folder})") from error


@lru_cache(maxsize=1)
def recipe() -> str:
    """A hash of everything that the made shop is made of, so that a changed recipe is a new world."""
    digest = hashlib.sha256()
    for package in ("forethought.envs.webshop", "forethought.envs.ranking", "forethought.envs.data"):
        for name, data in sorted(sources(Path(str(resources.files(package))))):
            digest.update(f"{package}/{name}\0".encode() + data)
    return digest.hexdigest()[:12]


def sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("__pycache__", "templates")]
        for name in names:
            if name.endswith((".py", ".json", ".txt")) and name not in SHOWING:
                path = Path(root, name)
                yield path.relative_to(folder).as_posix(), path.read_bytes()
