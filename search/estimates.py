"""The answers of models, with their costs: proposals of actions, estimates of values, replies to prompts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import add


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of answers: calls of a language model, tokens by kind, and the replies that could not be used.

    `parse_failures` counts replies that could not be read. `truncated` counts those of them that ended at the
    token limit, `refused` those of them that the model will never give (see `Completion.refusal`). `assumed` counts
    replies billed at their bound, because the server sent no usable counts.
    """

    calls: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    parse_failures: int = 0
    truncated: int = 0
    refused: int = 0
    assumed: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of prompts and of completions, cached ones included."""
        return self.prompt + self.completion

    def __add__(self, other: Usage) -> Usage:
        return Usage(*map(add, self.counts, other.counts))

    @property
    def counts(self) -> tuple[int, ...]:
        """All counts, in the order of the fields."""
        return (
            self.calls,
            self.prompt,
            self.cached,
            self.completion,
            self.parse_failures,
            self.truncated,
            self.refused,
            self.assumed,
        )


NO_USAGE = Usage()


@dataclass(slots=True)
class Proposal:
    """An action with its prior probability and, where the model gave one, its rationale."""

    action: str
    prior: float = 1.0
    rationale: str = ""


class Proposals(list[Proposal]):
    """The proposals for one query, with their cost. A plain list of proposals has no cost.

    `refusal` is the reason why the model will never answer this query; the node is then a dead end.
    """

    def __init__(self, items: Iterable[Proposal] = (), usage: Usage = NO_USAGE, refusal: str = "") -> None:
        super().__init__(items)
        self.usage, self.refusal = usage, refusal


@dataclass(slots=True)
class Estimate:
    """A value in [0, 1], its rationale, and its cost.

    `parsed` is False where no reply could be read: the value is then a placeholder, it is counted in
    `usage.parse_failures`, and no training example is made from it. `refusal` is the reason why the model will never
    answer this query; such an estimate is not parsed, and its value is 0.
    """

    value: float
    rationale: str = ""
    usage: Usage = NO_USAGE
    parsed: bool = True
    refusal: str = ""


@dataclass(slots=True)
class Reply:
    """The answer to a prompt request: a text and its cost. `refusal`: the reason why the model will never answer."""

    text: str
    usage: Usage = NO_USAGE
    refusal: str = ""
