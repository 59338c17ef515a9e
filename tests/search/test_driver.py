from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import (
    Ask,
    Attempt,
    Budget,
    Driver,
    Estimate,
    Evaluate,
    Expand,
    ExpandAll,
    Journal,
    Offer,
    PrivilegeError,
    Proposal,
    Reward,
    algorithm,
    beam,
    digest,
    greedy,
    mcts,
    result,
    return_of,
)

LEGAL = {"": "ab", "a": "ab", "b": "ab"}
VALUES = {"a": 0.4, "b": 0.6, "ba": 0.3, "bb": 0.7}


def results(strands):
    return {task: result(strand) for task, strand in strands.items() if strand.error is None}


# Batches


def test_alike_requests_of_many_tasks_are_one_call(letters, judge, mover, drive):
    policy, value = mover(), judge(VALUES)
    drive(letters(LEGAL), value, greedy, policy=policy, tasks=range(50))
    assert [len(call) for call in policy.calls] == [50, 50, 50]
    assert [len(call) for call in value.calls] == [100, 100]
    assert policy.calls[1] == [(task, "b") for task in range(50)]


def test_expand_and_expand_all_are_alike(letters, judge, mover, drive):
    policy = mover()
    searches = {0: greedy, 1: algorithm("beam", {"keep": 2})}
    drive(letters(LEGAL), judge(), lambda root: searches[root.task](root), policy=policy, tasks=[0, 1])
    assert policy.calls[:2] == [[(0, ""), (1, "")], [(0, "a"), (1, "a"), (1, "b")]]


def test_questions_of_many_tasks_are_one_call(letters, judge, oracle, drive):
    def search(root):
        assert (yield Ask(root, f"task {root.task}?")) == f"TASK {root.task}?"
        return root

    asker = oracle()
    strands = drive(letters({}), judge(), search, asker=asker, tasks=range(3))
    assert all(strand.error is None for strand in strands.values())
    assert [[question.prompt for question in call] for call in asker.calls] == [["task 0?", "task 1?", "task 2?"]]


def test_no_more_searches_run_at_once_than_told(letters, judge, mover, drive):
    policy = mover()
    strands = drive(letters(LEGAL), judge(VALUES), greedy, policy=policy, tasks=range(5), concurrency=2)
    assert len(strands) == 5
    assert [len(call) for call in policy.calls] == [2, 2, 2, 2, 2, 2, 1, 1, 1]


def test_a_concurrency_of_nothing_is_refused(letters, judge, mover):
    with pytest.raises(ValueError, match="concurrency is 0; at least one search must run"):
        Driver(letters({}), mover(), judge(), Budget(nodes=1), concurrency=0)


def test_strands_come_when_they_end_and_places_are_filled_at_once(letters, judge, mover):
    policy = mover()
    world = letters(lambda word: "a" if len(word.letters) < word.task else "")
    driver = Driver(world, policy, judge(), Budget(nodes=100), concurrency=2)
    assert [strand.task for strand in driver.run(iter([3, 0, 1]), greedy)] == [0, 1, 3]
    assert policy.calls[:2] == [[(3, ""), (0, "")], [(3, "a"), (1, "")]]


def test_no_tasks_are_no_work(letters, judge, drive):
    assert drive(letters({}), judge(), greedy, tasks=[]) == {}


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["greedy", "beam", "mcts", "walk"]), st.integers(3, 30))
def test_trees_are_the_same_at_any_concurrency_and_in_any_order(grown, worth_of, judge, drive, seed, name, nodes):
    def run(tasks, concurrency):
        return results(
            drive(grown(seed), judge(worth_of(seed)), algorithm(name), tasks=tasks, budget=f"nodes={nodes}",
                  concurrency=concurrency)
        )  # fmt: skip

    alone = run(range(8), 1)
    assert run(range(8), 8) == run(range(8), 64) == run(range(7, -1, -1), 3) == alone


