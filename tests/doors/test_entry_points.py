"""An installed package offers an algorithm, a policy, a value and a model by entry points, known by their names."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SOURCE = '''\
"""The pieces of an installed package."""

from forethought.agents.models.protocol import Completion, Scores
from forethought.search import Estimate, Evaluate, Expand, Offer, Proposal, Usage


def descend(root, *, num_children: int = 4):
    """Step to the best child, down to an ending.

    Args:
        num_children: Most children of a state.
    """
    node = root
    while not node.done:
        children = yield Expand(node, num_children)
        if not children:
            break
        yield Evaluate(children)
        node = max(children, key=lambda child: child.value)
        yield Offer(node)
    return node


class Backwards:
    """The admissible actions, the last one first."""

    def propose(self, queries):
        return [[Proposal(action) for action in query.actions[::-1][: query.num_children]] for query in queries]


class Brevity:
    """A shorter observation has a higher value."""

    def evaluate(self, queries):
        return [Estimate(1 / (1 + len(query.context.observation))) for query in queries]


class Echo:
    """Writes the score of its option as a text, for every prompt."""

    name = content = "echo"

    def __init__(self, *, score: float = 5.0):
        self.score_text = f"Thus the correctness score is {score}"

    def complete(self, requests):
        return [Completion(self.score_text, Usage(calls=1, prompt=1, completion=1)) for _ in requests]

    def score(self, requests):
        return [Scores((0.0,) * len(request.continuations), Usage(calls=1)) for request in requests]

    def count(self, text):
        return len(text)
'''
ENTRY_POINTS = """\
[forethought.algorithms]
pack-descend = small_pack:descend

[forethought.policies]
pack-backwards = small_pack:Backwards

[forethought.values]
pack-brevity = small_pack:Brevity

[forethought.models]
pack-echo = small_pack:Echo
"""
NAMES = {"algorithm": "pack-descend", "policy": "pack-backwards", "value": "pack-brevity", "model": "pack-echo"}


@pytest.fixture
def site(tmp_path):
    """A folder of installed packages with one package, as an installer leaves it."""
    site = tmp_path / "site"
    info = site / "small_pack-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "small_pack.py").write_text(SOURCE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: small-pack\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (info / "RECORD").write_text("small_pack.py,,\nsmall_pack-1.0.dist-info/entry_points.txt,,\n")
    return site


@pytest.fixture
def run(site, tmp_path):
    """Runs the command with that folder on the path of Python."""
    places = [str(site), *filter(None, sys.path)]
    code = f"import sys; sys.path[:] = {places!r}; from forethought.cli.main import main; main()"

    def run(words, ends=0):
        done = subprocess.run(
            [sys.executable, "-c", code, *words.split()], cwd=tmp_path, capture_output=True, text=True, timeout=120,
            env=dict(os.environ),
        )  # fmt: skip
        assert done.returncode == ends, done.stderr
        return done.stdout if ends == 0 else done.stderr

    return run


AGENT = "--agent pack-descend --policy pack-backwards --value pack-brevity"


def test_each_is_listed_and_shown(run):
    rows = {(row["kind"], row["name"]) for row in json.loads(run("agents list --json"))}
    for kind in ("algorithm", "policy", "value"):
        assert (kind, NAMES[kind]) in rows
    assert "num_children = 4 (an integer): Most children of a state." in run("agents show pack-descend")


def test_an_agent_of_names_is_evaluated_resumed_and_made_into_a_row(run, tmp_path):
    run(f"eval --env Game24-v0 {AGENT} --set num_children=6 --tasks 0:3 --budget nodes=60 --run r")
    results = (tmp_path / "r" / "results.jsonl").read_bytes()
    modules = "--agent small_pack:descend --policy small_pack:Backwards --value small_pack:Brevity"
    run(f"eval --env Game24-v0 {modules} --set num_children=6 --tasks 0:3 --budget nodes=60 --run same")
    assert (tmp_path / "same" / "results.jsonl").read_bytes() == results
    assert all(json.loads(line)["spent"]["nodes"] > 6 for line in results.splitlines())
    (tmp_path / "r" / "results.jsonl").unlink()
    run("resume r")
    assert (tmp_path / "r" / "results.jsonl").read_bytes() == results
    run("board add r --name packed --rows rows")
    row = json.loads((tmp_path / "rows" / "packed.json").read_text())
    assert row["agent"]["foreign"] == ["pack-descend", "pack-backwards", "pack-brevity"]
    assert set(json.loads((tmp_path / "r" / "manifest.json").read_text())["sources"]) >= {"small_pack"}


def test_a_model_of_a_name_answers_with_its_option(run, tmp_path):
    run(
        "eval --env Game24-v0 --agent greedy --policy all --value lm-text --set value.samples=1 --tasks 0:1 "
        "--budget nodes=20 --model pack-echo --model-option score=7.5 --terminal-value rule --run r"
    )
    (row,) = [json.loads(line) for line in (tmp_path / "r" / "results.jsonl").read_text().splitlines()]
    assert row["spent"]["lm_calls"] > 0
    assert row["values"][1] == 0.75


def test_a_name_that_is_not_installed_is_refused_with_those_that_are(run):
    told = run("eval --env Game24-v0 --agent pack-descent --tasks 0:1 --budget nodes=9", ends=2)
    assert "unknown agent 'pack-descent'" in told
    told = run("eval --env Game24-v0 --agent beam --policy pack-forwards --tasks 0:1 --budget nodes=9", ends=2)
    assert "unknown policy 'pack-forwards'" in told
    assert "pack-backwards" in told


def test_an_entry_point_that_is_no_such_piece_is_refused(run, site):
    points = site / "small_pack-1.0.dist-info" / "entry_points.txt"
    points.write_text(ENTRY_POINTS.replace("pack-brevity = small_pack:Brevity", "pack-brevity = small_pack:Backwards"))
    told = run(f"eval --env Game24-v0 {AGENT} --tasks 0:1 --budget nodes=9", ends=2)
    assert "pack-brevity is no value" in told
    assert "expected a class with the method evaluate(self, queries)" in told
