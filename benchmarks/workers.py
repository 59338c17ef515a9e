"""What workers cost and bring: seconds to begin, milliseconds an answer, memory, tasks a second.

    .venv/bin/python benchmarks/workers.py           # with --ray ray://local too, where ray is installed

Every answer is one that a rule gives at no cost, so that nothing is measured but this suite: `mcts` with one
search at a time for the milliseconds, from the first task's end to the last's; memory is that of a worker
process with one search of its family done, the default worlds being mapped files that all workers share.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from measuring import family_of, memory, table

from forethought.experiments import execute
from forethought.experiments.config import Experiment
from forethought.experiments.run_folder import Run
from forethought.experiments.workers.processes import Processes
from forethought.experiments.workers.scheduler import Staff, run_on

GO = Callable[[Run, Callable[[Mapping[str, Any]], None]], object]
WORKED = {"budget": {"nodes": 2000}, "settings": {"num_simulations": 300}}


def timed(home: Path, name: str, go: GO, tasks: int, concurrency: int) -> dict[str, Any]:
    asked = Experiment("Game24-v0", f"0:{tasks}", "mcts", concurrency=concurrency, **WORKED)  # type: ignore[arg-type]
    run, ends = Run.create(home / f"{name}-{tasks}", asked.config()), []
    began = time.perf_counter()
    go(run, lambda line: ends.append(time.perf_counter()))
    lines = sum(not line.startswith("[-1") for line in (run.folder / "journal.jsonl").read_text().splitlines())
    answers = lines * (tasks - 1) / tasks
    return {
        "name": name,
        "first": ends[0] - began,
        "answer": 1000 * (ends[-1] - ends[0]) / answers,
        "tasks": (tasks - 1) / (ends[-1] - ends[0]),
    }


def on(staff: Callable[[], Staff], run: Run, watch: Callable[[Mapping[str, Any]], None]) -> None:
    run_on(run, staff(), watch)


def worker_memory(home: Path, env: str) -> float:
    """MB that one worker process has for itself, when it has done a task."""
    asked = Experiment(env, "0:2", "greedy", {"nodes": 100}, concurrency=1, policy=policy_of(env))
    found = []

    def look(line: Mapping[str, Any]) -> None:
        workers = family_of(os.getpid())[1:]
        found.append(max(memory(pid, "Private_Clean", "Private_Dirty") for pid in workers) / 1e6)

    run_on(Run.create(home / env, asked.config()), Processes(1), look)
    return max(found)


def policy_of(env: str) -> str:
    return "all" if env == "Game24-v0" else "rule"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=40)
    parser.add_argument("--ray", metavar="ADDRESS", help="actors of a cluster too, as in ray://local or ray://auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = [timed(home, "this process", execute.run, options.tasks, 1)]
        for count in (1, 2, 4):
            rows.append(timed(home, f"{count} processes", partial(on, partial(Processes, count)), options.tasks, 1))
        if options.ray:
            from forethought.experiments.workers.options import WorkerOptions
            from forethought.experiments.workers.ray import Cluster

            for count in (1, 4):
                staff = partial(Cluster, WorkerOptions.parse(f"{options.ray}?workers={count}"))
                rows.append(timed(home, f"{count} actors", partial(on, staff), options.tasks, 1))
        columns = {
            "name": ("", "{}"),
            "first": ("first task s", "{:.2f}"),
            "answer": ("ms an answer", "{:.2f}"),
            "tasks": ("tasks/s", "{:.1f}"),
        }
        print(table(rows, columns))
        for env in ("Game24-v0", "WebShop-v0", "HotpotQA-v0"):
            print(f"{env}: {worker_memory(home, env):.0f} MB a worker")


if __name__ == "__main__":
    main()
