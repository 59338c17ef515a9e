"""forethought eval"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from forethought.agents.presets import AGENTS, complete
from forethought.agents.registry import POLICIES, VALUES, default_judge
from forethought.cli.completion import names_of
from forethought.cli.doubts import doubts
from forethought.cli.envs import AsJson, env_options, look_here, tasks_of
from forethought.cli.panels import AGENT, EXPERIMENT, MODEL, OUTPUT, RUN, example
from forethought.cli.progress import TaskProgress, console
from forethought.cli.telling import show
from forethought.common.pieces import is_place
from forethought.common.settings import Setting, as_written
from forethought.common.sums import plain_sum
from forethought.envs import IDS
from forethought.experiments.build import check
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.consent import code_of, give_consent
from forethought.experiments.launch import carry_out
from forethought.experiments.run_folder import Run
from forethought.experiments.run_start import start
from forethought.leaderboards import mean_interval
from forethought.leaderboards.rows import bills, outcomes, total
from forethought.search import Budget
from forethought.search.registry import ALGORITHMS

EXAMPLES = example(
    "eval --env Game24-v0 --agent beam --tasks test:0:10 --budget nodes=3000",
    "eval --env WebShop-v0 --agent react --tasks 0:20 --budget lm_calls=300 --model smollm2-135m",
    "eval --env HotpotQA-v0 --agent lats --tasks 400:420 --budget tokens=100000 --privilege reward "
    "--privilege reflection --model server:MODEL@http://127.0.0.1:8000/v1",
    "eval --env WebShop-v0 --agent my_search:climb --tasks 0:20 --budget nodes=300 --set depth=5 --workers 4",
)
TOLD = {"nodes": "nodes", "lm_calls": "calls"}  # parts of the spending that are always shown
LIMITS = {
    "cap": "a cap of the agent's own settings",
    "stalled": "requests that spent nothing of the budget",
}  # the other limits are those of the budget, by their names
FAILED, UNREADABLE = 1, 3  # exit codes
AllowUnreadable = Annotated[
    bool,
    typer.Option(
        "--allow-unreadable", help="Exit with 0 although most replies could not be read.", rich_help_panel=OUTPUT
    ),
]


def evaluate(
    env: Annotated[
        str,
        typer.Option(help="An environment, as in Game24-v0.", rich_help_panel=EXPERIMENT, autocompletion=names_of(IDS)),
    ],
    agent: Annotated[
        str,
        typer.Option(
            help=f"A preset: {', '.join(AGENTS)}; an algorithm with the rule policy and the rule value: "
            f"{', '.join(name for name in ALGORITHMS if name not in AGENTS)}; or MODULE:NAME of your own.",
            rich_help_panel=EXPERIMENT,
            autocompletion=names_of(AGENTS, ALGORITHMS),
        ),
    ],
    tasks: Annotated[
        str,
        typer.Option(
            help="START:STOP, START:STOP:STEP, a split such as test or test:0:50, or several with commas.",
            rich_help_panel=EXPERIMENT,
        ),
    ],
    budget: Annotated[
        str,
        typer.Option(
            help="Limits of a task: nodes=, env_steps=, lm_calls=, tokens=; of the run: usd=, seconds=; with commas.",
            rich_help_panel=EXPERIMENT,
        ),
    ],
    policy: Annotated[
        str | None,
        typer.Option(
            help=f"In place of the agent's policy: {', '.join(POLICIES)}, or MODULE:NAME.",
            rich_help_panel=AGENT,
            autocompletion=names_of(POLICIES),
        ),
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(
            help=f"In place of the agent's value: {', '.join(VALUES)}, or MODULE:NAME.",
            rich_help_panel=AGENT,
            autocompletion=names_of(VALUES),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="smollm2-135m, hf:ORG/NAME@REV, a folder, recorded:FILE, server:MODEL@URL, server+chat:MODEL@URL "
            "(prompts are sent as chat messages), or MODULE:NAME.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(help="A folder with an adapter that training wrote.", rich_help_panel=MODEL)
    ] = None,
    terminal_value: Annotated[
        str | None,
        typer.Option(
            help="The judge of terminal states: rule, model, verdict, or MODULE:NAME; by default rule where the last "
            "observation proves the outcome.",
            rich_help_panel=AGENT,
        ),
    ] = None,
    prompts: Annotated[
        str | None,
        typer.Option(help="A folder of prompt files, in place of those of the package.", rich_help_panel=AGENT),
    ] = None,
    record: Annotated[
        str | None, typer.Option(help="Keep the model's replies in this file of the run.", rich_help_panel=MODEL)
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="NAME=VALUE, a setting of the agent, as in policy.samples=3 or num_children=all. List: "
            "forethought agents show NAME.",
            rich_help_panel=AGENT,
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--env-option", help="NAME=JSON, for gym.make.", rich_help_panel=EXPERIMENT),
    ] = None,
    privilege: Annotated[
        list[str] | None,
        typer.Option(
            help="reward: the search may read the true reward. reflection: it may ask for a reflection on a failed "
            "attempt.",
            rich_help_panel=AGENT,
        ),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(help="A file of prices (see docs/formats.md); usd= needs one.", rich_help_panel=MODEL),
    ] = None,
    transpositions: Annotated[
        bool,
        typer.Option(
            "--transpositions",
            help="Ask the models once for each position; needs a Markov value.",
            rich_help_panel=AGENT,
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="The seed of all draws.", rich_help_panel=EXPERIMENT)] = 0,
    concurrency: Annotated[
        int, typer.Option(help="Searches at the same time, in each worker.", rich_help_panel=RUN)
    ] = 64,
    workers: Annotated[
        str,
        typer.Option(help="Processes, or ray://HOST:PORT?workers=N for those of a cluster.", rich_help_panel=RUN),
    ] = "1",
    device: Annotated[str, typer.Option(help="Device of PyTorch for weights here.", rich_help_panel=MODEL)] = "cpu",
    model_option: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=VALUE. Of a server: concurrency, retries, timeout, deadline, template_tokens, "
            "omit=temperature,stop,seed, rename=max_tokens:NAME; of weights here: memory (bytes), exact.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    cache: Annotated[
        str, typer.Option(help="The reply cache of all runs: off, read, or on.", rich_help_panel=MODEL)
    ] = "off",
    run: Annotated[
        Path | None, typer.Option(help="The run's folder; by default a new one under runs/.", rich_help_panel=RUN)
    ] = None,
    allow_unreadable: AllowUnreadable = False,
    as_json: AsJson = False,
) -> None:
    """Run an agent on tasks with a journal; `resume` continues the run after a crash."""
    look_here(env, *filter(is_place, (agent, policy or "", value or "", model or "")))
    tasks = tasks_of(tasks, env, **env_options(option))  # an invalid environment or task is refused before a run begins
    named = complete(agent, env, policy=policy, value=value, given=settings_of(setting))
    asked = Experiment(
        env=env,
        tasks=tasks,
        algorithm=named.algorithm,
        budget=Budget.parse(budget).limits(),
        agent=agent,
        policy=named.policy,
        value=named.value,
        model=model,
        adapter=adapter,
        terminal_value=terminal_value or default_judge(env, named.value),
        prompts=prompts,
        record=record,
        seed=seed,
        concurrency=concurrency,
        workers=workers,
        device=device,
        model_options=model_options(model_option),
        cache=cache,
        privileges=tuple(privilege or ()),
        transpositions=transpositions,
        prices=prices,
        settings=named.settings,
        env_options=env_options(option),
    )
    check(asked)  # likewise
    give_consent(model, workers, code_of(asked))
    with start(run, Path("runs"), f"{env}-{agent}", asked.config()) as begun:
        go_on(begun, as_json, allow_unreadable)


def go_on(run: Run, as_json: bool, allow_unreadable: bool = False) -> None:
    """Exit codes: 0, else 1 where tasks failed, else UNREADABLE where most replies could not be read."""
    tasks = len(parse_tasks(Experiment.of(run.config).tasks))
    try:
        with TaskProgress(run.folder.name, tasks) as progress:
            carry_out(run, progress)
    except KeyboardInterrupt:
        interrupted(run)
    summary = summarise(run)
    if as_json:
        print(json.dumps(summary))
    else:
        show(run.folder)
        if summary["traceback"]:
            show(summary["traceback"], to=console, lines=True)
        show(said(summary))
    if summary["failed"]:
        raise typer.Exit(FAILED)
    raise typer.Exit(UNREADABLE if mostly_unreadable(summary) and not allow_unreadable else 0)


def summarise(run: Run) -> dict[str, Any]:
    """The facts of a finished run for its last line: scores, stops, spending, doubts."""
    results, failures = outcomes(run)
    scores = [float(result["score"]) for result in results] + [0.0] * len(failures)
    spent = total(result["spent"] for result in [*results, *failures])
    stopped = Counter(result["stopped"] for result in results if result["stopped"] != "returned")
    num_children = run.config.get("settings", {}).get("num_children")
    return {
        "run": str(run.folder),
        "tasks": len(scores),
        "stopped": dict(sorted(stopped.items())),
        "exhausted": len([result for result in results if result.get("exhausted")]) if type(num_children) is int else 0,
        "num_children": num_children,
        "failed": len(failures),
        "traceback": next(
            (
                f"task {line['task']}: {line['traceback']}{line['error']}: {line['message']}"
                for line in failures
                if line.get("traceback")
            ),
            "",
        ),
        "score": str(mean_interval(scores)),
        "mean": plain_sum(scores) / len(scores),
        "spent": {name: spent[name] for name in spent if name in TOLD or (spent[name] and name != "roles")},
        "doubts": doubts(results, spent),
        "changed_sources": run.manifest().get("changed_sources", []),
        **total(bills(run)),
    }


def mostly_unreadable(summary: Mapping[str, Any]) -> bool:
    """Whether more than half of the replies could not be read."""
    spent = summary["spent"]
    return bool(2 * spent.get("parse_failures", 0) > spent["lm_calls"])


def said(summary: dict[str, Any]) -> str:
    """A line for people: the score, the limits that stopped tasks, the spending, and the part saved by a cache."""
    ends = [f"{count} stopped by {LIMITS.get(limit, limit)}" for limit, count in summary["stopped"].items()]
    if summary["exhausted"]:
        ends.append(f"{summary['exhausted']} searched all that num_children={summary['num_children']} allows")
    ends += [f"{summary['failed']} failed: see failures.jsonl"] if summary["failed"] else []
    spent = [f"{summary['spent'][name]} {word}" for name, word in TOLD.items()]
    spent += [f"{summary['spent']['tokens']} tokens"] if "tokens" in summary["spent"] else []
    spent += [f"{summary['spent']['usd']:.4g} USD"] if "usd" in summary["spent"] else []
    line = f"score {summary['score']} on {summary['tasks']} tasks" + (f" ({', '.join(ends)})" if ends else "")
    if "billed" in summary:
        spent[-1] += f" ({summary['billed']['calls']} calls billed, {summary['saved']['calls']} saved by the cache)"
    doubted = summary["doubts"] + [f"{name} was edited during the run" for name in summary["changed_sources"]]
    return "; ".join([line, f"spent {', '.join(spent)}", *doubted])


def interrupted(run: Run) -> None:
    """Print the command that continues the run, and exit with 130."""
    further = f"go on with: forethought resume {quote(str(run.folder))}" if run.begun else "the run had not begun"
    show(f"interrupted; {further}", to=console)
    raise typer.Exit(130)


def settings_of(texts: list[str] | None) -> dict[str, Setting]:
    """From NAME=VALUE: true or false, a number, else a text. Raises ValueError: no name, or no value."""
    settings: dict[str, Setting] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not name or not sign or not value:
            raise ValueError(f"cannot read the setting {text!r}; write NAME=VALUE, as in depth=5")
        settings[name] = as_written(value)
    return settings


def model_options(texts: list[str] | None) -> dict[str, Any]:
    """From NAME=NUMBER or NAME=TEXT. Raises ValueError: no name, or no value."""
    options: dict[str, Any] = {}
    for text in texts or ():
        name, _, value = text.partition("=")
        if not name or not value:
            raise ValueError(f"cannot read the option {text!r}; write NAME=VALUE, as in concurrency=64")
        options[name] = as_written(value)
    return options
