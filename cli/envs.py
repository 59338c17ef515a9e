"""forethought envs list | check | bench | play"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import gymnasium as gym
import typer
from rich.table import Table

from forethought.cli.panels import OUTPUT, example
from forethought.cli.telling import out, show
from forethought.common.json_text import read_json
from forethought.common.printable import printable
from forethought.envs import IDS, TextEnv, simulate
from forethought.envs.conformance import Subject, run_checks
from forethought.envs.family import described, shorten
from forethought.experiments.splits import numbered

app = typer.Typer(
    no_args_is_help=True,
    help="The environments: list them, check them, time them, play them.",
    epilog=example("envs list", "envs check Game24-v0"),
)
MOST_STEPS = 10_000_000  # of a bench; they are held in memory
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=OUTPUT)]
EnvId = Annotated[str, typer.Argument(help="An environment, as in Game24-v0, or MODULE:ID of your own.")]


def make(env_id: str, **options: Any) -> gym.Env[Any, Any]:
    """Raises ValueError: an id that is not registered, with those that are, or options that it does not take."""
    look_here(env_id)
    if env_id.startswith(":"):  # importlib refuses a module without a name in words of its own
        raise unknown(env_id, ValueError("no module before the colon"))
    try:
        return gym.make(env_id, **options)
    except ModuleNotFoundError as error:
        if env_id in IDS:
            raise MissingExtra(str(error)) from error
        raise unknown(env_id, error) from error
    except gym.error.Error as error:
        raise unknown(env_id, error) from error
    except (ValueError, OSError):
        raise
    except Exception as error:  # a module of others may raise anything
        raise ValueError(f"{env_id} cannot be made with {options} ({described(error)})") from error


def look_here(*names: str, strange: Path | None = None) -> None:
    """Let the modules of MODULE:NAME be found in the current folder, as pytest and uvicorn do.

    Not where that is inside a `strange` folder, which may be of somebody else.
    """
    here = Path.cwd()
    inside = strange is not None and here.resolve().is_relative_to(strange.resolve())
    if any(":" in name for name in names) and not inside and str(here) not in sys.path:
        sys.path.insert(0, str(here))


def tasks_of(text: str, env_id: str, **options: Any) -> str:
    """Tasks by their numbers, where some are told by the name of a split. Raises ValueError: an unknown one."""
    core = make(env_id, **options).unwrapped
    return numbered(text, core.family.splits if isinstance(core, TextEnv) else {}, env_id)


def unknown(env_id: str, error: Exception) -> ValueError:
    """The error for an environment that is not registered."""
    return ValueError(
        f"unknown env {shorten(env_id)} ({error!s:.200}); registered here: {', '.join(IDS)}, or give MODULE:ID"
    )


class MissingExtra(ValueError):
    """The libraries of an environment of this suite are not installed."""


def text_env_of(env_id: str) -> TextEnv[Any]:
    """The core of one of this suite's environments. Raises ValueError: an environment of another kind."""
    core = make(env_id).unwrapped
    if not isinstance(core, TextEnv):
        raise ValueError(f"{env_id} is a {type(core).__name__}, not one of this suite's text environments")
    return core


@app.command("list", epilog=example("envs list --json"))
def list_envs(as_json: AsJson = False) -> None:
    """The registered environments, their tasks and splits."""
    rows: list[dict[str, Any]] = []
    for env_id in IDS:
        try:
            family = text_env_of(env_id).family
        except MissingExtra as error:
            rows.append({"id": env_id, "tasks": None, "splits": {}, "world": str(error)})
            continue
        splits = {name: f"{tasks.start}:{tasks.stop}" for name, tasks in family.splits.items()}
        rows.append({"id": env_id, "tasks": len(family), "splits": splits, "world": family.world})
    if as_json:
        print(json.dumps(rows))
        return
    table = Table("id", "tasks", "splits", "world", box=None)
    for row in rows:
        shown = " ".join(f"{name}={tasks}" for name, tasks in row["splits"].items())
        table.add_row(*map(printable, (row["id"], row["tasks"] or "-", shown, row["world"])))
    out.print(table)


