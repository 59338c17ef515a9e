from __future__ import annotations

import pytest

from forethought.cli.doubts import doubts
from forethought.search import Ledger

CLEAN = {**Ledger().to_json(), "nodes": 20, "env_steps": 20, "lm_calls": 12, "evaluations": 20}


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, []),
        (
            {"parse_failures": 12, "truncated": 12},
            ["12 of 12 replies could not be read, 12 of them ended at the token limit"],
        ),
        ({"parse_failures": 1}, ["1 of 12 replies could not be read"]),
        (
            {"parse_failures": 5, "truncated": 3, "refused": 2},
            [
                "5 of 12 replies could not be read, 3 of them ended at the token limit, "
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
