"""The command: one app, one place where errors become messages and exit codes."""

from __future__ import annotations

import io
import logging
import re
import signal
import sys
import warnings
from importlib.metadata import version
from typing import Annotated

import typer

from forethought.cli import agents, board, data, demo, envs, evaluate, resume, shop, stl, value
from forethought.cli.empty_texts import refuse_empty_texts
from forethought.cli.panels import BOARD, CATALOGUE, DATA, EXPERIMENTS, example
from forethought.common.printable import printable
from forethought.experiments.run_folder import RunError
from forethought.search.engine.journal import JournalError

USAGE, INTERRUPTED = 2, 130

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Text environments that fork, search with a counted budget, values that teach themselves to look ahead.",
    epilog=example("eval --env Game24-v0 --agent beam --tasks test:0:10 --budget nodes=3000", "eval --help"),
)
app.command("eval", rich_help_panel=EXPERIMENTS, epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("resume", rich_help_panel=EXPERIMENTS, epilog=resume.EXAMPLES)(resume.resume)
app.command("stl", rich_help_panel=EXPERIMENTS, epilog=stl.EXAMPLES)(stl.stl)
app.command("demo", rich_help_panel=EXPERIMENTS, epilog=demo.EXAMPLES)(demo.demo)
app.add_typer(value.app, name="value", rich_help_panel=EXPERIMENTS)
app.add_typer(envs.app, name="envs", rich_help_panel=CATALOGUE)
app.add_typer(agents.app, name="agents", rich_help_panel=CATALOGUE)
app.add_typer(data.app, name="data", rich_help_panel=DATA)
app.add_typer(shop.app, name="shop", rich_help_panel=DATA)
app.add_typer(board.app, name="board", rich_help_panel=BOARD)


def print_version(asked: bool) -> None:
    """Print the version and end, if `--version` was given."""
    if asked:
        print(f"forethought {version('forethought')}")
        raise typer.Exit()


@app.callback()
def options(
    version_asked: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """The options of the command itself."""


def terminate(number: int, frame: object) -> None:
    """End as after an error: unfinished files are removed and started processes are ended."""
    sys.exit(128 + number)


class Printable(logging.Formatter):
    """Messages of a log with control characters as escapes: a message may quote a server or a file."""

    def format(self, record: logging.LogRecord) -> str:
        """The message; line breaks are kept in the trace of an error alone."""
        return printable(super().format(record), lines=record.exc_info is not None)


def write_out_what_is_unseen() -> None:
    """Write control characters in log records, and characters that the terminal cannot show, as escapes."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Printable())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


ERROR_NUMBER = re.compile(r"\[Errno -?[0-9]{1,5}\] ")
LONGEST = 1900  # characters of an error that are shown: it quotes its input, and that may be of any length


def main() -> None:
    """Exit codes: 0 complete, 1 some tasks failed, 2 usage, 3 most replies could not be read, 130 interrupted."""
    signal.signal(signal.SIGTERM, terminate)
    write_out_what_is_unseen()
    warnings.filterwarnings("ignore", category=FutureWarning)  # of libraries, to their own callers
    try:
        refuse_empty_texts(sys.argv[1:])
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (ValueError, RunError, JournalError, OSError) as error:
        text = ERROR_NUMBER.sub("", str(error))
        shown = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
        print(f"forethought: {printable(shown)}", file=sys.stderr)
        sys.exit(USAGE)
