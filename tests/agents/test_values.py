from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents import LMTextValue, LMTokenValue, Scripted, load_prompt
from forethought.agents.values import SCORES, read_score

SCORE, TEXT = load_prompt("Game24-v0", "value_score"), load_prompt("Game24-v0", "value_text")


def test_token_value_is_the_expected_score(query):
    lm = Scripted(scores={"0": log(0.1), "5": log(0.2), "10": log(0.1)})  # (0.1 * 0 + 0.2 * 5 + 0.1 * 10) / 0.4 / 10
    (estimate,) = LMTokenValue(lm, SCORE).evaluate([query("5 6 6")])
    assert estimate.value == pytest.approx(0.5, abs=1e-6)
    assert lm.prompts == ["24 from 5 6 6: "]


def test_token_value_asks_for_the_integers_0_to_10(query):
    asked = []
    LMTokenValue(Scripted(scores=lambda request: asked.append(request) or [0.0] * 11), SCORE).evaluate([query("5 6")])
    assert asked[0].continuations == SCORES == tuple(map(str, range(11)))


def test_equal_prompts_are_computed_once_and_billed_each(query):
    lm = Scripted(scores={"3": 0.0})
    estimates = LMTokenValue(lm, SCORE).evaluate([query("5 6 6"), query("5 6 6"), query("4 5 6 10", "10 - 4")])
    assert len(lm.prompts) == 1  # all three are the position 5 6 6
    assert [e.usage.calls for e in estimates] == [1, 1, 1]
    assert {e.value for e in estimates} == {estimates[0].value}


def test_text_value_is_the_mean_and_its_rationale_the_medians(query):
    replies = [
        "a good one\nThus the correctness score is 9.00",
        "poor\nThus the correctness score is 2",
        "so\nThus the correctness score is 4.0",
    ]
    (estimate,) = LMTextValue(Scripted(replies), TEXT, samples=3).evaluate([query("5 6 6")])
    assert estimate.value == pytest.approx(0.5)
    assert estimate.rationale == "so"
    assert estimate.parsed
    assert estimate.usage.parse_failures == 0


def test_text_without_a_score_is_counted_and_left_out(query):
    replies = ["no idea", "Thus the correctness score is 8", "Thus the correctness score is 80"]
    (estimate,) = LMTextValue(Scripted(replies), TEXT, samples=3).evaluate([query("5 6 6")])
    assert estimate.value == pytest.approx(0.8)
    assert estimate.usage.parse_failures == 2


def test_text_that_never_parses_is_marked(query):
    (estimate,) = LMTextValue(Scripted(["x", "y"]), TEXT, samples=2).evaluate([query("5 6 6")])
    assert not estimate.parsed
    assert estimate.usage.parse_failures == 2


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Thus the correctness score is 7.50", 0.75),
        ("correctness score is 2. Thus the correctness score is 10.00", 1.0),
        ("the correctness score is -1", None),
        ("the correctness score is 10.01", None),
        ("the correctness score is ٣", None),
        ("the correctness score is __import__('os')", None),
        ("", None),
    ],
)
def test_read_score(text, score):
    assert read_score(text) == score


@given(st.text(st.characters()))
def test_any_reply_is_read_without_an_error(text):
    for reply in (text, f"the correctness score is {text}"):
        score = read_score(reply)
        assert score is None or 0 <= score <= 1


def test_no_value_costs_more_than_its_bound(query):
    for value in (LMTokenValue(Scripted(), SCORE), LMTextValue(Scripted(lambda _: "score " * 50), TEXT, max_tokens=16)):
        asked = query("5 6 6")
        bound, spent = value.worst_case_usage(asked), value.evaluate([asked])[0].usage
        assert spent.tokens <= bound.tokens
        assert spent.calls <= bound.calls


def test_text_needs_a_sample():
    with pytest.raises(ValueError, match="at least one"):
        LMTextValue(Scripted(), TEXT, samples=0)
