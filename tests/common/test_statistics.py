from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.common.statistics import RESAMPLES, bootstrap_counts, bootstrapped_mean, point, resamples
from forethought.leaderboards import Interval, bootstrap, mean_interval, paired_difference, share


def test_wilson_by_hand():
    # 5 of 10: centre (0.5 + 3.8415/20) / 1.38415, half 1.96 / 1.38415 * sqrt(0.025 + 0.0096)
    found = share(5, 10)
    assert (found.estimate, round(found.low, 4), round(found.high, 4)) == (0.5, 0.2366, 0.7634)
    assert share(0, 10).low == 0.0
    assert share(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert share(10, 10).high == 1.0


@given(st.integers(0, 40), st.integers(1, 40))
def test_a_share_lies_inside_its_interval(hits, more):
    found = share(hits, hits + more)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_no_trials_no_rate():
    with pytest.raises(ValueError, match="at least one trial"):
        share(0, 0)


def test_scores_between_0_and_1_are_bootstrapped():
    scores = [0.0, 0.5, 1.0, 0.5]
    found = mean_interval(scores)
    assert found.estimate == 0.5
    assert found.low < 0.5 < found.high
    assert mean_interval([0.0, 1.0]) == share(1, 2)


def test_a_bootstrap_repeats_itself_and_draws_whole_groups():
    groups = {"a": [0.0, 0.0], "b": [1.0, 1.0]}

    def mean(drawn):
        return fmean(x for group in drawn for x in group)

    found = bootstrap(groups, mean)
    assert found == bootstrap(groups, mean)
    assert (found.estimate, found.low, found.high) == (0.5, 0.0, 1.0)


def test_a_constant_has_no_width():
    assert bootstrap({1: 2.0, 2: 2.0}, fmean) == Interval(2.0, 2.0, 2.0)


def test_a_statistic_that_is_mostly_undefined_is_refused():
    with pytest.raises(ValueError, match="undefined for most resamples"):
        bootstrap({1: 1, 2: 2}, lambda drawn: float("nan"))
    with pytest.raises(ValueError, match="at least one group"):
        bootstrap({}, fmean)


def test_pairs_stay_pairs():
    # Every task gains exactly 0.1: a bootstrap of either side alone would have width.
    found = paired_difference([0.1, 0.5, 0.9], [0.2, 0.6, 1.0])
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert found.excludes_zero
    assert not paired_difference([0.0, 1.0], [1.0, 0.0]).excludes_zero
    assert paired_difference([1.0], [0.0]).estimate == -1.0


def test_unequal_sides_are_no_pairs():
    with pytest.raises(ValueError, match="2 and 1 scores are no pairs"):
        paired_difference([0.0, 1.0], [1.0])


def test_an_interval_prints_itself():
    assert str(Interval(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"


def test_the_draws_are_pinned():
    # A change of these changes every published interval.
    drawn = resamples(5, 0)
    assert drawn.shape == (5, RESAMPLES)
    assert drawn[:, :3].tolist() == [[4, 0, 3], [0, 4, 1], [3, 4, 0], [2, 2, 0], [1, 1, 0]]
    assert set(np.unique(drawn)) == set(range(5))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 5))
def test_the_mean_is_that_of_a_function_of_each_draw(numbers, seed):
    plain, fast = bootstrap(dict(enumerate(numbers)), fmean, seed), bootstrapped_mean(numbers, seed)
    assert (fast.low, fast.high) == (pytest.approx(plain.low, abs=1e-12), pytest.approx(plain.high, abs=1e-12))
    assert fast.estimate == plain.estimate


def test_counts_are_those_of_the_draws():
    groups = {"a": 3.0, "b": 5.0, "c": -1.0}

    def total(counts):
        return (counts * [3.0, 5.0, -1.0]).sum(axis=1)

    assert bootstrap_counts(3, total) == bootstrap(groups, lambda drawn: sum(drawn))
    with pytest.raises(ValueError, match="undefined for most resamples"):
        bootstrap_counts(3, lambda counts: np.full(len(counts), np.nan))
    with pytest.raises(ValueError, match="at least one group"):
        bootstrap_counts(0, total)


def test_a_mean_needs_numbers():
    with pytest.raises(ValueError, match="at least one"):
        paired_difference([], [])


@pytest.mark.parametrize(("share", "found"), [(0.0, 1.0), (0.5, 3.0), (0.625, 4.5), (1.0, 9.0)])
def test_a_point_lies_between_two_numbers_in_proportion(share, found):
    assert point(np.array([1.0, 2.0, 3.0, 6.0, 9.0]), share) == found
