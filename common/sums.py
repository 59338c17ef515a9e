"""A sum of floats that is the same in every Python: since 3.12 the builtin one carries a compensation along."""

from __future__ import annotations

from collections.abc import Iterable


def plain_sum(numbers: Iterable[float]) -> float:
    """The numbers added one after the other, each sum rounded. The numbers of a set go through math.fsum instead."""
    total = 0.0
    for number in numbers:
        total += number
    return total
