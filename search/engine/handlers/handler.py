"""The interface of a kind of paid request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from forethought.search.engine.budget import Ledger
from forethought.search.estimates import NO_USAGE, Usage
from forethought.search.models import Bounded, PromptRequest, Query

Q = TypeVar("Q", Query, PromptRequest)  # the question to the model
A = TypeVar("A")  # its answer to one question


class RequestHandler(Protocol[Q, A]):
    """One kind of request. A request makes one or more queries; its answer has one part for each."""

    name: str  # of the kind, in the journal
    is_remote: bool  # its model runs elsewhere, and may be asked from several threads at once
    plays: bool  # its children are made by steps of the world, one each
    bounded: Bounded | None  # the model, if it states what a query can cost; otherwise its answers are free

    def needs_model(self, request: Any) -> bool:
        """Whether a model must be asked. Raises PrivilegeError, TypeError: the search must not ask this."""

    def free_answer(self, request: Any) -> Any:
        """The answer to a request that needs no model."""

    def queries(self, request: Any, seed: int) -> tuple[list[Q], int]:
        """The queries of a request, and how many children they can make at the most."""

    def ask(self, queries: Sequence[Q]) -> Sequence[A]:
        """The answers of the model, one for each query."""
        ...

    def question_digest(self, request: Any) -> str:
        """A digest of the question: see question_digest.py."""

    def bills(self, answers: Iterable[A]) -> list[Usage]:
        """The usage of each fresh answer that was paid. Raises TypeError: one is no answer at all."""

    def check(self, answers: Iterable[A]) -> None:
        """Raises ValueError, TypeError: an answer that no search can use."""

    def dump(self, answer: A) -> Any:
        """An answer as JSON, for the journal."""

    def load(self, data: Any) -> A:
        """An answer from its JSON. Raises ValueError, TypeError: the JSON is damaged."""
        ...

    def apply(self, request: Any, answers: Sequence[A], spent: Ledger) -> Any:
        """Use the answers, live or replayed from the journal; return the answer to the search."""


def bounded(model: object) -> Bounded | None:
    """The model, if it states the worst case of a query; None if its answers are free."""
    return model if isinstance(model, Bounded) else None


def worst_case(handler: RequestHandler[Q, Any], queries: Sequence[Q]) -> Usage:
    """The most that the queries can cost."""
    return NO_USAGE if handler.bounded is None else total(map(handler.bounded.worst_case_usage, queries))


def total(usages: Iterable[Usage]) -> Usage:
    """The sum of usages. Most are `NO_USAGE`, so they are left out before the addition."""
    costly = [usage for usage in usages if usage is not NO_USAGE]
    return sum(costly, NO_USAGE) if costly else NO_USAGE
