"""Reserving before a request, paying after it, and the end of searches that spend nothing."""

from __future__ import annotations

from collections import deque

import pytest

from forethought.search import Budget, Evaluate, Usage
from forethought.search.engine.accounting import Accounts, cost_of
from forethought.search.engine.handlers.evaluation import EvaluateHandler
from forethought.search.engine.task_search import TaskSearch
from forethought.search.estimates import NO_USAGE


@pytest.fixture
def reserve(leaf, priced_judge):
    """Reserves one evaluation whose worst case is a call of 5 tokens."""
    root = leaf()
    handler = EvaluateHandler(priced_judge(Usage(1, 3, 0, 2)))

    def run(accounts, task=0):
        search = TaskSearch(task, root, deque())
        queries, children = handler.queries(Evaluate([root]), 0)
        return search, accounts.reserve(search, handler, queries, children)

    return run


@pytest.mark.parametrize(("tokens", "reason"), [(5, None), (4, "tokens")])
def test_the_worst_case_must_fit(reserve, tokens, reason):
    search, told = reserve(Accounts(Budget(tokens=tokens), None, None))
    assert (told, search.reserved) == (reason, Usage(1, 3, 0, 2))


def test_dollars_that_another_task_has_set_aside_are_waited_for(reserve):
    accounts = Accounts(Budget(usd=0.06), lambda usage: usage.tokens / 100, None)
    first, told = reserve(accounts, 0)
    assert (told, first.poor) == (None, False)
    second, told = reserve(accounts, 1)
    assert (told, second.poor) == ("usd", True)
    accounts.settle(first)  # it cost nothing
    assert reserve(accounts, 1)[1] is None
    accounts.pay(Usage(1, 3, 0, 2))
    accounts.settle(second)
    third, told = reserve(accounts, 2)
    assert (told, third.poor) == ("usd", False)


def test_the_time_of_a_run_is_that_of_its_journal(reserve, clock):
    accounts = Accounts(Budget(seconds=5), None, None)
    assert reserve(accounts)[1] is None
    clock.now += 6
    assert reserve(accounts)[1] == "seconds"


def test_lost_answers_are_paid_in_a_role_of_their_own(reserve):
    accounts = Accounts(Budget(usd=1), lambda usage: usage.tokens / 100, None)
    search, _ = reserve(accounts)
    accounts.lose(search, Usage(1, 3, 0, 2))
    accounts.close(search)
    assert (search.spent.roles, search.spent.usd) == ({"lost": Usage(1, 3, 0, 2)}, 0.05)


def test_the_cost_of_bills_is_their_sum_and_each_is_checked():
    assert cost_of([]) is NO_USAGE
    assert cost_of([Usage(1, 2), Usage(1, 3)]) == Usage(2, 5)
    with pytest.raises(ValueError, match="counts are Python integers of 0 or more"):
        cost_of([Usage(1, 2), Usage(-1)])


@pytest.mark.parametrize(
    ("limits", "spent", "stalled"),
    [
        ({"tokens": 9}, {"nodes": 3}, True),
        ({"tokens": 9}, {"usage": Usage(1, 1)}, False),
        ({"nodes": 9}, {"nodes": 3}, False),
        ({"nodes": 9}, {"evaluations": 3}, True),
        ({"seconds": 9}, {}, False),
    ],
)
def test_a_search_is_stalled_where_nothing_that_is_limited_was_spent(leaf, limits, spent, stalled):
    accounts, search = Accounts(Budget(**limits), None, None), TaskSearch(0, leaf(), deque())
    assert not accounts.is_stalled(search)  # the first look has nothing to compare
    for name, amount in spent.items():
        setattr(search.spent, name, amount)
    assert accounts.is_stalled(search) is stalled
