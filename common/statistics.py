"""Intervals for reported numbers. Every draw is seeded: the same data give the same interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from statistics import fmean
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
RESAMPLES = 2000
BLOCK = 200  # draws with a statistic computed at once
Z = 1.959963984540054  # the normal distribution's 97.5% point


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95% interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def excludes_zero(self) -> bool:
        """Whether both ends lie on one side of zero."""
        return self.low > 0 or self.high < 0


def share(hits: int, of: int) -> Interval:
    """A success rate with Wilson's score interval (Wilson 1927). Raises ValueError: no trials."""
    if of < 1:
        raise ValueError("a rate needs at least one trial")
    p, n = hits / of, of
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return Interval(p, middle - half if hits else 0.0, middle + half if hits < of else 1.0)  # the ends are exact


def mean_interval(scores: Sequence[float]) -> Interval:
    """Wilson's interval for scores of 0 and 1, else a percentile bootstrap over the tasks."""
    if all(score in (0, 1) for score in scores):
        return share(int(sum(scores)), len(scores))
    return bootstrapped_mean(scores)


def paired_difference(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Interval:
    """second - first on the same tasks, both sides drawn together. Raises ValueError: unequal lengths."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} scores are no pairs; compare runs on the same tasks")
    return bootstrapped_mean([b - a for a, b in zip(first, second, strict=True)], seed)


def bootstrapped_mean(numbers: Sequence[float], seed: int = 0) -> Interval:
    """The mean with a percentile bootstrap. Raises ValueError: no numbers."""
    given, totals = np.asarray(numbers, dtype=np.float64), np.zeros(RESAMPLES)
    for drawn in resamples(len(numbers), seed):  # one by one: the order in which np.sum adds is numpy's own
        totals += given.take(drawn)
    return interval(fmean(numbers), totals / len(numbers))


def bootstrap(groups: Mapping[Any, T], statistic: Callable[[Sequence[T]], float], seed: int = 0) -> Interval:
    """A percentile bootstrap (Efron 1979) that draws whole groups, such as all states of one puzzle.

    For a paired difference let each group hold both sides. Draws with a statistic of NaN are left out.
    Raises ValueError: no groups, or a statistic that is NaN for more than half of the draws.
    """
    items = list(groups.values())
    drawn = [statistic([items[i] for i in draw]) for draw in resamples(len(items), seed).T.tolist()]
    return interval(statistic(items), np.array(drawn))


def bootstrap_counts(groups: int, statistic: Callable[[Counts], Floats], seed: int = 0) -> Interval:
    """As `bootstrap`, with the same draws, for a statistic that numpy computes for many draws at once.

    Args:
        groups: The number of groups.
        statistic: Takes how often each group was drawn, `[draws, groups]`, and returns the statistic of each draw,
            `[draws]`. It is called with blocks of draws.
        seed: Seed of the draws.

    Raises:
        ValueError: no groups, or a statistic that is NaN for more than half of the draws.
    """
    counts = resampled_counts(groups, seed)
    blocks = [statistic(counts[start : start + BLOCK]) for start in range(0, len(counts), BLOCK)]
    return interval(float(statistic(np.ones((1, groups), dtype=np.int64))[0]), np.concatenate(blocks))


@lru_cache(maxsize=2)  # a paired difference and both of its sides draw the same
def resamples(groups: int, seed: int) -> Counts:
    """The groups of each draw, `[groups, RESAMPLES]`, not to be written to. Raises ValueError: no groups.

    RandomState draws them: numpy has frozen that generator (NEP 19), so the draws are the same in every version, while
    those of `default_rng` may change.
    """
    if groups < 1:
        raise ValueError("a bootstrap needs at least one group")
    drawn = np.random.RandomState(seed).randint(groups, size=(groups, RESAMPLES), dtype=np.int64)
    drawn.flags.writeable = False
    return drawn


def resampled_counts(groups: int, seed: int) -> Counts:
    """How often each draw holds each group, `[RESAMPLES, groups]`. Raises ValueError: no groups."""
    flat = resamples(groups, seed) + groups * np.arange(RESAMPLES)
    return np.bincount(flat.ravel(), minlength=RESAMPLES * groups).reshape(RESAMPLES, groups)


def interval(estimate: float, drawn: Floats) -> Interval:
    """The estimate with the 2.5% and 97.5% points of the drawn statistics, NaN left out.

    Raises ValueError: more than half of them are NaN.
    """
    found = np.sort(drawn[~np.isnan(drawn)])
    if len(found) < RESAMPLES / 2:
        raise ValueError("the statistic is undefined for most resamples; use more groups")
    return Interval(estimate, point(found, 0.025), point(found, 0.975))


def point(ascending: Floats, share: float) -> float:
    """The point below which this share of the numbers lies, between two of them in proportion."""
    place = share * (len(ascending) - 1)
    below, above = (float(ascending[min(int(place) + i, len(ascending) - 1)]) for i in (0, 1))
    return below + (above - below) * (place - int(place))
