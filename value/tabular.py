"""A value by table, for exact checks of the method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forethought.common.sums import plain_sum
from forethought.search import Estimate, Query
from forethought.value.targets import Example


class TabularValue:
    """What was last learnt of a state key; `default` for keys never seen."""

    def __init__(self, table: dict[bytes, float] | None = None, default: float = 0.5) -> None:
        self.table = table or {}
        self.default = default

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """The table's value of each query's position; the default for an unknown position."""
        return [Estimate(self.table.get(query.key, self.default)) for query in queries]


class TabularTrainer:
    """Learns a table from scratch each round: the mean target of each state key."""

    def __init__(self, default: float = 0.5) -> None:
        self.default = default

    def initial(self) -> TabularValue:
        """The untrained table: the default everywhere."""
        return TabularValue(default=self.default)

    def fit(self, examples: Sequence[Example], folder: Path | None = None) -> TabularValue:
        """The table of mean targets by position."""
        sums: dict[bytes, list[float]] = {}
        for example in examples:
            sums.setdefault(example.key, []).append(example.target)
        return TabularValue({key: plain_sum(ys) / len(ys) for key, ys in sums.items()}, self.default)
