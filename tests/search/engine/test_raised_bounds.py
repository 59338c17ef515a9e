"""A model that finds, before it asks for more, that its bound was too low: the driver reserves anew and asks again."""

from __future__ import annotations

import pytest

from forethought.agents.policies import AllActions
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Budget, Estimate, Evaluate, Usage
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal import Journal


class Raised(RuntimeError):
    bound_raised = True

    def __init__(self, cost):
        super().__init__("more")
        self.take_unbilled_usage = lambda: cost


class Learning:
    """Says 10 tokens at first; a call costs 100."""

    def __init__(self):
        self.worst, self.calls = 10, 0

    def worst_case_usage(self, query):
        return Usage(1, self.worst)

    def evaluate(self, queries):
        self.calls += 1
        if self.worst < 100:
            self.worst = 100
            raise Raised(Usage(1, 100))
        return [Estimate(0.5, usage=Usage(1, 100)) for _ in queries]


def look(root):
    yield Evaluate([root])
    yield Evaluate([root])
    return root


def search(limit, path, value):
    with Journal(path) as journal:
        world = TaskSimulator(Game24(["4 5 6 10"]))
        (outcome,) = Driver(world, AllActions(), value, Budget(tokens=limit), journal=journal).run([0], look)
    return outcome.error, outcome.stopped, outcome.spent.usage.tokens


@pytest.mark.parametrize(
    ("limit", "stopped", "tokens", "calls"),
    [(200, "returned", 200, 3), (199, "tokens", 100, 2), (99, "tokens", 100, 1)],
)
def test_it_is_asked_again_within_the_budget_or_billed(tmp_path, limit, stopped, tokens, calls):
    """Where nothing is left for another call, the first one, which was paid, stands in the ledger."""
    value = Learning()
    assert search(limit, tmp_path / "journal.jsonl", value) == (None, stopped, tokens)
    assert value.calls == calls
    again = Learning()
    assert search(limit, tmp_path / "journal.jsonl", again) == (None, stopped, tokens)
    assert again.calls == 0
