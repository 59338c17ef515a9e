"""forethought data make | import | fetch | verify"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import data_hotpotqa, data_webshop
from forethought.cli.envs import AsJson
from forethought.cli.panels import example
from forethought.cli.progress import CountProgress
from forethought.cli.telling import tell
from forethought.common.locks import InUse
from forethought.envs.downloads.fetch import RECORD, FetchError, fetch, measured, recorded
from forethought.envs.downloads.sources import SOURCES
from forethought.envs.worlds.folder import MANIFEST, cache_folder, verify

app = typer.Typer(
    no_args_is_help=True,
    help="The data of the environments: make, import, fetch and verify it.",
    epilog=example("data make webshop --products 100000 --seed 1 --out worlds/large", "data fetch webshop"),
)
making = typer.Typer(
    no_args_is_help=True,
    help="Make a world, the same for the same numbers.",
    epilog=example("data make hotpotqa --pages 100000 --seed 1 --out worlds/large"),
)
importing = typer.Typer(
    no_args_is_help=True,
    help="Make a world from official files.",
    epilog=example("data import webshop --from FOLDER --out worlds/small"),
)
app.add_typer(making, name="make")
app.add_typer(importing, name="import")
KINDS = {"hotpotqa": data_hotpotqa, "webshop": data_webshop}
for kind, commands in KINDS.items():
    making.command(kind, epilog=commands.MAKE_EXAMPLES)(commands.make)
    importing.command(kind, epilog=commands.IMPORT_EXAMPLES)(commands.import_files)


@app.command("fetch", epilog=example("data fetch webshop", "data fetch hotpotqa --to official"))
def fetch_data(
    kind: Annotated[str, typer.Argument(help=f"The family: {' or '.join(KINDS)}.")],
    chosen: Annotated[
        str | None, typer.Option("--set", help="A set of files; the first one, if none is given.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="A folder; by default one in the cache.")] = None,
    accept_changed: Annotated[
        bool, typer.Option("--accept-changed", help="Take files that differ from the expected ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Get the official files and check their sums. An interrupted download goes on where it stopped."""
    if kind not in KINDS:
        raise ValueError(f"unknown data {kind!r}; known: {', '.join(KINDS)}")
    sets = tuple(name.partition("/")[2] for name in SOURCES if name.startswith(f"{kind}/"))
    chosen = sets[0] if chosen is None else chosen
    if chosen not in sets:
        raise ValueError(f"unknown set {chosen!r} of {kind}; known: {', '.join(sets)}")
    folder = to or cache_folder() / "official" / kind / chosen
    try:
        with CountProgress(f"fetching to {folder}") as progress:
            files = fetch(f"{kind}/{chosen}", folder, progress=progress, accept_changed=accept_changed)
    except (FetchError, InUse) as error:
        raise ValueError(str(error).replace("accept_changed=True", "--accept-changed")) from error
    sizes = {path.name: path.stat().st_size for path in files}
    said = (
        f"{folder}: {', '.join(sizes)}\nnext: forethought data import {kind} {KINDS[kind].sources(files)} --out WORLD"
    )
    tell(as_json, {"folder": str(folder), "files": sizes}, said)


@app.command("verify", epilog=example("data verify worlds/small"))
def verify_data(
    folder: Annotated[Path, typer.Argument(metavar="WORLD", help="The folder of a world, or of fetched files.")],
    as_json: AsJson = False,
) -> None:
    """Compare a world, or a folder of fetched files, with its record. Exit code 1 if anything differs."""
    fetched = not (folder / MANIFEST).exists() and (folder / RECORD).exists()
    wrong = differences(folder) if fetched else verify(folder)
    tell(as_json, {"folder": str(folder), "differences": wrong}, "\n".join(wrong) or f"{folder} is as it was made")
    raise typer.Exit(int(bool(wrong)))


def differences(folder: Path) -> list[str]:
    """The differences from the record of a folder of fetched files, a line each. Raises ValueError: no such record."""
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