HASHED = """
import runpy, sys
from forethought.search import Proposal, algorithm, digest
here = runpy.run_path(sys.argv[1])
grown, judge, mover = (here[name] for name in ("grown_world", "Judge", "Mover"))
def sample(query):  # a policy that uses the seed it is given
    import random
    return [Proposal(action) for action in random.Random(query.seed).sample(query.actions, min(2, len(query.actions)))]
strands = here["run_all"](grown(3), judge(here["worth"](3)), algorithm("mcts", {"width": 2}), policy=mover(sample),
                          tasks=range(6), seed=11, concurrency=int(sys.argv[2]))
print(*[digest(strand.root) for strand in strands.values()])
"""


def test_trees_are_the_same_in_any_process():
    def digests(hash_seed, concurrency):
        return subprocess.run(
            [sys.executable, "-c", HASHED, str(Path(__file__).with_name("conftest.py")), str(concurrency)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()

    one = digests("1", 64)
    assert len(set(one)) > 1
    assert digests("2", 2) == one


def test_another_run_seed_samples_other_children(letters, judge, mover, one):
    import random

    def sample(query):
        return [Proposal(action) for action in random.Random(query.seed).sample(query.actions, query.width)]

    wide, search = letters(lambda word: "abcdefghij"), algorithm("greedy", {"width": 3, "depth": 3})
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

    strand = one(letters(LEGAL), value, search, policy=policy)
    assert (strand.attempts, strand.answer, strand.stopped) == ([strand.root], strand.root, "returned")
    assert (policy.calls, value.calls) == ([], [])


def test_a_search_may_be_composed_of_others(letters, judge, one):
    def twice(root):
        first = yield from greedy(root, depth=1)
        yield Attempt(first)
        second = yield from greedy(first)
        yield Attempt(second)
        return second

    strand = one(letters(LEGAL), judge(VALUES), twice)
    assert [node.state.letters for node in strand.attempts] == ["b", "bb"]


def test_a_search_that_returns_at_once_asks_nothing(letters, judge, one):
    def search(root):
        return root
        yield

    strand = one(letters(LEGAL), judge(), search)
    assert (strand.answer, strand.stopped, strand.live) == (strand.root, "returned", False)


# The true reward


def reward_search(root):
    children = yield Expand(root)
    rewards = []
    for child in children:
        rewards.append((yield Reward(child)))
    root.memory = tuple(map(str, rewards))
    return children[rewards.index(max(rewards))]


def test_the_reward_is_refused_without_the_privilege(letters, judge, drive):
    strand = drive(letters(LEGAL, rewards={"b": 1.0}), judge(), reward_search)[0]
    with pytest.raises(PrivilegeError, match=r"true reward, which this run was not given; run with --privilege reward"):
        raise strand.error
    assert drive(letters(LEGAL), judge(), reward_search, privileges=frozenset({"other"}))[0].error is not None


def test_the_reward_is_told_with_the_privilege(letters, judge, one):
    world = letters(LEGAL, rewards={"a": 0.25, "b": 1.0})
    strand = one(world, judge(), reward_search, privileges=frozenset({"reward"}))
    assert (strand.root.memory, strand.answer.state.letters) == (("0.25", "1.0"), "b")
    assert strand.spent.replayed_steps == 2  # one step to each child


def test_the_return_of_a_node_adds_up_the_rewards_of_its_path(letters, judge, one):
    world = letters(LEGAL, rewards={"b": 0.25, "bb": 0.5, "a": 9.0})
    strand = one(world, judge(VALUES), greedy)
    assert return_of(strand.answer) == (0.75, 2)
    assert return_of(strand.root) == (0.0, 0)


def test_the_return_counts_what_the_world_had_to_replay(letters, judge, one):
    world = letters(LEGAL)
    strand = one(world, judge(VALUES), greedy)
    plain = world.step

    def step(state, action):
        made = plain(state, action)
        made.replayed = 5
        return made

    world.step = step
    assert return_of(strand.answer) == (0.0, 12)


# Isolation: what goes wrong in task 2 is the error of task 2

TASKS = range(5)


class Broken(Exception):
    pass


def boom(*_):
    raise Broken("broken")


@pytest.fixture
def isolated(letters, judge, mover, drive, tmp_path):
    """Runs five tasks with something broken; all but task 2 must be as if nothing were."""

    def run(world=None, policy=None, value=None, search=greedy, **settings):
        whole = results(drive(letters(LEGAL), judge(VALUES), greedy, tasks=TASKS))
        with Journal(tmp_path / "j") as journal:
            strands = drive(
                world or letters(LEGAL), value or judge(VALUES), search, policy=policy or mover(),
                tasks=TASKS, journal=journal, **settings,
            )  # fmt: skip
        assert [task for task, strand in strands.items() if strand.error is not None] == [2]
        assert results(strands) == {task: row for task, row in whole.items() if task != 2}
        assert not strands[2].live
        return strands[2]

    return run


def only(task, broken, plain):
    """`broken` for a query of the task, `plain` for the others."""
    return lambda query: (broken if query.task == task else plain)(query)


def proposals(query):
    return [Proposal(action, 1 / len(query.actions)) for action in query.actions]


def estimate(query):
    return Estimate(VALUES.get(query.node.state.letters, 0.0))


def test_an_exception_of_the_policy(isolated, mover):
    strand = isolated(policy=mover(only(2, boom, proposals)))
    assert isinstance(strand.error, Broken)
    assert (strand.root.children, strand.spent.nodes) == ([], 0)


def test_an_exception_of_the_value(isolated, judge):
    strand = isolated(value=judge(only(2, boom, estimate)))
    assert isinstance(strand.error, Broken)
    assert strand.spent.nodes == 2


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, float("nan"), float("inf"), 10, "0.5", None], ids=repr
)  # each of them what a model's wrapper could let through
def test_a_value_that_is_none(isolated, judge, value):
    strand = isolated(value=judge(only(2, lambda query: Estimate(value), estimate)))
    assert isinstance(strand.error, ValueError if isinstance(value, float | int) else TypeError)


