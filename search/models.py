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
        """The context of the node: all that a prompt may show of it."""
        return self.node.context

    @property
    def actions(self) -> tuple[str, ...]:
        """The admissible actions, templates such as "search[<query>]" too; none for an imagined state."""
        if self._actions is None:
            self._actions = () if self.node.imagined else self.node.world.actions(self.node.state)
        return self._actions

    @property
    def done(self) -> bool:
        """Whether the node is an ending."""
        return self.node.done

    @property
    def proven(self) -> bool:
        """Whether the node is a real ending: its observation is a proof, that of an imagined ending is none."""
        return self.node.done and not self.node.imagined

    @property
    def task(self) -> int:
        """The number of the node's task in its family."""
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
        """The spelling of an action in the search tree: equal actions become equal texts."""
        node = self.node
        return action if node.imagined else speller(node.world)(node.state, action)

    @property
    def seed(self) -> int:
        """The seed of (run seed, task, path of the node, ordinal of the question); the order of calls has no effect."""
        return seed_of(self._run_seed, self.node.task, self.node.seed_path, self.node.num_queries)


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """A question to a language model about one node: its context, the role of the prompt, the seed of the reply.

    `action` is the action to imagine; "" for other roles.
    """

    context: Context
    role: str
    seed: int
    action: str = ""


class Policy(Protocol):
    """Proposes actions: a language model, a rule, or a user's own class with this method."""

    def propose(self, queries: Sequence[Query]) -> Sequence[Sequence[Proposal]]:
        """For each query its proposals, the likeliest first, at most `query.num_children` of them."""


class Value(Protocol):
    """Estimates nodes: a language model, a rule, a trained model, or a user's own class with this method."""

    def evaluate(self, queries: Sequence[Query]) -> Sequence[Estimate]:
        """For each query the estimate of its node."""


class Responder(Protocol):
    """Answers the prompt requests of an algorithm, such as reflections and imaginations."""

    def respond(self, requests: Sequence[PromptRequest]) -> Sequence[Reply]:
        """For each request a reply."""


@runtime_checkable
class Bounded(Protocol):
    """A policy, value or responder with costs. It states the worst case before a call.

    Budgets reserve this before they ask. A model that is not Bounded is free, and an answer that costs more than
    its worst case is an error of the wrapper of the model.
    """

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        """The highest possible usage of the answer to one query or prompt request."""
        ...


def wasted_usage(error: BaseException) -> Usage:
    """Usage already paid for the answers of a failed call. Its error gives it once, by `take_unbilled_usage()`."""
    take = getattr(error, "take_unbilled_usage", None)
    return take() if take is not None else NO_USAGE


def raises_bound(error: BaseException) -> bool:
    """Whether a model has found, before its next request, that its worst case was too low.

    The engine reserves the new worst case and asks again. The model keeps its answers until then, or gives their
    usage by `take_unbilled_usage()`.
    """
    return bool(getattr(error, "bound_raised", False))


def keeps(error: BaseException) -> bool:
    """Whether the model that raised the error keeps the good replies of its batch for a second call."""
    return bool(getattr(error, "kept", False))


def is_remote(model: object) -> bool:
    """Whether a model runs on another machine, and may be called from several threads at once."""
    return bool(getattr(model, "is_remote", False))
