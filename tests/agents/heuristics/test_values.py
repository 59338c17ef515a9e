from __future__ import annotations

import pytest

from forethought.agents import RuleValue
from forethought.agents.judges import judged as with_judge
from forethought.search import Estimate, Usage


class Paid:
    """Counts what it is asked, and charges for it."""

    def __init__(self):
        self.asked = 0

    def evaluate(self, queries):
        self.asked += len(queries)
        return [Estimate(0.3, usage=Usage(1, 5)) for _ in queries]

    def worst_case_usage(self, query):
        return Usage(1, 5)


@pytest.mark.parametrize(
    ("puzzle", "moves", "value"),
    [
        ("4 6", ["4 * 6"], 1.0),
        ("4 6", ["4 + 6"], 0.0),
        ("4 6", [], 1.0),  # one operation from 24
        ("12 12", [], 1.0),
        ("1 25", [], 1.0),
        ("1 5", [], 0.0),
        ("0 5", [], 0.0),  # no division by zero
        ("48 2", [], 1.0),
        ("2 3 4", [], 0.7),  # all divide 24
        ("2 3 5", [], (0.7 + 0.7 + 0.4) / 3),
        ("2 3 50", [], (0.7 + 0.7 + 0.1) / 3),
        ("1 2 3 4", ["1 / 2"], (0.1 + 0.7 + 0.7) / 3),
        ("1 2 3 4", ["1 - 2"], (0.1 + 0.7 + 0.7) / 3),
    ],
)
def test_the_rule_of_game24(query, puzzle, moves, value):
    (estimate,) = RuleValue("Game24-v0").evaluate([query(puzzle, *moves)])
    assert estimate.value == pytest.approx(value)


def test_endings_are_judged_by_the_rule_and_cost_nothing(query):
    paid = Paid()
    judged = with_judge(paid, "rule", "Game24-v0")
    found = judged.evaluate([query("4 6", "4 * 6"), query("4 6"), query("4 6", "4 + 6")])
    assert [estimate.value for estimate in found] == [1.0, 0.3, 0.0]
    assert paid.asked == 1
    assert judged.worst_case_usage(query("4 6")).tokens == 5
    assert judged.worst_case_usage(query("4 6", "4 * 6")).tokens == 0


def test_a_family_without_a_rule_is_told():
    with pytest.raises(ValueError, match="FrozenLake-v1 has no rule value; families that have one: Game24-v0"):
        RuleValue("FrozenLake-v1")
    with pytest.raises(ValueError, match="no rule for terminal states"):
        with_judge(Paid(), "rule", "FrozenLake-v1")
