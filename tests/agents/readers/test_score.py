"""Scores as models write them, and numbers that are none."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents.readers.score import find_score, rationale_before
from forethought.agents.values import read_score

GOOD = {
    0.9: [
        *(
            "Thus the correctness score is **9.00**",
            "score is: 9",
            "correctness score is $9$",
            "correctness score is `9`",
        ),
        *("correctness score is [9]", "correctness score is (9)", "correctness score is 9/10", "score is 9 / 10"),
        *("correctness score is 9 out of 10", "correctness score is ９", "correctness score is = 9", "score=9"),
        *("correctness score: 9", "Score is **9.00** out of 10", "The correctness score is\n9", "score → 9", "Score 9"),
        *("the correctness score is\n\n**9.00**", "score is \\boxed{9}", "correctness score is $\\boxed{9.0}$"),
        *("correctness score is \\(9\\)", "correctness score is \\[9\\]", "correctness score is 90/100", "9 of 10"),
        *("correctness score is 4.5/5", "correctness score is 90%", "**Correctness score:** 9", "Rating: 9"),
        *("**Correctness Score**: 9/10", "correctness_score: 9", '{"correctness_score": 9}', '"score": "9"'),
        *("<score>9</score>", "| score | 9 |", "correctness score of this state is 9", "score (0-10): 9"),
        *("score (out of 10): 9", "a correctness score of 9", "correctness score would be 9", "score is exactly 9"),
        *("correctness score is approximately 9.0", "correctness score is 9.", "score is an 9", "\\boxed{9}", "9"),
        *("correctness score is 5. Wait. Thus the correctness score is 9", "**9/10**", "9/10", "### Score\n9"),
        *("correctness score is $\\frac{9}{10}$", "score is therefore 9", "The correctness score is <b>9</b>"),
        *("correctness score is 9\n\nThat was step 3 of 10.", "Score: 9 - good", "correctness score is 9 (out of 10)"),
        *("The correctness score is **9**/10", "score is 9.00/10.00", "correctness score is\u00a09", "scores 9/10"),
        *("Step 3 of 10 is done. The correctness score is 9", "Correctness score:\n- 9", "score, from 0 to 10, is 9"),
        *(
            "score is 9.0000000000",
            "A score of 24 would be best. Thus the correctness score is 9\r\n",
            "score is 9\ufeff",
        ),
        *("<think>the correctness score is 3</think>Thus the correctness score is 9",),
    ],
    0.75: ["correctness score is 7,5", "Thus the correctness score is: **7.5** / **10**", "score of 7.5/10."],
    0.0: ["correctness score is 0", "correctness score is 0.00/10"],
    1.0: ["correctness score is 10.00", "correctness score is 10 out of 10", "correctness score is 100%"],
}
NONE = [
    *("step 3 of 10", "", "score is -1", "correctness score is −1", "correctness score is 10.01", "score is ٣"),
    *("correctness score is __import__('os')", "correctness score is nan", "correctness score is inf", "score is 1e1"),
    *("correctness score is unclear because 24 = 4 * 6", "3 of 10 steps are left", "correctness score is 11/10"),
    *("correctness score is 9/0", "the score is between 0 and 10", "correctness score is 7-8", "score is 120%"),
    *("Thus the correctness score is 80", "I need 9 more steps", "10 - 4 = 6", "correctness score is 1,000"),
    *("score in step 3 of 10", "<think>the correctness score is 9</think>", "<think>the correctness score is 9"),
    *("the correctness score is\n\n", "the correctness score for (left: 4 6) is unknown"),
]


@pytest.mark.parametrize(("score", "text"), [(score, text) for score, texts in GOOD.items() for text in texts])
def test_scores_are_read(score, text):
    assert read_score(text) == pytest.approx(score)


@pytest.mark.parametrize("text", NONE)
def test_other_numbers_are_not(text):
    assert read_score(text) is None


@pytest.mark.parametrize(
    ("text", "rationale"),
    [
        ("a good one\nThus the correctness score is 9.00", "a good one"),
        ("So good.\n\n**Final score:** 9/10", "So good."),
        ("It is near. Therefore, my score is **9**.", "It is near."),
        ('24 is reached. {"score": 9}', "24 is reached."),
        ("Thus the correctness score is 9", ""),
        ("9", ""),
    ],
)
def test_the_rationale_is_what_stands_before(text, rationale):
    score = find_score(text)
    assert score is not None
    assert rationale_before(text, score) == rationale


PIECES = [
    "score ",
    "correctness score is ",
    "9",
    "10",
    "/",
    " out of ",
    ".",
    ",",
    "-",
    "**",
    "$",
    "\\boxed{",
    "}",
    "%",
    "\n",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=20).map("".join))
def test_any_reply_is_read_without_an_error(text):
    score = find_score(text)
    if score is not None:
        assert 0 <= score.value <= 1
        assert rationale_before(text, score) in text


@pytest.mark.parametrize(
    "piece",
    [
        "score ",
        "score is ",
        "score: ",
        "score of a ",
        "9 ",
        "* ",
        "- ",
        "score -  ",
        "\\frac{",
        "grade: ",
        "value of ",
        "I say it a ",
        "maximum ",
        "<a ",
        "\n- ",
        "$9",
    ],
)
def test_hostile_replies_take_linear_time(piece):
    began = process_time()
    find_score(piece * 100_000)
    assert process_time() - began < 5


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("I'd give it a 9 out of 10", 0.9),
        ("I would rate this 8/10.", 0.8),
        ("Based on this, I'd say 9/10.", 0.9),
        ("Correctness: 9/10", 0.9),
        ("the score is \\boxed{\\text{9}}", 0.9),
        ("I say step 3 of 10", None),
        ("10 - 4 gives 6/10 of it", None),
    ],
)
def test_a_number_out_of_ten_that_is_given_counts_without_the_word_score(reply, score):
    assert read_score(reply) == score
