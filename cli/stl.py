"""forethought stl"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forethought.agents.heuristics.values import TERMINAL_RULES, find
from forethought.agents.models.local.torch_threads import load_torch
from forethought.agents.models.local.weights import folder_of
from forethought.agents.models.open_model import kind_of
from forethought.cli.doubts import unread
from forethought.cli.envs import AsJson, tasks_of
from forethought.cli.evaluate import UNREADABLE, AllowUnreadable, interrupted, mostly_unreadable
from forethought.cli.panels import EXPERIMENT, MODEL, RUN, TRAINING, example
from forethought.cli.progress import TrainingProgress, console, say
from forethought.cli.telling import show
from forethought.common.schema import COUNT, INTEGER, LARGEST, NUMBER, TEXT, check
from forethought.envs.family import shorten
from forethought.experiments import build
from forethought.experiments.config import Experiment
from forethought.experiments.run_folder import Run
from forethought.experiments.run_start import start
from forethought.leaderboards.rows import outcomes, total

if TYPE_CHECKING:
    from forethought.value.stl import Round

SOME = range(1, LARGEST)
LARGEST_SEED = 2**63  # of PyTorch's generators
SCHEMA = {
    "kind": TEXT,
    "env": TEXT,
    "tasks": [TEXT],
    "validation": TEXT,
    "model": TEXT,
    "rounds": SOME,
    "collect": [{"walks": SOME, "min_depth": COUNT, "max_depth": COUNT}],
    "validation_walks": SOME,
    "examples": [SOME],
    "value": TEXT,
    "terminal_value": TEXT,
    "gamma": NUMBER,
    "learning_rate": NUMBER,
    "batch": SOME,
    "seed": INTEGER,
    "device": TEXT,
}
CHOICES = {"value": ("lm-tokens", "lm-text"), "terminal_value": ("rule", "model")}


EXAMPLES = example(
    "stl --env Game24-v0 --tasks 0:300 --validation 1000:1015",
    "stl --env Game24-v0 --tasks 0:900:2 --tasks 1:900:9 --validation 1000:1360:24 --depths 2:2,1:2 --walks 60,8",
)


def stl(
    env: Annotated[str, typer.Option(help="An environment, as in Game24-v0.", rich_help_panel=EXPERIMENT)],
    tasks: Annotated[
        list[str],
        typer.Option(
            help="Training tasks, as eval takes them; a second --tasks is for the next rounds.",
            rich_help_panel=EXPERIMENT,
        ),
    ],
    validation: Annotated[str, typer.Option(help="Tasks that select the round to keep.", rich_help_panel=EXPERIMENT)],
    model: Annotated[
        str, typer.Option(help="The model: smollm2-135m, a folder, or hf:ORG/NAME@REV.", rich_help_panel=MODEL)
    ] = "smollm2-135m",
    rounds: Annotated[int, typer.Option(help="Rounds of training.", rich_help_panel=TRAINING)] = 2,
    depths: Annotated[
        str,
        typer.Option(
            help="FIRST:LAST depth of the states with a look ahead, for each round, with commas.",
            rich_help_panel=TRAINING,
        ),
    ] = "2:2,1:2",
    walks: Annotated[
        str, typer.Option(help="Walks for each task, for each round, with commas.", rich_help_panel=TRAINING)
    ] = "8",
    validation_walks: Annotated[
        int, typer.Option(help="Walks for each validation task.", rich_help_panel=TRAINING)
    ] = 4,
    examples: Annotated[
        int,
        typer.Option(
            help="Training pairs drawn for a round, as many of high as of low targets.", rich_help_panel=TRAINING
        ),
    ] = 3200,
    value: Annotated[
        str, typer.Option(help="The value to train: lm-tokens or lm-text.", rich_help_panel=MODEL)
    ] = "lm-tokens",
    terminal_value: Annotated[
        str, typer.Option(help="The judge of terminal states: rule or model.", rich_help_panel=EXPERIMENT)
    ] = "rule",
    gamma: Annotated[
        float, typer.Option(help="Factor of the best child's value in a target, in [0, 1].", rich_help_panel=TRAINING)
    ] = 1.0,
    learning_rate: Annotated[float, typer.Option(help="Learning rate.", rich_help_panel=TRAINING)] = 1e-3,
    batch: Annotated[int, typer.Option(help="Pairs of one training step.", rich_help_panel=TRAINING)] = 32,
    seed: Annotated[int, typer.Option(help="The seed of all draws.", rich_help_panel=EXPERIMENT)] = 0,
    device: Annotated[str, typer.Option(help="Device of PyTorch.", rich_help_panel=MODEL)] = "cpu",
    run: Annotated[
        Path | None, typer.Option(help="The run's folder; by default a new one under runs/.", rich_help_panel=RUN)
    ] = None,
    allow_unreadable: AllowUnreadable = False,
    as_json: AsJson = False,
) -> None:
    """Train a value model from state transitions alone, round after round, without a reward."""
    config = {
        "kind": "stl",
        "env": env,
        "tasks": [tasks_of(text, env) for text in tasks],
        "validation": tasks_of(validation, env),
        "model": model,
        "rounds": rounds,
        "collect": collect_settings(depths, walks),
        "validation_walks": validation_walks,
        "examples": [examples],
        "value": value,
        "terminal_value": terminal_value,
        "gamma": gamma,
        "learning_rate": learning_rate,
        "batch": batch,
        "seed": seed,
        "device": device,
    }
    method_of(config)
    with start(run, Path("runs"), f"{env}-stl", config) as begun:
        go_on(begun, as_json, allow_unreadable)


def collect_settings(depths: str, walks: str) -> list[dict[str, int]]:
    """One entry a round. Raises ValueError: texts that are no such lists."""
    try:
        ends = [[int(end) for end in part.split(":")] for part in depths.split(",")]
        counts = [int(part) for part in walks.split(",")]
        if any(len(pair) != 2 or not 0 <= pair[0] <= pair[1] for pair in ends) or min(counts) < 1:
            raise ValueError("a depth or a number of walks is out of range")
    except ValueError as error:
        raise ValueError(
            f"cannot read --depths {depths!r} --walks {walks!r} ({error}); write --depths 2:2,1:2 --walks 8,4"
        ) from error
    rounds = max(len(ends), len(counts))
    return [
        {
            "walks": counts[min(i, len(counts) - 1)],
            "min_depth": ends[min(i, len(ends) - 1)][0],
            "max_depth": ends[min(i, len(ends) - 1)][1],
        }
        for i in range(rounds)
    ]


def method_of(config: dict[str, Any]) -> tuple[Any, Any]:
    """The method and its trainer. Raises ValueError: settings that they refuse, or no torch to train with."""
    from forethought.value.stl import STL

    check_config(config)
    look = {
        "walks": config["validation_walks"],
        "min_depth": min(c["min_depth"] for c in config["collect"]),
        "max_depth": max(c["max_depth"] for c in config["collect"]),
    }
    method = STL(
        config["env"],
        tuple(config["tasks"]),
        config["validation"],
        tuple(config["collect"]),
        look,
        tuple(config["examples"]),
        config["rounds"],
        config["terminal_value"] == "rule",
        config["gamma"],
        config["seed"],
    )
    rehearse(config)
    try:
        load_torch()
        from forethought.value.trainer import LoRATrainer
        from forethought.value.training_config import TrainingConfig
    except ImportError as error:
        raise ValueError(
            f"training needs torch, transformers and peft ({error}); run: pip install 'forethought[lm]'"
        ) from error
    known = {field.name for field in fields(TrainingConfig)}
    training = TrainingConfig(**{name: value for name, value in config.items() if name in known})
    trainer = LoRATrainer(
        config["env"], training, mode=config["value"], terminal_value=config["terminal_value"], watch=TrainingProgress()
    )
    return method, trainer


def check_config(config: dict[str, Any]) -> None:
    """Raises ValueError: a config.toml of no training, or numbers that make no sense."""
    check(config, SCHEMA, "the config")
    for name, known in CHOICES.items():
        if config[name] not in known:
            raise ValueError(f"unknown {name} {shorten(config[name])}; expected {' or '.join(known)}")
    if not 0 < config["gamma"] <= 1:
        raise ValueError(f"gamma is {config['gamma']}; expected a number above 0, and at most 1")
    if abs(config["seed"]) >= LARGEST_SEED:
        raise ValueError(f"the seed is {shorten(str(config['seed']))}; expected an integer of at most 63 bits")
    if not 0 < config["learning_rate"] <= 1:
        raise ValueError(f"the learning rate is {config['learning_rate']}; expected a number above 0, and at most 1")
    if kind_of(config["model"]) != "local":
        raise ValueError(
            f"the model {shorten(config['model'])} has no weights here to train; give a model of this machine"
        )
    folder_of(config["model"])


def rehearse(config: dict[str, Any]) -> None:
    """Check the settings of every walk before any weights are loaded. Raises ValueError: a walk that would fail."""
    if config["terminal_value"] == "rule":
        find(TERMINAL_RULES, config["env"], "rule for terminal states, so add --terminal-value model")
    asked = {name: config[name] for name in ("env", "value", "model", "terminal_value", "device")}
    for tasks in (*config["tasks"], config["validation"]):
        for settings in config["collect"]:
            made = Experiment(tasks=tasks, algorithm="walk", budget={"nodes": 1}, settings=settings, **asked)
            build.check(made)


def rounds_of(run: Run, ended: Callable[[str], None] = lambda stage: None) -> list[Round]:
    """All rounds of a self-taught lookahead, done or to be done. Pins their dependencies.

    `ended` is called with each stage that ends.
    """
    from forethought.envs import simulate
    from forethought.value.stl import self_taught_lookahead
    from forethought.value.trainer import language_model_of

    method, trainer = method_of(run.config)
    initial = trainer.initial()
    ended("loading the model")
    inner = language_model_of(initial)
    assert inner is not None
    run.pin(
        {
            "world": simulate(run.config["env"]).world,
            "model": inner.lm.content,
            "training": json.dumps(asdict(trainer.config), sort_keys=True),
        }
    )
    return self_taught_lookahead(method, trainer, run.folder, say, ended)


def go_on(run: Run, as_json: bool, allow_unreadable: bool = False) -> None:
    """Continue a self-taught lookahead to its end, and print the kept round. Exit code UNREADABLE: as of eval."""
    from forethought.value.stl import best

    try:
        rounds = rounds_of(run)
    except KeyboardInterrupt:
        interrupted(run)
    kept, spent = best(rounds), spent_on(run)
    doubted = unread(spent)
    adapter = run.folder / str(kept.number) / "adapter"
    if as_json:
        print(
            json.dumps(
                {
                    "run": str(run.folder),
                    "agreement": [None if isnan(r.agreement) else r.agreement for r in rounds],
                    "kept": kept.number,
                    "adapter": str(adapter),
                    "doubts": [doubted] if doubted else [],
                }
            )
        )
    else:
        show(f"{reason(kept)}; its adapter: {adapter}" + (f"; {doubted}" if doubted else ""), to=console)
    if mostly_unreadable({"spent": spent}) and not allow_unreadable:
        raise typer.Exit(UNREADABLE)


def reason(kept: Round) -> str:
    """The sentence about the kept round."""
    if isnan(kept.agreement):
        return (
            f"round {kept.number} is kept, but no agreement could be measured: its values were constant, or too few "
            "states were seen; give more --validation tasks or --validation-walks"
        )
    return f"round {kept.number} is kept, for it agrees best with its own look ahead"


def spent_on(run: Run) -> dict[str, Any]:
    """The spending of the walks of all rounds."""
    walks = sorted(path.parent for path in run.folder.glob("*/*/config.toml"))
    spent = total(line["spent"] for folder in walks for lines in outcomes(Run(folder)) for line in lines)
    return {"lm_calls": 0, **spent}
