"""A stream of random choices that is the same on every platform and in every Python."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


class Chance:
    """Draws from Python's Mersenne Twister through random() alone: no version of Python has changed its numbers."""

    __slots__ = ("random",)

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed).random

    def happens(self, share: float) -> bool:
        return self.random() < share

    def below(self, count: int) -> int:
        return int(self.random() * count)

    def between(self, first: int, last: int) -> int:
        """A whole number, both ends included."""
        return first + int(self.random() * (last + 1 - first))

    def low(self) -> float:
        """From 0 to 1, low ones more often. Products and square roots alone are exact on every platform, powers not."""
        first = self.random()
        return first * (0.4 + 0.6 * first)

    def high(self) -> float:
        """From 0 to 1, high ones more often."""
        return math.sqrt(self.random())

    def pick(self, things: Sequence[Thing]) -> Thing:
        return things[int(self.random() * len(things))]

    def some(self, things: Sequence[Thing], count: int) -> list[Thing]:
        """`count` of them or all, none twice, in random order."""
        left = list(things)
        end = len(left)
        for place in range(min(count, end)):
            other = place + int(self.random() * (end - place))
            left[place], left[other] = left[other], left[place]
        return left[:count]
