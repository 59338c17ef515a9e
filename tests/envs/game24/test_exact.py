"""The exact value, against hand-made positions and a brute force in another style."""

from fractions import Fraction
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.envs.game24 import State, exact_value, initial, moves, play
from forethought.envs.game24.family import official_puzzles

SMALL = st.lists(st.integers(-3, 13), min_size=1, max_size=4)


def reachable(numbers):
    """Every value of an expression over all of the numbers: by subsets, smallest first, no moves at all."""
    count = len(numbers)
    values = {1 << i: {Fraction(n)} for i, n in enumerate(numbers)}
    for chosen in range(1, 1 << count):
        part = (chosen - 1) & chosen
        found = values.setdefault(chosen, set())
        while part:
            for a in values[part]:
                for b in values[chosen ^ part]:
                    found |= {a + b, a - b, a * b} | ({a / b} if b else set())
            part = (part - 1) & chosen
    return values[(1 << count) - 1]


def test_the_brute_force_knows_two_numbers_by_heart():
    assert reachable([2, 3]) == {5, 6, 1, -1, Fraction(2, 3), Fraction(3, 2)}


@pytest.mark.parametrize(
    "puzzle", ["4 5 6 10", "3 3 8 8", "1 5 5 5", "4 4 4 4", "24", "0 24", "0 0 24", "-24 -1", "48 2", "1/24 1"]
)
def test_solvable(puzzle):
    assert exact_value(initial(puzzle)) == 1.0


@pytest.mark.parametrize("puzzle", ["1 1 1 1", "1 6 6 7", "23", "25", "-24", "0", "0 0", "0 12", "4 5 60", "1/25 1"])
def test_not_solvable(puzzle):
    assert exact_value(initial(puzzle)) == 0.0


def test_a_fraction_on_the_way_counts():
    state = play(play(initial("3 3 8 8"), "8 / 3"), "3 - 8/3")
    assert state.left == (Fraction(1, 3), 8)
    assert exact_value(state) == 1.0
    assert exact_value(State((Fraction(1, 3), 7))) == 0.0


def test_the_value_is_a_float_for_labels():
    assert type(exact_value(initial("4 5 6 10"))) is float


def test_the_order_of_what_is_left_does_not_matter():
    assert exact_value(State((10, 6, 5, 4))) == 1.0
    assert exact_value(State((60, 4, 5))) == 0.0


def test_the_official_puzzles_are_exactly_the_solvable_ones():
    every = [" ".join(map(str, numbers)) for numbers in combinations_with_replacement(range(1, 14), 4)]
    solvable = {puzzle for puzzle in every if exact_value(initial(puzzle))}
    assert len(every) == 1820
    assert len(solvable) == 1362
    assert solvable == set(official_puzzles())


@settings(max_examples=60)
@given(SMALL)
def test_the_value_is_what_a_brute_force_over_subsets_finds(numbers):
    assert exact_value(State(tuple(numbers))) == float(24 in reachable(numbers))


@settings(max_examples=30)
@given(st.sampled_from(official_puzzles()), st.data())
def test_a_position_is_worth_what_its_best_move_is_worth(puzzle, data):
    state = initial(puzzle)
    while len(state.left) > 1:
        after = [play(state, move) for move in moves(state)]
        assert exact_value(state) == max(map(exact_value, after))
        state = data.draw(st.sampled_from(after))
    assert exact_value(state) == float(state.left == (24,))
