"""Every recording of the official environment, page by page; the comparison itself is benchmarks/webshop_parity.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.world import World

PATH = Path(__file__).parents[3] / "benchmarks" / "webshop_parity.py"
OUT_OF_SCOPE = {"re_reset_same_session", "reset_none", "reset_instruction_text", "instruction_text_attr", "url_mode"}


@pytest.fixture(scope="module")
def parity():
    spec = importlib.util.spec_from_file_location("webshop_parity", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def compared(data_folder, tmp_path, parity):
    import_world(data_folder / "webshop", tmp_path / "world")
    return list(parity.compare(data_folder / "webshop", World(tmp_path / "world")))


def test_nothing_differs(compared):
    assert [mismatch for _, _, mismatches, _ in compared for mismatch in mismatches] == []
    assert {what: count for what, count, _, _ in compared} == {
        "episodes: steps": 1849,
        "quirks: steps": 156,
        "compact: pages": 144,
        "searches: queries": 652,
        "lucene_golden: queries": 400,
        "tokenizer: texts": 247,
        "stemmer: words": 25551,
        "rewards: purchases": 250,
        "rewards_human: purchases": 75,
        "rewards_targeted: purchases": 274,
    }
    assert {name for what, _, _, left in compared if "quirks" in what for name in left.split(", ")} == OUT_OF_SCOPE


def test_a_difference_would_be_seen(data_folder, tmp_path, parity):
    import_world(data_folder / "webshop", tmp_path / "world")
    world = World(tmp_path / "world")
    line = parity.records(data_folder / "webshop" / "episodes.jsonl")[0]
    line["steps"][1]["obs_text"] += "!"
    line["steps"][2]["reward"] = 0.5
    line["steps"][3]["available_actions"]["clickables"].pop()
    assert [mismatch.split(":")[0].rsplit(" ", 1)[-1] for mismatch in parity.compare_steps(world, line)] == [
        "step",
        "text",
        "reward",
        "clickables",
    ]