@pytest.mark.parametrize("answer", [None, 0.5, "high", {"value": 1}], ids=repr)
def test_an_answer_that_is_no_estimate(isolated, judge, answer):
    assert isolated(value=judge(only(2, lambda query: answer, estimate))).error is not None


@pytest.mark.parametrize("answer", [None, 5, [None], ["a"], [Proposal("a", float("nan"))], [Proposal(b"a")]], ids=repr)
def test_an_answer_that_is_no_list_of_proposals(isolated, mover, answer):
    assert isolated(policy=mover(only(2, lambda query: answer, proposals))).error is not None


@pytest.mark.parametrize("more", [-1, 1])
def test_a_wrong_number_of_answers(isolated, judge, more):
    class Miscounting(judge):
        def evaluate(self, queries):
            answers = super().evaluate(queries)
            if not any(query.task == 2 for query in queries):
                return answers
            return answers[:-1] if more < 0 else [*answers, Estimate(0.0)]

    with pytest.raises(RuntimeError, match=rf"the model gave {2 + more} answers to 2 queries \(evaluate\)"):
        raise isolated(value=Miscounting(VALUES)).error


def test_no_answer_at_all(isolated, mover):
    class Silent(mover):
        def propose(self, queries):
            return None if any(query.task == 2 for query in queries) else super().propose(queries)

    assert isinstance(isolated(policy=Silent()).error, TypeError)


def test_a_failing_batch_is_asked_again_task_by_task(letters, judge, mover, drive):
    policy = mover(only(2, boom, proposals))
    drive(letters({"": "a"}), judge(), algorithm("greedy", {"depth": 1}), policy=policy, tasks=TASKS)
    assert policy.calls == [[(task, "") for task in TASKS], *[[(task, "")] for task in TASKS]]


@pytest.mark.parametrize("method", ["step", "actions"])
def test_an_exception_of_the_world(isolated, letters, method):
    world = letters(LEGAL)
    plain = getattr(world, method)

    def broken(state, *action):
        return boom() if state.task == 2 and state.letters else plain(state, *action)

    setattr(world, method, broken)
    assert isinstance(isolated(world=world).error, Broken)


def test_a_task_that_cannot_begin(isolated, letters):
    world = letters(LEGAL)
    plain = world.root
    world.root = lambda index: boom() if index == 2 else plain(index)
    strand = isolated(world=world)
    assert isinstance(strand.error, Broken)
    assert (strand.root.task, strand.root.children, strand.spent.nodes) == (2, [], 0)


def test_a_search_that_cannot_begin(isolated):
    assert isinstance(isolated(search=lambda root: boom() if root.task == 2 else greedy(root)).error, Broken)


