"""What search asks of models: proposals of actions, estimates of value, replies to questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import add
from typing import Protocol, runtime_checkable

from forethought.common.seeds import seed_of
from forethought.envs.simulator import speller
from forethought.search.node import Context, Node


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
        return self.prompt + self.completion

    def __add__(self, other: Usage) -> Usage:
        return Usage(*map(add, self.counts, other.counts))

    @property
    def counts(self) -> tuple[int, ...]:
        """In the order of the fields."""
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
    """The proposals for one query, with their cost. A plain list of proposals is one that cost nothing.

    `refusal` is the reason why the model will never answer this query; the node is then a dead end.
    """

    def __init__(self, items: Iterable[Proposal] = (), usage: Usage = NO_USAGE, refusal: str = "") -> None:
        super().__init__(items)
        self.usage, self.refusal = usage, refusal


@dataclass(slots=True)
class Estimate:
    """A value in [0, 1], the rationale behind it, and what it cost.

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
    """The answer to a free question: a text, its cost, and the reason why the model will never give one, if so."""

    text: str
    usage: Usage = NO_USAGE
    refusal: str = ""


class Query:
    """What a policy or value is asked about. Prompts are made from `context` and `actions` only."""

    __slots__ = ("_actions", "_run_seed", "node", "rendered", "width")

    def __init__(self, node: Node, width: int | None, run_seed: int, actions: tuple[str, ...] | None = None) -> None:
        self.node = node
        self.width = width  # at most so many proposals; None: all there are
        self._run_seed = run_seed
        self._actions = actions
        self.rendered: tuple[object, str] | None = None  # the last prompt made of it, and its text

    @property
    def context(self) -> Context:
        return self.node.context

    @property
    def actions(self) -> tuple[str, ...]:
        """The admissible actions, templates such as "search[<query>]" too; of an imagined state none is known."""
        if self._actions is None:
            self._actions = () if self.node.imagined else self.node.world.actions(self.node.state)
        return self._actions

    @property
    def done(self) -> bool:
        return self.node.done

    @property
    def proven(self) -> bool:
        """Whether it is a real ending, whose observation can prove something; an imagined one cannot."""
        return self.node.done and not self.node.imagined

    @property
    def task(self) -> int:
        return self.node.task

    @property
    def key(self) -> bytes:
        """Equal for equal positions of one task family. Raises ValueError: the state is imagined."""
        if self.node.imagined:
            raise ValueError(
                f"the state after {self.node.action!r} is imagined and has no key; "
                "in imagination, take a value that reads the context, such as lm-text"
            )
        return self.node.world.key(self.node.state)

    def canonical(self, action: str) -> str:
        """The spelling under which the search keeps an action: equal actions become equal texts."""
        node = self.node
        return action if node.imagined else speller(node.world)(node.state, action)

    @property
    def seed(self) -> int:
        """Of (run seed, task, path of the node, ordinal of the question), never of the order of calls."""
        return seed_of(self._run_seed, self.node.task, self.node.place, self.node.asked)


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a language model about one node: its context, the role of the prompt, the seed of the reply.

    `action` is what an imagination is about.
    """

    context: Context
    role: str
    seed: int
    action: str = ""


class Policy(Protocol):
    def propose(self, queries: Sequence[Query]) -> Sequence[Sequence[Proposal]]:
        """For each query its proposals, the likeliest first, at most `query.width` of them."""


class Value(Protocol):
    def evaluate(self, queries: Sequence[Query]) -> Sequence[Estimate]:
        """For each query the estimate of its node."""


class Asker(Protocol):
    def ask(self, questions: Sequence[Question]) -> Sequence[Reply]:
        """For each question a reply."""


@runtime_checkable
class Bounded(Protocol):
    """A policy, value or asker that costs something says beforehand how much at the worst.

    Budgets reserve this before they ask. One that is not Bounded is taken to cost nothing, and an
    answer that costs more than its bound is an error of the wrapper of the model, reported as one.
    """

    def worst_case_usage(self, query: Query | Question) -> Usage: ...


def wasted_usage(error: BaseException) -> Usage:
    """Usage already paid for the answers of a failed call. Its error gives it once, by `take_unbilled_usage()`."""
    take = getattr(error, "take_unbilled_usage", None)
    return take() if take is not None else NO_USAGE


def raises_bound(error: BaseException) -> bool:
    """Whether a model has found, before it asked for more, that its bound was too low: it is reserved for and asked
    again. The model keeps what was answered, or gives its bill by `take_unbilled_usage()`."""
    return bool(getattr(error, "bound_raised", False))


def keeps(error: BaseException) -> bool:
    """Whether the model that raised it has kept the good replies of its batch for whoever asks for them again."""
    return bool(getattr(error, "kept", False))


def is_remote(model: object) -> bool:
    """Whether a model runs on another machine, and may be called from several threads at once."""
    return bool(getattr(model, "is_remote", False))
