"""The quality of values on the states of a collection: one row a value, with intervals over tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from forethought.common.statistics import Interval, bootstrap
from forethought.common.sums import plain_sum
from forethought.value.diagnostics import auroc, spearman
from forethought.value.siblings import Siblings, by_task, families, total
from forethought.value.targets import Example


@dataclass(frozen=True)
class Row:
    """One value.

    Attributes:
        name: The name of the value.
        siblings: Share of pairs of siblings, with different truth, that are ranked rightly.
        chosen: Mean truth of the child that the value chooses among siblings.
        gain: `chosen` less a choice at random, on the same families.
        auroc: Chance that a state with a truth of 0.5 or more is valued above another one.
        spearman: Rank correlation of value and truth over all states.
        brier: Mean squared difference of value and truth.
    """

    name: str
    siblings: Interval | None
    chosen: Interval | None
    gain: Interval | None
    auroc: float
    spearman: float
    brier: float


def rows(examples: Sequence[Example], values: Mapping[str, Sequence[float]], truth: Sequence[float]) -> list[Row]:
    """The rows of values on the same states.

    Args:
        examples: The states.
        values: By name, the values of the states, in [0, 1].
        truth: The truth of each state, in [0, 1].
    """
    groups = families(examples)
    found = []
    for name, given in values.items():
        tasks = by_task(given, truth, groups)
        brier = plain_sum((v - t) ** 2 for v, t in zip(given, truth, strict=True)) / len(truth)
        found.append(
            Row(
                name,
                over_tasks(tasks, lambda s: s.right / s.pairs if s.pairs else float("nan")),
                over_tasks(tasks, lambda s: s.chosen / s.families if s.families else float("nan")),
                over_tasks(tasks, lambda s: (s.chosen - s.mean) / s.families if s.families else float("nan")),
                auroc(given, truth),
                spearman(given, truth),
                brier,
            )
        )
    return found


def over_tasks(tasks: Mapping[int, Siblings], statistic: Callable[[Siblings], float]) -> Interval | None:
    """The statistic of all tasks with its interval over tasks; None where no siblings differ in truth."""
    return bootstrap(tasks, lambda parts: statistic(total(parts))) if tasks else None


def oracle_and_random(examples: Sequence[Example], truth: Sequence[float]) -> tuple[float, float]:
    """The mean truth of the best sibling, and of a sibling at random; NaN without siblings of different truth."""
    counts = total(list(by_task(truth, truth, families(examples)).values()))
    if not counts.families:
        return float("nan"), float("nan")
    return counts.best / counts.families, counts.mean / counts.families


def markdown(found: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| value | siblings | chosen | gain | AUROC | Spearman | Brier |", "|---|---|---|---|---|---|---|"]
    for row in found:
        cells = [row.name, *(str(part) if part else "-" for part in (row.siblings, row.chosen, row.gain))]
        cells += ["-" if isnan(number) else f"{number:.3f}" for number in (row.auroc, row.spearman, row.brier)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
