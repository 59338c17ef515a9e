"""The benchmarks run; what they measure is for docs/results.md, not for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "search_overhead.py"


@pytest.mark.parametrize("what", ["mcts/1/on", "greedy/2/off", "beam/1/on"])
def test_our_side_of_the_search_benchmark_runs(what):
    words = [sys.executable, str(SCRIPT), "--side", "ours", "--what", what]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=SCRIPT.parent.parent.parent)
    assert 0 < json.loads(done.stdout) < 100_000


def test_a_missing_peer_is_explained(tmp_path):
    words = [sys.executable, str(SCRIPT), "--peer-python", str(tmp_path / "python")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "run `make bench-venv` first" in done.stderr
