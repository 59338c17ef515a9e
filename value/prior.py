"""The goal-blind prior: the mean label of a page over all goals, the bar that a value of goals has to pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from forethought.common.sums import plain_sum
from forethought.search import Estimate, Query
from forethought.search.node import Context
from forethought.value.targets import Example


def page_of(context: Context) -> str:
    """The newest text without the instruction."""
    return context.observation.replace(context.instruction.strip(), "") if context.instruction else context.observation


class PriorValue:
    """The mean target of a page in training, whatever the goal; the mean of all pages for a page never seen."""

    def __init__(self, examples: Sequence[Example]) -> None:
        """Raises ValueError: no examples."""
        if not examples:
            raise ValueError("the prior of no examples; give at least one")
        targets: dict[str, list[float]] = defaultdict(list)
        for example in examples:
            targets[page_of(example.context)].append(example.target)
        self.table = {page: plain_sum(found) / len(found) for page, found in targets.items()}
        self.default = plain_sum(example.target for example in examples) / len(examples)

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """The prior of each query's page."""
        return [Estimate(self.table.get(page_of(query.context), self.default)) for query in queries]
