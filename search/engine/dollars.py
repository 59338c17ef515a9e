"""The dollars of a run: the price of the answers so far, and the reservations for the next requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from forethought.common.sums import plain_sum
from forethought.search.estimates import NO_USAGE, Usage

Price = Callable[[Usage], float]  # US dollars


class DollarBudget:
    """A limit for all tasks together. Each request is reserved at its worst case.

    `price` is None in a run without prices: then no dollars are counted. `more` is set if the limit is a share of a
    larger budget: `more(amount)` grants up to that many dollars; a negative amount returns dollars. Raises
    ValueError: a limit without prices.
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
        """Return the dollars that are neither spent nor reserved, except `most` of them."""
        if self.limit is not None and self.more is not None and (spare := self.limit - self._bound()) > most:
            self.limit += self.more(most - spare)

    def _bound(self) -> float:
        """Dollars that are spent, or set aside."""
        return self.spent + plain_sum(self._reserved.values())

    def settle(self, task: int) -> None:
        """Return the reservation of a task after its request is answered and paid."""
        self._reserved.pop(task, None)

    def cost(self, usage: Usage) -> float | None:
        """The price of a usage, in dollars; None without prices."""
        return None if self.price is None else self.price(usage)
