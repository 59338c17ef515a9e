"""What a language model is to this suite: texts and log-probabilities, always in lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from forethought.search import Usage


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to write a text. `temperature` 0 is greedy; a text ends before the first of the `stop` texts."""

    temperature: float = 0.0
    max_tokens: int = 64
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    prompt: str
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Asks for the log-probability that each continuation comes right after the prompt.

    One that begins a longer one of the list ("1" and "10") counts only where the longer does not follow.
    """

    prompt: str
    continuations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    log_probabilities: tuple[float, ...]  # natural logarithms, one a continuation
    usage: Usage


class LM(Protocol):
    """A language model. `name` and `content` (a hash of what it answers from) go into the manifest."""

    name: str
    content: str

    def complete(self, requests: Sequence[Request]) -> list[Completion]: ...
    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]: ...
    def count(self, text: str) -> int:
        """Tokens of a text: what a prompt will be billed, or more, never less."""


@runtime_checkable
class BoundsCompletions(Protocol):
    def bound_of_completion(self, request: Request) -> Usage: ...


@runtime_checkable
class BoundsScores(Protocol):
    def bound_of_score(self, request: ScoreRequest) -> Usage: ...


def bound_of_completion(lm: LM, request: Request) -> Usage:
    """What a request costs at the worst: its prompt, and as many tokens as may be written.

    A model that may write more than it was allowed says so with a `bound_of_completion` of its own.
    """
    if isinstance(lm, BoundsCompletions):
        return lm.bound_of_completion(request)
    return Usage(calls=1, prompt=lm.count(request.prompt), completion=request.sampling.max_tokens)


def bound_of_score(lm: LM, request: ScoreRequest) -> Usage:
    """What a score request costs at the worst: its prompt once, for the continuations are read, not written.

    A model that needs more than one look says so with a `bound_of_score` of its own.
    """
    if isinstance(lm, BoundsScores):
        return lm.bound_of_score(request)
    return Usage(calls=1, prompt=lm.count(request.prompt))