@pytest.mark.parametrize("end", [None, "the answer", 5], ids=repr)
def test_a_search_that_returns_no_node(isolated, end):
    def search(root):
        answer = yield from greedy(root)
        return end if root.task == 2 else answer

    with pytest.raises(TypeError, match=f"a search returns the node of its answer; it returned {end!r}"):
        raise isolated(search=search).error


@pytest.mark.parametrize("request_", [None, 5, "expand", Expand, [Expand]], ids=repr)
def test_a_search_that_yields_no_request(isolated, request_):
    def search(root):
        if root.task == 2:
            yield request_
        return (yield from greedy(root))

    with pytest.raises(TypeError, match=r"a search yields requests such as Expand\(node\); it yielded"):
        raise isolated(search=search).error


def test_a_search_that_is_no_generator(isolated):
    assert isinstance(isolated(search=lambda root: None if root.task == 2 else greedy(root)).error, AttributeError)


def test_an_exception_of_the_search(isolated):
    def search(root):
        answer = yield from greedy(root)
        if root.task == 2:
            boom()
        return answer

    assert isinstance(isolated(search=search).error, Broken)


def test_a_request_about_no_node(isolated):
    def search(root):
        if root.task == 2:
            yield Expand(None)
        return (yield from greedy(root))

    assert isinstance(isolated(search=search).error, AttributeError)


def test_a_forbidden_reward(isolated):
    def search(root):
        if root.task == 2:
            yield Reward(root)
        return (yield from greedy(root))

    assert isinstance(isolated(search=search).error, PrivilegeError)


def test_a_search_that_fails_when_it_is_closed(letters, judge, drive, tmp_path):
    def search(root):
        try:
            yield from greedy(root)
        finally:
            if root.task == 2:
                boom()

    for _ in range(2):  # live, and replayed
        with Journal(tmp_path / "j") as journal:
            strands = drive(letters(LEGAL), judge(VALUES), search, tasks=TASKS, budget="nodes=3", journal=journal)
        assert [isinstance(strand.error, Broken) for strand in strands.values()] == [False, False, True, False, False]
        assert {strand.stopped for strand in strands.values()} == {"nodes"}


def test_what_ends_the_process_ends_the_run(letters, judge, drive):
    def interrupt(query):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(letters(LEGAL), judge(only(2, interrupt, estimate)), greedy, tasks=TASKS)


# The journal, as the driver writes and reads it


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journaled(letters, judge, drive, path):
    """Runs greedy search over two tasks with a journal."""

    def run(search=greedy, value=None, tasks=(0, 1), **settings):
        with Journal(path) as journal:
            return drive(letters(LEGAL), value or judge(VALUES), search, tasks=tasks, journal=journal, **settings)

    return run


def lines(path):
    return [line for line in path.read_text().splitlines() if not line.startswith("[-1")]


def test_every_answer_is_a_line(journaled, path):
    journaled()
    assert lines(path) == [
        '[0,0,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[1,0,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[0,1,"evaluate",[0.4,0.6]]',
        '[1,1,"evaluate",[0.4,0.6]]',
        '[0,2,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[1,2,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[0,3,"evaluate",[0.3,0.7]]',
        '[1,3,"evaluate",[0.3,0.7]]',
        '[0,4,"expand",[[[],0]]]',
        '[1,4,"expand",[[[],0]]]',
    ]


def test_a_stop_is_a_line(journaled, path):
    strands = journaled(budget="nodes=2", tasks=[0])
    assert lines(path)[2:] == ['[0,2,"stop","nodes"]']
    assert strands[0].answer.state.letters == "b"


def test_an_answer_is_in_the_file_before_it_is_used(journaled, path):
    held = []

    def search(root):
        children = yield Expand(root)
        held.append(len(lines(path)))
        yield Evaluate(children)
        held.append(len(lines(path)))
        return root

    journaled(search, tasks=[0])
    assert held == [1, 2]


def test_an_answer_that_cannot_be_used_is_no_line_and_is_asked_for_again(journaled, judge, path):
    wrong = judge(only(1, lambda query: Estimate(1.5), estimate))
    strands = journaled(value=wrong)
    assert strands[1].error is not None
    assert [line for line in lines(path) if line.startswith("[1")] == ['[1,0,"expand",[[[["a",0.5],["b",0.5]],0]]]']
    assert journaled()[1].answer.state.letters == "bb"


