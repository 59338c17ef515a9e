from __future__ import annotations

import pytest

from forethought.agents import Recorded, Recording, Request, Sampling, ScoreRequest, Scripted


def test_what_was_recorded_is_answered_in_any_order(tmp_path):
    path = tmp_path / "replies.jsonl"
    asked = [Request("a", Sampling(temperature=1.0), seed=1), Request("a", Sampling(temperature=1.0), seed=2)]
    scored = ScoreRequest("b", ("x", "y"))
    recording = Recording(Scripted(["one \ud800", "two"], scores={"x": -0.25}), path)
    texts, scores = recording.complete(asked), recording.score([scored])
    again = Recorded(path)
    assert again.complete(asked[::-1]) == texts[::-1]
    assert again.score([scored, scored]) == scores * 2


def test_what_was_not_recorded_is_an_error(tmp_path):
    path = tmp_path / "replies.jsonl"
    Recording(Scripted(["one"]), path).complete([Request("a", seed=1)])
    with pytest.raises(KeyError, match="no reply was recorded for the prompt 'a'"):
        Recorded(path).complete([Request("a", seed=2)])


def test_a_file_that_is_no_recording_is_refused(tmp_path):
    path = tmp_path / "replies.jsonl"
    path.write_text('["key", 3, "text", [1, 2, 0, 1, 0]]\n{"not": "a reply"}\n')
    with pytest.raises(ValueError, match=r"replies.jsonl, line 2, is no recorded reply"):
        Recorded(path)


def test_its_count_is_never_below_the_tokens():
    assert Recorded.count(object.__new__(Recorded), "žluť 🦊") >= 4
