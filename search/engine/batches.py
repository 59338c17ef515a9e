"""One call of a model for the queries of many searches, and the rescue of good answers if it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forethought.search.engine.handlers.handler import RequestHandler, total
from forethought.search.estimates import Usage
from forethought.search.models import keeps, raises_bound


class Miscounted(RuntimeError):
    """A model gave too many answers or too few."""

    def __init__(self, text: str, cost: Usage) -> None:
        super().__init__(text)
        self.take_unbilled_usage = lambda: cost


@dataclass
class Broken:
    """The queries of one search that have no whole answer: the good parts by place, and the errors of the others."""

    good: dict[int, Any]
    errors: list[Exception]


def ask_all(handler: RequestHandler[Any, Any], groups: Sequence[Sequence[Any]]) -> list[Sequence[Any] | Broken]:
    """The answers of each group. One call for all; if that fails, one call a group, so that only one is lost."""
    queries = groups[0] if len(groups) == 1 else [query for group in groups for query in group]
    try:
        parts = call(handler, queries)
    except Exception as error:
        if len(groups) > 1:
            return [answer for group in groups for answer in ask_all(handler, [group])]
        return [one_by_one(handler, queries, error)]
    if len(groups) == 1:
        return [parts]
    answers, at = list[Sequence[Any] | Broken](), 0
    for group in groups:
        answers.append(parts[at : at + len(group)])
        at += len(group)
    return answers


def call(handler: RequestHandler[Any, Any], queries: Sequence[Any]) -> Sequence[Any]:
    """The answers of the model. Raises Miscounted, TypeError: no answer for each query; and any error of the model."""
    parts = handler.ask(queries) if queries else []
    # A list needs no look at the protocol, which costs more than the rest of this call.
    if type(parts) is not list and (isinstance(parts, str | bytes) or not isinstance(parts, Sequence)):
        raise TypeError(
            f"the model answered {parts!r:.80} to {len(queries)} queries ({handler.name}); "
            "expected a list with an answer for each"
        )
    if len(parts) != len(queries):
        wrong = f"the model gave {len(parts)} answers to {len(queries)} queries ({handler.name})"
        raise Miscounted(wrong, total(handler.bills(parts)))
    return parts


def one_by_one(handler: RequestHandler[Any, Any], queries: Sequence[Any], error: Exception) -> Sequence[Any] | Broken:
    """Ask query by query after a failure: a model that keeps its good replies returns them without a second bill."""
    if len(queries) < 2 or not keeps(error) or raises_bound(error):
        return Broken({}, [error])
    broken = Broken({}, [])
    for place, query in enumerate(queries):
        try:
            broken.good[place] = call(handler, [query])[0]
        except Exception as lone:
            broken.errors.append(lone)
    return broken if broken.errors else list(broken.good.values())
