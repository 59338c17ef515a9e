"""forethought board add | build"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from forethought.cli.envs import AsJson
from forethought.cli.panels import example
from forethought.cli.telling import show
from forethought.experiments.run_folder import Run
from forethought.experiments.run_start import portable
from forethought.leaderboards import build, make_row, save_row
from forethought.leaderboards.rows import ROWS, all_rows, rows_here

app = typer.Typer(
    no_args_is_help=True,
    help="The board: rows of runs, a table and a page of rows.",
    epilog=example("board add runs/Game24-v0-beam-1", "board build"),
)
Rows = Annotated[
    Path | None,
    typer.Option(help="The folder of your rows; by default ./rows, in a checkout ./leaderboards/rows."),
]


@app.command(epilog=example("board add runs/Game24-v0-beam-1 --name game24-beam --rows rows"))
def add(
    run: Annotated[Path, typer.Argument(help="The folder of a finished run.")],
    name: Annotated[str | None, typer.Option(help="The row's name; by default the run's.")] = None,
    training: Annotated[str | None, typer.Option(help="The origin of the adapter.")] = None,
    rows: Rows = None,
    as_json: AsJson = False,
) -> None:
    """Make a row of a finished run."""
    row = make_row(Run(run), (name or portable(run.resolve().name)).lower(), training)
    path = save_row(row, rows or rows_here())
    if as_json:
        print(json.dumps(row))
    else:
        show(path)


@app.command("build", epilog=example("board build --own --rows rows --to site"))
def build_board(
    rows: Rows = None,
    own: Annotated[bool, typer.Option("--own", help="Leave out the rows that come with the package.")] = False,
    to: Annotated[Path, typer.Option(help="The folder of board.md and board.html.")] = Path("site"),
    as_json: AsJson = False,
) -> None:
    """Write the table and the page of all rows: those of the package, and yours."""
    if rows and not rows.is_dir():
        raise ValueError(f"there is no folder {rows}; `forethought board add RUN --rows {rows}` makes it")
    written = [str(path) for path in build(all_rows(*([] if own else [ROWS]), rows or rows_here()), to)]
    if as_json:
        print(json.dumps(written))
    else:
        show("\n".join(written), lines=True)
