"""Transpositions: an answer of a model about a position is used for every node of the tree with that position.

The tree stays a tree, each node with its own path and its own counts; only the models' answers are merged.
So every algorithm has transpositions without knowing of them, wherever models are functions of the position it
grows the very same tree as without, and a cycle of positions (a page and the way back to it) is no cycle of nodes.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from forethought.search.estimates import NO_USAGE, Estimate, Proposals
from forethought.search.models import Query


class Positions:
    """The answers of one task by (kind of question, state key, memory and attempt, ordinal): the first path's hold.

    The ordinal separates repeated questions about one node, which sample anew. Questions about imagined states have
    no key and are not shared; only the kinds in `kinds` are.
    """

    def __init__(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds
        self._answers: dict[Any, Any] = {}

    def fresh(self, kind: str, queries: Sequence[Any]) -> list[Any]:
        """The queries without a known answer; of equal queries the first."""
        if kind not in self.kinds:
            return list(queries)
        new: dict[Any, Any] = {}
        for query in queries:
            place = place_of(kind, query)
            if place is None or place not in self._answers:
                new.setdefault(id(query) if place is None else place, query)
        return list(new.values())

    def whole(self, kind: str, queries: Sequence[Any], answers: Sequence[Any]) -> list[Any]:
        """One answer for each query, given the answers to its fresh queries: a known answer is free."""
        if kind not in self.kinds:
            return list(answers)
        new, given, seen = iter(answers), list[Any](), ChainMap[Any, Any]({}, self._answers)
        for query in queries:
            place = place_of(kind, query)
            if place is not None and place in seen:
                given.append(free(seen[place]))
                continue
            given.append(next(new))
            if place is not None:
                seen[place] = given[-1]
        return given

    def learn(self, kind: str, queries: Sequence[Any], answers: Sequence[Any]) -> None:
        """Keep answers, live or replayed."""
        if kind in self.kinds:
            for query, answer in zip(queries, answers, strict=True):
                if (place := place_of(kind, query)) is not None:
                    self._answers.setdefault(place, answer)


def place_of(kind: str, query: Query) -> Any:
    """The key of a query: queries with equal keys share an answer; None if it shares none."""
    node = query.node
    if node.imagined:
        return None
    return kind, query.key, query.num_children, node.memory, node.ancestors[0].attempt, node.num_queries


def free(answer: Any) -> Any:
    """The same answer, paid before."""
    return replace(answer, usage=NO_USAGE) if isinstance(answer, Estimate) else Proposals(answer)


def shared(policy: object, value: object) -> frozenset[str]:
    """The kinds of questions with answers that depend on the position alone, as the models declare.

    Raises ValueError: the value model does not.
    """
    if not getattr(value, "markov", False):
        raise ValueError(
            f"transpositions need a value that depends on the position alone, and {type(value).__name__} does not say "
            "so of itself (markov = True); run without, or take such a value"
        )
    return frozenset({"evaluate", "expand"} if getattr(policy, "markov", False) else {"evaluate"})
