"""The exact value of any position, by looking at all of it."""

from __future__ import annotations

from functools import lru_cache

from forethought.envs.game24.rules import OPS, State
from forethought.envs.game24.spelling import Number

GOAL = 24


def exact_value(state: State) -> float:
    """1.0 if 24 can be reached from here with every number left used once, else 0.0."""
    return float(solvable(tuple(sorted(state.left))))


@lru_cache(maxsize=1 << 20)
def solvable(left: tuple[Number, ...]) -> bool:
    """The same for bare sorted numbers. At most 36 * 18 * 6 positions lie under four numbers."""
    if len(left) == 1:
        return left[0] == GOAL
    for i, a in enumerate(left):
        for j, b in enumerate(left):
            if i == j:
                continue
            rest = [n for k, n in enumerate(left) if k not in (i, j)]
            for symbol, op in OPS.items():
                if (symbol in "+*" and i > j) or (symbol == "/" and not b):
                    continue
                if solvable(tuple(sorted([*rest, op(a, b)]))):
                    return True
    return False
