"""Moves in other spellings: a lawful one is played as its canonical text, and nothing else is played."""

from __future__ import annotations

from fractions import Fraction
from time import process_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forethought.envs.family import Illegal
from forethought.envs.game24 import State, moves, play
from forethought.envs.game24.characters import plain
from forethought.envs.game24.rules import canonical, number, whole
from forethought.envs.game24.spelling import LONGEST, Several, Unreadable, read_move

EXACT = st.builds(Fraction, st.integers(-20, 20), st.integers(1, 7)).map(whole)
POSITIONS = st.lists(EXACT, min_size=2, max_size=4).map(lambda left: State(tuple(sorted(left))))
SIGNS = {"+": "+＋➕", "-": "-−–—－", "*": "*×·⋅∗✖x", "/": "/÷∕:"}
BEHIND = ["", ".", ",", " = 7", "=7", " ≈ 3.67", " → 5", " -> 5", " (left: 1 2)", " (5 6 6)", "\nleft: 5", " leaves 5"]
BEHIND += [" - leaves 5", "; next 1 + 1", " ✅", " # why", "，剩下 5", " \\approx 3", "…"]
AROUND = [("", ""), ("`", "`"), ("**", "**"), ("$", "$"), ("\\(", "\\)"), ("\\boxed{", "}"), ('"', '"'), ("(", ")")]
AROUND += [("*", "*"), ("[", "]"), ("\ufeff", "\u200b"), ("\n\n ", "\n")]


def state(left):
    return State(tuple(sorted(map(number, left.split()))))


@pytest.mark.parametrize(
    "text",
    [
        *("10-4", "10  -  4", "10 − 4", "10 – 4", "10 — 4", "10 ➖ 4", "10－4", "１０ - ４", "10 minus 4", "10 -4"),
        *("(10 - 4)", "(10) - (4)", "[10 - 4]", "+10 - 4", "10.0 - 4.00", "10 - 04", "6 = 10 - 4"),
        *("x = 10 - 4", "= 10 - 4", "10\u00a0-\u20094", "10\t-\t4", "\\text{10} - 4", "{10} - {4}", "10 &minus; 4"),
        *(f"10 - 4{behind}" for behind in BEHIND),
        *(f"{before}10 - 4{behind}" for before, behind in AROUND),
        *("(10 - 4) = 6", "**10 - 4** = 6", "`10 - 4` = 6", "*10 - 4* = 6", "\\boxed{10 - 4 = 6}", "$10 - 4 = 6$"),
    ],
)
def test_one_move_in_many_spellings(text):
    assert canonical(state("4 5 6 10"), text) == "10 - 4"
    assert play(state("4 5 6 10"), text).moves == ("10 - 4 = 6",)


