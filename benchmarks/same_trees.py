"""How many trees of a real model change with the searches at once and with the workers.

    .venv/bin/python benchmarks/same_trees.py              # 64 tasks, 7 settings

Recorded, scripted and rule models give the same bytes in all of these, by test. A real model's batches differ in
shape, and with it in the last bits of its floating-point numbers. Greedy search in Game of 24, moves sampled at
temperature 1 and states judged by score tokens: each tree is compared with that of one search at a time in one process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from measuring import apart, table

from forethought.experiments.config import Experiment
from forethought.experiments.execute import replay
from forethought.experiments.launch import carry_out
from forethought.experiments.run_folder import Run
from forethought.search import Node

SETTINGS = {"policy.samples": 4, "policy.temperature": 1.0, "policy.max_tokens": 10, "depth": 2, "num_children": 4}
Tree = tuple[list[tuple[int, str]], list[float]]  # depth and action of each node; its value
Case = tuple[int, int] | tuple[int, int, float]  # searches at once, workers, the share of the journal gone on from
CASES: tuple[Case, ...] = ((1, 1), (1, 1), (8, 1), (64, 1), (8, 2), (16, 4), (8, 1, 0.5))  # the first is what counts


def tried(
    home: Path, model: str, tasks: int, exact: bool, concurrency: int, workers: int, kept: float = 1.0
) -> tuple[list[Tree], float]:
    """The trees of a run, by task, and its seconds. With `kept`, a run goes on from so much of its journal."""
    asked = Experiment(
        "Game24-v0",
        f"900:{900 + tasks}",
        "greedy",
        {"nodes": 200},
        policy="lm-text",
        value="lm-tokens",
        model=model,
        settings=SETTINGS,
        concurrency=concurrency,
        workers=str(workers),
        model_options={"exact": 1} if exact else {},
    )
    run = Run.create(Path(tempfile.mkdtemp(dir=home)) / "run", asked.config())
    began = time.perf_counter()
    carry_out(run)
    seconds = time.perf_counter() - began
    if kept < 1:
        cut(run.folder / "journal.jsonl", kept)
        (run.folder / "results.jsonl").unlink()
        carry_out(Run(run.folder))
    outcomes = replay(run)
    if len(outcomes) < tasks:
        raise RuntimeError(f"{tasks - len(outcomes)} of {tasks} tasks failed: {run.failures()[:1]}")
    return [told(outcome.root) for outcome in outcomes], seconds


def cut(journal: Path, kept: float) -> None:
    """As a kill leaves it: its first lines."""
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: int(len(lines) * kept)]))


def told(root: Node) -> Tree:
    return [(node.depth, node.action or "") for node in root], [node.value for node in root]


def compared(case: Case, trees: Sequence[Tree], of: Sequence[Tree], seconds: float) -> dict[str, float]:
    pairs = list(zip(trees, of, strict=True))
    alike = [(one, other) for (moves, one), (others, other) in pairs if moves == others]
    return {
        "concurrency": case[0],
        "workers": case[1],
        "kept": case[2] if len(case) > 2 else 1.0,
        "moves": len(pairs) - len(alike),
        "values": sum(one != other for one, other in alike),
        "most": max((abs(a - b) for pair in alike for a, b in zip(*pair, strict=True)), default=0.0),
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=64)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--exact", action="store_true", help="each request computed alone")
    parser.add_argument("--cases", type=int, nargs="*", help="numbers of the settings; all if none are given")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        first: list[Tree] = []
        for case in [CASES[i] for i in options.cases or range(len(CASES))]:
            trees, seconds = apart(tried, Path(folder), options.model, options.tasks, options.exact, *case)
            first = first or trees
            rows.append(compared(case, trees, first, seconds))
    columns = {
        "concurrency": ("at once", "{}"),
        "workers": ("workers", "{}"),
        "kept": ("kept of the journal", "{:.0%}"),
        "moves": ("other moves", "{}"),
        "values": ("other values only", "{}"),
        "most": ("by at most", "{:.1e}"),
        "seconds": ("seconds", "{:.0f}"),
    }
    print(f"of {options.tasks} trees:")
    print(table(rows, columns))


if __name__ == "__main__":
    main()
