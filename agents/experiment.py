"""One run of one agent on tasks of one environment: begun, journaled, resumed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from forethought.agents.asker import LMAsker
from forethought.agents.cache import Cached
from forethought.agents.lm import LM
from forethought.agents.recorded import Recording
from forethought.agents.specs import default_endings, make_policy, make_value, open_model, prompts_for, questions_of
from forethought.agents.staffing import Staffing
from forethought.envs import Json, Simulator, simulate
from forethought.search import Budget, Driver, Journal, PastJournal, Policy, Strand, Value, algorithm, result
from forethought.search.run import Run

Watch = Callable[[Mapping[str, Any]], None]  # is told of each task that ends, by its line of results or failures


@dataclass(frozen=True)
class Experiment:
    """All that an evaluation depends on, as it stands in config.toml.

    `settings` are the algorithm's; `env_options` go to `gym.make`. `endings` says who judges an ending:
    "rule" where the observation itself proves success, else "model". Raises ValueError: anything unknown.
    """

    env: str
    tasks: str
    algorithm: str
    budget: Mapping[str, float]
    policy: str = "all"
    value: str = "rule"
    model: str | None = None
    adapter: str | None = None
    endings: str | None = None
    prompts: str | None = None
    record: str | None = None
    seed: int = 0
    concurrency: int = 64  # searches at once, in each worker
    workers: str = "1"  # processes, or where a cluster is: see Staffing; no result depends on it
    device: str = "cpu"
    cache: str = "off"  # of replies, over all runs: "read" looks up, "on" also keeps
    privileges: tuple[str, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)
    env_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parse_tasks(self.tasks)
        Budget(**self.budget)  # type: ignore[arg-type]  # Budget checks what it is given
        algorithm(self.algorithm, self.settings)
        Staffing.parse(self.workers)
        if self.cache not in ("off", "read", "on"):
            raise ValueError(f"the cache is 'off', 'read' or 'on'; {self.cache!r} was given")
        if self.record and not Staffing.parse(self.workers).alone:
            raise ValueError(f"--record writes one file, and the workers are {self.workers!r}; record with --workers 1")
        if unknown := set(self.privileges) - {"reward"}:
            raise ValueError(f"unknown privileges {sorted(unknown)}; expected 'reward'")

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


@dataclass(frozen=True)
class Equipment:
    """All that searches ask, opened in this process. `facts` are hashes of what the answers depend on."""

    experiment: Experiment
    world: Simulator[Any]
    policy: Policy
    value: Value
    asker: LMAsker | None
    cached: Cached | None
    facts: Mapping[str, Json]

    def driver(self, journal: Journal | PastJournal, budget: Budget, concurrency: int) -> Driver:
        return Driver(
            self.world,
            self.policy,
            self.value,
            budget,
            seed=self.experiment.seed,
            asker=self.asker,
            journal=journal,
            privileges=frozenset(self.experiment.privileges),
            concurrency=concurrency,
        )

    def bill(self) -> tuple[dict[str, Json], dict[str, Json]] | None:
        """What this process paid its model, and what the cache saved it; None without a cache."""
        return (asdict(self.cached.billed), asdict(self.cached.saved)) if self.cached else None


def equip(
    experiment: Experiment, *, lm: LM | None = None, value: Value | None = None, record: Path | None = None
) -> Equipment:
    """`lm` and `value` may be handed in where they are in memory already; replies are recorded to `record`."""
    world = experiment.simulator()
    folder = Path(experiment.prompts) if experiment.prompts else None
    prompts = prompts_for(experiment.env, experiment.policy, experiment.value, folder)
    questions = questions_of(experiment.env, experiment.algorithm, folder)
    if lm is None and value is None and experiment.model:
        lm = open_model(experiment.model, Path(experiment.adapter) if experiment.adapter else None, experiment.device)
    facts: dict[str, Json] = {"world": world.world, "model": lm.content if lm else None}
    facts |= {f"prompt {prompt.name}": prompt.digest for prompt in (*prompts.values(), *questions.values())}
    cached = Cached(lm, mode="on" if experiment.cache == "on" else "read") if lm and experiment.cache != "off" else None
    lm = cached or lm
    if lm and record:
        lm = Recording(lm, record)
    if value is None:
        endings = experiment.endings or default_endings(experiment.env)
        value = make_value(experiment.value, experiment.env, lm, prompts, endings)
    policy = make_policy(experiment.policy, lm, prompts, experiment.env)
    asker = LMAsker(lm, questions) if lm and questions else None
    return Equipment(experiment, world, policy, value, asker, cached, facts)


def run(run_: Run, watch: Watch | None = None, *, lm: LM | None = None, value: Value | None = None) -> list[Strand]:
    """Run, or go on with, the experiment of a folder in this process; returns the strands with their trees.

    `lm` and `value` may be handed in where they are in memory already. The results are written when
    all tasks have ended. A task that ends in an error is in failures.jsonl, and is tried again by the
    next resume. Raises RunError, JournalError, ValueError.
    """
    experiment = Experiment.of(run_.config)
    record = run_.folder / experiment.record if experiment.record else None
    equipment = equip(experiment, lm=lm, value=value, record=record)
    run_.pin(equipment.facts)
    budget = Budget(**experiment.budget)  # type: ignore[arg-type]  # checked when it was made
    strands: list[Strand] = []
    lines = []
    with run_.journal() as journal:
        driver = equipment.driver(journal, budget, experiment.concurrency)
        for strand in driver.run(parse_tasks(experiment.tasks), algorithm(experiment.algorithm, experiment.settings)):
            strands.append(strand)
            lines.append(outcome(strand))
            if watch:
                watch(lines[-1])
    if bill := equipment.bill():
        run_.note_billed(*bill)
    write_outcomes(run_, lines)
    return sorted(strands, key=lambda strand: strand.task)


def outcome(strand: Strand) -> dict[str, Json]:
    """The line of a task that ended: of results.jsonl, or, with an "error", of failures.jsonl."""
    if strand.error is None:
        try:
            return result(strand)
        except Exception as error:  # a world that cannot tell what came of a task loses that task alone
            strand.error = error
    return failure(strand)


def write_outcomes(run_: Run, lines: list[dict[str, Json]]) -> None:
    run_.write_results([line for line in lines if "error" not in line], [line for line in lines if "error" in line])


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
    strands = list(driver.run(parse_tasks(experiment.tasks), algorithm(experiment.algorithm, experiment.settings)))
    return sorted((strand for strand in strands if strand.error is None), key=lambda strand: strand.task)


class Nobody:
    """Stands in for models while a journal is replayed."""

    def propose(self, queries: Any) -> Any:
        raise LookupError("the journal ends before the search does")

    evaluate = propose
