"""Steps of an algorithm, without a driver: free requests are served, a paid one waits."""

from __future__ import annotations

from collections import deque

import pytest

from forethought.search import Attempt, Budget, Evaluate, Expand, Offer, Play
from forethought.search.engine.handlers.evaluation import EvaluateHandler
from forethought.search.engine.handlers.expansion import ExpandHandler
from forethought.search.engine.step_limit import StepLimit
from forethought.search.engine.steps import Steps
from forethought.search.engine.task_search import TaskSearch
from forethought.search.node import Node


@pytest.fixture
def begin(letters, mover, judge):
    """Takes the first step of an algorithm in a world of two letters."""

    def run(algorithm, nodes=10):
        world = letters({"": "ab", "a": "ab"})
        paid = {Expand: ExpandHandler(mover()), Evaluate: EvaluateHandler(judge())}
        steps = Steps(paid, Budget(nodes=nodes), frozenset(), StepLimit())
        start = world.root(0)
        search = TaskSearch(0, Node(start.state, start.observation, world=world), deque())
        steps.begin(search, algorithm)
        return steps, search

    return run


def test_it_waits_at_the_first_paid_request(begin):
    def algorithm(root):
        yield Offer(root)
        yield Evaluate([])  # of no nodes: answered at once
        yield Attempt((yield Play(root, "a")))
        yield Expand(root)
        raise AssertionError("it was not answered")

    steps, search = begin(algorithm)
    assert search.error is None
    assert (search.request, search.handler.name, search.waits) == (Expand(search.root), "expand", True)
    assert [node.action for node in search.attempts] == ["a"]
    assert (search.spent.nodes, search.spent.evaluations) == (1, 0)
    steps.stop(search, "nodes")
    assert (search.stopped, search.answer, search.waits) == ("nodes", search.root, False)


def test_a_step_beyond_the_budget_stops_at_the_offer_that_stands(begin):
    def algorithm(root):
        node = yield Play(root, "a")
        yield Offer(node)
        yield Play(node, "b")
        raise AssertionError("it was stopped")

    _, search = begin(algorithm, nodes=1)
    assert (search.stopped, search.answer.action, search.error) == ("nodes", "a", None)


def test_a_refused_step_is_told_as_none(begin):
    def algorithm(root):
        assert (yield Play(root, "z")) is None
        return root

    _, search = begin(algorithm)
    assert (search.stopped, search.error, search.spent.illegal_actions) == ("returned", None, 1)


def test_a_cap_of_the_settings_is_told_apart_from_an_end(begin):
    def algorithm(root):
        root.capped = True
        return root
        yield

    assert begin(algorithm)[1].stopped == "cap"
