"""Moves in words, and numbers or signs in brackets of their own, are read where they are one lawful move."""

from __future__ import annotations

import pytest

from forethought.envs.game24 import State
from forethought.envs.game24.rules import canonical, number
from forethought.envs.game24.words import in_figures

MOVES = {
    "4 5 6 10": {
        "10 - 4": (
            "ten minus four", "Ten − four = six", "subtract 4 from 10", "Subtracting 4 from 10 gives 6.",
            "10 take away 4",
            "I choose to subtract 4 from 10.", "First, subtract 4 from 10 to get 6",
            "4 subtracted from 10", "10 less 4",
            "the difference between 10 and 4", "Subtract 4 from 10: 10 - 4 = 6", "10 - 4 (=6)", "10 - 4 <-- best",
            "10 - 4 ≟ 6", "10{-}4", "10 \\mathbin{-} 4", "10\\text{ - }4", "10 ⁻ 4",
        ),
        "4 + 10": ("add 4 and 10", "Add 4 to 10 = 14", "the sum of 4 and 10", "four plus ten", "4 added to 10"),
        "10 * 4": (
            "10 multiply 4", "10 multiply by 4", "10 mult 4", "10 \\star 4", "10 \\bullet 4", "10 ⋆ 4", "10 \u0445 4",
        ),
        "4 * 10": ("multiply 4 by 10", "the product of 4 and 10", "4(10)", "(4)(10) = 40", "four times ten"),
        "10 / 4": ("divide 10 by 4", "10 div 4", "10 divide by 4", "{10 \\over 4}", "Ten over four"),
    },
    "1/2 6 8": {
        "8 * 1/2": (
            "8 × ¹⁄₂", "8 × ¹/₂", "8 * (1)/(2)", "8 * {1}/{2}", "8 \\times {1 \\over 2}", "8 * 1 / 2",
            "8 times one half",
            "eight times a half",
        ),
        "1/2 * 8": ("(1)/(2) * 8", "one-half times 8"),
    },
    "-1/2 6 8": {
        "8 * -1/2": ("8 * (-½)", "8 * (-(1/2))", "8 * (-1)/2", "8 * (1/-2)", "8 \\times \\left(-\\frac{1}{2}\\right)"),
    },
    "-6 5 6": {"-6 + 5": ("minus 6 plus 5", "minus six plus five", "⁻6 + 5"), "5 - -6": ("5 minus minus 6",)},
    "7/2 4 6": {"4 * 7/2": ("4 * 7 / 2", "4 × 3 and 1/2"), "7/2 * 4": ("3 and 1/2 * 4",)},
    "2 11/3 4": {"11/3 + 2": ("3.\\overline{6} + 2",)},
    "3 24 25": {"24 + 3": ("twenty-four plus three",), "25 - 3": ("twenty five minus three",)},
}  # fmt: skip


@pytest.mark.parametrize(
    ("left", "text", "move"),
    [(left, text, move) for left, told in MOVES.items() for move, texts in told.items() for text in texts],
)
def test_a_move_in_words_is_that_move(left, text, move):
    assert canonical(State(tuple(sorted(map(number, left.split())))), text) == move


@pytest.mark.parametrize(
    "text",
    [
        *("subtract 4 from 10 * 5", "multiply 4 by 10 and add 5", "add 4 and 10 and 5", "add 4 and 10 + 5"),
        *(
            "I would not subtract 4 from 10",
            "subtract 10",
            "one of ten",
            "ten minus",
            "a half",
            "4(10) - 5",
            "(4)(5)(6)",
        ),
        *("10 (4)", "4 * 10 / 5", "ten minus three", "subtract 3 from 10", "10 divided into 4", "minus 4 plus 5"),
        *("five times ten minus four", "10 mod 4", "ten squared minus four", "4 (5) 6", "((-))"),
    ],
)
def test_other_words_are_no_move(text):
    assert canonical(State((4, 5, 6, 10)), text) == text


def test_words_of_a_comment_are_no_numbers():
    assert canonical(State((4, 5, 6, 10)), "10 - 4 one of the best, five left") == "10 - 4"
    assert in_figures("it is easy") == "it is easy"
