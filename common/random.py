"""Random draws made from `random()` alone: the other methods of `random.Random` may change between versions of Python.

`random()` of a seed is fixed by the documentation of Python's `random` module.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, exp, log, pi, sqrt
from random import Random
from typing import TypeVar

T = TypeVar("T")


def uniform(draw: Random) -> float:
    """Between 0 and 1, both excluded, so that its logarithm is finite and not 0."""
    while not (u := draw.random()):
        pass
    return u


def below(draw: Random, count: int) -> int:
    """A number from 0 to `count` - 1."""
    return int(draw.random() * count)


def sample(draw: Random, items: Sequence[T], count: int) -> list[T]:
    """`count` of the items without replacement, in random order."""
    return [item for _, _, item in sorted((draw.random(), place, item) for place, item in enumerate(items))[:count]]


def normal(draw: Random, mean: float = 0.0, deviation: float = 1.0) -> float:
    """Box & Muller 1958, the first of their pair."""
    return mean + deviation * sqrt(-2 * log(uniform(draw))) * cos(2 * pi * uniform(draw))


def gumbel(draw: Random) -> float:
    """Standard, by inversion. The k largest of log p + Gumbel are k draws without replacement (Kool et al. 2019)."""
    return -log(-log(uniform(draw)))


def gamma(draw: Random, shape: float) -> float:
    """Of scale 1: Marsaglia & Tsang 2000, "A simple method for generating gamma variables"; `shape` is positive."""
    if shape < 1:  # their section 6
        return gamma(draw, shape + 1) * exp(log(uniform(draw)) / shape)
    d = shape - 1 / 3
    while True:
        x = normal(draw)
        v = (1 + x / sqrt(9 * d)) ** 3
        if v > 0 and log(uniform(draw)) < x * x / 2 + d * (1 - v + log(v)):
            return d * v


def chi_square(draw: Random, freedom: float) -> float:
    """With `freedom` degrees of freedom, not necessarily a whole number."""
    return 2 * gamma(draw, freedom / 2)


def beta(draw: Random, a: float, b: float) -> float:
    """From two gamma draws; `a` and `b` are positive, and at least one is not tiny (0.1 will do)."""
    x = gamma(draw, a)
    return x / (x + gamma(draw, b))
