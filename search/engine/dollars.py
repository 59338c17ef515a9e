"""The dollars of a run: what answers cost, and whether the next ones may be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from forethought.common.sums import plain_sum
from forethought.search.estimates import NO_USAGE, Usage

Price = Callable[[Usage], float]  # US dollars


class DollarBudget:
    """Holds a limit for all tasks together. What is asked for is reserved, at its worst case.

    `price` is None where nobody knows prices: then nothing is counted. `more` is there where the limit is a share of
    another's: it is asked for the dollars that are lacking, grants what it has of them, and takes back what it is asked
    for below 0. Raises ValueError: a limit without prices.
    """

    def __init__(self, limit: float | None, price: Price | None) -> None:
        if limit is not None and price is None:
            raise ValueError("a budget in dollars needs to know what answers cost; give the driver a price")
        self.limit, self.price = limit, price
        self.more: Callable[[float], float] | None = None
        self.spent = 0.0
        self._reserved: dict[int, float] = {}  # by task

    def pay(self, costs: Iterable[Usage]) -> None:
        """Count the price of these usages as spent."""
        if self.price is not None:
            self.spent += plain_sum(map(self.price, costs))

    def reserve(self, task: int, bound: Usage) -> str | None:
        """Set a task's worst case aside; "usd" if there is not enough left for it."""
        if self.limit is None or self.price is None or bound is NO_USAGE:
            return None
        worst = self.price(bound)
        needed = self._bound() + worst
        if needed > self.limit and self.more is not None:
            lacking = needed - self.limit
            granted = self.more(lacking)
            self.limit = needed if granted == lacking else self.limit + granted  # a sum may be rounded down
        if needed > self.limit:
            return "usd"
        self._reserved[task] = worst
        return None

    @property
    def holding(self) -> bool:
        """Whether something is set aside."""
        return bool(self._reserved)

    def keep(self, most: float) -> None:
        """Give back what is neither spent nor set aside, but for `most` dollars of it."""
        if self.limit is not None and self.more is not None and (spare := self.limit - self._bound()) > most:
            self.limit += self.more(most - spare)

    def _bound(self) -> float:
        """Dollars that are spent, or set aside."""
        return self.spent + plain_sum(self._reserved.values())

    def settle(self, task: int) -> None:
        """It was answered, and what that cost is paid."""
        self._reserved.pop(task, None)

    def cost(self, usage: Usage) -> float | None:
        """The price of a usage, in dollars; None without prices."""
        return None if self.price is None else self.price(usage)
