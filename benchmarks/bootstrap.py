"""Bootstrap intervals by numpy beside the same intervals by a Python function of each draw, as interleaved pairs.

    python benchmarks/bootstrap.py --pairs 5

Both sides take the same 2,000 draws. The mean is that of one score a task; AUROC and Spearman are those of the demo's
held-out states, 965 in 30 puzzles.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import fmean, median
from typing import TypeAlias

from forethought.common.random import Generator
from forethought.common.statistics import Interval, bootstrap, bootstrap_counts, bootstrapped_mean
from forethought.value.diagnostics import auroc, auroc_of_counts, spearman, spearman_of_counts

STATES, PUZZLES = 965, 30
Rows: TypeAlias = Sequence[tuple[float, float]]  # the value and the truth of each state
Side: TypeAlias = Callable[[], Interval]


def means(tasks: int) -> tuple[Side, Side]:
    rng = Generator(f"scores of {tasks} tasks")
    scores = [rng.random() for _ in range(tasks)]
    return lambda: bootstrap(dict(enumerate(scores)), fmean), lambda: bootstrapped_mean(scores)


def of_states(name: str) -> tuple[Side, Side]:
    plain, counted = {"auroc": (auroc, auroc_of_counts), "spearman": (spearman, spearman_of_counts)}[name]
    rng = Generator("held-out states")
    truth = [float(rng.happens(0.17)) for _ in range(STATES)]
    values = [0.3 * true + rng.below(200) / 200 for true in truth]
    puzzles = [number * PUZZLES // STATES for number in range(STATES)]
    groups: dict[int, list[tuple[float, float]]] = {}
    for puzzle, row in zip(puzzles, zip(values, truth, strict=True), strict=True):
        groups.setdefault(puzzle, []).append(row)

    def of_draw(drawn: Sequence[Rows]) -> float:
        rows = [row for group in drawn for row in group]
        return plain([value for value, _ in rows], [true for _, true in rows])

    return (
        lambda: bootstrap(groups, of_draw),
        lambda: bootstrap_counts(PUZZLES, counted(values, truth, puzzles, PUZZLES)),
    )


def timed(side: Side) -> tuple[float, Interval]:
    began = time.perf_counter()
    found = side()
    return time.perf_counter() - began, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    cases = {f"mean of {tasks} tasks": means(tasks) for tasks in (30, 100, 500)}
    cases |= {f"{name} of {STATES} states": of_states(name) for name in ("auroc", "spearman")}
    print("| | Python, ms | numpy, ms | times as fast, median of pairs | furthest ends apart |\n|---|---|---|---|---|")
    for name, (slow, fast) in cases.items():
        pairs = [(timed(slow), timed(fast)) for _ in range(asked.pairs)]
        before, after = (median(pair[side][0] for pair in pairs) * 1000 for side in (0, 1))
        ratio = median(slow_seconds / fast_seconds for (slow_seconds, _), (fast_seconds, _) in pairs)
        one, two = pairs[0][0][1], pairs[0][1][1]
        apart = max(abs(one.low - two.low), abs(one.high - two.high))
        print(f"| {name} | {before:.1f} | {after:.1f} | {ratio:.0f} | {apart:.1g} |")


if __name__ == "__main__":
    main()
