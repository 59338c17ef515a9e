"""One experiment in this process, and the outcomes of its tasks."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from forethought.agents.models.protocol import LM, Learns
from forethought.envs import Json
from forethought.experiments.build import NO_OBJECTS, Objects, bound, build, find_pieces, open_world
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.run_folder import Run
from forethought.search import Budget, Value
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.results import result
from forethought.search.engine.task_search import TaskSearch

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("common", "envs", "search", "agents", "experiments", "value", "leaderboards", "cli")
# The folders of code that the user has not written: this suite, the standard library, installed packages.
NOT_THE_USERS = {*(ROOT / package for package in PACKAGES), *map(Path, sysconfig.get_paths().values())}
Watch = Callable[[Mapping[str, Any]], None]  # is told of each task that ends, by its line of results or failures


def run(
    run_: Run,
    watch: Watch | None = None,
    *,
    lm: LM | None = None,
    value: Value | None = None,
    objects: Objects | None = None,
) -> list[TaskSearch]:
    """Run, or continue, the experiment of a folder in this process. Returns the searches with all their trees.

    See `searched`, which keeps no tree.
    """
    outcomes = list(searched(run_, watch, objects or Objects(lm=lm, value=value)))
    return sorted(outcomes, key=lambda outcome: outcome.task)


def searched(run_: Run, watch: Watch | None = None, objects: Objects = NO_OBJECTS) -> Iterator[TaskSearch]:
    """Run, or continue, the experiment of a folder in this process. Yields each search when it ends.

    `objects` are pieces that are in memory already. The outcome of a task is in ended.jsonl when its search is
    yielded, and in the results when all tasks have ended. A task that ends in an error is in failures.jsonl, and the
    next resume tries it again. Raises RunError, JournalError, ValueError.
    """
    experiment = Experiment.of(run_.config)
    record = run_.folder / experiment.record if experiment.record else None
    components = build(experiment, objects, record=record)
    run_.pin(components.facts, components.sources)
    remember(run_, components.lm)
    budget = Budget(**experiment.budget)  # type: ignore[arg-type]  # checked when it was made
    lines = []
    with run_.journal(experiment.owner) as journal:
        driver = components.driver(journal, budget, experiment.concurrency)
        try:
            for outcome in driver.run(parse_tasks(experiment.tasks), components.algorithm):
                journal.entries.pop(outcome.task, None)
                lines.append(result_line(outcome))
                run_.note_ended(lines[-1])
                if watch:
                    watch(lines[-1])
                yield outcome
        finally:
            if bill := components.bill():
                run_.note_billed(*bill)
    write_outcomes(run_, lines)


def remember(run_: Run, lm: LM | None) -> None:
    """Give a model the learnt parameters of its server from an earlier process, and keep the new ones."""
    if isinstance(lm, Learns):
        lm.recall(run_.learnt())
        lm.on_learnt = run_.note_learnt


def result_line(outcome: TaskSearch) -> dict[str, Json]:
    """The line of a finished task: of results.jsonl, or, with an "error", of failures.jsonl."""
    if outcome.error is None:
        try:
            return result(outcome)
        except Exception as error:  # an error of the world about one task's outcome loses that task alone
            outcome.error = error
    return failure(outcome)


def write_outcomes(run_: Run, lines: list[dict[str, Json]]) -> None:
    """Write results.jsonl and failures.jsonl from the lines of all tasks."""
    run_.write_results([line for line in lines if "error" not in line], [line for line in lines if "error" in line])


def failure(outcome: TaskSearch) -> dict[str, Json]:
    """The line of a failed task: error, message, place in the source, and its spending."""
    assert outcome.error is not None
    where = traceback.extract_tb(outcome.error.__traceback__)
    own = [frame for frame in where if is_the_users(frame.filename)]
    last = f"{Path(where[-1].filename).name}:{where[-1].lineno}" if where else ""
    return {
        "task": outcome.task,
        "error": type(outcome.error).__name__,
        "message": message_of(outcome.error),
        "at": last,
        "traceback": "".join(traceback.format_list(own)),
        "spent": outcome.spent.to_json(),
    }


def is_the_users(file: str) -> bool:
    """Whether a source file belongs to the user."""
    return NOT_THE_USERS.isdisjoint(Path(file).resolve().parents) and NOT_THE_USERS.isdisjoint(Path(file).parents)


def message_of(error: Exception) -> str:
    """The text of an error; of an error of the user's whose text fails, its type."""
    try:
        return str(error)
    except Exception:
        return f"its {type(error).__qualname__} has no text"


def replay(run_: Run, objects: Objects = NO_OBJECTS) -> list[TaskSearch]:
    """The finished searches of a run from its journal alone: no model is loaded or asked.

    A task with an unfinished journal is left out.
    """
    experiment = Experiment.of(run_.config)
    driver = Driver(
        open_world(experiment),
        Nobody(),
        Nobody(),
        Budget(**experiment.budget),  # type: ignore[arg-type]  # checked
        seed=experiment.seed,
        journal=PastJournal(run_.folder / "journal.jsonl", experiment.owner),
        privileges=frozenset(experiment.privileges),
        price=lambda usage: 0.0,  # nothing is asked
        concurrency=1,
    )
    outcomes = list(
        driver.run(parse_tasks(experiment.tasks), bound(experiment, find_pieces(experiment, objects).algorithm))
    )
    return sorted(
        (outcome for outcome in outcomes if outcome.error is None),
        key=lambda outcome: outcome.task,
    )


class Nobody:
    """The models of a replay, which are never asked."""

    def propose(self, queries: Any) -> Any:
        """Raises LookupError: a replay may ask no model."""
        raise LookupError("the journal ends before the search does")

    evaluate = propose
