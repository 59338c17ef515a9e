"""The rules by hand: what a move gives, and what is refused in which words."""

from collections import Counter
from dataclasses import FrozenInstanceError
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forethought.envs.family import Illegal
from forethought.envs.game24 import State, initial, moves, observe, play
from forethought.envs.game24.rules import divide, number, numbers, whole

THIRD = Fraction(1, 3)
EXACT = st.builds(Fraction, st.integers(-20, 20), st.integers(1, 6)).map(whole)
POSITIONS = st.lists(EXACT, min_size=2, max_size=4).map(lambda left: State(tuple(sorted(left))))
BY_HAND = {"+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__, "/": Fraction.__truediv__}


def test_a_puzzle_is_sorted():
    assert initial("10 4 6 5") == State((4, 5, 6, 10))


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-3", -3), ("-0", 0), ("6/2", 3), ("8/6", Fraction(4, 3)), ("-1/3", -THIRD), ("9" * 40, 10**40 - 1)],
)
def test_a_number_is_exact_and_whole_where_it_can_be(text, value):
    assert number(text) == value
    assert type(number(text)) is type(value)


@pytest.mark.parametrize(
    "text", ["", "x", "1.5", "1/0", "1/-2", "+3", "1e3", "٤", "１", "1_0", "0x10", "4\n", " 4", "9" * 41]
)
def test_what_is_no_number_is_refused_with_its_spelling(text):
    with pytest.raises(ValueError, match=r"is no number; write an integer or a fraction such as 8/3") as caught:
        number(text)
    assert repr(text) in str(caught.value)


def test_a_puzzle_with_a_word_in_it_names_the_word():
    with pytest.raises(ValueError, match="'five' is no number"):
        initial("4 five 6")


@pytest.mark.parametrize(
    ("action", "left", "made"),
    [
        ("10 - 4", (5, 6, 6), "10 - 4 = 6"),
        ("4 - 10", (-6, 5, 6), "4 - 10 = -6"),
        ("4 + 10", (5, 6, 14), "4 + 10 = 14"),
        ("10 * 6", (4, 5, 60), "10 * 6 = 60"),
        ("10 / 5", (2, 4, 6), "10 / 5 = 2"),
        ("4 / 10", (Fraction(2, 5), 5, 6), "4 / 10 = 2/5"),
        ("  10\t-  4\n", (5, 6, 6), "10 - 4 = 6"),
    ],
)
def test_a_move_puts_its_result_in_the_place_of_two_numbers(action, left, made):
    after = play(initial("4 5 6 10"), action)
    assert (after.left, after.moves) == (left, (made,))


def test_moves_are_kept_oldest_first():
    state = initial("4 5 6 10")
    for action in ("10 - 4", "5 * 6", "30 - 6"):
        state = play(state, action)
    assert state.moves == ("10 - 4 = 6", "5 * 6 = 30", "30 - 6 = 24")
    assert state.left == (24,)


def test_thirds_stay_exact():
    state = initial("3 3 8 8")
    for action in ("8 / 3", "3 - 8/3", "8 / 1/3"):  # floats would end at 23.99999999999999
        state = play(state, action)
    assert state.left == (24,)
    assert type(state.left[0]) is int


def test_a_negative_number_is_played_by_its_spelling():
    assert play(State((-6, 5)), "5 - -6").left == (11,)
    assert play(State((-6, 5)), "-6 * 5").left == (-30,)


def test_the_state_before_stays_what_it_was():
    before = initial("4 5 6 10")
    play(before, "10 - 4")
    assert before.left == (4, 5, 6, 10)
    assert before.moves == ()


def test_of_two_equal_numbers_a_move_takes_both_and_no_third():
    assert play(initial("4 4 7"), "4 + 4").left == (7, 8)
    assert play(initial("4 4 4"), "4 - 4").left == (0, 4)


@pytest.mark.parametrize(
    "action",
    [
        "7 + 3", "8 + 3 + 3", "", " ", "8 8", "8 ^ 3", "8 ** 3", "8 // 3", "8 % 3", "8! - 3", "16/2 - 3", "8 < 3",
        "None + 3", "\ud800 + 3",
    ],
)  # fmt: skip
def test_anything_else_is_illegal(action):
    with pytest.raises(
        Illegal, match=r"^cannot play .* with '3 3 8 8' left; write '<number> <op> <number>', op one of"
    ):
        play(initial("3 3 8 8"), action)


def test_the_refusal_says_what_was_given_what_is_left_and_what_to_write():
    with pytest.raises(Illegal) as caught:
        play(initial("3 3 8 8"), "7 + 3")
    assert str(caught.value) == (
        "cannot play '7 + 3' with '3 3 8 8' left; write '<number> <op> <number>', op one of + - * /"
    )


