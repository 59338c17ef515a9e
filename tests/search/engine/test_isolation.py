"""What goes wrong in one task is the error of that task, and the others are as if nothing were."""

from __future__ import annotations

import re

import numpy as np
import pytest

from forethought.search import (
    Ask,
    Estimate,
    Evaluate,
    Expand,
    ExpandAll,
    Imagine,
    Play,
    Proposal,
    Propose,
    Reward,
    Usage,
    greedy,
)
from forethought.search.engine.journal import Journal
from forethought.search.engine.privileges import PrivilegeError
from forethought.search.estimates import Reply
from forethought.search.registry import algorithm

LEGAL = {"": "ab", "a": "ab", "b": "ab"}
VALUES = {"a": 0.4, "b": 0.6, "ba": 0.3, "bb": 0.7}

TASKS = range(5)


class Broken(Exception):
    pass


def boom(*_):
    raise Broken("broken")


@pytest.fixture
def isolated(results, letters, judge, mover, drive, tmp_path):
    """Runs five tasks with something broken; all but task 2 must be as if nothing were."""

    def run(world=None, policy=None, value=None, search=greedy):
        whole = results(drive(letters(LEGAL), judge(VALUES), greedy, tasks=TASKS))
        with Journal(tmp_path / "j") as journal:
            world, value = world or letters(LEGAL), value or judge(VALUES)
            outcomes = drive(world, value, search, policy=policy or mover(), tasks=TASKS, journal=journal)
        assert [task for task, outcome in outcomes.items() if outcome.error is not None] == [2]
        assert results(outcomes) == {task: row for task, row in whole.items() if task != 2}
        assert not outcomes[2].live
        return outcomes[2]

    return run


def only(task, broken, plain):
    """`broken` for a query of the task, `plain` for the others."""
    return lambda query: (broken if query.task == task else plain)(query)


def proposals(query):
    return [Proposal(action, 1 / len(query.actions)) for action in query.actions]


def estimate(query):
    return Estimate(VALUES.get(query.node.state.letters, 0.0))


def test_an_exception_of_the_policy(isolated, mover):
    outcome = isolated(policy=mover(only(2, boom, proposals)))
    assert isinstance(outcome.error, Broken)
    assert (len(outcome.root.children), outcome.spent.nodes) == (0, 0)


def test_an_exception_of_the_value(isolated, judge):
    outcome = isolated(value=judge(only(2, boom, estimate)))
    assert isinstance(outcome.error, Broken)
    assert outcome.spent.nodes == 2


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, float("nan"), float("inf"), 10, "0.5", None], ids=repr
)  # each of them what a model's wrapper could let through
def test_a_value_that_is_none(isolated, judge, value):
    outcome = isolated(value=judge(only(2, lambda query: Estimate(value), estimate)))
    assert isinstance(outcome.error, ValueError)


@pytest.mark.parametrize("answer", [None, 0.5, "high", {"value": 1}, Reply("0.5")], ids=repr)
def test_an_answer_that_is_no_estimate(isolated, judge, answer):
    with pytest.raises(TypeError, match=r"the value model answered .* to a query; expected an Estimate\(0.5\)"):
        raise isolated(value=judge(only(2, lambda query: answer, estimate))).error


@pytest.mark.parametrize("rationale", [None, 7, b"because"], ids=repr)
def test_a_rationale_that_is_no_text(isolated, judge, rationale):
    with pytest.raises(TypeError, match="a reply, a rationale and a refusal are texts"):
        raise isolated(value=judge(only(2, lambda query: Estimate(0.5, rationale), estimate))).error


@pytest.mark.parametrize("usage", [None, 5, (1, 2)], ids=repr)
def test_a_bill_that_is_none(isolated, judge, usage):
    with pytest.raises(TypeError, match=r"an answer's bill is .*; expected a Usage, as in"):
        raise isolated(value=judge(only(2, lambda query: Estimate(0.5, usage=usage), estimate))).error


@pytest.mark.parametrize(
    "usage",
    [Usage(-1), Usage(1, -5), Usage(1, 3.5), Usage(1, 3, 5), Usage(np.int64(1)), Usage(True), Usage(float("nan"))],
    ids=repr,
)
def test_a_bill_that_cannot_be(isolated, judge, usage):
    outcome = isolated(value=judge(only(2, lambda query: Estimate(0.5, usage=usage), estimate)))
    assert isinstance(outcome.error, ValueError)
    assert outcome.spent.usage == Usage()


