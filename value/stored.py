"""States of a collection as queries, so that any value can be asked about them without an environment."""

from __future__ import annotations

from collections.abc import Sequence

from forethought.search import Estimate, Value
from forethought.search.node import Context
from forethought.value.targets import Example

BATCH = 256  # states asked at once


class StoredQuery:
    """An unfinished state of a collection, with all that a value may read of it."""

    num_children = None
    done = proven = False

    def __init__(self, example: Example, seed: int = 0) -> None:
        self.context: Context = example.context
        self.actions: tuple[str, ...] = example.actions
        self.task, self.key, self.seed = example.task, example.key, seed
        self.rendered: tuple[object, str] | None = None


def estimates_of(value: Value, examples: Sequence[Example], seed: int = 0) -> list[Estimate]:
    """The estimates of a value for the states of examples, in their order."""
    found: list[Estimate] = []
    for first in range(0, len(examples), BATCH):
        found += value.evaluate([StoredQuery(e, seed) for e in examples[first : first + BATCH]])  # type: ignore[misc]
    return found


def values_of(value: Value, examples: Sequence[Example], seed: int = 0) -> list[float]:
    """The values of `estimates_of`; 0 where no reply could be read."""
    return [estimate.value for estimate in estimates_of(value, examples, seed)]
