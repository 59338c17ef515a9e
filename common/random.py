"""One generator of random draws, the same on every platform and in every Python.

All draws are made from `random()` alone. The documentation of Python's `random` module fixes the numbers of
`random()` for a seed; the other methods of `random.Random` may change between versions.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import cos, exp, log, pi, sqrt
from typing import TypeVar

T = TypeVar("T")


class Generator:
    """Random draws of a seed, an integer or a text."""

    __slots__ = ("random",)

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(seed).random

    def happens(self, share: float) -> bool:
        """True with the probability `share`."""
        return self.random() < share

    def below(self, count: int) -> int:
        """An integer from 0 to `count` - 1."""
        return int(self.random() * count)

    def between(self, first: int, last: int) -> int:
        """An integer, both ends included."""
        return first + int(self.random() * (last + 1 - first))

    def low(self) -> float:
        """From 0 to 1, low numbers more often. Products and square roots are exact on every platform, powers not."""
        first = self.random()
        return first * (0.4 + 0.6 * first)

    def high(self) -> float:
        """From 0 to 1, high numbers more often."""
        return sqrt(self.random())

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.random() * len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """`count` of the items or all, without replacement, in random order, by `count` draws (Fisher & Yates)."""
        left = list(items)
        end = len(left)
        for place in range(min(count, end)):
            other = place + int(self.random() * (end - place))
            left[place], left[other] = left[other], left[place]
        return left[:count]

    def ranked(self, items: Sequence[T], count: int) -> list[T]:
        """As `some`, by one draw an item. The first items do not depend on `count`, and recorded trees on this."""
        ranks = sorted((self.random(), place) for place in range(len(items)))
        return [items[place] for _, place in ranks[:count]]

    def uniform(self) -> float:
        """Between 0 and 1, both excluded, so that its logarithm is finite and not 0."""
        while not (u := self.random()):
            pass
        return u

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Box & Muller 1958, the first of their pair."""
        return mean + deviation * sqrt(-2 * log(self.uniform())) * cos(2 * pi * self.uniform())

    def gumbel(self) -> float:
        """Standard, by inversion. The k largest log p + Gumbel are k draws without replacement (Kool et al. 2019)."""
        return -log(-log(self.uniform()))

    def gamma(self, shape: float) -> float:
        """Of scale 1: Marsaglia & Tsang 2000, "A simple method for generating gamma variables"; `shape` is positive."""
        if shape < 1:  # their section 6
            return self.gamma(shape + 1) * exp(log(self.uniform()) / shape)
        d = shape - 1 / 3
        while True:
            x = self.normal()
            v = (1 + x / sqrt(9 * d)) ** 3
            if v > 0 and log(self.uniform()) < x * x / 2 + d * (1 - v + log(v)):
                return d * v

    def chi_square(self, freedom: float) -> float:
        """With `freedom` degrees of freedom, not necessarily a whole number."""
        return 2 * self.gamma(freedom / 2)

    def beta(self, a: float, b: float) -> float:
        """From two gamma draws; `a` and `b` are positive, and at least one is not tiny (0.1 will do)."""
        x = self.gamma(a)
        return x / (x + self.gamma(b))
