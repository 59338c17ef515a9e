"""The output of a command at its end: a line for people, or JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from forethought.common.printable import printable

Workers = Annotated[int, typer.Option(help="Processes; the result is the same with any number.")]
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


def show(text: object, *, to: Console = out, lines: bool = False) -> None:
    """Print text that may come from a file, a server or a model. `lines` keeps its line breaks."""
    to.print(printable(text, lines=lines), markup=False, emoji=False, soft_wrap=True)


def tell_files(as_json: bool, folder: Path) -> None:
    """List the files of a folder that was just written."""
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    tell(as_json, {"folder": str(folder), "files": files}, f"{folder}: {', '.join(files)}")


def tell(as_json: bool, facts: dict[str, Any], said: str) -> None:
    """Print the facts as JSON, or the text for people."""
    if as_json:
        print(json.dumps(facts))
    else:
        show(said, lines=True)
