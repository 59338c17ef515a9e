"""A budget in dollars that is a share of a pool: what it lacks is asked for, what it has to spare is given back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.search import Usage
from forethought.search.engine.dollars import DollarBudget
from forethought.search.estimates import NO_USAGE


def cents(usage):
    return usage.tokens / 100


def costing(number):
    return Usage(1, number, 0, 0)


class Pool:
    """Grants what is lacking, or a chunk if that is more; nothing if it has too little."""

    def __init__(self, usd, chunk=0.0):
        self.usd, self.chunk, self.asked = usd, chunk, []

    def __call__(self, lacking):
        self.asked.append(lacking)
        granted = lacking if lacking < 0 else min(max(lacking, self.chunk), self.usd) if lacking <= self.usd else 0.0
        self.usd -= granted
        return granted


@pytest.fixture
def dollars():
    def made(usd, pool):
        dollars = DollarBudget(usd, cents)
        dollars.more = pool
        return dollars

    return made


def test_what_is_lacking_is_asked_for_and_only_then(dollars):
    pool = Pool(1.0)
    one = dollars(0.5, pool)
    assert one.reserve(0, costing(50)) is None
    assert pool.asked == []
    assert one.reserve(1, costing(25)) is None
    assert pool.asked == [0.25]
    assert one.reserve(2, NO_USAGE) is None
    assert one.reserve(3, costing(80)) == "usd"
    assert (pool.usd, one.limit) == (0.75, 0.75)
    assert one.reserve(4, costing(75)) is None


def test_what_is_to_spare_is_given_back(dollars):
    pool = Pool(9.0)
    one = dollars(0.5, pool)
    one.reserve(0, costing(200))
    one.pay([costing(10)])
    one.keep(0.5)
    assert pool.asked == [1.5]  # all of it is set aside
    one.settle(0)
    one.keep(0.5)
    assert (one.limit, pool.usd) == (pytest.approx(0.6), pytest.approx(8.9))
    one.keep(0.5)
    assert len(pool.asked) <= 3


def test_a_grant_of_what_is_lacking_is_enough_whatever_sums_are_rounded_to(dollars):
    """0.29 + (0.99 - 0.29) is below 0.99, and such."""
    for have in range(1, 100):
        for worst in range(have, 100):
            assert dollars(have / 100, Pool(1e9)).reserve(0, costing(worst)) is None


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60), st.integers(0, 60)), max_size=60))
def test_purses_of_one_pool_spend_it_and_no_more(asked):
    pool = Pool(5.0, 0.25)
    budgets = [DollarBudget(1e-12, cents) for _ in range(3)]
    for each in budgets:
        each.more = pool
    for who, worst, cost in asked:
        stopped = budgets[who].reserve(0, costing(worst))
        if stopped:  # then nobody had it, but for what others keep
            assert pool.usd + sum(each.limit - each.spent for each in budgets) < worst / 100 + 2 * 0.25 + 1e-9
        else:
            budgets[who].pay([costing(min(worst, cost))])
        budgets[who].settle(0)
        budgets[who].keep(0.25)
    assert sum(each.spent for each in budgets) <= 5.0 + 1e-9
