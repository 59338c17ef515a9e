"""Intervals for reported numbers. Every draw is seeded: the same data give the same interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from statistics import fmean
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
RESAMPLES = 2000
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
    return bootstrap(dict(enumerate(scores)), lambda drawn: fmean(drawn))


def bootstrap(groups: Mapping[Any, T], statistic: Callable[[Sequence[T]], float], seed: int = 0) -> Interval:
    """A percentile bootstrap (Efron 1979) that draws whole groups, such as all states of one puzzle.

    For a paired difference let each group hold both sides. Draws with a statistic of NaN are left out.
    Raises ValueError: no groups, or a statistic that is NaN for more than half of the draws.
    """
    items = list(groups.values())
    if not items:
        raise ValueError("a bootstrap needs at least one group")
    draws = np.random.default_rng(seed).integers(len(items), size=(RESAMPLES, len(items)))
    found = [value for draw in draws if not isnan(value := statistic([items[i] for i in draw]))]
    if len(found) < RESAMPLES / 2:
        raise ValueError("the statistic is undefined for most resamples; use more groups")
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(statistic(items), float(low), float(high))


def paired_difference(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Interval:
    """second - first on the same tasks, both sides drawn together. Raises ValueError: unequal lengths."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} scores are no pairs; compare runs on the same tasks")
    return bootstrap(
        dict(enumerate(zip(first, second, strict=True))), lambda pairs: fmean(b - a for a, b in pairs), seed
    )
