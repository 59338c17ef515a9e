"""The interface of a language model: texts and log-probabilities, always in lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_not
from typing import Any, Protocol, runtime_checkable

from forethought.envs import Json
from forethought.search import Usage


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling of a text. `temperature` 0 is greedy; a text ends before the first of the `stop` texts."""

    temperature: float = 0.0
    max_tokens: int = 64
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a completion: a prompt, its sampling, and the seed of its draws."""

    prompt: str
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply: its text without the reasoning part, and its cost.

    `rationale` is the reasoning part, "" without one. `truncated`: the reply ended at the token limit. `refusal` is the
    reason why the model will never answer this request (a prompt beyond its context, a content filter), in one line;
    the text is then empty, and another request would be refused too.
    """

    text: str
    usage: Usage
    rationale: str = ""
    truncated: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A request for the log-probability of each continuation right after the prompt.

    A continuation at the start of a longer one of the list ("1" and "10") counts only without the rest of the longer
    one.
    """

    prompt: str
    continuations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """The requested log-probabilities; none if the model will never answer, with the reason in `refusal`."""

    log_probabilities: tuple[float, ...]  # natural logarithms, one a continuation
    usage: Usage
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class HeadValue:
    """The value of a prompt by a trained head, in [0, 1], and its cost; with a `refusal` it is 0."""

    value: float
    usage: Usage
    refusal: str = ""


@runtime_checkable
class Headed(Protocol):
    """A model that may have a value head; `head_prompt` is the digest of the prompt file it was trained with."""

    head_prompt: str | None

    def head_values(self, prompts: Sequence[str]) -> list[HeadValue]:
        """The value of each prompt. Raises ValueError: the model has no head."""
        ...


def unread(reply: Completion) -> Usage:
    """The counts of a reply that could not be read, to be added to its usage."""
    refused = bool(reply.refusal)
    return Usage(parse_failures=1, truncated=int(reply.truncated and not refused), refused=int(refused))


def dump_completion(answer: Completion) -> list[Json]:
    """A completion for a file: `[text, usage, rationale, truncated, refusal]`, without defaults at its end."""
    return trimmed([answer.text, list(answer.usage.counts), answer.rationale, answer.truncated, answer.refusal])


def dump_scores(answer: Scores) -> list[Json]:
    """Scores for a file: `[log-probabilities, usage, refusal]`, without defaults at their end."""
    return trimmed([list(answer.log_probabilities), list(answer.usage.counts), answer.refusal])


def trimmed(parts: list[Json]) -> list[Json]:
    """The first two parts, and all others up to the last part that differs from its default."""
    while len(parts) > 2 and not parts[-1]:
        parts = parts[:-1]
    return parts


def load_completion(data: object) -> Completion:
    """The completion of such data. Raises ValueError, TypeError: no completion."""
    text, usage, *rest = as_list(data)
    kinds = (str, bool, str)
    if type(text) is not str or len(rest) > len(kinds) or any(map(is_not, map(type, rest), kinds)):
        raise TypeError(f"expected a completion, found {data!r:.80}")
    return Completion(text, load_counts(usage), *rest)


def load_scores(data: object) -> Scores:
    """The scores of such data. Raises ValueError, TypeError: no scores."""
    scores, usage, *rest = as_list(data)
    if len(rest) > 1 or any(type(refusal) is not str for refusal in rest):
        raise TypeError(f"expected scores, found {data!r:.80}")
    return Scores(tuple(map(float, as_list(scores))), load_counts(usage), *rest)


def load_counts(data: object) -> Usage:
    """A usage from its list of counts. Raises TypeError or ValueError: no such list."""
    return Usage(*map(int, as_list(data)))


def as_list(data: object) -> list[Any]:
    """The data, checked to be a list. Raises TypeError: another type."""
    if not isinstance(data, list):
        raise TypeError(f"expected a list, found {data!r:.80}")
    return data


class LM(Protocol):
    """A language model. `name` and `content` (a hash of its weights, or of its address) go into the manifest."""

    name: str
    content: str

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The completion of each request, in the order of the requests."""
        ...

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """The log-probabilities of each request's continuations, in the order of the requests."""
        ...

    def count(self, text: str) -> int:
        """The tokens of a text, for bounds: as many as its bill will count, or more."""


@runtime_checkable
class Learns(Protocol):
    """A model that learns the parameters of its server, and calls `on_learnt` with them (server/parameters.py)."""

    on_learnt: Callable[[dict[str, Any]], None] | None

    def recall(self, told: Mapping[str, Any]) -> None:
        """Take over the parameters that an earlier process has learnt."""
        ...


@runtime_checkable
class BoundsCompletions(Protocol):
    """A model with its own bound of a completion."""

    def bound_of_completion(self, request: Request) -> Usage:
        """The highest possible usage of a completion."""
        ...


@runtime_checkable
class BoundsScores(Protocol):
    """A model with its own bound of a score request."""

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        """The highest possible usage of a score request."""
        ...


def bound_of_completion(lm: LM, request: Request) -> Usage:
    """The highest possible usage of a request: its prompt, and as many tokens as it may write.

    A model that may write more tokens has a `bound_of_completion` of its own.
    """
    if isinstance(lm, BoundsCompletions):
        return lm.bound_of_completion(request)
    return Usage(calls=1, prompt=lm.count(request.prompt), completion=request.sampling.max_tokens)


def bound_of_score(lm: LM, request: ScoreRequest) -> Usage:
    """The highest possible usage of a score request: its prompt once, for continuations are read and not written.

    A model that reads a prompt more than once has a `bound_of_score` of its own.
    """
    if isinstance(lm, BoundsScores):
        return lm.bound_of_score(request)
    return Usage(calls=1, prompt=lm.count(request.prompt))
