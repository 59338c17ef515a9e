"""Free-form answers: what counts, what does not and why, and that nothing is ever evaluated."""

import operator
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forethought.envs.game24 import check_answer
from forethought.envs.game24.answer import LONGEST

PUZZLE = "1 4 5 10"
OPS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
RANK = {"+": 1, "-": 1, "*": 2, "/": 2}


@pytest.mark.parametrize(
    "answer",
    [
        "(10 - 4) * (5 - 1)",
        "(10 - 4) * (5 - 1) = 24",
        "(10-4)*(5-1)=24",
        "  ( 10 -\t4 ) *\n(5-1) ",
        "((((10 - 4)))) * ((5) - (1))",
        "(5 - 1) * (10 - 4) = 4 * 6",
        "(10 − 4) × (5 − 1)",
        "(10\u00a0- 4) *\u2003(5 - 1) = 24",  # spaces as models write them
    ],
)
def test_right_answers(answer):
    assert check_answer(PUZZLE, answer) is None


@pytest.mark.parametrize(
    ("puzzle", "answer"),
    [
        ("3 3 8 8", "8 / (3 - 8 / 3)"),  # 23.99999999999999 in floats
        ("1 5 5 5", "5 * (5 - 1 ÷ 5)"),
        ("4 4 4 4", "4 * 4 + 4 + 4"),  # products first
        ("4 4 4 4", "4 + 4 + 4 * 4"),
        ("2 4 30", "30 - 4 - 2"),  # from the left
        ("2 2 96", "96 / 2 / 2"),
        ("3 4 32", "32 / 4 * 3"),
        ("24", "24"),
    ],
)
def test_right_answers_by_the_usual_rules_of_arithmetic(puzzle, answer):
    assert check_answer(puzzle, answer) is None


@pytest.mark.parametrize(
    ("puzzle", "answer", "value"),
    [
        (PUZZLE, "(10 - 4) * 5 - 1", "29"),
        (PUZZLE, "10 - 4 * (5 - 1)", "-6"),
        ("2 4 30", "30 - (4 - 2)", "28"),
        ("2 2 96", "96 / (2 / 2)", "96"),
        ("3 3 8 8", "3 * 8 + 8 - 3", "29"),
        ("3 3 8 8", "8 / (3 - 3 / 8)", "64/21"),
        ("23", "23", "23"),
    ],
)
def test_near_misses_are_told_their_value(puzzle, answer, value):
    assert check_answer(puzzle, answer) == f"{answer!r} is {value}, not 24"


@pytest.mark.parametrize(
    ("answer", "used"),
    [
        ("4 * (5 + 1)", "1 4 5"),
        ("(10 - 4) * (5 - 1) + 0", "0 1 4 5 10"),
        ("(10 - 4) * (5 - 1) * 1", "1 1 4 5 10"),
        ("(10 - 4) * 4", "4 4 10"),
        ("24", "24"),
        ("6 * 4", "4 6"),
        ("4 * 5 + 10 - 1 - 5", "1 4 5 5 10"),
    ],
)
def test_every_number_is_used_once(answer, used):
    reason = f"{answer!r} uses {used}; each of 1 4 5 10 must be used once"
    assert check_answer(PUZZLE, answer) == reason


def test_a_number_given_twice_is_used_twice():
    assert check_answer("4 4 4 4", "4 * 4 + 4 + 4") is None
    assert "must be used once" in check_answer("4 4 4 4", "4 * (4 + 4 / 4 + 4 / 4)")
    assert "must be used once" in check_answer("4 4 4 4", "4 * 4 + 4 + 4 - 4 + 4")


def test_a_false_right_side_is_no_answer():
    """The checker published with Tree of Thoughts lets it pass."""
    answer = "(10 - 4) * (5 - 1) = 25"
    assert check_answer(PUZZLE, answer) == f"{answer!r} is not true: the left side is 24"


def test_a_true_right_side_does_not_make_it_24():
    answer = "(10 - 4) * 5 - 1 = 29"
    assert check_answer(PUZZLE, answer) == f"{answer!r} is 29, not 24"


def test_numbers_on_the_right_side_count_as_used_by_nobody():
    assert "uses 24" in check_answer(PUZZLE, "24 = (10 - 4) * (5 - 1)")


@pytest.mark.parametrize("answer", ["(10 - 4) * (5 - 1) = 24 = 24", "=="])
def test_one_right_side_at_most(answer):
    assert check_answer(PUZZLE, answer) == f"{answer!r} has more than one '='"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "it ends too early"),
        ("= 24", "it ends too early"),
        ("(10 - 4) * (5 - 1) =", "it ends too early"),
        ("10 -", "it ends too early"),
        ("10 4", "'4' is out of place"),
        ("10 - 4)", "')' is out of place"),
        ("10 (4)", "'(' is out of place"),
        ("(10 - 4", "a parenthesis is not closed"),
        ("(10 4)", "a parenthesis is not closed"),
        ("()", "a number was expected before ')'"),
        ("-4 + 10", "a number was expected before '-'"),
        ("10 - -4", "a number was expected before '-'"),
        ("1**1", "a number was expected before '*'"),
        ("10 // 5", "a number was expected before '/'"),
        ("4! + 1 * 0", "'!' is neither a number, + - * / nor a parenthesis"),
        ("24 if 1 else 0", "'i' is neither a number, + - * / nor a parenthesis"),
        ("[10, 4]", "'[' is neither a number, + - * / nor a parenthesis"),
        ("1.0 + 4", "'.' is neither a number, + - * / nor a parenthesis"),
        ("1e1", "'e' is neither a number, + - * / nor a parenthesis"),
        ("1_0", "'_' is neither a number, + - * / nor a parenthesis"),
        ("5²", "'²' is neither a number, + - * / nor a parenthesis"),
        ("١ + ٤", "'١' is neither a number, + - * / nor a parenthesis"),
        ("10 ^ 4", "'^' is neither a number, + - * / nor a parenthesis"),
        ("10 % 4", "'%' is neither a number, + - * / nor a parenthesis"),
        ("10 > 4", "'>' is neither a number, + - * / nor a parenthesis"),
        ("__import__('os')", "'_' is neither a number, + - * / nor a parenthesis"),
        ("10 + \ud800", r"'\ud800' is neither a number, + - * / nor a parenthesis"),
        ("10 \x00 4", r"'\x00' is neither a number, + - * / nor a parenthesis"),
        ("the answer is 24", "'t' is neither a number, + - * / nor a parenthesis"),
    ],
)
def test_what_cannot_be_read(answer, reason):
    assert check_answer(PUZZLE, answer) == f"cannot read {answer!r}: {reason}"