def test_a_number_that_is_there_once_cannot_be_used_twice():
    with pytest.raises(Illegal, match="cannot play '10 - 10'"):
        play(initial("4 5 6 10"), "10 - 10")


def test_nothing_is_divided_by_zero():
    nothing = play(initial("4 4 6"), "4 - 4")
    assert play(nothing, "0 / 6").left == (0,)
    with pytest.raises(Illegal, match="cannot play '6 / 0' with '0 6' left"):
        play(nothing, "6 / 0")
    with pytest.raises(Illegal):
        play(State((0, THIRD)), "1/3 / 0")


def test_the_refusal_of_a_long_text_stays_short():
    with pytest.raises(Illegal) as caught:
        play(initial("3 3 8 8"), "9" * 100_000)
    assert len(str(caught.value)) < 200


def test_division_is_exact_below_zero_too():
    assert divide(-7, 2) == Fraction(-7, 2)  # floor division would give -4
    assert divide(-6, 3) == -2
    assert type(divide(-6, 3)) is int
    assert divide(2, THIRD) == 6
    assert divide(THIRD, 2) == Fraction(1, 6)


@pytest.mark.parametrize("action", ["1/3 + 2/3", "2/3 / 1/3", "1/3 * 3", "4/3 - 1/3", "2 / 1/3"])
def test_fractions_that_make_a_whole_number_are_whole_again(action):
    numbers_of_it = tuple(map(number, action.split()[::2]))
    after = play(State(tuple(sorted(numbers_of_it))), action)
    assert type(after.left[0]) is int


def test_equal_positions_are_equal_states_however_they_came_about():
    one, other = play(initial("2 2 6"), "2 + 2"), play(initial("2 2 6"), "2 * 2")
    assert one == other
    assert hash(one) == hash(other)
    assert one.moves != other.moves


def test_a_state_is_frozen():
    with pytest.raises(FrozenInstanceError):
        initial("3 3 8 8").left = (24,)


def test_the_moves_of_two_numbers():
    assert moves(State((2, 3))) == ("2 + 3", "2 * 3", "3 - 2", "2 - 3", "3 / 2", "2 / 3")


def test_equal_texts_are_listed_once():
    assert moves(State((4, 4))) == ("4 + 4", "4 * 4", "4 - 4", "4 / 4")


def test_no_division_by_zero_is_listed():
    assert moves(State((0, 3))) == ("0 + 3", "0 * 3", "3 - 0", "0 - 3", "0 / 3")
    assert moves(State((-3, 0))) == ("-3 + 0", "-3 * 0", "0 - -3", "-3 - 0", "0 / -3")
    assert "0 / 0" not in moves(State((0, 0)))


def test_at_the_end_there_is_no_move():
    assert moves(State((24,))) == ()


def test_four_different_numbers_have_36_moves():
    assert len(moves(initial("4 5 6 10"))) == 36


def test_what_is_left_is_shown_after_the_last_move():
    state = initial("6 5 4 10")
    assert observe(state) == "(left: 4 5 6 10)"
    assert observe(play(state, "10 - 4")) == "10 - 4 = 6 (left: 5 6 6)"
    assert observe(play(play(state, "10 - 4"), "5 / 6")) == "5 / 6 = 5/6 (left: 5/6 6)"


def test_numbers_are_spelled_as_moves_must_spell_them():
    assert numbers(State((-THIRD, 0, 24))) == "-1/3 0 24"


@given(POSITIONS, st.data())
def test_a_move_does_what_fractions_do(state, data):
    i, j = data.draw(st.permutations(range(len(state.left))))[:2]
    a, b, op = state.left[i], state.left[j], data.draw(st.sampled_from("+-*/"))
    assume(b or op != "/")
    rest = Counter(state.left)
    rest.subtract([a, b])
    after = play(state, f"{a} {op} {b}")
    result = BY_HAND[op](Fraction(a), Fraction(b))
    assert Counter(after.left) == +rest + Counter([result])
    assert list(after.left) == sorted(after.left)
    assert all(type(n) is (int if Fraction(n).denominator == 1 else Fraction) for n in after.left)


@given(POSITIONS)
def test_the_listed_moves_lead_everywhere_a_legal_text_leads(state):
    everywhere = set()
    for i, a in enumerate(state.left):
        for j, b in enumerate(state.left):
            if i != j:
                everywhere |= {play(state, f"{a} {op} {b}") for op in "+-*/" if b or op != "/"}
    assert {play(state, move) for move in moves(state)} == everywhere


@given(POSITIONS, st.text() | st.text(alphabet="0123456789+-*/ "))
def test_a_text_is_played_or_illegal_and_raises_nothing_else(state, text):
    try:
        after = play(state, text)
    except Illegal:
        return
    assert len(after.left) == len(state.left) - 1
