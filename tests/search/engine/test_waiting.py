"""Models that answer from a machine elsewhere: asked from threads, so that no task waits for another."""

from __future__ import annotations

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Estimate, Usage, greedy
from forethought.search.engine.journal import Journal
from forethought.search.registry import algorithm

PRICE = Usage(1, 3, 0, 4)
LEGAL = {"": "ab", "a": "ab", "b": "ab"}


@pytest.fixture(scope="session")
def remote(priced_judge, worth_of):
    """A value model elsewhere, which answers after `delay(query)` seconds."""

    def make(delay=lambda query: 0.0, seed=0):
        worth, price = worth_of(seed), PRICE

        def answer(query):
            time.sleep(delay(query))
            return Estimate(worth(query).value, "so", price)

        value = priced_judge(price, answer)
        value.is_remote = True
        return value

    return make


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(["greedy", "beam", "mcts", "best_first", "dvts"]),
    seed=st.integers(0, 99),
    concurrency=st.sampled_from([1, 3, 64]),
    budget=st.sampled_from(["nodes=1000", "nodes=9", "lm_calls=7"]),
)
def test_waiting_changes_no_result(grown, remote, drive, results, name, seed, concurrency, budget):
    draw = random.Random(seed)
    search = algorithm(name, {"num_simulations": 8} if name == "mcts" else {})
    world, tasks = grown(seed, height=3), range(5)

    def run(value):
        return results(drive(world, value, search, tasks=tasks, budget=budget, concurrency=concurrency, seed=seed))

    together = remote(seed=seed)
    together.is_remote = False
    assert run(remote(lambda query: draw.random() * 0.002, seed)) == run(together)


def test_a_slow_task_holds_up_no_other(letters, remote, drive):
    others_done = threading.Event()
    ended = []

    def delay(query):
        if query.task == 0:
            assert others_done.wait(20)
        return 0.0

    def search(root):
        end = yield from greedy(root)
        ended.append(root.task)
        if len(ended) == 3:
            others_done.set()
        return end

    outcomes = drive(letters(LEGAL), remote(delay), search, tasks=range(4))
    assert all(outcome.error is None for outcome in outcomes.values())
    assert ended[-1] == 0


def test_a_call_that_fails_loses_its_task_alone(letters, remote, drive, path):
    def delay(query):
        if query.task == 1:
            raise ConnectionError("the cable")
        return 0.0

    with Journal(path) as journal:
        outcomes = drive(letters(LEGAL), remote(delay), greedy, tasks=range(3), journal=journal)
    assert [type(outcome.error) for outcome in outcomes.values()] == [
        type(None),
        ConnectionError,
        type(None),
    ]
    with Journal(path) as journal:
        value = remote()
        outcomes = drive(letters(LEGAL), value, greedy, tasks=range(3), journal=journal)
    assert all(outcome.error is None for outcome in outcomes.values())
    assert {query.task for query in value.queries} == {1}


def test_every_answer_is_journaled_before_it_is_used(letters, remote, drive, path):
    def search(root):
        end = yield from greedy(root)
        lines = path.read_text().splitlines()
        assert sum(line.startswith(f"[{root.task},") and '"evaluate"' in line for line in lines) == 2
        return end

    with Journal(path) as journal:
        outcomes = drive(letters(LEGAL), remote(), search, tasks=range(4), journal=journal)
    assert [outcome.error for outcome in outcomes.values()] == [None] * 4


@pytest.mark.parametrize("limit", [14, 28, 45])
def test_dollars_are_reserved_while_answers_are_away(letters, remote, drive, limit):
    """Each look is two answers of 7 tokens; a cent a token, and four tasks at once."""
    value = remote(lambda query: 0.002)
    outcomes = drive(
        letters(LEGAL), value, greedy, tasks=range(4), budget=f"usd={limit / 100 + 1e-6}",
        price=lambda usage: usage.tokens / 100,
    )  # fmt: skip
    assert sum(outcome.spent.usage.tokens for outcome in outcomes.values()) == limit - limit % 14


def test_an_interrupted_run_does_not_stay_for_its_answers(letters, remote, drive):
    forever = threading.Event()

    def search(root):
        yield from greedy(root, depth=1)
        raise KeyboardInterrupt

    value = remote(lambda query: 0.0 if query.task else forever.wait(20) and 0.0)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        drive(letters(LEGAL), value, search, tasks=range(2))
    assert time.monotonic() - began < 10
    forever.set()