def test_a_replay_asks_no_model_and_grows_the_same_trees(journaled, dumb, path):
    first = results(journaled(budget="nodes=3"))
    written = lines(path)
    assert results(journaled(value=dumb(), policy=dumb(), budget="nodes=3")) == first
    assert lines(path) == written


def test_a_journal_that_ends_early_is_gone_on_with(journaled, judge, mover, path):
    first = results(journaled())
    whole = path.read_bytes().splitlines(keepends=True)
    for kept in range(len(whole)):
        path.write_bytes(b"".join(whole[:kept]))
        held = lines(path)
        policy, value = mover(), judge(VALUES)
        assert results(journaled(value=value, policy=policy)) == first
        assert sum(map(len, policy.calls)) == 6 - sum("expand" in line for line in held)
        assert sum(map(len, value.calls)) == 8 - 2 * sum("evaluate" in line for line in held)


@settings(deadline=None, max_examples=30)
@given(st.data(), st.integers(0, 10**6), st.sampled_from([greedy, beam, mcts]), st.integers(5, 40))
def test_a_run_cut_at_any_byte_comes_to_the_same_results(
    grown, worth_of, judge, drive, tmp_path_factory, data, seed, search, nodes
):
    path = tmp_path_factory.mktemp("cut") / "j"

    def run():
        with Journal(path) as journal:
            return results(
                drive(grown(seed), judge(worth_of(seed)), search, tasks=range(3), budget=f"nodes={nodes}",
                      journal=journal)
            )  # fmt: skip

    whole, written = run(), path.read_bytes()
    for _ in range(3):
        path.write_bytes(written[: data.draw(st.integers(0, len(written)))])
        assert run() == whole


def test_a_run_torn_at_any_byte_of_its_last_lines_comes_to_the_same_results(journaled, path):
    whole, written = results(journaled(budget="nodes=3")), path.read_bytes()
    start = len(b"".join(written.splitlines(keepends=True)[:-4]))
    for length in range(start, len(written)):
        path.write_bytes(written[:length])
        assert results(journaled(budget="nodes=3")) == whole


@pytest.mark.parametrize("concurrency", [1, 2, 64])
def test_a_run_may_be_resumed_at_another_concurrency(grown, worth_of, judge, drive, dumb, path, concurrency):
    def run(value, policy, concurrency, tasks=range(6)):
        with Journal(path) as journal:
            return results(
                drive(grown(1), value, mcts, policy=policy, tasks=tasks, budget="nodes=40", journal=journal,
                      concurrency=concurrency)
            )  # fmt: skip

    whole = run(judge(worth_of(1)), None, 3)
    assert run(dumb(), dumb(), concurrency) == whole
    assert run(dumb(), dumb(), concurrency, range(5, -1, -1)) == whole


def test_journals_of_workers_are_merged_by_sorting(grown, worth_of, judge, drive, dumb, tmp_path):
    def run(path, value, policy, tasks):
        with Journal(path) as journal:
            strands = drive(grown(1), value, mcts, policy=policy, tasks=tasks, budget="nodes=30", journal=journal)
        return results(strands)

    whole = run(tmp_path / "a", judge(worth_of(1)), None, [0, 2]) | run(
        tmp_path / "b", judge(worth_of(1)), None, [1, 3]
    )
    merged = [line for name in "ab" for line in (tmp_path / name).read_text().splitlines() if line[1] != "-"]
    (tmp_path / "c").write_text("".join(line + "\n" for line in merged))
    assert run(tmp_path / "c", dumb(), dumb(), range(4)) == whole


def test_an_error_of_the_world_is_tried_again_from_the_journal(letters, judge, mover, dumb, drive, path):
    world, policy = letters({"": "a"}), mover()
    plain = world.step
    world.step = boom
    for broken in (True, False):
        with Journal(path) as journal:
            strand = drive(world, judge(), greedy, policy=policy, journal=journal)[0]
        assert isinstance(strand.error, Broken) is broken
        world.step = plain
    assert policy.calls == [[(0, "")], [(0, "a")]]


