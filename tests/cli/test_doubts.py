from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest
import typer

from forethought.cli import stl
from forethought.cli.doubts import doubts, unread
from forethought.search.engine.budget import Ledger
from forethought.value.stl import Round

CLEAN = {**Ledger().to_json(), "nodes": 20, "env_steps": 20, "lm_calls": 12, "evaluations": 20}

RAISE = "(raise it: --set policy.max_tokens=N)"


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, []),
        (
            {"parse_failures": 12, "truncated": 12},
            ["12 of 12 replies could not be read, 12 of them ended at the token limit " + RAISE],
        ),
        ({"parse_failures": 1}, ["1 of 12 replies could not be read"]),
        (
            {"parse_failures": 5, "truncated": 3, "refused": 2},
            [
                "5 of 12 replies could not be read, 3 of them ended at the token limit "
                "(raise it: --set policy.max_tokens=N), "
                "2 of them were refused by the model"
            ],
        ),
        ({"illegal_actions": 7}, ["7 of 20 proposals were refused by the rules"]),
    ],
)
def test_what_was_lost_is_told_with_counts(counts, told):
    assert doubts([{"values": [0.1, 0.9], "spent": CLEAN}], {**CLEAN, **counts}) == told


def test_tasks_without_a_move_are_told():
    results = [{"values": None, "spent": {**CLEAN, "nodes": nodes}} for nodes in (0, 3, 0)]
    assert doubts(results, CLEAN) == ["2 of 3 tasks ended without a move"]


@pytest.mark.parametrize(
    ("spans", "told"),
    [([[0.5, 0.5], None, [0.5, 0.5]], ["all 20 values were 0.5"]), ([[0.5, 0.5], [0.6, 0.6]], []), ([None], [])],
)
def test_a_value_that_is_always_the_same_is_told(spans, told):
    assert doubts([{"values": span, "spent": CLEAN} for span in spans], CLEAN) == told


def test_the_settings_to_raise_are_those_of_the_parts_whose_replies_were_cut():
    roles = {
        "judge": {"truncated": 1},
        "value": {"truncated": 2},
        "policy": {"truncated": 0},
        "reflection": {"truncated": 1},
    }
    told = unread({**CLEAN, "parse_failures": 4, "truncated": 4, "roles": roles})
    assert told.endswith("(raise it: --set reflection.max_tokens=N --set value.max_tokens=N)")


def test_a_training_tells_the_replies_that_could_not_be_read(monkeypatch, tmp_path, capsys):
    lost = {**CLEAN, "parse_failures": 9, "truncated": 9, "roles": {"value": {"truncated": 9}}}
    for name in ("0/validation", "1/collect"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.toml").write_text("")
    monkeypatch.setattr(stl, "rounds_of", lambda run: [Round(n, None, 0.5, ()) for n in range(2)])
    monkeypatch.setattr(stl, "outcomes", lambda run: ([{"spent": lost}], []))
    monkeypatch.setattr(stl, "Run", lambda folder: folder)
    with pytest.raises(typer.Exit) as ended:
        stl.go_on(SimpleNamespace(folder=tmp_path), as_json=True)
    assert ended.value.exit_code == 3
    stl.go_on(SimpleNamespace(folder=tmp_path), as_json=True, allow_unreadable=True)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])["doubts"]
    assert told == [
        "18 of 24 replies could not be read, 18 of them ended at the token limit (raise it: --set value.max_tokens=N)"
    ]


@pytest.mark.parametrize("as_json", [True, False])
def test_an_agreement_that_could_not_be_measured_is_told_so(monkeypatch, tmp_path, capsys, as_json):
    monkeypatch.setattr(stl, "rounds_of", lambda run: [Round(n, None, math.nan, ()) for n in range(2)])
    stl.go_on(SimpleNamespace(folder=tmp_path), as_json)
    said = capsys.readouterr()
    if as_json:
        assert json.loads(said.out, parse_constant=pytest.fail)["agreement"] == [None, None]
    else:
        assert "agrees best" not in said.err
        assert "no agreement could be measured" in " ".join(said.err.split())
