"""How well values agree with the truth, or with one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ranks(numbers: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1, ties sharing their mean rank. `[n] -> [n]`"""
    _, place, counts = np.unique(np.asarray(numbers, dtype=np.float64), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared: NDArray[np.float64] = (ends - (counts - 1) / 2)[place]
    return shared


def auroc(values: Sequence[float], truth: Sequence[float]) -> float:
    """The chance that a positive is valued above a negative, ties counting half; NaN without both kinds.

    A state is positive if its true value is at least 0.5.
    """
    positive = np.asarray(truth) >= 0.5
    count = int(positive.sum())
    if count in (0, len(positive)):
        return float("nan")
    above = ranks(values)[positive].sum() - count * (count + 1) / 2
    return float(above / (count * (len(positive) - count)))


def spearman(values: Sequence[float], truth: Sequence[float]) -> float:
    """The correlation of the ranks, ties sharing theirs; NaN where either side is constant."""
    a, b = centred(values), centred(truth)
    spread = int(a @ a) * int(b @ b)
    return int(a @ b) / sqrt(spread) if spread else float("nan")


def centred(numbers: ArrayLike) -> NDArray[np.int64]:
    """Twice the distance of each rank from the mean rank: whole, so sums of products are exact on every machine."""
    found = ranks(numbers)
    return (2 * found).astype(np.int64) - (len(found) + 1)


# The same for bootstrap draws: functions of how often each draw holds each group, `[draws, groups] -> [draws]`. All
# sums are of whole numbers below 2**53, so floats hold them exactly, in whatever order a library adds them.

OfCounts = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def auroc_of_counts(values: Sequence[float], truth: Sequence[float], group_of: Sequence[int], groups: int) -> OfCounts:
    """`auroc` of draws of groups; `group_of` is the number of each state's group, from 0 on."""
    positive = np.asarray(truth) >= 0.5
    group = np.asarray(group_of, dtype=np.int64)
    wins = by_group(twice_above(values)[positive], ~positive, group, groups)  # of each positive over negatives
    pairs = np.zeros((groups, groups))
    np.add.at(pairs, group[positive], wins)
    positives, negatives = (np.bincount(group[side], minlength=groups).astype(float) for side in (positive, ~positive))

    def statistic(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        weights = counts.astype(float)
        total = 2 * (weights @ positives) * (weights @ negatives)
        with np.errstate(invalid="ignore"):
            return np.asarray(((weights @ pairs) * weights).sum(axis=1) / total)

    return statistic


def spearman_of_counts(
    values: Sequence[float], truth: Sequence[float], group_of: Sequence[int], groups: int
) -> OfCounts:
    """`spearman` of draws of groups; `group_of` is the number of each state's group, from 0 on."""
    group = np.asarray(group_of, dtype=np.int64)
    everything = np.ones(len(group), dtype=bool)
    sides = [by_group(twice_above(numbers), everything, group, groups) for numbers in (values, truth)]

    def statistic(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        states = counts.astype(float).T[group]  # [states, draws]
        a, b = (side @ counts.T.astype(float) - states.sum(axis=0) for side in sides)  # twice the centred ranks
        spread = (states * a * a).sum(axis=0) * (states * b * b).sum(axis=0)
        with np.errstate(invalid="ignore"):
            return np.asarray((states * a * b).sum(axis=0) / np.sqrt(spread))

    return statistic


def twice_above(numbers: ArrayLike) -> NDArray[np.float64]:
    """2 where the number of a row is above that of a column, 1 where they are equal, else 0. `[n] -> [n, n]`"""
    given = np.asarray(numbers, dtype=np.float64)
    return 1 + np.sign(given[:, None] - given[None, :])


def by_group(
    table: NDArray[np.float64], columns: NDArray[np.bool_], group: NDArray[np.int64], groups: int
) -> NDArray[np.float64]:
    """The chosen columns added up by group. `[rows, n] -> [rows, groups]`"""
    member = np.zeros((len(group), groups))
    member[np.arange(len(group)), group] = columns
    return np.asarray(table @ member)
