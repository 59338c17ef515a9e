"""Accounting: the worst case of a request is reserved before a model is asked, its true cost is paid afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain
from typing import Any

from forethought.search.engine.budget import Budget, Ledger, check_bound
from forethought.search.engine.codec import LOST, check_usage, paid
from forethought.search.engine.dollars import DollarBudget, Price
from forethought.search.engine.handlers.handler import RequestHandler, total, worst_case
from forethought.search.engine.journal import Journal
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.task_search import TaskSearch
from forethought.search.estimates import NO_USAGE, Usage

STALLED_REQUESTS = 5_000  # requests in a row after which a search that spends nothing of its budget ends
STALLED = "stalled"


class Accounts:
    """The budgets of all tasks of a run, its dollars, and its time."""

    def __init__(self, budget: Budget, price: Price | None, journal: Journal | PastJournal | None) -> None:
        self.budget, self.journal = budget, journal
        self.dollars = DollarBudget(budget.usd, price)
        if price is not None and journal is not None:
            self.dollars.pay(paid(chain.from_iterable(journal.entries.values())))
        self._began = time.monotonic()

    def reserve(
        self, search: TaskSearch, handler: RequestHandler[Any, Any], queries: Sequence[Any], children: int
    ) -> str | None:
        """Reserve the worst case of a request. Returns None, or the limit that forbids it.

        `search.poor` is set if dollars reserved by other searches may come back: the search then waits.
        """
        search.reserved = worst = worst_case(handler, queries)
        if search.parts:
            worst = worst + total(handler.bills(search.parts.values()))
        reason = self._out_of_time() or self.budget.blocks(
            search.spent, children, children if handler.plays else 0, worst
        )
        search.poor = False
        if reason is None and (reason := self.dollars.reserve(search.task, search.reserved)) is not None:
            search.poor = self.dollars.holding
        return reason

    def check(self, search: TaskSearch, cost: Usage) -> None:
        """Raises RuntimeError: an answer cost more than was reserved for it."""
        check_bound(cost, search.reserved)

    def pay(self, cost: Usage) -> None:
        """Pay for answers that are used."""
        if cost is not NO_USAGE:
            self.dollars.pay([cost])

    def lose(self, search: TaskSearch, usage: Usage) -> None:
        """Pay for lost answers."""
        self.dollars.pay([usage])
        search.spent.charge(LOST, usage)

    def settle(self, search: TaskSearch) -> None:
        """Return the reservation of an answered request."""
        self.dollars.settle(search.task)

    def close(self, search: TaskSearch) -> None:
        """Write the dollars of a finished search into its ledger."""
        search.spent.usd = self.dollars.cost(search.spent.usage)

    def is_stalled(self, search: TaskSearch) -> bool:
        """Whether no limited amount has grown since the last call, so that no limit would ever end the search."""
        before, search.spent_before = search.spent_before, self._limited(search.spent)
        return self.budget.seconds is None and before == search.spent_before

    def _limited(self, spent: Ledger) -> list[float]:
        """The amounts that the budget limits."""
        amounts = {
            "nodes": spent.nodes,
            "env_steps": spent.env_steps,
            "lm_calls": spent.usage.calls,
            "tokens": spent.usage.tokens,
            "usd": self.dollars.cost(spent.usage) or 0.0,
        }
        return [amount for name, amount in amounts.items() if name in self.budget.limits()]

    def _out_of_time(self) -> str | None:
        if self.budget.seconds is None:
            return None
        spent = self.journal.elapsed() if self.journal else time.monotonic() - self._began
        return "seconds" if spent > self.budget.seconds else None


def cost_of(bills: Sequence[Usage]) -> Usage:
    """The sum of the bills of fresh answers. Raises TypeError, ValueError: a bill is impossible."""
    for usage in bills:
        check_usage(usage)
    return total(bills) if bills else NO_USAGE
