"""A run to be killed and resumed: searches of Game of 24 with models that are functions of their seeds.

`python victim.py RUN ASKED` goes on with the run in a folder and appends every question that a model is
asked to a file, a line a task, before it is answered. Not a test: test_resume.py starts it.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from forethought.envs import simulate
from forethought.experiments.run_folder import Run
from forethought.search import Budget, Estimate, Node, Proposal, Proposals, Query, Search, Usage, beam, mcts
from forethought.search.engine.driver import Driver
from forethought.search.engine.results import result
from forethought.search.engine.task_search import TaskSearch

TASKS = range(900, 910)
BROKEN = 903  # the value model fails at this task


class Models:
    """A policy and a value. What they answer depends on the seed of the query and on nothing else."""

    def __init__(self, asked: Path) -> None:
        self.asked = os.open(asked, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, kind: str, queries: Sequence[Query]) -> None:
        for task, group in groupby(queries, key=lambda query: query.task):
            os.write(self.asked, json.dumps([task, kind, [query.seed for query in group]]).encode() + b"\n")

    def propose(self, queries: Sequence[Query]) -> list[Proposals]:
        self.note("expand", queries)
        return [self._propose(query) for query in queries]

    def _propose(self, query: Query) -> Proposals:
        draw = random.Random(query.seed)
        actions = draw.sample(query.actions, min(4, len(query.actions)))
        return Proposals([Proposal(action, draw.random()) for action in [*actions, "1 + one"]], Usage(1, 40, 0, 4))

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        self.note("evaluate", queries)
        return [self._evaluate(query) for query in queries]

    def _evaluate(self, query: Query) -> Estimate:
        if query.task == BROKEN and query.seed % 8 == 0:
            raise RuntimeError("this model does not like the seed")
        value = random.Random(query.seed).random()
        return Estimate(value, f"{value:.2f} – because", Usage(1, 50, 10, query.seed % 20))

    def worst_case_usage(self, query: Query) -> Usage:
        return Usage(1, 60, 0, 20)


def search(root: Node) -> Search:
    if root.task % 4 == 2:
        return beam(root, num_children=5, beam_width=4)
    return mcts(root, num_children=5, num_simulations=30 + root.task % 5)


def failure(outcome: TaskSearch) -> dict[str, object]:
    return {"task": outcome.task, "error": repr(outcome.error), "spent": outcome.spent.to_json()}


def main(folder: Path, asked: Path) -> None:
    run, world, models = Run(folder), simulate("Game24-v0"), Models(asked)
    print("ready", flush=True)  # all that follows may be cut off anywhere
    sys.stdin.readline()
    run.pin({"world": world.world})
    with run.journal() as journal:
        budget = Budget(nodes=71, tokens=4830)
        driver = Driver(world, models, models, budget, seed=7, journal=journal, concurrency=2)
        outcomes = list(driver.run(TASKS, search))
    run.write_results(
        [result(outcome) for outcome in outcomes if outcome.error is None],
        [failure(outcome) for outcome in outcomes if outcome.error is not None],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
