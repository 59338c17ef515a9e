from __future__ import annotations

import pytest

pytest.importorskip("peft", reason="the extra [lm] is not installed")

from dataclasses import replace

from forethought.agents import load_prompt
from forethought.agents.values import read_score
from forethought.value import target
from forethought.value.trainer import score_pair, text_pair

SCORE, TEXT = load_prompt("Game24-v0", "value_score"), load_prompt("Game24-v0", "value_text")


@pytest.fixture
def example(tree, grow):
    root = tree("4 5 6")
    grow(root, "4 * 6", 0.8, rationale="24 is there")
    return target(root)


@pytest.mark.parametrize(
    ("y", "label"),
    [(0.0, "0"), (0.04, "0"), (0.05, "1"), (0.449, "4"), (0.45, "5"), (0.949, "9"), (0.95, "10"), (1.0, "10")],
)
def test_the_label_is_the_nearest_integer(example, y, label):
    assert score_pair(replace(example, target=y), SCORE).completion == label


def test_training_and_serving_share_one_prompt(example, tree):
    from forethought.search import Query

    served = SCORE.render(Query(tree("4 5 6"), None, 0))
    assert score_pair(example, SCORE).prompt == served


def test_a_text_pair_holds_action_outcome_rationale_and_score(example):
    pair = text_pair(example, TEXT)
    assert pair.completion == "4 * 6\nthen: 4 * 6 = 24 (left: 5 24)\n24 is there\nThus the correctness score is 8.00"
    assert read_score(pair.completion) == pytest.approx(0.8)


def test_a_dead_end_says_so(example):
    pair = text_pair(replace(example, best_action="", best_observation="", best_rationale="", target=0.0), TEXT)
    assert pair.completion == "none\nThus the correctness score is 0.00"
