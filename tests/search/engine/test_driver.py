from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Ask, Attempt, Budget, Evaluate, Expand, ExpandAll, Offer, Proposal, Reward, greedy
from forethought.search.engine.driver import Driver
from forethought.search.engine.privileges import PrivilegeError
from forethought.search.engine.task_search import episode_return
from forethought.search.engine.tree_dump import digest
from forethought.search.registry import algorithm

LEGAL = {"": "ab", "a": "ab", "b": "ab"}
VALUES = {"a": 0.4, "b": 0.6, "ba": 0.3, "bb": 0.7}


def test_alike_requests_of_many_tasks_are_one_call(letters, judge, mover, drive):
    policy, value = mover(), judge(VALUES)
    drive(letters(LEGAL), value, greedy, policy=policy, tasks=range(50))
    assert [len(call) for call in policy.calls] == [50, 50, 50]
    assert [len(call) for call in value.calls] == [100, 100]
    assert policy.calls[1] == [(task, "b") for task in range(50)]


def test_expand_and_expand_all_are_alike(letters, judge, mover, drive):
    policy = mover()
    searches = {0: greedy, 1: algorithm("beam", {"beam_width": 2})}
    drive(letters(LEGAL), judge(), lambda root: searches[root.task](root), policy=policy, tasks=[0, 1])
    assert policy.calls[:2] == [[(0, ""), (1, "")], [(0, "a"), (1, "a"), (1, "b")]]


def test_questions_of_many_tasks_are_one_call(letters, judge, oracle, drive):
    def search(root):
        assert (yield Ask(root, f"task {root.task}?")) == f"TASK {root.task}?"
        return root

    responder = oracle()
    outcomes = drive(letters({}), judge(), search, responder=responder, tasks=range(3))
    assert all(outcome.error is None for outcome in outcomes.values())
    assert [[question.role for question in call] for call in responder.calls] == [["task 0?", "task 1?", "task 2?"]]


def test_no_more_searches_run_at_once_than_told(letters, judge, mover, drive):
    policy = mover()
    outcomes = drive(letters(LEGAL), judge(VALUES), greedy, policy=policy, tasks=range(5), concurrency=2)
    assert len(outcomes) == 5
    assert [len(call) for call in policy.calls] == [2, 2, 2, 2, 2, 2, 1, 1, 1]


def test_a_concurrency_of_nothing_is_refused(letters, judge, mover):
    with pytest.raises(ValueError, match="concurrency is 0; at least one search must run"):
        Driver(letters({}), mover(), judge(), Budget(nodes=1), concurrency=0)


def test_a_task_given_twice_is_refused(letters, judge, mover):
    driver = Driver(letters({}), mover(), judge(), Budget(nodes=1), concurrency=1)
    with pytest.raises(ValueError, match="task 4 was given twice"):
        list(driver.run([4, 5, 4], greedy))


def test_strands_come_when_they_end_and_places_are_filled_at_once(letters, judge, mover):
    policy = mover()
    world = letters(lambda word: "a" if len(word.letters) < word.task else "")
    driver = Driver(world, policy, judge(), Budget(nodes=100), concurrency=2)
    assert [outcome.task for outcome in driver.run(iter([3, 0, 1]), greedy)] == [0, 1, 3]
    assert policy.calls[:2] == [[(3, ""), (0, "")], [(3, "a"), (1, "")]]


def test_no_tasks_are_no_work(letters, judge, drive):
    assert drive(letters({}), judge(), greedy, tasks=[]) == {}


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["greedy", "beam", "mcts", "walk"]), st.integers(3, 30))
def test_trees_are_the_same_at_any_concurrency_and_in_any_order(
    results, grown, worth_of, judge, drive, seed, name, nodes
):
    def run(tasks, concurrency):
        settings = {"tasks": tasks, "budget": f"nodes={nodes}", "concurrency": concurrency}
        return results(drive(grown(seed), judge(worth_of(seed)), algorithm(name), **settings))

    alone = run(range(8), 1)
    assert run(range(8), 8) == run(range(8), 64) == run(range(7, -1, -1), 3) == alone


HASHED = """
import random, runpy, sys
from forethought.search import Proposal
from forethought.search.engine.tree_dump import digest
from forethought.search.registry import algorithm
here = runpy.run_path(sys.argv[1])
grown, judge, mover = (here[name] for name in ("grown_world", "Judge", "Mover"))
def sample(query):  # a policy that uses the seed it is given
    drawn = random.Random(query.seed).sample(query.actions, min(2, len(query.actions)))
    return [Proposal(action) for action in drawn]
settings = {"policy": mover(sample), "tasks": range(6), "seed": 11, "concurrency": int(sys.argv[2])}
outcomes = here["run_all"](grown(3), judge(here["worth"](3)), algorithm("mcts", {"num_children": 2}), **settings)
print(*[digest(outcome.root) for outcome in outcomes.values()])
"""


