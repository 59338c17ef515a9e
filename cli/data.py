"""forethought data make | import | fetch | verify"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from forethought.cli.envs import AsJson
from forethought.cli.progress import CountProgress
from forethought.envs.data.fetch import RECORD, FetchError, fetch, measured, recorded
from forethought.envs.data.lock import InUse
from forethought.envs.data.sources import SOURCES
from forethought.envs.data.world import MANIFEST, cache_folder, verify
from forethought.envs.webshop.default import PRODUCTS, SEED, default_world, make_world
from forethought.envs.webshop.importing import import_world
from forethought.envs.webshop.nouns import SpacyMissing
from forethought.envs.webshop.raw import write_raw
from forethought.envs.webshop.world import World

app = typer.Typer(no_args_is_help=True, help="The data of the environments: make, import, fetch and verify it.")
Kind = Annotated[str, typer.Argument(help="Whose data: webshop.")]
Workers = Annotated[int, typer.Option(help="Processes; the result is the same with any number.")]
KINDS = ("webshop",)
out = Console(highlight=False, soft_wrap=True)


def known(kind: str, kinds: tuple[str, ...] = KINDS) -> str:
    """Raises ValueError: a kind of data that is not among them."""
    if kind not in kinds:
        raise ValueError(f"unknown data {kind!r}; known: {', '.join(kinds)}")
    return kind


@app.command()
def make(
    kind: Kind,
    products: int = PRODUCTS,
    seed: int = SEED,
    to: Annotated[Path | None, typer.Option("--out", help="A new folder; else the default world's.")] = None,
    workers: Workers = 1,
    raw: Annotated[Path | None, typer.Option(help="Write the official formats into this new folder instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a shop: believable products and goals, the same for the same numbers. Without --out, the default one."""
    known(kind)
    if to and raw:
        raise ValueError("--out and --raw were given; choose the world, or the official formats")
    if raw:
        with CountProgress(f"making {raw}", products) as progress:
            write_raw(raw, products, seed, workers=workers, progress=progress)
        files = {path.name: path.stat().st_size for path in sorted(raw.iterdir())}
        tell(as_json, {"folder": str(raw), "files": files}, f"{raw}: {', '.join(files)}")
    elif to:
        with CountProgress(f"making {to}", products) as progress:
            make_world(to, products, seed, workers=workers, progress=progress)
        tell_world(World(to), to, as_json)
    elif (products, seed) != (PRODUCTS, SEED):
        raise ValueError(f"the default world has {PRODUCTS} products and seed {SEED}; give --out for another one")
    else:
        world = default_world()
        tell_world(world, world.folder, as_json)


@app.command("import")
def import_data(
    kind: Kind,
    source: Annotated[Path, typer.Option("--from", help="A folder of official files, or the file of products.")],
    to: Annotated[Path, typer.Option("--out", help="A new folder for the world.")],
    nouns: Annotated[str | None, typer.Option(help="spacy: find the nouns of titles with spaCy.")] = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Make a world from official files. A damaged one is refused by name and record, and nothing is left behind."""
    known(kind)
    try:
        with CountProgress(f"importing {source}") as progress:
            import_world(source, to, nouns=nouns, workers=workers, progress=progress)
    except SpacyMissing as error:
        raise ValueError(str(error)) from error
    tell_world(World(to), to, as_json)


@app.command("fetch")
def fetch_data(
    kind: Kind,
    chosen: Annotated[str, typer.Option("--set", help="small, or all.")] = "small",
    to: Annotated[Path | None, typer.Option(help="A folder; by default one in the cache.")] = None,
    accept_changed: Annotated[bool, typer.Option(help="Take files that differ from the expected ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """Get the official files, checked by their sums. What was cut goes on where it stopped."""
    sets = tuple(name.partition("/")[2] for name in SOURCES if name.startswith(f"{known(kind)}/"))
    if chosen not in sets:
        raise ValueError(f"unknown set {chosen!r} of {kind}; known: {', '.join(sets)}")
    folder = to or cache_folder() / "official" / kind / chosen
    try:
        with CountProgress(f"fetching to {folder}") as progress:
            files = fetch(f"{kind}/{chosen}", folder, progress=progress, accept_changed=accept_changed)
    except (FetchError, InUse) as error:
        raise ValueError(str(error).replace("accept_changed=True", "--accept-changed")) from error
    sizes = {path.name: path.stat().st_size for path in files}
    said = f"{folder}: {', '.join(sizes)}\nnext: forethought data import {kind} --from {folder} --out WORLD"
    tell(as_json, {"folder": str(folder), "files": sizes}, said)


@app.command("verify")
def verify_data(folder: Annotated[Path, typer.Argument(metavar="WORLD")], as_json: AsJson = False) -> None:
    """Compare a world, or a folder of fetched files, with its record. Exit code 1 if anything differs."""
    fetched = not (folder / MANIFEST).exists() and (folder / RECORD).exists()
    wrong = differences(folder) if fetched else verify(folder)
    tell(as_json, {"folder": str(folder), "differences": wrong}, "\n".join(wrong) or f"{folder} is as it was made")
    raise typer.Exit(int(bool(wrong)))


def differences(folder: Path) -> list[str]:
    """What differs from the record of a folder of fetched files, a line each. Raises ValueError: no such record."""
    wrong = []
    try:
        rows = recorded(folder)
    except FetchError as error:
        raise ValueError(str(error)) from error
    for name, row in sorted(rows.items()):
        if not (folder / name).is_file():
            wrong.append(f"{name}: is missing")
            continue
        found = measured(folder / name)
        if (found.size, found.sha256) != (row.size, row.sha256):
            wrong.append(f"{name}: has {found}; recorded were {row.size} bytes, sha256 {row.sha256}")
    return wrong


def tell_world(world: World, folder: Path, as_json: bool) -> None:
    facts = {
        "folder": str(folder),
        "hash": world.hash,
        "products": len(world),
        "synthetic": len(world.goals("synthetic")),
        "human": len(world.goals("human")),
    }
    said = "{folder}: {products:,} products, {synthetic:,} synthetic and {human:,} human goals, world {hash}"
    tell(as_json, facts, said.format(**facts))


def tell(as_json: bool, facts: dict[str, Any], said: str) -> None:
    if as_json:
        print(json.dumps(facts))
    else:
        out.print(said, markup=False)
