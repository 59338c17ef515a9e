"""The interface of a task family: pure rules over frozen states, told in text."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

S = TypeVar("S")
T = TypeVar("T", contravariant=True)
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Illegal(ValueError):
    """Raised inside a family's rules when a text cannot be played; `step` turns it into `Step.illegal`."""


@dataclass(slots=True)
class Step(Generic[S]):
    """The result of one action.

    `illegal` is the reason for a refused text; the state is then the previous one. `counted` is true where the family
    counts refused texts as steps: the entry `steps` of the state has then gone up by one. `replayed` is the number of
    steps that a simulator played again to reach this state; it is 0 for pure rules.
    """

    state: S
    observation: str
    reward: float = 0.0
    terminated: bool = False
    illegal: str | None = None
    replayed: int = 0
    counted: bool = False


class TaskFamily(Protocol[S]):
    """All tasks of one kind. Nothing here draws random numbers, reads a clock or holds a handle.

    `step` never mutates, and raises for no text. `key` is equal for states that are the
    same position, in every process. `metrics` is total: on an unfinished state it tells the score of
    the family's forced ending. `terminal_reward` says whether the last observation shows a reward;
    if so it reaches no model.
    """

    name: str
    world: str  # content hash of the data the rules read
    splits: Mapping[str, range]
    terminal_reward: bool

    def __len__(self) -> int: ...
    def initial(self, index: int) -> S:
        """The first state of a task."""
        ...

    def instruction(self, state: S) -> str:
        """The instruction of the state's task."""
        ...

    def opening(self, state: S) -> str:
        """The first text of a task."""
        ...

    def actions(self, state: S) -> tuple[str, ...]:
        """The admissible actions; free text as a template."""
        ...

    def step(self, state: S, action: str) -> Step[S]:
        """The step of an action; a refused one is `illegal`."""
        ...

    def key(self, state: S) -> bytes:
        """Bytes that are equal for equal positions."""
        ...

    def metrics(self, state: S) -> dict[str, Json]:
        """The official figures of the state."""
        ...

    def to_json(self, state: S) -> Json:
        """The state as JSON."""
        ...

    def from_json(self, data: Json) -> S:
        """The state from its JSON. Raises ValueError: no state of this family."""
        ...


@runtime_checkable
class Spelled(Protocol[T]):
    """A family with rules that read one action in several spellings."""

    def canonical(self, state: T, action: str) -> str:
        """The spelling under which a search keeps an action; a text that cannot be played here as it is."""


@runtime_checkable
class Directed(Protocol[T]):
    """A family with actions that lead back: every way from there to an ending passes an earlier position again."""

    def leads_back(self, state: T, action: str) -> bool:
        """Whether an admissible action leads back."""


def shorten(text: str, limit: int = 60) -> str:
    """`text` quoted for an error message: printable, and never longer than a line."""
    return repr(text if len(text) <= limit else text[:limit] + "…")


def told(value: Json) -> str:
    """A value for an error message; only the kind of one that may be too deep or too long to print."""
    short = abs(value) < 10**12 if isinstance(value, int) else not isinstance(value, list | dict)
    return shorten(str(value)) if short else type(value).__name__


def described(error: BaseException) -> str:
    """An error of somebody else's code in a sentence: its class, its message, and the line that raised it."""
    trace = traceback.extract_tb(error.__traceback__)
    where = f", {Path(trace[-1].filename).name}:{trace[-1].lineno}" if trace else ""
    return f"{type(error).__name__}: {str(error)[:200]}{where}" if str(error) else f"{type(error).__name__}{where}"
