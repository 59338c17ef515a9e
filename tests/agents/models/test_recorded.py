from __future__ import annotations

import errno
import hashlib
import json
import os

import pytest

from forethought.agents import Recorded, Recording, Request, Sampling, ScoreRequest, Scripted
from forethought.agents.models.protocol import Completion, Scores, bound_of_completion, bound_of_score
from forethought.agents.models.recorded import digest
from forethought.experiments.config import Experiment
from forethought.experiments.execute import run
from forethought.experiments.run_folder import Run
from forethought.search import Usage


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
    path.write_text('["key", "reply", ["text", [1, 2, 0, 1, 0]]]\n{"not": "a reply"}\n')
    with pytest.raises(ValueError, match=r"replies.jsonl, line 2, is no recorded reply"):
        Recorded(path)


@pytest.mark.parametrize(
    "row", ['{"a": 1, "b": 2, "c": 3}', '"abc"', '["key"]', '["key", "bound"]', "", "[]", "3", '["key", 4]']
)
def test_so_is_one_with_another_kind_of_row(tmp_path, row):
    path = tmp_path / "replies.jsonl"
    path.write_text(f'["key", "reply", ["text", [1, 2, 0, 1, 0]]]\n{row}\n["key", "bound", [1, 4]]\n')
    with pytest.raises(ValueError, match=r"replies.jsonl, line 2, is no recorded reply"):
        Recorded(path)


def test_a_reply_without_a_bound_is_bounded_by_its_usage(tmp_path):
    path, asked, scored = tmp_path / "replies.jsonl", Request("four", Sampling(max_tokens=7)), ScoreRequest("b", ("x",))
    rows = [[digest(asked), "reply", ["text", [1, 2, 0, 1]]], [digest(scored), "reply", [[-1.0], [2, 9, 0, 2]]]]
    path.write_text("\n".join(map(json.dumps, rows)))
    recorded = Recorded(path)
    assert recorded.complete([asked]) == [Completion("text", Usage(1, 2, 0, 1))]
    assert recorded.score([scored]) == [Scores((-1.0,), Usage(2, 9, 0, 2))]
    assert bound_of_completion(recorded, asked) == Usage(1, 4, 0, 7)
    assert bound_of_score(recorded, scored) == Usage(2, 9, 0, 2)


def test_a_recorded_reply_keeps_its_reasoning_and_its_refusal(tmp_path):
    path = tmp_path / "replies.jsonl"
    asked = [Request("a"), Request("b"), Request("c")]
    replies = [
        Completion("x", Usage(1), rationale="because"),
        Completion("", Usage(1), truncated=True),
        Completion("", Usage(), refusal="the prompt has 9 tokens, and the model reads 8"),
    ]
    answers = dict(zip(asked, replies, strict=True))
    Recording(Answers(answers), path).complete(asked)
    assert Recorded(path).complete(asked) == replies


class Answers(Scripted):
    def __init__(self, answers):
        super().__init__([])
        self.answers = answers

    def complete(self, requests):
        return [self.answers[request] for request in requests]


# A file that a kill left behind


def test_a_torn_last_line_is_no_reply_and_nothing_is_written_onto_it(tmp_path):
    path, lm = tmp_path / "replies.jsonl", Scripted(lambda request: request.prompt * 2)
    asked = [Request("a"), Request("b"), Request("ž")]
    first = Recording(lm, path).complete(asked[:2])
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        recorded = Recorded(path)
        assert recorded.complete(asked[:1]) == first[:1]
        if end < len(whole) - 1:  # there only the end of the line is missing
            with pytest.raises(KeyError, match="no reply was recorded for the prompt 'b'"):
                recorded.complete(asked[1:2])
        third = Recording(lm, path).complete(asked[2:])
        assert Recorded(path).complete([asked[0], asked[2]]) == [first[0], *third]
        assert path.read_bytes().startswith(whole if end == len(whole) - 1 else whole[:last] + b'["')


def test_other_damage_stays_an_error_and_is_left_as_it_is(tmp_path):
    path, lm = tmp_path / "replies.jsonl", Scripted(lambda request: request.prompt)
    Recording(lm, path).complete([Request("a"), Request("b")])
    lines = path.read_bytes().splitlines(keepends=True)
    for damaged in (
        lines[0][:-9] + b"\n" + lines[1],
        lines[0][:-9] + lines[1],
        lines[0] + b'{"torn": ',
        b"no recording",
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"line [12], is no recorded reply"):
            Recorded(path)
        with pytest.raises(ValueError, match=r"line [12], is no recorded reply"):
            Recording(lm, path).complete([Request("c")])
        assert path.read_bytes() == damaged


def test_a_line_that_the_disk_had_no_room_for_is_cut_off_by_the_next(tmp_path, monkeypatch):
    path = tmp_path / "replies.jsonl"
    recording = Recording(Scripted(lambda request: request.prompt), path)
    recording.complete([Request("a")])
    dumps = json.dumps

    def half(row, **kwargs):
        if kwargs:  # a digest
            return dumps(row, **kwargs)
        with path.open("a") as file:
            file.write(dumps(row)[:20])
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("forethought.agents.models.recorded.json.dumps", half)
        with pytest.raises(OSError, match="no space"):
            recording.complete([Request("b")])
    recording.complete([Request("c")])
    assert [done.text for done in Recorded(path).complete([Request("a"), Request("c")])] == ["a", "c"]


