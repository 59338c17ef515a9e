"""forethought value collect: labelled states from live trees and from a finished run; refusals before a run begins."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from forethought.cli.main import app

COLLECT = "value collect --env Game24-v0 --tasks 0:3 --set level_width=4"


def call(words):
    return CliRunner().invoke(app, words.split())


def test_states_are_collected_and_told(tmp_path):
    done = call(f"{COLLECT} --truth --run {tmp_path / 'states'} --json")
    assert done.exit_code == 0, done.output
    card = json.loads(done.stdout)["card"]
    lines = (tmp_path / "states" / "examples.jsonl").read_text().splitlines()
    assert len(lines) == card["states"] > 0
    assert card["config"]["terminal_value"] == card["look"]["judge"] == "rule"
    assert json.loads(lines[0])["truth"] is not None


def test_a_finished_run_is_labelled_from_its_journal(tmp_path):
    run = tmp_path / "run"
    assert call(f"{COLLECT} --run {run}").exit_code == 0
    again = call(f"value collect --from {run} --run {tmp_path / 'again'}")
    assert again.exit_code == 0, again.output
    assert (tmp_path / "again" / "examples.jsonl").read_text() == (run / "examples.jsonl").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("value collect --env Game24-v0", "no states to label"),
        (f"{COLLECT} --horizon far", "unknown horizon 'far'"),
        (f"{COLLECT} --judge coin", "unknown judge 'coin'"),
        (f"{COLLECT} --judge model", "no model to judge endings"),
        (f"{COLLECT} --gamma 0", "gamma is 0.0"),
        ("value eval nowhere", "no collection that can be read"),
        ("value train nowhere --out head", "no collection that can be read"),
        ("value train nowhere --out head --kind cubic", "unknown kind 'cubic'"),
        ("value train nowhere --out head --shuffle some", "unknown shuffle 'some'"),
    ],
)
def test_refusals_leave_no_folder(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call(words)
    assert done.exit_code != 0
    assert told in f"{done.output}{done.exception}"
    assert not list(tmp_path.iterdir())
