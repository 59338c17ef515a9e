"""forethought demo: the main job, from untrained model to one table and one page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from forethought.cli import stl as stl_command
from forethought.cli.envs import AsJson
from forethought.cli.panels import EXPERIMENT, RUN, example
from forethought.cli.progress import TaskProgress, say
from forethought.cli.report import Side, held_out_states, picture, summary
from forethought.cli.stages import Stages
from forethought.common.schema import INTEGER, TEXT, Mismatch, check
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.execute import run as run_experiment
from forethought.experiments.run_folder import Run, RunError, replace
from forethought.search.engine.task_search import TaskSearch

if TYPE_CHECKING:
    from forethought.value.stl import Round

ENV = "Game24-v0"
out = Console(highlight=False)
WIDTHS = (12, 24, 26, 24, 10, 9, 8)


@dataclass(frozen=True)
class Plan:
    """Fixed counts, never a clock: the same work on every machine."""

    tasks: tuple[str, ...] = ("0:900:2", "1:900:9")  # of round 1 and of round 2: from easy to hard
    validation: str = "1000:1360:24"
    held_out: str = "900:930"
    walks: tuple[int, ...] = (60, 8)
    examples: tuple[int, ...] = (2000, 2200)
    batch: int = 32
    learning_rate: float = 1e-3
    keep: int = 3
    nodes: int = 120

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Plan:
        """From config.toml, where tuples are lists."""
        read: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in config.items()}
        return cls(**read)

    def stl_config(self, model: str, seed: int) -> dict[str, Any]:
        """The config of the self-taught lookahead inside a demo."""
        return {
            "kind": "stl",
            "env": ENV,
            "tasks": list(self.tasks),
            "validation": self.validation,
            "model": model,
            "rounds": 2,
            "collect": [
                {"walks": self.walks[0], "min_depth": 2, "max_depth": 2},
                {"walks": self.walks[1], "min_depth": 1, "max_depth": 2},
            ],
            "validation_walks": 4,
            "examples": list(self.examples),
            "value": "lm-tokens",
            "terminal_value": "rule",
            "gamma": 1.0,
            "learning_rate": self.learning_rate,
            "batch": self.batch,
            "seed": seed,
            "device": "cpu",
        }


QUICK = Plan(("0:900:15", "1:900:150"), "1000:1003", "900:904", (20, 2), (64, 64), 16, 1e-3, 2, 80)


EXAMPLES = example("demo", "demo --quick --run runs/quick")


def demo(
    model: Annotated[
        str, typer.Option(help="The model: smollm2-135m, a folder, or hf:ORG/NAME@REV.", rich_help_panel=EXPERIMENT)
    ] = "smollm2-135m",
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A tenth of the work, to try the command; its scores are noise.", rich_help_panel=EXPERIMENT
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="The seed of all draws.", rich_help_panel=EXPERIMENT)] = 0,
    run: Annotated[Path, typer.Option(help="The run's folder.", rich_help_panel=RUN)] = Path("runs/demo"),
    as_json: AsJson = False,
) -> None:
    """Teach a small language model to look ahead in the Game of 24, and play held-out puzzles before and after.

    A second call continues the run of the first: no stage is computed twice.
    """
    plan = QUICK if quick else Plan()
    config = {
        "kind": "demo",
        "model": model,
        "seed": seed,
        "plan": {**asdict(plan), "tasks": list(plan.tasks), "walks": list(plan.walks), "examples": list(plan.examples)},
    }
    if (run / "config.toml").exists():
        opened = Run(run)
        if opened.config != config:
            raise ValueError(f"{run} holds a run with other settings; give a new folder with --run, or remove it")
    else:
        stl_command.method_of(plan.stl_config(model, seed))  # refuse an untrainable model before a run begins
        opened = Run.create(run, config)
    go_on(opened, as_json)


def go_on(run: Run, as_json: bool) -> None:
    """Continue a demo to its end. Raises RunError: the plan of another version."""
    from forethought.cli.evaluate import interrupted

    if planned(run) not in (Plan(), QUICK):
        raise RunError(f"{run.folder} has no plan of a demo of this version; give a new folder with --run")
    try:
        report(run, as_json)
    except KeyboardInterrupt:
        interrupted(run)


def planned(run: Run) -> Plan | None:
    """None: its config.toml was edited, or is of another version."""
    try:
        check(run.config, {"kind": TEXT, "model": TEXT, "seed": INTEGER, "plan": dict}, "config")
        return Plan.of(run.config["plan"])
    except (Mismatch, TypeError):
        return None


def report(run: Run, as_json: bool) -> None:
    """Train, play and survey with both value models, then write the table and the page."""
    from forethought.value.stl import best

    ended = Stages(say)
    plan = Plan.of(run.config["plan"])
    taught = open_or_create(run.folder / "stl", plan.stl_config(run.config["model"], run.config["seed"]))
    rounds = stl_command.rounds_of(taught, ended)
    kept = best(rounds)
    say(f"round {kept.number} is kept: it agrees best with its own look ahead on validation puzzles")
    before = side("untrained", rounds[0], run, plan)
    ended("evaluating the untrained model")
    after = side("trained", kept, run, plan)
    ended("evaluating the trained model")
    states = held_out_states(before, after, {example.key for r in rounds for example in r.examples})
    seen = [state for group in states.values() for state in group]
    table = summary(before, after, states)
    notes = [
        f"{len(seen)} held-out states of {len(states)} puzzles, none met in training; "
        f"24 can be reached from {sum(state.truth > 0 for state in seen)} of them",
        "agreement of each round with its own look ahead on validation puzzles (Spearman): "
        + ", ".join(f"{r.number}: {r.agreement:.3f}" for r in rounds)
        + f"; round {kept.number} was kept",
    ]
    page = run.folder / "demo.html"
    replace(page, picture(before, after, table, notes))
    ended("drawing the page")
    replace(
        run.folder / "demo.json", json.dumps({"table": table, "notes": notes, "stages": ended.seconds}, indent=1) + "\n"
    )
    if as_json:
        print(json.dumps({"table": table, "notes": notes, "stages": ended.seconds, "page": str(page)}))
        return
    for row in table:
        out.print(
            "".join(f"{cell:{width}}" for cell, width in zip(row, WIDTHS, strict=True)).rstrip(),
            markup=False,
            soft_wrap=True,
        )
    for note in notes:
        out.print(f"- {note}", markup=False, soft_wrap=True)
    for line in ended.table():
        out.print(line, markup=False, soft_wrap=True)
    out.print(f"page: {page}", markup=False, soft_wrap=True)


def open_or_create(folder: Path, config: Mapping[str, Any]) -> Run:
    """The run in this folder; a new one where there is none."""
    return Run(folder) if (folder / "config.toml").exists() else Run.create(folder, config)


def side(name: str, round_: Round, run: Run, plan: Plan) -> Side:
    """Play the held-out puzzles and survey their states with one value model, at the same budget."""
    from forethought.value.trainer import language_model_of

    inner = language_model_of(round_.value)
    assert inner is not None
    adapter = str(run.folder / "stl" / str(round_.number) / "adapter") if round_.number else None

    def go(what: str, algorithm: str, settings: Mapping[str, float], nodes: int) -> tuple[list[TaskSearch], float]:
        made = Experiment(
            ENV,
            plan.held_out,
            algorithm,
            {"nodes": nodes},
            value="lm-tokens",
            model=run.config["model"],
            adapter=adapter,
            terminal_value="rule",
            seed=run.config["seed"],
            settings=settings,
        )
        folder = open_or_create(run.folder / f"{what}-{name}", made.config())
        with TaskProgress(f"{what} {name}", len(parse_tasks(plan.held_out))) as progress:
            outcomes = run_experiment(folder, progress, lm=inner.lm, value=round_.value)
        with folder.journal() as journal:
            return outcomes, journal.seconds

    played, seconds = go("play", "beam", {"beam_width": plan.keep}, plan.nodes)
    surveyed, _ = go("survey", "walk", {"walks": 2, "min_depth": 0, "max_depth": 1}, 1000)
    return Side(name, played, surveyed, seconds)