def test_trees_are_the_same_in_any_process():
    def digests(hash_seed, concurrency):
        return subprocess.run(
            [sys.executable, "-c", HASHED, str(Path(__file__).parent.parent / "conftest.py"), str(concurrency)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()

    one = digests("1", 64)
    assert len(set(one)) > 1
    assert digests("2", 2) == one


def test_another_run_seed_samples_other_children(letters, judge, mover, one):
    def sample(query):
        return [Proposal(action) for action in random.Random(query.seed).sample(query.actions, query.num_children)]

    wide, search = letters(lambda word: "abcdefghij"), algorithm("greedy", {"num_children": 3, "depth": 3})
    first, again, other = (digest(one(wide, judge(), search, policy=mover(sample), seed=s).root) for s in (1, 1, 2))
    assert first == again != other


# Free requests


def test_offers_attempts_and_empty_lists_are_free(letters, judge, mover, one):
    policy, value = mover(), judge()

    def search(root):
        assert (yield Offer(root)) is None
        assert (yield Attempt(root)) is None
        assert (yield Evaluate([])) is None
        assert (yield ExpandAll([])) == []
        return root

    outcome = one(letters(LEGAL), value, search, policy=policy)
    assert (outcome.attempts, outcome.answer, outcome.stopped) == (
        [outcome.root],
        outcome.root,
        "returned",
    )
    assert (policy.calls, value.calls) == ([], [])


@pytest.mark.parametrize("request_of", [Evaluate, ExpandAll])
def test_nodes_that_can_be_read_once_only_are_refused_before_anybody_is_asked(letters, judge, mover, drive, request_of):
    policy, value = mover(), judge()

    def search(root):
        yield request_of(node for node in [root])

    outcome = drive(letters(LEGAL), value, search, policy=policy)[0]
    assert isinstance(outcome.error, TypeError)
    assert (policy.calls, value.calls) == ([], [])


def test_a_search_may_be_composed_of_others(letters, judge, one):
    def twice(root):
        first = yield from greedy(root, depth=1)
        yield Attempt(first)
        second = yield from greedy(first)
        yield Attempt(second)
        return second

    outcome = one(letters(LEGAL), judge(VALUES), twice)
    assert [node.state.letters for node in outcome.attempts] == ["b", "bb"]


def test_a_search_that_returns_at_once_asks_nothing(letters, judge, one):
    def search(root):
        return root
        yield

    outcome = one(letters(LEGAL), judge(), search)
    assert (outcome.answer, outcome.stopped, outcome.live) == (outcome.root, "returned", False)


# The true reward


def reward_search(root):
    children = yield Expand(root)
    rewards = []
    for child in children:
        rewards.append((yield Reward(child)))
    root.memory = tuple(map(str, rewards))
    return children[rewards.index(max(rewards))]


def test_the_reward_is_refused_without_the_privilege(letters, judge, drive):
    outcome = drive(letters(LEGAL, rewards={"b": 1.0}), judge(), reward_search)[0]
    with pytest.raises(PrivilegeError, match=r"true reward, which this run was not given; run with --privilege reward"):
        raise outcome.error
    assert drive(letters(LEGAL), judge(), reward_search, privileges=frozenset({"other"}))[0].error is not None


def test_the_reward_is_told_with_the_privilege(letters, judge, one):
    world = letters(LEGAL, rewards={"a": 0.25, "b": 1.0})
    outcome = one(world, judge(), reward_search, privileges=frozenset({"reward"}))
    assert (outcome.root.memory, outcome.answer.state.letters) == (("0.25", "1.0"), "b")
    assert outcome.spent.replayed_steps == 2  # one step to each child


def test_the_return_of_a_node_adds_up_the_rewards_of_its_path(letters, judge, one):
    world = letters(LEGAL, rewards={"b": 0.25, "bb": 0.5, "a": 9.0})
    outcome = one(world, judge(VALUES), greedy)
    assert episode_return(outcome.answer) == (0.75, 2)
    assert episode_return(outcome.root) == (0.0, 0)


def test_the_return_counts_what_the_world_had_to_replay(letters, judge, one):
    world = letters(LEGAL)
    outcome = one(world, judge(VALUES), greedy)
    plain = world.step

    def step(state, action):
        made = plain(state, action)
        made.replayed = 5
        return made

    world.step = step
    assert episode_return(outcome.answer) == (0.0, 12)
