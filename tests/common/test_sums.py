from __future__ import annotations

from math import inf, isnan

from hypothesis import given
from hypothesis import strategies as st

from forethought.common.sums import plain_sum


def test_each_sum_is_rounded_as_before_python_312():
    assert plain_sum([0.1] * 10) == 0.9999999999999999  # the builtin of 3.12 gives 1.0
    assert plain_sum([1.0, 1e100, 1.0, -1e100]) == 0.0  # and 2.0 here
    assert plain_sum([]) == 0.0


def test_what_is_not_finite_stays_so_without_an_error():
    assert plain_sum([1e308, 1e308, -1e308]) == inf
    assert isnan(plain_sum([inf, -inf]))


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_whole_numbers_lose_nothing(numbers):
    assert plain_sum(map(float, numbers)) == sum(numbers)
