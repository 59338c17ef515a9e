"""Game of 24 as a task family: the 1,362 official puzzles, easiest first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from importlib import resources
from typing import Any

from forethought.envs.family import Illegal, Json, Step
from forethought.envs.game24.exact import GOAL
from forethought.envs.game24.rules import State, canonical, initial, moves, number, numbers, observe, play
from forethought.envs.game24.spelling import Number
from forethought.envs.gym import TextEnv

LONGEST = 40  # characters of a puzzle: its results then have no more digits than `number` reads


@cache
def official_puzzles() -> tuple[str, ...]:
    """All solvable multisets of four numbers from 1 to 13, in the order of human difficulty (MIT, Yao et al. 2023)."""
    text = resources.files("forethought.envs.game24").joinpath("puzzles.txt").read_text(encoding="ascii")
    return tuple(text.splitlines())


def own_puzzles(given: Iterable[str]) -> tuple[str, ...]:
    """Puzzles of a user's own, each with single spaces. Raises ValueError: no list of texts."""
    if isinstance(given, str | bytes | bytearray | Mapping | Set) or not isinstance(given, Iterable):
        raise ValueError(
            f"puzzles were given as {type(given).__name__} {given!r:.60}; expected a list of texts in the order of "
            'their tasks, such as ["4 5 6 10", "1 4 5 10"]'
        )
    found = []
    for place, puzzle in enumerate(given):
        if not isinstance(puzzle, str):
            raise ValueError(
                f"puzzle {place} was given as {type(puzzle).__name__} {puzzle!r:.60}; expected a text with a space "
                'between its numbers, such as "4 5 6 10": " ".join(map(str, [4, 5, 6, 10]))'
            )
        found.append(" ".join(puzzle.split()))
    return tuple(found)


class Game24:
    """The family of Game of 24."""

    name = "Game24-v0"
    terminal_reward = False  # "24" or not is the position itself, no reward

    def __init__(self, puzzles: Sequence[str] | None = None) -> None:
        """Raises ValueError: a puzzle that is no text of numbers such as "4 5 6 10", or none at all."""
        self.puzzles = official_puzzles() if puzzles is None else own_puzzles(puzzles)
        self.starts = tuple(map(initial, self.puzzles))
        fit = [
            len(start.left) > 1 and len(puzzle) <= LONGEST
            for start, puzzle in zip(self.starts, self.puzzles, strict=True)
        ]
        if not fit or not all(fit):
            raise ValueError(
                f"a puzzle is two numbers or more in at most {LONGEST} characters; given: {self.puzzles!r:.200}"
            )
        self.world = hashlib.sha256("\n".join(self.puzzles).encode()).hexdigest()[:16]
        count = len(self.puzzles)
        self.splits: Mapping[str, range]
        if puzzles is None:  # the usual test rows 900..999; the rest is free to learn from
            self.splits = {"train": range(900), "test": range(900, 1000), "hard": range(1000, count)}
        else:
            self.splits = {"all": range(count)}

    def __len__(self) -> int:
        return len(self.puzzles)

    def initial(self, index: int) -> State:
        """The first state of a puzzle."""
        return self.starts[index]

    def instruction(self, state: State) -> str:
        """The rules, in one sentence."""
        return "Use every number once with + - * / to make 24. Each move: <number> <op> <number>."

    def opening(self, state: State) -> str:
        """The numbers of the puzzle."""
        return observe(state)

    def actions(self, state: State) -> tuple[str, ...]:
        """Every legal move."""
        return moves(state)

    def canonical(self, state: State, action: str) -> str:
        """The spelling of a move in the search tree, such as "10 - 4"."""
        return canonical(state, action)

    def step(self, state: State, action: str) -> Step[State]:
        """The step of a move; a refused one leaves the state and says the reason."""
        try:
            after = play(state, action)
        except Illegal as error:
            return Step(state, observe(state), illegal=str(error), terminated=len(state.left) == 1)
        ended = len(after.left) == 1
        return Step(after, observe(after), float(ended and after.left[0] == GOAL), ended)

    def key(self, state: State) -> bytes:
        """The numbers left, sorted."""
        return numbers(state).encode()

    def metrics(self, state: State) -> dict[str, Json]:
        """`solved`, and `expression`: the moves so far as one line of arithmetic."""
        return {"solved": state.left == (GOAL,), "expression": expression(state)}

    def to_json(self, state: State) -> Json:
        """The state as JSON, with fractions as texts."""
        return {"left": [str(n) for n in state.left], "moves": list(state.moves)}

    def from_json(self, data: Json) -> State:
        """The state from its JSON. Raises ValueError: no state of a puzzle."""
        if not isinstance(data, dict) or set(data) != {"left", "moves"}:
            raise ValueError("a state has the keys 'left' and 'moves'")
        left, made = data["left"], data["moves"]
        if not isinstance(left, list) or not isinstance(made, list) or not left:
            raise ValueError("'left' and 'moves' are lists, and something is left")
        if not all(isinstance(text, str) for text in (*left, *made)):
            raise ValueError("'left' and 'moves' hold texts")
        return replayed(tuple(sorted(number(str(n)) for n in left)), tuple(map(str, made)))


def replayed(left: tuple[Number, ...], made: tuple[str, ...]) -> State:
    """The state with these numbers and moves, played again from where the moves must have begun.

    Raises ValueError: the rules do not lead there.
    """
    try:
        start = list(left)
        for move in reversed(made):
            first, _, second, _, result = move.split()
            start.remove(number(result))
            start += [number(first), number(second)]
        state = State(tuple(sorted(start)))
        for move in made:
            state = play(state, move.partition(" = ")[0])
    except ValueError as error:
        raise ValueError(f"the moves do not lead to what is left ({error})") from error
    if (state.left, state.moves) != (left, made):
        raise ValueError("the moves do not lead to what is left")
    return state


def expression(state: State) -> str:
    """The moves put into one another: "8 / (3 - (8 / 3))" for a solved "3 3 8 8".

    An unfinished state gives one expression a result that no move has used yet, joined with commas.
    """
    parts: list[tuple[str, str]] = []  # the spelling of a result, and the expression behind it
    for move in state.moves:
        first, op, second, _, result = move.split()
        right, left = take(parts, second), take(parts, first)
        parts.append((result, f"({left} {op} {right})"))
    return ", ".join(text[1:-1] for _, text in parts)


def take(parts: list[tuple[str, str]], spelling: str) -> str:
    """The last term with this spelling, taken from the list; the spelling itself where there is none."""
    for i in range(len(parts) - 1, -1, -1):
        if parts[i][0] == spelling:
            return parts.pop(i)[1]
    return spelling


def make(puzzles: Sequence[str] | None = None, **kwargs: Any) -> TextEnv[State]:
    """The entry point of `gym.make("Game24-v0", puzzles=None)`."""
    return TextEnv(Game24(puzzles), **kwargs)
