"""The models of a search: a policy, a value model and a responder, and the queries that they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from forethought.common.seeds import seed_of
from forethought.envs.simulator import speller
from forethought.search.estimates import NO_USAGE, Estimate, Proposal, Reply, Usage
from forethought.search.node import Context, Node


class Query:
    """The node that a policy or a value model is asked about. Prompts are made from `context` and `actions` only."""

    __slots__ = ("_actions", "_run_seed", "node", "num_children", "rendered")

    def __init__(
        self, node: Node, num_children: int | None, run_seed: int, actions: tuple[str, ...] | None = None
    ) -> None:
        self.node = node
        self.num_children = num_children  # at most so many proposals; None: all there are
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
        return seed_of(self._run_seed, self.node.task, self.node.seed_path, self.node.num_queries)


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """A question to a language model about one node: its context, the role of the prompt, the seed of the reply.

    `action` is what an imagination is about.
    """

    context: Context
    role: str
    seed: int
    action: str = ""


class Policy(Protocol):
    def propose(self, queries: Sequence[Query]) -> Sequence[Sequence[Proposal]]:
        """For each query its proposals, the likeliest first, at most `query.num_children` of them."""


class Value(Protocol):
    def evaluate(self, queries: Sequence[Query]) -> Sequence[Estimate]:
        """For each query the estimate of its node."""


class Responder(Protocol):
    def respond(self, requests: Sequence[PromptRequest]) -> Sequence[Reply]:
        """For each request a reply."""


@runtime_checkable
class Bounded(Protocol):
    """A policy, value or responder with costs. It states the worst case before a call.

    Budgets reserve this before they ask. A model that is not Bounded is free, and an answer that costs more than
    its worst case is an error of the wrapper of the model.
    """

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage: ...


def wasted_usage(error: BaseException) -> Usage:
    """Usage already paid for the answers of a failed call. Its error gives it once, by `take_unbilled_usage()`."""
    take = getattr(error, "take_unbilled_usage", None)
    return take() if take is not None else NO_USAGE


def raises_bound(error: BaseException) -> bool:
    """Whether a model has found, before it asked for more, that its worst case was too low: the engine reserves the
    new one and asks again. The model keeps its answers until then, or gives their usage by `take_unbilled_usage()`."""
    return bool(getattr(error, "bound_raised", False))


def keeps(error: BaseException) -> bool:
    """Whether the model that raised it has kept the good replies of its batch for a second call."""
    return bool(getattr(error, "kept", False))


def is_remote(model: object) -> bool:
    """Whether a model runs on another machine, and may be called from several threads at once."""
    return bool(getattr(model, "is_remote", False))
