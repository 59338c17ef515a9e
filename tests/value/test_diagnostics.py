from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.value import auroc, spearman
from forethought.value.diagnostics import auroc_of_counts, ranks, spearman_of_counts


def test_ranks_share_their_ties():
    assert list(ranks([0.3, 0.1, 0.3, 0.9])) == [2.5, 1.0, 2.5, 4.0]


def test_auroc_by_hand():
    # positives 0.8, 0.4; negatives 0.4, 0.1: pairs won 1, tie, 1, 1 -> 3.5 of 4
    assert auroc([0.8, 0.4, 0.4, 0.1], [1, 1, 0, 0]) == pytest.approx(0.875)
    assert auroc([0.1, 0.2], [1, 0]) == 0.0
    assert isnan(auroc([0.1, 0.2], [1, 1]))
    assert isnan(auroc([0.1, 0.2], [0, 0]))


def test_spearman_by_hand():
    # ranks 1 2 3 4 and 1 2 4 3: 1 - 6 * 2 / (4 * 15)
    assert spearman([1, 2, 3, 4], [1, 2, 9, 5]) == pytest.approx(0.8)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert isnan(spearman([1, 1], [1, 2]))
    assert isnan(spearman([1], [1]))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=40), st.randoms())
def test_spearman_is_exact_whatever_the_order_of_its_rows(rows, random):
    before = spearman(*zip(*rows, strict=True))
    random.shuffle(rows)
    after = spearman(*zip(*rows, strict=True))
    assert before == after or (isnan(before) and isnan(after))
    values = [value for value, _ in rows]
    if len(set(values)) > 1:
        assert spearman(values, values) == 1.0
        assert spearman(values, [-value for value in values]) == -1.0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30))
def test_auroc_counts_pairs(rows):
    values, truth = [v for v, _ in rows], [float(t) for _, t in rows]
    pairs = [(a > b) + (a == b) / 2 for a, t in rows for b, u in rows if t and not u]
    if pairs:
        assert auroc(values, truth) == pytest.approx(sum(pairs) / len(pairs))
    else:
        assert isnan(auroc(values, truth))


@pytest.mark.parametrize(("plain", "counted"), [(auroc, auroc_of_counts), (spearman, spearman_of_counts)])
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from([0.0, 0.25, 1.0])), max_size=30),
    draws=st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=3),
)
def test_of_draws_of_groups_it_is_exactly_that_of_their_states(plain, counted, rows, draws):
    groups, values, truth = ([row[i] for row in rows] for i in range(3))
    counts = np.array([[draw.count(group) for group in range(4)] for draw in draws])
    found = counted(values, truth, groups, 4)(counts)
    for draw, one in zip(draws, found, strict=True):
        states = [row for group in draw for row in rows if row[0] == group]
        expected = plain([value for _, value, _ in states], [true for _, _, true in states])
        assert one == expected or (isnan(one) and isnan(expected))