def test_what_a_full_disk_took_a_part_of_is_cut_off_at_once(tmp_path, monkeypatch):
    path = tmp_path / "replies.jsonl"
    recording = Recording(Scripted(lambda request: request.prompt), path)
    recording.complete([Request("a")])
    before, write, calls = path.read_bytes(), os.write, []

    def full(file, data):
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, bytes(data[:7]))

    with monkeypatch.context() as patch:
        patch.setattr("forethought.common.files.os.write", full)
        with pytest.raises(OSError, match="No space left"):
            recording.complete([Request("b")])
    assert path.read_bytes() == before


@pytest.mark.parametrize("levels", [500, 100_000])
def test_a_recording_that_is_nested_too_deeply_is_refused_and_left_as_it_is(tmp_path, levels):
    path = tmp_path / "replies.jsonl"
    path.write_text(f'["key", "reply", {"[" * levels + "]" * levels}]\n')
    before = path.read_bytes()
    for opened in (Recorded, lambda path: Recording(Scripted(["b"]), path).complete([Request("b")])):
        with pytest.raises(ValueError, match=r"line 1, is no recorded reply \(it is nested deeper than 100 levels"):
            opened(path)
    assert path.read_bytes() == before


# Bounds


class Twice(Scripted):
    """Looks at each prompt twice to score it, and may write more than it was allowed, as a server may."""

    def bound_of_completion(self, request):
        return Usage(1, self.count(request.prompt), 0, request.sampling.max_tokens + 3)

    def bound_of_score(self, request):
        return Usage(2, 2 * self.count(request.prompt) + 5, 0, 2)


def test_bounds_are_those_of_the_model_whether_it_was_asked_or_not(tmp_path):
    path, lm = tmp_path / "replies.jsonl", Twice(lambda request: "x", scores={"x": -0.25})
    recording = Recording(lm, path)
    asked, only_bounded = Request("žluť a b"), Request("a b", Sampling(max_tokens=3))
    scored, score_bounded = ScoreRequest("c d", ("x",)), ScoreRequest("e f g", ("x",))
    recording.complete([asked])
    recording.score([scored])
    bound_of_completion(recording, only_bounded)
    bound_of_score(recording, score_bounded)
    again = Recorded(path)
    for request in (asked, only_bounded):
        assert (
            bound_of_completion(again, request)
            == bound_of_completion(recording, request)
            == lm.bound_of_completion(request)
        )
    for request in (scored, score_bounded):
        assert bound_of_score(again, request) == bound_of_score(recording, request) == lm.bound_of_score(request)
    size = path.stat().st_size
    other = Recording(lm, path)
    bound_of_completion(other, only_bounded), bound_of_score(other, scored)
    assert path.stat().st_size == size  # each is written once


def test_of_an_unknown_prompt_the_count_is_never_below_the_tokens(tmp_path):
    (tmp_path / "replies.jsonl").touch()
    recorded = Recorded(tmp_path / "replies.jsonl")
    assert recorded.count("žluť 🦊") == len("žluť 🦊".encode())
    assert bound_of_score(recorded, ScoreRequest("a b", ("x",))) == Usage(1, 3)
    assert bound_of_completion(recorded, Request("ž b", Sampling(max_tokens=7))) == Usage(1, 4, 0, 7)


def drawn_by(*parts):
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big")


def writes(request):
    """A move of the numbers left, most of them legal, or a judgement."""
    drawn = drawn_by(request.prompt, request.seed)
    if request.prompt.endswith("best next action: "):
        return f"good\nThus the correctness score is {drawn % 11}.00"
    left = request.prompt.rsplit("left: ", 1)[1].split("\n")[0].split()
    return f"{left[0]} {'+-*/'[drawn % 4]} {left[-1]} = x"


def scores(request):
    return [-(drawn_by(request.prompt, text) % 100) / 10 for text in request.continuations]


def both(folder, lm, **asked):
    """A run that is recorded, and the one that is played from its recording."""
    asked = {
        "env": "Game24-v0",
        "tasks": "900:903",
        "algorithm": "beam",
        "settings": {"beam_width": 2, "num_children": 3},
        **asked,
    }
    first = Run.create(folder / "first", Experiment(**asked, model="scripted", record="replies").config())
    run(first, lm=lm(writes, scores=scores))
    second = Run.create(folder / "second", Experiment(**asked, model=f"recorded:{first.folder / 'replies'}").config())
    run(second)
    return first, second


@pytest.mark.parametrize(("policy", "value"), [("all", "lm-tokens"), ("lm-text", "lm-text"), ("lm-rank", "lm-tokens")])
@pytest.mark.parametrize("lm", [Scripted, Twice])
@pytest.mark.parametrize("limit", ["tokens", "lm_calls"])
def test_a_replay_stops_where_the_recorded_run_did(tmp_path, policy, value, lm, limit):
    """Budgets reserve bounds: by other ones the same limit is reached elsewhere."""
    asked = {"policy": policy, "value": value}
    free, _ = both(tmp_path / "free", lm, budget={"nodes": 60}, **asked)
    most = max(row["spent"][limit] for row in free.results())
    for part in (2, 4):
        first, second = both(tmp_path / str(part), lm, budget={limit: most // part}, **asked)
        assert (second.results(), second.failures()) == (first.results(), [])
        assert {row["stopped"] for row in first.results()} == {limit}