@app.command(epilog=example("envs check Game24-v0", "envs check mine:Mine-v0 --env-option 'size=4'"))
def check(
    env_id: EnvId,
    seed: Annotated[int, typer.Option(help="The seed of the draws.")] = 0,
    option: Annotated[list[str] | None, typer.Option("--env-option", help="NAME=JSON, for gym.make.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold an environment (also MODULE:ID) to every promise of this suite. Exit code 1 if one is broken."""
    make(env_id)
    found = run_checks(Subject(env_id, options=env_options(option), seed=seed))
    if as_json:
        print(json.dumps(found))
    else:
        for name, wrong in found.items():
            show(f"{'ok    ' if wrong is None else 'BROKEN'} {name}" + (f": {wrong}" if wrong else ""))
    raise typer.Exit(int(any(wrong is not None for wrong in found.values())))


def env_options(texts: list[str] | None) -> dict[str, Any]:
    """From NAME=JSON. Raises ValueError: anything else."""
    options: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        try:
            options[name] = read_json(value)
        except ValueError as error:
            raise ValueError(
                f"cannot read the option {shorten(text)}; write NAME=JSON in quotes, as in 'goals=\"human\"'"
            ) from error
        if not equals or not name:
            raise ValueError(f"cannot read the option {text!r}; write NAME=JSON")
    return options


@app.command(epilog=example("envs bench WebShop-v0 --steps 5000"))
def bench(
    env_id: EnvId,
    steps: Annotated[int, typer.Option(help="Steps of one repeat.")] = 50_000,
    repeats: Annotated[int, typer.Option(help="Repeats; their median is printed.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Time a seeded random walk: steps and forks a second, medians of the repeats."""
    if not 1 <= steps <= MOST_STEPS or not 1 <= repeats <= MOST_STEPS:
        raise ValueError(f"steps={steps} and repeats={repeats} must be from 1 to {MOST_STEPS:,}")
    env = text_env_of(env_id)
    family, simulator, draw = env.family, simulate(env_id), random.Random(0)
    played: list[tuple[Any, str]] = []
    task = 0
    while len(played) < steps:
        step, task = simulator.root(task % len(family)), task + 1
        while not step.terminated and len(played) < steps:
            action = draw.choice(simulator.actions(step.state))
            played.append((step.state, action))
            step = simulator.step(step.state, action)

    def pure() -> None:
        for state, action in played:
            family.step(state, action)

    def listed() -> None:
        for state, action in played:
            family.actions(state)
            family.step(state, action)

    def through_gym() -> None:
        env.reset(seed=0, options={"task": 0})
        done = False
        walker = random.Random(0)
        info = env.reset(seed=0)[1]
        for _ in range(steps):
            if done:
                _, info = env.reset()
            _, _, done, _, info = env.step(walker.choice(info["actions"]))

    def forks() -> None:
        env.reset(seed=0)
        for _ in range(steps):
            env.fork()

    found = {}
    for name, work in (
        ("pure steps", pure),
        ("steps with list of actions", listed),
        ("env.step with info", through_gym),
        ("forks", forks),
    ):
        found[name] = round(steps / median(seconds(work) for _ in range(repeats)))
    if as_json:
        print(json.dumps(found))
        return
    for name, rate in found.items():
        show(f"{name:28} {rate:>12,} a second")


def seconds(work: Callable[[], None]) -> float:
    """The duration of one call, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@app.command(epilog=example("envs play HotpotQA-v0 --task 3"))
def play(env_id: EnvId, task: Annotated[int, typer.Option(help="The number of the task.")] = 0) -> None:
    """Play a task in the terminal. `?` lists the actions, `undo` takes one back, an empty line ends."""
    env = text_env_of(env_id)
    text, info = env.reset(options={"task": task})
    show(info["instruction"], lines=True)
    past: list[tuple[TextEnv[Any], str, dict[str, Any]]] = []
    while True:
        show(text, lines=True)
        try:
            action = input("> ")
        except EOFError:
            action = ""
        if not action:
            return
        if action == "?":
            show("\n".join(map(printable, info["actions"])), lines=True)
        elif action == "undo":
            if past:
                env, text, info = past.pop()
            else:
                show("nothing to take back")
        else:
            before = (env, text, info)
            env = env.fork()
            text, reward, ended, _, info = env.step(action)
            if info["illegal"]:
                show(info["illegal"])
                env, text, info = before
                continue
            past.append(before)
            if ended:
                show(
                    f"{text}\nreward {reward:g}  " + "  ".join(f"{k}: {v}" for k, v in info["metrics"].items()),
                    lines=True,
                )
                return
