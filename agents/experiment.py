"""One run of one agent on tasks of one environment: begun, journaled, resumed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from forethought.agents.asker import LMAsker
from forethought.agents.cache import Cached
from forethought.agents.lm import LM
from forethought.agents.prompts import Prompt
from forethought.agents.recorded import Recording
from forethought.agents.specs import (
    REWARDED,
    UNJUDGED,
    Setting,
    check_settings,
    default_endings,
    make_asker,
    make_policy,
    make_value,
    open_model,
    part_of,
    prompts_for,
    questions_of,
)
from forethought.envs import Json, Simulator, simulate
from forethought.search import Algorithm, Budget, Driver, PastJournal, Policy, Strand, Value, algorithm, result
from forethought.search.run import Run

Watch = Callable[[Strand], None]


@dataclass(frozen=True)
class Experiment:
    """All that an evaluation depends on, as it stands in config.toml.

    `agent` is the name it was asked for by. `settings` are the algorithm's, and behind `policy.`, `value.` and `ask.`
    those of the models; what is not told has its default. `env_options` go to `gym.make`. `endings` says who judges
    an ending: "rule" where the observation itself proves success, else "model". Raises ValueError: anything unknown,
    or an algorithm without the value or the privilege that it needs.
    """

    env: str
    tasks: str
    algorithm: str
    budget: Mapping[str, float]
    agent: str | None = None
    policy: str = "all"
    value: str = "rule"
    model: str | None = None
    adapter: str | None = None
    endings: str | None = None
    prompts: str | None = None
    record: str | None = None
    seed: int = 0
    concurrency: int = 64
    device: str = "cpu"
    cache: str = "off"  # of replies, over all runs: "read" looks up, "on" also keeps
    privileges: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    env_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parse_tasks(self.tasks)
        Budget(**self.budget)  # type: ignore[arg-type]  # Budget checks what it is given
        check_settings(self.algorithm, self.policy, self.value, self.settings)
        if self.cache not in ("off", "read", "on"):
            raise ValueError(f"the cache is 'off', 'read' or 'on'; {self.cache!r} was given")
        if unknown := set(self.privileges) - {"reward"}:
            raise ValueError(f"unknown privileges {sorted(unknown)}; expected 'reward'")
        if self.algorithm in REWARDED and "reward" not in self.privileges:
            raise ValueError(
                f"{self.algorithm} reads the true reward while it searches, and its row will say so; "
                "if that is meant, add --privilege reward"
            )
        if self.value == "none" and self.algorithm not in UNJUDGED:
            raise ValueError(f"{self.algorithm} asks for values; give another value than 'none', such as rule")

    def config(self) -> dict[str, Any]:
        return {"kind": "eval", **asdict(self), "privileges": list(self.privileges)}

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Experiment:
        """From config.toml. Raises ValueError: a config of another kind, or of another version."""
        fields = {name: value for name, value in config.items() if name != "kind"}
        try:
            return cls(**{**fields, "privileges": tuple(fields.get("privileges", ()))})
        except TypeError as error:
            raise ValueError(f"this config is no evaluation of this version ({error})") from error

    def simulator(self) -> Simulator[Any]:
        return simulate(self.env, **self.env_options)

    def search(self) -> Algorithm:
        return algorithm(self.algorithm, part_of(self.settings))

    def prompt_files(self) -> tuple[dict[str, Prompt], dict[str, Prompt]]:
        """Those of the policy and the value, and those of the questions. Raises ValueError: one is missing."""
        folder = Path(self.prompts) if self.prompts else None
        return prompts_for(self.env, self.policy, self.value, folder), questions_of(self.env, self.algorithm, folder)


class Models(NamedTuple):
    """Who answers the questions of a search."""

    policy: Policy
    value: Value
    asker: LMAsker | None


def make_models(experiment: Experiment, lm: LM | None, value: Value | None = None) -> Models:
    """Raises ValueError: a language model is asked and none is there, a family has no rules, a prompt is missing."""
    prompts, questions = experiment.prompt_files()
    env, settings = experiment.env, experiment.settings
    if value is None:
        value = make_value(experiment.value, env, lm, prompts, experiment.endings or default_endings(env), settings)
    return Models(
        make_policy(experiment.policy, lm, prompts, env, settings),
        value,
        make_asker(experiment.algorithm, lm, questions, settings),
    )


def parse_tasks(text: str) -> list[int]:
    """From "0:100", "900:1000:10" or "3,17". Raises ValueError: anything else, or no task at all."""
    tasks: list[int] = []
    try:
        for part in text.split(","):
            bounds = [int(bound) for bound in part.split(":")]
            tasks += range(*bounds) if len(bounds) > 1 else bounds
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"cannot read the tasks {text!r}; write FIRST:END, FIRST:END:STEP or numbers with commas"
        ) from error
    if not tasks or min(tasks) < 0 or len(set(tasks)) < len(tasks):
        raise ValueError(f"the tasks {text!r} are none, negative, or named twice")
    return tasks


def run(run_: Run, watch: Watch | None = None, *, lm: LM | None = None, value: Value | None = None) -> list[Strand]:
    """Run, or go on with, the experiment of a folder; returns the strands with their trees.

    `lm` and `value` may be handed in where they are in memory already. The results are written when
    all tasks have ended. A task that ends in an error is in failures.jsonl, and is tried again by the
    next resume. Raises RunError, JournalError, ValueError.
    """
    experiment = Experiment.of(run_.config)
    world = experiment.simulator()
    prompts, questions = experiment.prompt_files()
    if lm is None and value is None and experiment.model:
        lm = open_model(experiment.model, Path(experiment.adapter) if experiment.adapter else None, experiment.device)
    facts: dict[str, Json] = {"world": world.world, "model": lm.content if lm else None}
    run_.pin(
        {**facts, **{f"prompt {prompt.name}": prompt.digest for prompt in (*prompts.values(), *questions.values())}}
    )
    cached = Cached(lm, mode="on" if experiment.cache == "on" else "read") if lm and experiment.cache != "off" else None
    lm = cached or lm
    if lm and experiment.record:
        lm = Recording(lm, run_.folder / experiment.record)
    models = make_models(experiment, lm, value)
    strands: list[Strand] = []
    with run_.journal() as journal:
        driver = Driver(
            world,
            models.policy,
            models.value,
            Budget(**experiment.budget),  # type: ignore[arg-type]  # checked when it was made
            seed=experiment.seed,
            asker=models.asker,
            journal=journal,
            privileges=frozenset(experiment.privileges),
            concurrency=experiment.concurrency,
        )
        for strand in driver.run(parse_tasks(experiment.tasks), experiment.search()):
            strands.append(strand)
            if watch:
                watch(strand)
    if cached:
        run_.note_billed(asdict(cached.billed), asdict(cached.saved))
    strands.sort(key=lambda strand: strand.task)
    rows = []
    for strand in strands:
        try:
            rows += [result(strand)] if strand.error is None else []
        except Exception as error:  # a world that cannot tell what came of a task loses that task alone
            strand.error = error
    run_.write_results(rows, [failure(strand) for strand in strands if strand.error is not None])
    return strands


def failure(strand: Strand) -> dict[str, Json]:
    assert strand.error is not None
    where = traceback.extract_tb(strand.error.__traceback__)
    last = f"{Path(where[-1].filename).name}:{where[-1].lineno}" if where else ""
    return {
        "task": strand.task,
        "error": type(strand.error).__name__,
        "message": str(strand.error),
        "at": last,
        "spent": strand.spent.to_json(),
    }


def replay(run_: Run) -> list[Strand]:
    """The finished strands of a run from its journal alone: no model is loaded, and none is asked.

    A task whose journal does not reach its end is left out.
    """
    experiment = Experiment.of(run_.config)
    driver = Driver(
        experiment.simulator(),
        Nobody(),
        Nobody(),
        Budget(**experiment.budget),  # type: ignore[arg-type]  # checked
        seed=experiment.seed,
        journal=PastJournal(run_.folder / "journal.jsonl"),
        privileges=frozenset(experiment.privileges),
        concurrency=1,
    )
    strands = list(driver.run(parse_tasks(experiment.tasks), experiment.search()))
    return sorted((strand for strand in strands if strand.error is None), key=lambda strand: strand.task)


class Nobody:
    """Stands in for models while a journal is replayed."""

    def propose(self, queries: Any) -> Any:
        raise LookupError("the journal ends before the search does")

    evaluate = propose
