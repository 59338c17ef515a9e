"""forethought resume"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import demo as demo_command
from forethought.cli import stl as stl_command
from forethought.cli.envs import AsJson, look_here
from forethought.cli.evaluate import AllowUnreadable, go_on
from forethought.cli.panels import CONSENT, example
from forethought.experiments.config import Experiment
from forethought.experiments.consent import check_cluster, check_code, check_consent, code_of
from forethought.experiments.run_folder import Run, RunError, changed_source

EXAMPLES = example("resume runs/Game24-v0-beam-1", "resume runs/given --send-key-to api.example.org")


def resume(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    send_key_to: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="The run may send the key to this server; no command of yours has named it.",
            rich_help_panel=CONSENT,
        ),
    ] = None,
    join_cluster: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="The run may join this Ray cluster; no command of yours has named it.",
            rich_help_panel=CONSENT,
        ),
    ] = None,
    run_code: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:NAME",
            help="The run may import this code; no command of yours has named it.",
            rich_help_panel=CONSENT,
        ),
    ] = None,
    edited: Annotated[
        bool,
        typer.Option(
            "--changed-source",
            help="Go on although the source of the run was edited; its row will say so.",
            rich_help_panel=CONSENT,
        ),
    ] = False,
    allow_unreadable: AllowUnreadable = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run, exactly as it was begun: its saved config is read, and nothing can be overridden."""
    with changed_source(edited):
        opened = Run(run)
        check_strangers(opened, send_key_to, join_cluster, run_code or [])
        go_on_with(opened, allow_unreadable, as_json)


def check_strangers(opened: Run, send_key_to: str | None, join_cluster: str | None, run_code: list[str]) -> None:
    """Raises ValueError: the config names a server, a cluster or code that the user has not named."""
    if opened.config.get("kind") == "eval":
        asked = Experiment.of(opened.config)
        check_consent(asked.model, send_key_to)
        check_cluster(asked.workers, join_cluster)
        check_code(code_of(asked), run_code)


def go_on_with(opened: Run, allow_unreadable: bool, as_json: bool) -> None:
    """Raises RunError: it is of no kind that this version knows."""
    kind = opened.config.get("kind")
    if kind == "eval":
        asked = Experiment.of(opened.config)
        look_here(*code_of(asked), strange=opened.folder)
        go_on(opened, as_json, allow_unreadable)
    elif kind == "stl":
        stl_command.go_on(opened, as_json, allow_unreadable)
    elif kind == "demo":
        demo_command.go_on(opened, as_json)
    else:
        raise RunError(f"{opened.folder} is a run of kind {kind!r:.60}; this version knows eval, stl and demo")
