"""forethought value collect | train | eval"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forethought.agents.registry import default_terminal_value, find_value
from forethought.cli.envs import AsJson, env_options, look_here, tasks_of
from forethought.cli.evaluate import interrupted, settings_of
from forethought.cli.panels import AGENT, EXPERIMENT, MODEL, RUN, TRAINING, example
from forethought.cli.progress import say
from forethought.cli.telling import tell
from forethought.common.pieces import is_place
from forethought.experiments import build
from forethought.experiments.config import Experiment
from forethought.experiments.run_folder import Run, RunError
from forethought.experiments.run_start import start
from forethought.search import Budget

if TYPE_CHECKING:
    from forethought.value.targets import Example

app = typer.Typer(
    no_args_is_help=True,
    help="Value models: collect labelled states, train a head on them, and measure values.",
    epilog=example(
        "value collect --env WebShop-v0 --tasks train:0:50 --run runs/states",
        "value train runs/states --out runs/head",
        "value eval runs/held-out --adapter runs/head",
    ),
)
Collections = Annotated[list[Path], typer.Argument(help="Folders that `value collect` has written.")]
Model = Annotated[
    str, typer.Option(help="The model: smollm2-135m, a folder, or hf:ORG/NAME@REV.", rich_help_panel=MODEL)
]
Device = Annotated[str, typer.Option(help="Device of PyTorch.", rich_help_panel=MODEL)]


@app.command(
    epilog=example(
        "value collect --env WebShop-v0 --tasks train:0:50 --set level_width=14 --run runs/states",
        "value collect --from runs/WebShop-v0-beam-1 --horizon step --run runs/steps",
    )
)
def collect(
    env: Annotated[
        str | None, typer.Option(help="An environment, as in WebShop-v0.", rich_help_panel=EXPERIMENT)
    ] = None,
    tasks: Annotated[str | None, typer.Option(help="Tasks, as eval takes them.", rich_help_panel=EXPERIMENT)] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Label the trees of this finished run, in place of new ones.", rich_help_panel=EXPERIMENT
        ),
    ] = None,
    horizon: Annotated[
        str,
        typer.Option(
            help="The label of a state: step, by its best child; endings, by the best ending below it.",
            rich_help_panel=TRAINING,
        ),
    ] = "endings",
    judge: Annotated[
        str | None,
        typer.Option(
            help="The judge of endings: rule, model, verdict, or MODULE:NAME; by default rule where the family has "
            "one, else verdict.",
            rich_help_panel=AGENT,
        ),
    ] = None,
    algorithm: Annotated[
        str, typer.Option(help="The search that grows the trees, or MODULE:NAME.", rich_help_panel=AGENT)
    ] = "look_ahead",
    policy: Annotated[str, typer.Option(help="Its policy, or MODULE:NAME.", rich_help_panel=AGENT)] = "forward",
    value: Annotated[str, typer.Option(help="Its value, or MODULE:NAME.", rich_help_panel=AGENT)] = "endings",
    model: Annotated[str | None, typer.Option(help="The model of policy or value.", rich_help_panel=MODEL)] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE of the search, such as level_width=14.", rich_help_panel=AGENT),
    ] = None,
    budget: Annotated[
        str, typer.Option(help="Limits of a task, as eval takes them.", rich_help_panel=EXPERIMENT)
    ] = "nodes=20000",
    option: Annotated[
        list[str] | None, typer.Option("--env-option", help="NAME=JSON, for gym.make.", rich_help_panel=EXPERIMENT)
    ] = None,
    gamma: Annotated[
        float, typer.Option(help="Discount of a step, above 0 and at most 1.", rich_help_panel=TRAINING)
    ] = 1.0,
    truth: Annotated[
        bool,
        typer.Option(
            "--truth",
            help="Note the true return beside each label, for `value eval`; no training reads it.",
            rich_help_panel=TRAINING,
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="The seed of all draws.", rich_help_panel=EXPERIMENT)] = 0,
    run: Annotated[
        Path | None, typer.Option(help="The folder; by default a new one under runs/.", rich_help_panel=RUN)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Label the states of search trees by look ahead; no reward is read, but for --truth."""
    from forethought.value.collection import Look, grown, replayed
    from forethought.value.targets import check_gamma

    if horizon not in ("step", "endings"):
        raise ValueError(f"unknown horizon {horizon!r:.40}; expected step or endings")
    check_gamma(gamma)
    if source is not None:
        if env or tasks:
            raise ValueError("--from names a run with its own environment and tasks; leave out --env and --tasks")
        given = Run(source)
        asked = Experiment.of(given.config)
        named = judge or default_terminal_value(asked.env, find_value("endings"))
        found = replayed(given, Look(horizon, named, gamma, None, truth))  # type: ignore[arg-type]  # checked
        found.write(run or source / "collection")
        told(found.card, run or source / "collection", as_json)
        return
    if not env or not tasks:
        raise ValueError("no states to label; give --env and --tasks, or --from RUN")
    look_here(env, *filter(is_place, (algorithm, policy, value, model or "", judge or "")))
    options = env_options(option)
    named = judge or default_terminal_value(env, find_value("endings"))
    asked = Experiment(
        env=env,
        tasks=tasks_of(tasks, env, **options),
        algorithm=algorithm,
        budget=Budget.parse(budget).limits(),
        policy=policy,
        value=value,
        model=model,
        terminal_value=named,
        seed=seed,
        settings=settings_of(setting),
        env_options=options,
    )
    build.check(asked)
    with start(run, Path("runs"), f"{env}-states", asked.config()) as begun:
        try:
            found = grown(begun, Look(horizon, named, gamma, None, truth))  # type: ignore[arg-type]  # checked
        except KeyboardInterrupt:
            interrupted(begun)
        found.write(begun.folder)
        told(found.card, begun.folder, as_json)