@pytest.mark.parametrize(
    ("left", "text", "move"),
    [
        *(("4 10", text, "10 * 4") for text in ("10 × 4", "10·4", "10⋅4", "10 ∗ 4", "10 x 4", "10X4", "10 times 4")),
        *(("4 10", text, "10 * 4") for text in ("$10 \\times 4$", "10 \\cdot 4", "10 \\* 4", "10 &times; 4", "10✖️4")),
        *(("4 10", text, "10 / 4") for text in ("10 ÷ 4", "10/4", "10:4", "10 : 4", "10 ∕ 4", "10 divided by 4")),
        *(
            ("4 10", text, "10 / 4")
            for text in ("\\frac{10}{4}", "$\\frac{10}{4}$ = 2.5", "10 \\div 4", "10 / 4 ≈ 2.5")
        ),
        *(
            ("1/3 6", text, "1/3 * 6")
            for text in ("(1/3) * 6", "1/3*6", "1 / 3 * 6", "\\frac{1}{3} \\times 6", "⅓ × 6")
        ),
        *(("1/3 6", text, "1/3 * 6") for text in ("0.33 * 6", ".333 * 6", "0.3333… * 6", "0,33 * 6")),
        *(("1/3 8", text, "8 / 1/3") for text in ("8 / 1/3", "8/(1/3)", "8/1/3", "8 ÷ (1 / 3)", "8 / \\frac13")),
        *(("-2 4", text, "-2 + 4") for text in ("(-2) + 4", "-2+4", "(−2)＋4", "(- 2) + 4", "-(2) + 4", "-2.0 + 4")),
        *(("-2 4", text, "4 - -2") for text in ("4--2", "4 - (-2)", "4 - −2", "4 minus -2")),
        *(("3/2 10", text, "3/2 + 10") for text in ("1.5 + 10", "1,5 + 10", "1.50+10", "3 / 2 + 10", "6/4 + 10")),
        *(("11/3 3", text, "11/3 * 3") for text in ("3.67 * 3", "3.667 * 3 = 11", "≈3.67 * 3", "3.66… * 3")),
        *(("11/3 3", text, "11/3 * 3") for text in ("3.6666666666666665 * 3", "3.(6) * 3", "3.6\u0305 × 3")),
        *(("11/3 3", text, "11/3 * 3") for text in ("3 2/3 * 3", "3⅔ × 3", "(3 2/3) * 3", "3\\frac{2}{3} \\times 3")),
        *(("-11/3 3", text, "3 - -11/3") for text in ("3 - (-3 2/3)", "3 - (-3⅔)", "3 - negative 3.67")),
        *(("1/3 8", text, "8 / 1/3") for text in ("8 / 0.3333333333333335", "8 / 0.(3)")),
        *(("-6 5", text, "-6 * 5") for text in ("- 6 * 5", "− 6 × 5", "negative 6 * 5")),
        ("5 6", "- 6 * 5", "6 * 5"),  # a bullet
        ("7/6 2", "1.1(6) * 2", "7/6 * 2"),
        ("2 24", "23.999999999999996 / 2", "24 / 2"),
        ("4 10", "10. - 4.", "10 - 4"),
        ("-1/3 6", "-0.33 * 6", "-1/3 * 6"),
        ("13/8 8", "1.63 * 8", "13/8 * 8"),  # half up
        ("13/8 8", "1.62 * 8", "13/8 * 8"),  # half to even
        ("1000 2", "1,000 - 2", "1000 - 2"),
        ("4 4", "4+4", "4 + 4"),
    ],
)
def test_numbers_and_signs_in_many_spellings(left, text, move):
    assert canonical(state(left), text) == move


@pytest.mark.parametrize(
    ("left", "text"),
    [
        *(
            ("4 5 6 10", f"10 - 4{more}")
            for more in (" - 5", " * 5", "/5", " 5", "!", "²", "e1", ".5", ",5", "%", "^2")
        ),
        *(
            ("4 5 6 10", f"10 - 4{more}")
            for more in (" (5)", " (5 - 1)", " squared", " != 6", " x 5", " plus 5", ": 2")
        ),
        *(("4 5 6 10", text) for text in ("(10 - 4) * 5", "5 * (10 - 4)", "10 - 3", "4 + 4", "10**4", "10 // 4", "√4")),
        *(
            ("4 5 6 10", text)
            for text in ("10² - 4", "10 4", "10 -", "6 = 10", "8/2 - 10", "1e1 - 4", "0xa - 4", "4!-5")
        ),
        *(("11/3 3", text) for text in ("3.7 * 3", "3.6 * 3", "3.66 * 3", "3.68 * 3", "4 * 3")),
        *(("2/3 5/3 1 2", text) for text in ("1 - 2/3 * 2", "1-2/3*2")),
        ("2 3", "3 1/2 + 2"),
        ("-6 5 6", "- 6 * 5"),  # a sign or a bullet
        ("3 8", "8 / 1 / 3"),
        ("4 6 6", "4/6*6"),
        ("3 4", "8/2/3"),
        ("1/3 3", "1/0 * 3"),
        ("2 8", "8 / 4/2"),
    ],
)
def test_other_arithmetic_is_no_move(left, text):
    with pytest.raises(Illegal, match="cannot play"):
        play(state(left), text)
    assert canonical(state(left), text) == text


