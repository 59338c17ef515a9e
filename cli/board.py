"""forethought board add | build"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from forethought.cli.envs import AsJson
from forethought.cli.telling import show
from forethought.leaderboards import build, load_rows, make_row, save_row
from forethought.leaderboards.rows import ROWS
from forethought.search.run import Run

app = typer.Typer(no_args_is_help=True, help="The board: rows of runs, a table and a page of rows.")
Rows = Annotated[Path, typer.Option(help="The folder of the rows.")]


@app.command()
def add(
    run: Path,
    name: Annotated[str | None, typer.Option(help="The row's name; by default the run's.")] = None,
    training: Annotated[str | None, typer.Option(help="Where the adapter came from.")] = None,
    rows: Rows = ROWS,
    as_json: AsJson = False,
) -> None:
    """Make a row of a finished run."""
    opened = Run(run)
    row = make_row(opened, (name or run.resolve().name).lower(), training)
    path = save_row(row, rows)
    if as_json:
        print(json.dumps(row))
    else:
        show(path)


@app.command("build")
def build_board(
    rows: Rows = ROWS,
    to: Annotated[Path, typer.Option(help="Where board.md and board.html go.")] = Path("site"),
    as_json: AsJson = False,
) -> None:
    """Write the table and the page of all rows."""
    written = [str(path) for path in build(load_rows(rows), to)]
    if as_json:
        print(json.dumps(written))
    else:
        show("\n".join(written), lines=True)
