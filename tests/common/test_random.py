from __future__ import annotations

import random
from collections import Counter
from math import cos, exp, log, pi, sqrt
from statistics import fmean, pvariance

import pytest

from forethought.common.random import Generator

NUMBER = 20_000
EULER = 0.5772156649015329


def script(*numbers):
    """A generator that draws the given numbers."""
    rng = Generator(0)
    rng.random = iter(numbers).__next__
    return rng


def near(number):
    return pytest.approx(number, abs=1e-12)


# Mean and variance as the textbooks have them; the fourth root of the sample is far below the tolerance.
@pytest.mark.parametrize(
    ("name", "parameters", "mean", "variance"),
    [
        ("uniform", (), 1 / 2, 1 / 12),
        ("normal", (), 0, 1),
        ("normal", (3.0, 0.5), 3, 0.25),
        ("gumbel", (), EULER, pi**2 / 6),
        ("gamma", (0.25,), 0.25, 0.25),
        ("gamma", (1.0,), 1, 1),
        ("gamma", (7.5,), 7.5, 7.5),
        ("chi_square", (1,), 1, 2),
        ("chi_square", (6,), 6, 12),
        ("beta", (0.5, 0.5), 1 / 2, 1 / 8),
        ("beta", (2.0, 6.0), 1 / 4, 1 / 48),
    ],
)
def test_moments(name, parameters, mean, variance):
    rng = Generator(7)
    drawn = [getattr(rng, name)(*parameters) for _ in range(NUMBER)]
    assert fmean(drawn) == pytest.approx(mean, abs=5 * sqrt(variance / NUMBER))
    assert pvariance(drawn) == pytest.approx(variance, rel=0.08)


@pytest.mark.parametrize(
    ("name", "parameters", "at", "below"),
    [
        ("normal", (), 1.0, 0.841345),  # tables of the normal distribution
        ("gumbel", (), 0.0, exp(-1)),
        ("gamma", (1.0,), 2.0, 1 - exp(-2)),  # the exponential distribution
        ("gamma", (0.5,), 0.5, 0.682689),  # half a chi-square of one degree: the normal within one deviation
        ("chi_square", (2,), 5.991465, 0.95),  # tables of chi-square
        ("beta", (1.0, 3.0), 0.2, 1 - 0.8**3),
    ],
)
def test_shares_below_a_point(name, parameters, at, below):
    rng = Generator(11)
    share = sum(getattr(rng, name)(*parameters) < at for _ in range(NUMBER)) / NUMBER
    assert share == pytest.approx(below, abs=5 * sqrt(below * (1 - below) / NUMBER))


def test_the_formulas_by_hand():
    assert script(0.0, 0.0, 0.25).uniform() == 0.25
    assert script(0.3, 0.2).normal(1.0, 2.0) == near(1 + 2 * sqrt(-2 * log(0.3)) * cos(0.4 * pi))
    assert script(0.5).gumbel() == near(-log(log(2)))
    # Shape 4/3: d = 1, c = 1/3. x = sqrt(-2 ln .3) cos 0 = 1.5518, v = (1 + x/3)^3 = 3.4930. Taken where
    # ln u < x^2/2 + 1 - v + ln v = 1.2040 + 1 - 3.4930 + 1.2508 = -.0382, so for u = .9 and not for .99.
    x = sqrt(-2 * log(0.3))
    taken = (1 + x / 3) ** 3
    assert script(0.3, 1.0, 0.9).gamma(4 / 3) == pytest.approx(taken)
    # x = -sqrt(-2 ln .001) = -3.717 makes v negative, which is refused without a further number.
    assert script(0.3, 1.0, 0.99, 0.001, 0.5, 0.3, 1.0, 0.9).gamma(4 / 3) == pytest.approx(taken)
    assert script(0.3, 1.0, 0.9, 0.5).gamma(1 / 3) == pytest.approx(taken * 0.5**3)


def test_pinned_values():
    # A change of these changes the tree of every recorded run.
    rng = Generator(2025)
    drawn = [
        rng.uniform(),
        rng.normal(),
        rng.gumbel(),
        rng.gamma(0.5),
        rng.gamma(3.0),
        rng.chi_square(5),
        rng.beta(0.5, 2.5),
    ]
    assert drawn == pytest.approx(
        [
            0.557752170285,
            -0.925848121922,
            -0.561225517371,
            0.049168141732,
            2.92724405817,
            6.63310783249,
            0.205037439289,
        ],
        rel=1e-9,
    )


def test_only_random_is_called():
    numbers = random.Random(3)
    rng = script(*(numbers.random() for _ in range(100)))
    assert sorted(rng.some("abcd", 9)) == sorted(rng.ranked("abcd", 9)) == list("abcd")
    assert rng.pick("abcd") in "abcd"
    assert 0 < rng.beta(0.5, 0.5) < 1
    assert rng.chi_square(3) > 0
    assert isinstance(rng.gumbel(), float)


def test_the_largest_of_log_p_plus_gumbel_are_drawn_without_replacement():
    # First a with 1/2; then, where a was first, b with .3 / (.3 + .2) = .6.
    rng, shares = Generator(5), {"a": 0.5, "b": 0.3, "c": 0.2}
    pairs = Counter()
    for _ in range(NUMBER // 2):
        keys = {name: log(share) + rng.gumbel() for name, share in shares.items()}
        pairs["".join(sorted(keys, key=keys.get, reverse=True)[:2])] += 2 / NUMBER
    expected = {"ab": 0.3, "ac": 0.2, "ba": 3 / 14, "bc": 3 / 35, "ca": 1 / 8, "cb": 3 / 40}
    assert pairs == pytest.approx(expected, abs=0.025)


@pytest.mark.parametrize("name", ["some", "ranked"])
def test_each_order_of_items_is_drawn_alike(name):
    rng, seen = Generator(8), Counter()
    for _ in range(NUMBER // 2):
        seen["".join(getattr(rng, name)("abc", 2))] += 1 / (NUMBER // 2)
    assert seen == pytest.approx(dict.fromkeys(["ab", "ac", "ba", "bc", "ca", "cb"], 1 / 6), abs=0.02)


def test_a_seed_is_an_integer_or_a_text():
    assert Generator(7).random() == random.Random(7).random()
    assert Generator("7").random() != Generator(7).random()
    assert [Generator("webshop").between(1, 6) for _ in range(2)] == [Generator("webshop").between(1, 6)] * 2
