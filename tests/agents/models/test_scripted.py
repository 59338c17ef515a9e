from __future__ import annotations

import pytest

from forethought.agents import Request, Sampling, ScoreRequest, Scripted


def test_replies_come_in_order_and_prompts_are_kept():
    lm = Scripted(["a b c d", "e"])
    done = lm.complete([Request("first prompt", Sampling(max_tokens=2)), Request("second")])
    assert [completion.text for completion in done] == ["a b", "e"]
    assert lm.prompts == ["first prompt", "second"]
    assert (done[0].usage.calls, done[0].usage.prompt, done[0].usage.completion) == (1, 2, 2)


def test_stops_cut_the_reply():
    (done,) = Scripted(["4 * 6 = 24"]).complete([Request("x", Sampling(stop=("=",)))])
    assert done.text == "4 * 6 "


def test_an_empty_queue_says_which_prompt_was_left():
    with pytest.raises(IndexError, match="no scripted reply is left for the prompt 'hello'"):
        Scripted([]).complete([Request("hello")])


def test_scores_of_unknown_texts_are_low():
    (scores,) = Scripted(scores={"a": -1.0}).score([ScoreRequest("p", ("a", "b"))])
    assert scores.log_probabilities == (-1.0, -20.0)