def told(card: dict[str, Any], folder: Path, as_json: bool) -> None:
    """Print the counts of a collection."""
    line = (
        f"{folder}: {card['states']} states of {card['tasks']} tasks below {card['endings']} endings, "
        f"mean label {card['mean_target']:.3f}, judge {card['look']['judge']}"
    )
    if card.get("judge_auroc") is not None:
        line += f" (AUROC against the truth {card['judge_auroc']:.3f})"
    tell(as_json, {"folder": str(folder), "card": card}, line)


@app.command(epilog=example("value train runs/states-1 runs/states-2 --out runs/head"))
def train(
    collections: Collections,
    out: Annotated[Path, typer.Option(help="The folder of the head.", rich_help_panel=RUN)],
    model: Model = "smollm2-135m",
    kind: Annotated[str, typer.Option(help="ridge or logistic.", rich_help_panel=TRAINING)] = "ridge",
    shuffle: Annotated[
        str | None,
        typer.Option(
            help="A control: all (labels of all tasks change places) or task (within their task).",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of --shuffle.", rich_help_panel=TRAINING)] = 0,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Fit a value head on the frozen model's features of labelled states."""
    from forethought.agents.models.local.value_head import TENSORS
    from forethought.value.controls import shuffled
    from forethought.value.head_trainer import HeadConfig, HeadTrainer

    if kind not in ("ridge", "logistic"):
        raise ValueError(f"unknown kind {kind!r:.40}; expected ridge or logistic")
    if shuffle not in (None, "all", "task"):
        raise ValueError(f"unknown shuffle {shuffle!r:.40}; expected all or task")
    if (out / TENSORS).exists():
        raise RunError(f"{out} holds a head already; give a new folder")
    env_id, judge, examples = read_all(collections)
    if shuffle is not None:
        examples = shuffled(examples, shuffle, seed)  # type: ignore[arg-type]  # checked
    config = HeadConfig(model, kind, device=device)  # type: ignore[arg-type]  # checked
    trainer = HeadTrainer(env_id, config, judge=judge, watch=lambda done, of: say(f"  read {done}/{of} states"))
    head = trainer.train(examples, out)
    card = head.card
    tell(
        as_json,
        {"folder": str(out), "content": head.content, "card": card},
        f"{out}: {card['examples']} states of {card['tasks']} tasks, layers {head.features.layers}, "
        f"{head.features.pooling}, penalty {card['penalty']:g}; squared error in cross-validation "
        f"{card['squared_error']:.4f}, variance of the labels {card['variance']:.4f}",
    )


def read_all(folders: Sequence[Path]) -> tuple[str, str, list[Example]]:
    """The environment, the judge and the examples of collections; tasks of each folder are apart.

    Raises RunError: collections of several environments or judges.
    """
    from dataclasses import replace

    from forethought.value.collection import Collection

    found = [Collection.read(folder) for folder in folders]
    kinds = {(c.card["config"]["env"], c.card["look"]["judge"]) for c in found}
    if len(kinds) > 1:
        raise RunError(f"the collections are of {sorted(kinds)}; train on one environment and one judge")
    env_id, judge = kinds.pop()
    examples = [
        replace(example, task=number * 10**9 + example.task)
        for number, collection in enumerate(found)
        for example in collection.examples
    ]
    return env_id, judge, examples


@app.command("eval", epilog=example("value eval runs/held-out --adapter runs/head --trained-on runs/states-1"))
def evaluate(
    collection: Annotated[Path, typer.Argument(help="A folder that `value collect --truth` has written.")],
    adapter: Annotated[
        Path | None, typer.Option(help="The folder of a head or an adapter.", rich_help_panel=MODEL)
    ] = None,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(help="A collection of the training, for the goal-blind prior.", rich_help_panel=TRAINING),
    ] = None,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Also the score tokens of the base model.", rich_help_panel=MODEL)
    ] = False,
    model: Model = "smollm2-135m",
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Measure a value, and those it has to beat, against the truth of held-out states."""
    from forethought.agents.heuristics.values import RULES, RuleValue
    from forethought.agents.models.open_model import open_model
    from forethought.agents.registry import load_prompts, make_value, role_of
    from forethought.value.collection import Collection
    from forethought.value.prior import PriorValue
    from forethought.value.report import markdown, oracle_and_random, rows
    from forethought.value.stored import values_of

    read = Collection.read(collection)
    env_id = read.card["config"]["env"]
    states = [example for example in read.examples if example.truth is not None]
    if not states:
        raise RunError(f"{collection} notes no truth; collect it with --truth")
    truth = [float(example.truth or 0.0) for example in states]
    values: dict[str, list[float]] = {}
    if adapter is not None:
        name = "lm-head" if (adapter / "value_head.json").exists() else "lm-tokens"
        prompts = load_prompts(env_id, (role_of(find_value(name)),))
        value = make_value(name, env_id, open_model(model, adapter, device), prompts, "model")
        values["trained"] = values_of(value, states)
    if untrained:
        prompts = load_prompts(env_id, (role_of(find_value("lm-tokens")),))
        value = make_value("lm-tokens", env_id, open_model(model, None, device), prompts, "model")
        values["untrained score tokens"] = values_of(value, states)
    if trained_on:
        values["goal-blind prior"] = values_of(PriorValue(read_all(trained_on)[2]), states)
    if env_id in RULES:
        values["rule value"] = values_of(RuleValue(env_id), states)
    values["labels (look ahead with the judge)"] = [example.target for example in states]
    found, (best, chance) = rows(states, values, truth), oracle_and_random(states, truth)
    facts = {
        "collection": str(collection),
        "states": len(states),
        "rows": [asdict(row) for row in found],
        "oracle": None if isnan(best) else best,
        "random": None if isnan(chance) else chance,
        "judge_auroc": read.card.get("judge_auroc"),
    }
    text = f"{markdown(found)}\n\n{len(states)} states; chosen at random {chance:.3f}, by the oracle {best:.3f}"
    tell(as_json, json.loads(json.dumps(facts)), text)
