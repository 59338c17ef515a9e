"""The quality of a value among the children of one state: the only comparisons that a search makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from forethought.common.sums import plain_sum
from forethought.value.targets import Example


@dataclass(frozen=True)
class Family:
    """The children of one state: the places of their examples, and their task."""

    task: int
    places: tuple[int, ...]


def families(examples: Sequence[Example]) -> list[Family]:
    """The states of two or more children; siblings are different positions below the same parent of a task."""
    groups: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        if example.parent:
            groups[example.task, example.parent].append(place)
    return [Family(task, tuple(places)) for (task, _), places in groups.items() if len(places) > 1]


@dataclass(frozen=True)
class Siblings:
    """Counts of one task.

    Attributes:
        right: Pairs of siblings with different truth that the value ranks rightly; a tie counts half.
        pairs: All such pairs.
        chosen: Sum over families of the truth of the child with the highest value; ties share it.
        mean: Sum over families of the mean truth of the children: a choice at random.
        best: Sum over families of the highest truth: the oracle.
        families: Families in which children differ in truth.
    """

    right: float
    pairs: int
    chosen: float
    mean: float
    best: float
    families: int


def by_task(values: Sequence[float], truth: Sequence[float], groups: Sequence[Family]) -> dict[int, Siblings]:
    """The counts of each task; families without a difference in truth say nothing and are left out."""
    v, t = np.asarray(values, dtype=float), np.asarray(truth, dtype=float)
    found: dict[int, list[Siblings]] = defaultdict(list)
    for family in groups:
        places = list(family.places)
        mine, true = v[places], t[places]
        if true.min() == true.max():
            continue
        top = mine == mine.max()
        right, pairs = ranked_rightly(mine, true)
        chosen, mean = fmean(true[top].tolist()), fmean(true.tolist())
        one = Siblings(right, pairs, chosen, mean, float(true.max()), 1)
        found[family.task].append(one)
    return {task: total(parts) for task, parts in found.items()}


def ranked_rightly(values: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, int]:
    """The pairs of different truth that are ranked rightly, ties counting half, and all pairs of different truth."""
    order = np.sign(truth[:, None] - truth[None, :])
    given = np.sign(values[:, None] - values[None, :])
    upper = np.triu(order != 0, 1)
    return plain_sum((0.5 * (1 + order * given))[upper].tolist()), int(upper.sum())


def total(parts: Sequence[Siblings]) -> Siblings:
    """The counts of several parts together."""
    return Siblings(
        plain_sum(part.right for part in parts),
        sum(part.pairs for part in parts),
        plain_sum(part.chosen for part in parts),
        plain_sum(part.mean for part in parts),
        plain_sum(part.best for part in parts),
        sum(part.families for part in parts),
    )


def accuracy(values: Sequence[float], truth: Sequence[float], groups: Sequence[Family]) -> float:
    """The share of pairs of siblings ranked rightly; NaN where no siblings differ in truth."""
    counts = total(list(by_task(values, truth, groups).values()))
    return counts.right / counts.pairs if counts.pairs else float("nan")
