"""How well values agree with the truth, or with one another."""

from __future__ import annotations

from collections.abc import Sequence
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