@pytest.mark.parametrize("settle", [None, 5, lambda: None, lambda: Usage(-1), lambda: 1 / 0])
def test_an_error_that_cannot_tell_its_bill(isolated, judge, settle):
    def fail(query):
        error = RuntimeError("no reply")
        error.take_unbilled_usage = settle
        raise error

    assert isolated(value=judge(only(2, fail, estimate))).error is not None


@pytest.mark.parametrize("num_children", [-1, 2.5, "3", True])
def test_a_width_that_is_none(isolated, num_children):
    def search(root):
        if root.task == 2:
            yield Expand(root, num_children)
        return (yield from greedy(root))

    outcome = isolated(search=search)
    assert isinstance(outcome.error, ValueError)
    assert outcome.spent.nodes == 0


def test_a_node_of_another_task_is_no_answer(isolated):
    roots = {}

    def search(root):
        roots[root.task] = root
        end = yield from greedy(root)
        return roots[1] if root.task == 2 else end

    assert "is a node of task" in str(isolated(search=search).error)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "the policy answered None to a query; expected a list"),
        (5, "the policy answered 5 to a query; expected a list"),
        ("10 - 4", "the policy answered '10 - 4' to a query; expected a list, as in .Proposal"),
        (Proposal("a"), "expected a list, as in .Proposal"),
        ([None], "the policy proposed None; expected a Proposal"),
        (["10 - 4"], "the policy proposed '10 - 4'; expected a Proposal, as in Proposal.'an action'."),
        ([("a", 0.5)], "expected a Proposal"),
        ([Proposal("a", float("nan"))], "a prior is a finite number"),
        ([Proposal(b"a")], "an action and its rationale are texts"),
    ],
    ids=repr,
)
def test_an_answer_that_is_no_list_of_proposals(isolated, mover, answer, told):
    with pytest.raises((TypeError, ValueError), match=told):
        raise isolated(policy=mover(only(2, lambda query: answer, proposals))).error


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


@pytest.mark.parametrize("answer", [None, "10 - 4", 0.5, iter([])], ids=["none", "text", "number", "iterator"])
def test_no_list_of_answers_at_all(isolated, mover, answer):
    class Silent(mover):
        def propose(self, queries):
            return answer if any(query.task == 2 for query in queries) else super().propose(queries)

    with pytest.raises(TypeError, match=r"the model answered .* \(expand\); expected a list with an answer for each"):
        raise isolated(policy=Silent()).error


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
    outcome = isolated(world=world)
    assert isinstance(outcome.error, Broken)
    assert (outcome.root.task, len(outcome.root.children), outcome.spent.nodes) == (2, 0, 0)


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


@pytest.mark.parametrize(
    "given", [lambda root: None, lambda root: root, lambda root: [Expand(root)], lambda root: iter([Expand(root)])]
)
def test_a_search_that_is_no_generator(isolated, given):
    with pytest.raises(TypeError, match=r"a search yields requests such as Expand\(node\), and returns the node"):
        raise isolated(search=lambda root: given(root) if root.task == 2 else greedy(root)).error


def test_an_exception_of_the_search(isolated):
    def search(root):
        answer = yield from greedy(root)
        if root.task == 2:
            boom()
        return answer

    assert isinstance(isolated(search=search).error, Broken)


@pytest.mark.parametrize(
    "asked",
    [
        Expand(None),
        Expand("a"),
        ExpandAll(["a"]),
        ExpandAll(None),
        Evaluate([0.5]),
        Evaluate(None),
        Ask(None, "why"),
        Propose("a", 3),
        Imagine(None, [Proposal("a")]),
        Play("a", "b"),
        Evaluate(node for node in []),
    ],
    ids=lambda asked: repr(asked)[:30],
)
def test_a_request_about_no_node(isolated, asked):
    def search(root):
        if root.task == 2:
            yield asked
        return (yield from greedy(root))

    told = f"a search asks about nodes of its tree, in a list where there are several; it asked {asked!r:.12}"
    with pytest.raises(TypeError, match=re.escape(told)):
        raise isolated(search=search).error


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
            outcomes = drive(letters(LEGAL), judge(VALUES), search, tasks=TASKS, budget="nodes=3", journal=journal)
        assert [isinstance(outcome.error, Broken) for outcome in outcomes.values()] == [
            False,
            False,
            True,
            False,
            False,
        ]
        assert {outcome.stopped for outcome in outcomes.values()} == {"nodes"}


def test_what_ends_the_process_ends_the_run(letters, judge, drive):
    def interrupt(query):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(letters(LEGAL), judge(only(2, interrupt, estimate)), greedy, tasks=TASKS)
