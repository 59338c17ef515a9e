"""An experiment carried out in this process, and what came of each task."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from forethought.agents.models.protocol import LM, Learns
from forethought.envs import Json
from forethought.experiments.build import equip
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.run_folder import Run
from forethought.search import Budget, Driver, PastJournal, Strand, Value, result

Watch = Callable[[Mapping[str, Any]], None]  # is told of each task that ends, by its line of results or failures


def run(run_: Run, watch: Watch | None = None, *, lm: LM | None = None, value: Value | None = None) -> list[Strand]:
    """Run, or go on with, the experiment of a folder in this process; returns the strands with all their trees.

    See `searched`, which keeps none.
    """
    strands = list(searched(run_, watch, lm=lm, value=value))
    return sorted(strands, key=lambda strand: strand.task)


def searched(
    run_: Run, watch: Watch | None = None, *, lm: LM | None = None, value: Value | None = None
) -> Iterator[Strand]:
    """Run, or go on with, the experiment of a folder in this process; yields each strand when it ends.

    `lm` and `value` may be handed in where they are in memory already. What came of a task is in ended.jsonl when
    its strand is yielded, and in the results when all have ended. A task that ends in an error is in failures.jsonl,
    and is tried again by the next resume. Raises RunError, JournalError, ValueError.
    """
    experiment = Experiment.of(run_.config)
    record = run_.folder / experiment.record if experiment.record else None
    equipment = equip(experiment, lm=lm, value=value, record=record)
    run_.pin(equipment.facts, equipment.sources)
    remember(run_, equipment.lm)
    budget = Budget(**experiment.budget)  # type: ignore[arg-type]  # checked when it was made
    lines = []
    with run_.journal(experiment.owner) as journal:
        driver = equipment.driver(journal, budget, experiment.concurrency)
        try:
            for strand in driver.run(parse_tasks(experiment.tasks), experiment.search()):
                journal.entries.pop(strand.task, None)
                lines.append(outcome(strand))
                run_.note_ended(lines[-1])
                if watch:
                    watch(lines[-1])
                yield strand
        finally:
            if bill := equipment.bill():
                run_.note_billed(*bill)
    write_outcomes(run_, lines)


def remember(run_: Run, lm: LM | None) -> None:
    """A model learns how its server takes requests: what it has learnt before in this run, it need not learn again."""
    if isinstance(lm, Learns):
        lm.recall(run_.learnt())
        lm.on_learnt = run_.note_learnt


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
        journal=PastJournal(run_.folder / "journal.jsonl", experiment.owner),
        privileges=frozenset(experiment.privileges),
        price=lambda usage: 0.0,  # nothing is asked
        concurrency=1,
    )
    strands = list(driver.run(parse_tasks(experiment.tasks), experiment.search()))
    return sorted((strand for strand in strands if strand.error is None), key=lambda strand: strand.task)


class Nobody:
    """Stands in for models while a journal is replayed."""

    def propose(self, queries: Any) -> Any:
        raise LookupError("the journal ends before the search does")

    evaluate = propose
