"""The rules: four numbers, and moves such as "10 - 4" that put a result in the place of two of them.

Puzzles and moves: Yao et al. 2023, arXiv:2305.10601.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from forethought.envs.family import Illegal, shorten
from forethought.envs.game24.spelling import Number, Several, Unreadable, read_move

POINT = re.compile(r"[0-9]?[.,][0-9]")
NUMBER = re.compile(r"-?[0-9]{1,40}(?:/[1-9][0-9]{0,39})?")


def divide(a: Number, b: Number) -> Number:
    """The exact quotient, an integer where it is one."""
    if type(a) is int and type(b) is int:
        return Fraction(a, b) if a % b else a // b
    return a / Fraction(b)


OPS: dict[str, Callable[[Number, Number], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
}


def whole(number: Number) -> Number:
    """A number as an integer where it is one."""
    return number if type(number) is int or number.denominator != 1 else number.numerator


@dataclass(frozen=True, slots=True)
class State:
    """The numbers left, and the moves made so far."""

    left: tuple[Number, ...]  # sorted: equal positions are equal states
    moves: tuple[str, ...] = field(default=(), compare=False)  # oldest first; not part of the position


def initial(puzzle: str) -> State:
    """The state of a puzzle such as "4 5 6 10". Raises ValueError: a text that is no row of numbers."""
    return State(tuple(sorted(map(number, puzzle.split()))))


def number(text: str) -> Number:
    """The number of a text. Raises ValueError: neither an integer nor a fraction."""
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{shorten(text)} is no number; write an integer or a fraction such as 8/3")
    return whole(Fraction(text))


def play(state: State, action: str) -> State:
    """The state after a move such as "10 - 4", in any spelling.

    Raises Illegal: no move, a number that is not left, division by zero.
    """
    left = list(state.left)
    try:
        first, op, second = read_move(action, left)
        a, b = taken(left, first), taken(left, second)
        result = whole(OPS[op](a, b))
    except (ValueError, ZeroDivisionError) as error:
        several = f": {error}" if isinstance(error, Several) else ""
        rounded = "; a rounded number has two digits or more behind the point" if POINT.search(action) else ""
        raise Illegal(
            f"cannot play {shorten(action)} with '{numbers(state)}' left{several}; "
            f"write '<number> <op> <number>', op one of {' '.join(OPS)}{rounded}"
        ) from error
    left.append(result)
    left.sort()
    return State(tuple(left), (*state.moves, f"{first} {op} {second} = {result}"))


def taken(left: list[Number], spelling: str) -> Number:
    """The number of this spelling, which is then left no more."""
    return left.pop(next(place for place, number in enumerate(left) if str(number) == spelling))


def canonical(state: State, action: str) -> str:
    """The spelling of a move that `moves` would list; a text that is no move as it is."""
    try:
        return " ".join(read_move(action, state.left))
    except Unreadable:
        return action


def moves(state: State) -> tuple[str, ...]:
    """Every move worth listing: both orders of - and /, one of + and *; equal texts once."""
    left = state.left
    found: dict[str, None] = {}
    for i, a in enumerate(left):
        for b in left[i + 1 :]:
            found[f"{a} + {b}"] = None
            found[f"{a} * {b}"] = None
            found[f"{b} - {a}"] = None
            found[f"{a} - {b}"] = None
            if a:
                found[f"{b} / {a}"] = None
            if b:
                found[f"{a} / {b}"] = None
    return tuple(found)


def numbers(state: State) -> str:
    """The numbers left, as a text."""
    return " ".join(map(str, state.left))


def observe(state: State) -> str:
    """ "10 - 4 = 6 (left: 5 6 6)"; before the first move "(left: 4 5 6 10)"."""
    last = f"{state.moves[-1]} " if state.moves else ""
    return f"{last}(left: {numbers(state)})"
