"""An algorithm of a user's own may do anything: its task fails, alone, and says where."""

from __future__ import annotations

import threading
import time
import traceback

import pytest

from forethought.search import Attempt, Evaluate, Expand, ExpandAll, Node, Offer, Play, Reward, greedy, needs
from forethought.search.engine.step_limit import StepTimeout

LEGAL = {"": "ab", "a": "ab", "b": "ab"}
VALUES = {"a": 0.4, "b": 0.6, "ba": 0.3, "bb": 0.7}
TASKS = range(4)
BROKEN = 2


@pytest.fixture
def broken(letters, judge, drive, results):
    """Runs `search` on one of four tasks; the others must end as if it were not there. Returns its error."""

    def run(search, step_seconds=60.0, **settings):
        whole = results(drive(letters(LEGAL), judge(VALUES), greedy, tasks=TASKS))

        @needs(step_seconds=step_seconds)
        def mixed(root):
            return (yield from (search if root.task == BROKEN else greedy)(root))

        outcomes = drive(letters(LEGAL), judge(VALUES), mixed, tasks=TASKS, **settings)
        assert [task for task, outcome in outcomes.items() if outcome.error is not None] == [BROKEN]
        assert results(outcomes) == {task: line for task, line in whole.items() if task != BROKEN}
        return outcomes[BROKEN].error

    return run


def line_of(error):
    """The line of source where an error arose in this file."""
    return [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__][-1]


def test_an_algorithm_that_raises_tells_its_own_line(broken):
    def search(root):
        children = yield Expand(root)
        return children[17]

    error = broken(search)
    assert isinstance(error, IndexError)
    assert line_of(error) == "return children[17]"


class Hostile:
    """An object that cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no repr")

    @property
    def node(self):
        raise KeyError("node")


@pytest.mark.parametrize(
    "nonsense",
    [
        *(None, "Expand", Hostile(), object(), Expand, Expand(Hostile()), Evaluate([Hostile()]), ExpandAll(Hostile())),
        *(Offer(3), Evaluate("ab"), Attempt(None), Play(Hostile(), "a")),
    ],
    ids=lambda thing: type(thing).__name__,
)  # fmt: skip
def test_nonsense_is_told_with_what_was_expected(broken, nonsense):
    def search(root):
        yield nonsense
        return root

    error = broken(search)
    assert isinstance(error, TypeError)
    assert "expected" in str(error) or "a search" in str(error)


@pytest.mark.parametrize("request_of", [Expand, Offer, Attempt, lambda node: Evaluate([node])])
def test_a_node_of_another_task_is_refused_and_left_alone(broken, request_of):
    roots = []

    def search(root):
        roots.append(Node(root.state, "", world=root.world, task=BROKEN + 1))
        yield request_of(roots[0])
        return root

    assert f"a node of task {BROKEN + 1}" in str(broken(search))
    assert roots[0].children == ()


@pytest.mark.parametrize(
    "field",
    [
        *("state", "observation", "parent", "action", "prior", "done", "world", "task", "depth", "children"),
        *("estimate", "imagined", "attempt", "attempts"),
    ],
)  # fmt: skip
def test_the_tree_is_read_only(broken, field):
    def search(root):
        (child, *_) = yield Expand(root)
        setattr(child, field, getattr(root, field))
        return child

    error = broken(search)
    assert isinstance(error, AttributeError)
    assert f"node.{field} is read-only" in str(error)
    assert line_of(error) == "setattr(child, field, getattr(root, field))"


def test_the_children_are_a_tuple_and_the_answer_to_a_request_is_a_list_of_its_own(broken):
    def search(root):
        children = yield Expand(root)
        children.clear()  # the algorithm's own list
        assert len(root.children) == 2
        root.children.append(root)

    assert "'tuple' object has no attribute 'append'" in str(broken(search))


@pytest.mark.parametrize("ask", [lambda node: Attempt(node), lambda node: Reward(node), None])
def test_a_node_that_nobody_has_played_is_no_answer(broken, ask):
    def search(root):
        yield Expand(root)
        forged = Node(root.children[0].state, "won", root, "z", done=True)
        if ask is not None:
            yield ask(forged)
        return forged

    assert "is no node of the tree" in str(broken(search, privileges=frozenset({"reward"})))


def test_an_algorithm_may_keep_its_own_counts_on_nodes(letters, judge, one):
    def search(root):
        children = yield Expand(root)
        root.visits, root.total, root.value = 3, 1.5, 0.5
        return children[0]

    assert one(letters(LEGAL), judge(), search).root.visits == 3


def spin(root):
    yield Expand(root)
    while True:
        pass


def offers_for_ever(root):
    while True:
        yield Offer(root)


def deaf(root):
    yield Expand(root)
    while True:
        try:
            while True:
                pass
        except Exception:
            continue


def never_begins(root):
    while True:
        root.visits += 1
    yield


def never_closes(root):
    try:
        yield Expand(root)
        raise ValueError("as it was")
    finally:
        while True:
            pass


@pytest.mark.parametrize("search", [spin, offers_for_ever, deaf, never_begins, never_closes])
def test_an_endless_loop_without_a_paid_request_is_ended(broken, monkeypatch, search):
    monkeypatch.setattr("forethought.search.engine.step_limit.LOOK_SECONDS", 0.02)
    began = time.monotonic()
    error = broken(search, step_seconds=0.2)
    assert isinstance(error, StepTimeout)
    assert "the algorithm ran for 0.2 seconds without a request that a model answers" in str(error)
    within = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert search.__name__ in within or search is offers_for_ever  # which stands at a yield when it is ended
    assert time.monotonic() - began < 20


def test_it_is_ended_in_a_thread_other_than_the_main_one_too(broken, monkeypatch):
    monkeypatch.setattr("forethought.search.engine.step_limit.LOOK_SECONDS", 0.02)
    errors = []
    thread = threading.Thread(target=lambda: errors.append(broken(spin, step_seconds=0.2)))
    thread.start()
    thread.join(30)
    assert [type(error) for error in errors] == [StepTimeout]


def test_a_slow_algorithm_states_its_longest_step(letters, judge, one, monkeypatch):
    monkeypatch.setattr("forethought.search.engine.step_limit.LOOK_SECONDS", 0.02)

    @needs(step_seconds=30)
    def search(root):
        yield Expand(root)
        time.sleep(0.3)
        return root

    assert one(letters(LEGAL), judge(), search).stopped == "returned"
    with pytest.raises(ValueError, match="step_seconds is 0; give the seconds that the longest step may take"):
        needs(step_seconds=0)(search)


def test_requests_that_spend_nothing_of_the_budget_end(letters, judge, one):
    def search(root):
        while True:
            yield Evaluate([root])

    outcome = one(letters(LEGAL), judge(), search, budget="nodes=10")
    assert (outcome.stopped, outcome.answer) == ("stalled", outcome.root)


def test_an_ending_stands_before_an_unfinished_offer(letters, judge, one):
    def search(root):
        first, second = yield Expand(root)
        yield Offer(second)
        yield Offer(first)
        return root

    assert one(letters(LEGAL, ends={"b"}), judge(), search).answer.state.letters == "b"
    assert one(letters(LEGAL), judge(), search).answer.state.letters == ""