def test_a_rounded_number_that_fits_several_is_refused_with_both():
    left = state("2/3 667/1000 3")
    with pytest.raises(Several):
        read_move("0.67 * 3", left.left)
    with pytest.raises(Illegal, match=r"it may be 2/3 \* 3 or 667/1000 \* 3; write '<number> <op> <number>'"):
        play(left, "0.67 * 3")
    assert canonical(left, "0.667 * 3") == "667/1000 * 3"  # an exact number is no rounded one


def test_the_refusal_of_a_rounded_number_says_how_to_round():
    with pytest.raises(Illegal, match="a rounded number has two digits or more behind the point"):
        play(state("11/3 3"), "3.7 * 3")


def spelled(draw, value):
    """A number in one of its spellings."""
    number = Fraction(value)
    whole_number, sign = number.denominator == 1, "-" if number < 0 else ""
    ways = [f"({value})", f"( {value} )"] + ([] if draw(st.booleans()) else [str(value)])
    if whole_number:
        ways += [f"{value}.0", f"{value}.00"]
    else:
        ways += [f"({sign}{2 * abs(number.numerator)}/{2 * number.denominator})"]
        ways += [f"\\frac{{{number.numerator}}}{{{number.denominator}}}"]
    return draw(st.sampled_from(ways))


@pytest.mark.parametrize("sign", "+-*/")
@pytest.mark.parametrize("behind", ["", " (5 6)", " (left: 5 6)", ". Then 24", " = 1", ": good"])
def test_a_move_in_single_asterisks_is_the_move(sign, behind):
    left = state("4 5 6 10")
    for move in (f"*10 {sign} 4*", f"*(10) {sign} (4)*", f"*10{sign}4*", f"*(10){sign}(4)*"):
        assert canonical(left, move + behind) == f"10 {sign} 4"


@given(st.data(), POSITIONS)
def test_every_lawful_move_in_any_spelling_is_that_move(data, position):
    move = data.draw(st.sampled_from(moves(position)))
    first, sign, second = move.split()
    space = data.draw(st.sampled_from(["", " ", "\u00a0", "  "]))
    other = data.draw(st.sampled_from(SIGNS[sign]))
    before, after = data.draw(st.sampled_from(AROUND))
    text = f"{spelled(data.draw, number(first))}{space}{other}{space}{spelled(data.draw, number(second))}"
    text = f"{before}{text}{after}{data.draw(st.sampled_from(BEHIND))}"
    assume("x" not in text or space)
    assert canonical(position, text) == move
    assert play(position, text) == play(position, move)
    assert play(position, text).moves == play(position, move).moves


ALPHABET = "0123456789 +-*/().,=×÷−·:x!^²…~≈\\{}fract\n"


@given(POSITIONS, st.text(ALPHABET, max_size=14) | st.text(max_size=20))
def test_any_text_is_refused_or_is_a_lawful_move(position, text):
    try:
        after = play(position, text)
    except Illegal:
        assert canonical(position, text) == text or "/ 0" in canonical(position, text)
        return
    move = canonical(position, text)
    first, sign, second = move.split()
    left = list(map(str, position.left))
    left.remove(first)
    left.remove(second)
    assert sign in "+-*/"
    assert after == play(position, move)
    assert canonical(position, move) == move


@given(POSITIONS)
def test_the_canonical_spelling_is_that_of_the_list(position):
    for move in moves(position):
        assert canonical(position, move) == move


@given(st.text())
def test_plain_characters_are_plain_already(text):
    assert plain(plain(text)) == plain(text) or "\\" in text or "&" in text or "*" in plain(text) or "_" in text


@pytest.mark.parametrize("piece", ["(", "\\frac{", "1/", "1 ", "-", "1,", "\\boxed{", "&", "*", "~ ", "10 - 4 ", "²"])
def test_hostile_texts_take_no_time(piece):
    began = process_time()
    for text in (piece * 100_000, "10 - " + piece * 100_000, "10 - 4 = " + piece * 100_000):
        canonical(state("4 5 6 10"), text)
    assert process_time() - began < 5


def test_a_long_comment_is_ignored_and_no_number_is_cut():
    assert canonical(state("4 10"), "10 - 4 because " + "it is so " * LONGEST) == "10 - 4"
    with pytest.raises(Unreadable):
        read_move("10 -" + " " * (LONGEST - 5) + "45", (4, 10))