def test_a_journal_of_another_search_is_told(journaled):
    journaled(algorithm("greedy"))

    def other(root):
        yield Evaluate([root])
        return root

    with pytest.raises(RuntimeError, match=r"another run: task 0, answer 0 is 'expand' there, and the search now asks "
                       r"to evaluate; resume with the code and settings it was begun with"):  # fmt: skip
        journaled(other)


def test_a_journal_of_a_longer_search_is_told(journaled):
    journaled(greedy)
    with pytest.raises(
        RuntimeError, match=r"another run: task 0, answer 2 is 'expand' there, and the search has ended"
    ):
        journaled(algorithm("greedy", {"depth": 1}))


@pytest.mark.parametrize("answer", ["5", "[[5,0]]", '[[[["a"]],0,1]]', "[null]", '[[[["a",1,"b","c"]],0]]', "null"])
def test_an_answer_that_cannot_be_read_is_told(journaled, path, answer):
    path.write_text(f'[-1,0,"format",1]\n[0,0,"expand",{answer}]\n')
    with pytest.raises(RuntimeError, match=r"task 0, answer 0: expand cannot be read"):
        journaled()


@pytest.mark.parametrize("answer", ["[7,0.5]", '["x",0.5]', "[[0.5],0.5]", "[null,0.5]", '[[2,"",0,true],0.5]'])
def test_a_value_that_cannot_be_read_is_told(journaled, path, answer):
    path.write_text(f'[-1,0,"format",1]\n[0,0,"expand",[[[["a"],["b"]],0]]]\n[0,1,"evaluate",{answer}]\n')
    with pytest.raises(RuntimeError, match=r"task 0, answer 1: evaluate cannot be read"):
        journaled()


def test_a_search_without_a_journal_comes_to_the_same(journaled, letters, judge, drive):
    assert results(journaled()) == results(drive(letters(LEGAL), judge(VALUES), greedy, tasks=[0, 1]))


# Seconds


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    monkeypatch.setattr(time, "monotonic", lambda: Clock.now)
    return Clock


def slow(clock, judge, seconds):
    """A value model that takes its time."""

    def evaluate(query):
        clock.now += seconds
        return estimate(query)

    return judge(evaluate)


def test_seconds_stop_every_search_of_a_run(letters, judge, drive, clock):
    strands = drive(letters(LEGAL), slow(clock, judge, 1.0), greedy, tasks=[0, 1], budget="seconds=3.5")
    assert [(strand.stopped, strand.answer.state.letters) for strand in strands.values()] == [("seconds", "b")] * 2


def test_a_run_may_take_all_its_seconds(letters, judge, one, clock):
    assert one(letters(LEGAL), slow(clock, judge, 1.0), greedy, budget="seconds=4").stopped == "returned"


def test_a_stop_for_time_is_journaled_and_replayed(journaled, judge, dumb, clock, path):
    whole = results(journaled(value=slow(clock, judge, 1.0), budget="seconds=3.5"))
    assert '[0,2,"stop","seconds"]' in lines(path)
    clock.now += 1000.0
    assert results(journaled(value=dumb(), policy=dumb(), budget="seconds=3.5")) == whole
    assert results(journaled(value=dumb(), policy=dumb(), budget="seconds=1e9")) == whole


def test_seconds_add_up_over_the_processes_of_a_run(journaled, judge, clock):
    wrong = judge(boom)

    def late(root):
        clock.now += 2.0
        return (yield from greedy(root))

    assert journaled(late, value=wrong, tasks=[0], budget="seconds=5")[0].stopped is None
    clock.now += 1000.0  # nobody worked on the run
    assert journaled(late, value=wrong, tasks=[0], budget="seconds=5")[0].stopped is None
    assert journaled(late, value=wrong, tasks=[0], budget="seconds=5")[0].stopped == "seconds"


def test_time_is_not_asked_for_without_a_limit_of_seconds(letters, judge, drive, monkeypatch, mover):
    driver = Driver(letters(LEGAL), mover(), judge(VALUES), Budget(nodes=100))
    monkeypatch.setattr(time, "monotonic", boom)
    assert [strand.stopped for strand in driver.run([0], greedy)] == ["returned"]