@pytest.mark.parametrize(
    ("puzzle", "answer"),
    [
        ("1 1 24", "1 ** 1 * 24"),
        ("1 4", "4! * 1"),
        ("0 24", "24 if 0 == 0 else 0"),
        ("1 24", "24 + (1 and 0)"),
        ("2 4 8", "4 << 2 + 8"),
        ("4 6", "4 .__mul__(6)"),
    ],
)
def test_what_an_evaluated_answer_could_smuggle_in(puzzle, answer):
    assert check_answer(puzzle, answer).startswith("cannot read")


@pytest.mark.parametrize("answer", ["10 / (5 - 4 - 1)", "24 = 10 / (4 - 4)", "1 / 0 = 1 / 0"])
def test_division_by_zero_is_named(answer):
    assert check_answer(PUZZLE, answer) == f"cannot read {answer!r}: it divides by zero"


def test_the_longest_text_that_is_read():
    answer = "(10 - 4) * (5 - 1)"
    filled = answer.replace(" * ", "*".center(LONGEST - len(answer) + 3))
    assert len(filled) == LONGEST == 200
    assert check_answer(PUZZLE, f"  {filled}  ") is None
    too_long = check_answer(PUZZLE, filled.replace("*", " *"))
    assert too_long.endswith(": it has 201 characters; at most 200 are read")
    assert len(too_long) < 200


@pytest.mark.parametrize(
    "text", ["(" * LONGEST, "(" * 99 + "1" + ")" * 99, "9" * LONGEST, "-" * LONGEST, "(" * 100_000]
)
def test_deep_and_long_texts_are_survived(text):
    assert isinstance(check_answer(PUZZLE, text), str)


def deep(levels, text):
    return deep(levels - 1, text) if levels else check_answer(PUZZLE, text)


def test_nested_parentheses_are_read_on_a_deep_stack_as_well():
    assert deep(700, "(" * LONGEST).startswith("cannot read")


@given(st.text() | st.text(alphabet="0123456789+-*/()= !"))
def test_no_text_raises(text):
    assert check_answer(PUZZLE, text) is None or check_answer(PUZZLE, text)


@st.composite
def trees(draw, depth=3):
    """A number, or (op, left, right)."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.integers(0, 13))
    return (draw(st.sampled_from("+-*/")), draw(trees(depth - 1)), draw(trees(depth - 1)))


def leaves(tree):
    return [tree] if isinstance(tree, int) else leaves(tree[1]) + leaves(tree[2])


def value(tree):
    return Fraction(tree) if isinstance(tree, int) else OPS[tree[0]](value(tree[1]), value(tree[2]))


def spelled(tree):
    """With no parenthesis that the usual rules make needless."""
    if isinstance(tree, int):
        return str(tree)
    op, left, right = tree
    first, second = spelled(left), spelled(right)
    if not isinstance(left, int) and RANK[left[0]] < RANK[op]:
        first = f"({first})"
    if not isinstance(right, int) and RANK[right[0]] <= RANK[op]:
        second = f"({second})"
    return f"{first}{op}{second}"


def value_of(tree):
    try:
        return value(tree)
    except ZeroDivisionError:
        return None


def test_the_tests_own_spelling():
    assert spelled(("-", 8, ("-", 3, ("*", 2, ("+", 1, 4))))) == "8-(3-2*(1+4))"


@given(trees())
def test_an_answer_is_worth_what_fractions_make_of_its_tree(tree):
    text, puzzle, exact = spelled(tree), " ".join(map(str, leaves(tree))), value_of(tree)
    reason = check_answer(puzzle, text)
    if exact is None:
        assert reason.endswith("it divides by zero")
    elif exact == 24:
        assert reason is None
    else:
        assert reason.endswith(f" is {exact}, not 24")


@given(trees(), st.integers(-2, 2))
def test_only_a_true_right_side_is_let_through(tree, off):
    exact = value_of(tree)
    assume(exact is not None)
    claimed = exact + off
    right = f"(0 - {-claimed.numerator}) / {claimed.denominator}" if claimed < 0 else str(claimed)
    reason = check_answer(" ".join(map(str, leaves(tree))), f"{spelled(tree)} = {right}")
    if off:
        assert reason.endswith(f" is not true: the left side is {exact}")
    else:
        assert reason is None if exact == 24 else reason.endswith(f" is {exact}, not 24")
