"""forethought data make webshop | import webshop"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from forethought.cli.envs import AsJson
from forethought.cli.panels import OUTPUT, example
from forethought.cli.progress import CountProgress
from forethought.cli.telling import Workers, tell, tell_files
from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.default_world import default_world
from forethought.envs.webshop.nouns import SpacyMissing
from forethought.envs.webshop.synthetic.make_world import PRODUCTS, SEED, make_world
from forethought.envs.webshop.synthetic.official_format import write_raw
from forethought.envs.webshop.world import World

MAKE_EXAMPLES = example("data make webshop --products 100000 --seed 1 --out worlds/large")
IMPORT_EXAMPLES = example("data import webshop --from FOLDER --out worlds/small")


def make(
    products: Annotated[int, typer.Option(help="The number of products.")] = PRODUCTS,
    seed: Annotated[int, typer.Option(help="The seed of the world.")] = SEED,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="A new folder; by default that of the default world.", rich_help_panel=OUTPUT),
    ] = None,
    workers: Workers = 1,
    raw: Annotated[
        Path | None,
        typer.Option(help="Write the official formats into this new folder instead.", rich_help_panel=OUTPUT),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a shop: believable products and goals, the same for the same numbers. Without --out, the default one."""
    if to and raw:
        raise ValueError("--out and --raw were given; choose the world, or the official formats")
    if raw:
        with CountProgress(f"making {raw}", products) as progress:
            write_raw(raw, products, seed, workers=workers, progress=progress)
        tell_files(as_json, raw)
    elif to:
        with CountProgress(f"making {to}", products) as progress:
            make_world(to, products, seed, workers=workers, progress=progress)
        tell_world(World(to), to, as_json)
    elif (products, seed) != (PRODUCTS, SEED):
        raise ValueError(f"the default world has {PRODUCTS} products and seed {SEED}; give --out for another one")
    else:
        world = default_world()
        tell_world(world, world.folder, as_json)


def import_files(
    source: Annotated[Path, typer.Option("--from", help="A folder of official files, or the file of products.")],
    to: Annotated[Path, typer.Option("--out", help="A new folder for the world.", rich_help_panel=OUTPUT)],
    nouns: Annotated[str | None, typer.Option(help="spacy: find the nouns of titles with spaCy.")] = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Make a world from official files. A damaged one is refused by name and record, and nothing is left behind."""
    try:
        with CountProgress(f"importing {source}") as progress:
            import_world(source, to, nouns=nouns, workers=workers, progress=progress)
    except SpacyMissing as error:
        raise ValueError(str(error)) from error
    tell_world(World(to), to, as_json)


def sources(files: Sequence[Path]) -> str:
    """How the files that were fetched are given to `data import`."""
    return f"--from {quote(str(files[0].parent))}"


def tell_world(world: World, folder: Path, as_json: bool) -> None:
    """Print the counts of a world: products and goals."""
    facts = {
        "folder": str(folder),
        "hash": world.hash,
        "products": len(world),
        "synthetic": len(world.goals("synthetic")),
        "human": len(world.goals("human")),
    }
    said = "{folder}: {products:,} products, {synthetic:,} synthetic and {human:,} human goals, world {hash}"
    tell(as_json, facts, said.format(**facts))
