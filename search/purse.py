"""The dollars of a run: what answers cost, and whether the next ones may be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from forethought.search.protocols import FREE, Usage

Price = Callable[[Usage], float]  # US dollars


class Purse:
    """Holds a limit for all tasks together. What is asked for in one batch is reserved together, at its worst case.

    `price` is None where nobody knows prices: then nothing is counted. Raises ValueError: a limit without prices.
    """

    def __init__(self, limit: float | None, price: Price | None) -> None:
        if limit is not None and price is None:
            raise ValueError("a budget in dollars needs to know what answers cost; give the driver a price")
        self.limit, self.price = limit, price
        self.spent = self.reserved = 0.0

    def pay(self, costs: Iterable[Usage]) -> None:
        if self.price is not None:
            self.spent += sum(map(self.price, costs))

    def reserve(self, bound: Usage) -> str | None:
        """Set a worst case aside; "usd" if there is not enough left for it."""
        if self.limit is None or self.price is None or bound is FREE:
            return None
        worst = self.price(bound)
        if self.spent + self.reserved + worst > self.limit:
            return "usd"
        self.reserved += worst
        return None

    def settle(self) -> None:
        """The batch was answered, and what it cost is paid."""
        self.reserved = 0.0

    def cost(self, usage: Usage) -> float | None:
        return None if self.price is None else self.price(usage)
