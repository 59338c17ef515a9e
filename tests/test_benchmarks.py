"""The benchmarks run; what they measure is for docs/results.md, not for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from forethought.search import Budget
from forethought.search.engine.driver import Driver
from forethought.search.registry import ALGORITHMS

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "search_overhead.py"


@pytest.fixture
def sides(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import search_ours
    import search_peers

    return search_ours, search_peers


def run(*words):
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True)


@pytest.mark.parametrize("what", ["mcts/1/on", "greedy/2/off", "lats/1/on", "rap/2/on", "mcts@20/1/off"])
def test_our_side_of_the_search_benchmark_runs(what):
    done = run("--side", "ours", "--what", what)
    assert 0 < json.loads(done.stdout) < 100_000, done.stderr


def test_every_algorithm_is_timed(sides):
    assert sides[0].TIMED.keys() == ALGORITHMS.keys()


def test_the_bare_loop_grows_our_tree(sides):
    ours, peers = sides
    models = ours.Models()
    driver = Driver(ours.Integers(ours.NO_END), models, models, Budget(nodes=10**9))
    (outcome,) = driver.run([0], partial(ALGORITHMS["mcts"], num_children=peers.WIDTH, num_simulations=50, depth=1000))
    bare, stack = [], [peers.bare(50)]
    while stack:
        node = stack.pop()
        bare.append((node.state, node.visits, node.total))
        stack.extend(reversed(node.children or []))
    assert [(node.state, node.visits, node.total) for node in outcome.root] == bare


def test_peers_that_are_not_installed_are_named_and_the_rest_is_measured():
    done = run("--pairs", "1", "--only", "bare", "trace", "inplace", "--peer-python", sys.executable)
    assert "bare loop" in done.stdout, done.stderr
    for package in ("llm-reasoners", "treequest"):
        assert f"{package}: not measured, as {sys.executable} lacks it; run `make bench-venv`" in done.stdout


def test_a_python_that_is_not_there_is_explained(tmp_path):
    done = run("--peer-python", str(tmp_path / "python"))
    assert done.returncode == 1
    assert "run `make bench-venv` first" in done.stderr
