"""evaluate() from Python, with names and with objects."""

from __future__ import annotations

import sys

import pytest

from forethought.agents import AllActions, RuleValue, Scripted
from forethought.experiments import RunError, evaluate
from forethought.search import Budget, Estimate, Evaluate, Expand, beam, mcts
from forethought.search.engine.tree_dump import digest

GAME = {"tasks": range(900, 904), "budget": Budget(nodes=300)}


class Halves:
    """A value of a user's own, as an object."""

    def evaluate(self, queries):
        return [Estimate(0.5) for _ in queries]


def first(root, *, depth: int = 3):
    """The first child, and its first child, and so on."""
    node = root
    while not node.done and node.depth < depth:
        children = yield Expand(node, 1)
        if not children:
            break
        yield Evaluate(children)
        node = children[0]
    return node


def test_names_and_objects_give_the_same_results(tmp_path):
    named = evaluate("Game24-v0", "beam", policy="all", value="rule", **GAME)
    handed = evaluate("Game24-v0", beam, policy=AllActions(), value=RuleValue("Game24-v0"), **GAME)
    journaled = evaluate("Game24-v0", "beam", policy="all", value="rule", folder=tmp_path / "r", **GAME)
    assert named.lines == handed.lines == journaled.lines
    assert list(named.scores) == [900, 901, 902, 903]
    assert named.spent["nodes"] > 100
    assert set(named.answers) == set(named.scores)
    assert str(named).startswith("score ")
    assert list(tmp_path.iterdir()) == [tmp_path / "r"]


def test_an_algorithm_is_not_the_preset_of_its_name():
    results = evaluate("Game24-v0", mcts, tasks=900, budget="nodes=1000")
    assert results.scores == {900: 1.0}
    assert results.lines[900]["stopped"] == "nodes"


def test_an_algorithm_of_a_program_runs_as_it_stands():
    results = evaluate("Game24-v0", first, value=Halves(), settings={"depth": 2}, **GAME)
    assert all(len(actions) == 2 for actions in results.answers.values())
    assert results.tree(900).children[0].value == 0.5


def test_a_tree_is_there_after_a_run_and_from_its_journal(tmp_path):
    kept = evaluate("Game24-v0", "beam", folder=tmp_path / "r", **GAME)
    by_workers = evaluate("Game24-v0", "beam", folder=tmp_path / "w", workers=2, **GAME)
    assert {digest(results.tree(901)) for results in (kept, by_workers)} == {kept.lines[901]["tree"]}
    with pytest.raises(KeyError, match="task 5 has no tree; trees are there for"):
        by_workers.tree(5)


def test_the_same_call_goes_on_with_its_run_and_another_is_refused(tmp_path):
    once = evaluate("Game24-v0", first, value=Halves(), folder=tmp_path / "r", **GAME)
    (tmp_path / "r" / "results.jsonl").unlink()
    journal = (tmp_path / "r" / "journal.jsonl").read_text().splitlines()
    assert evaluate("Game24-v0", first, value=Halves(), folder=tmp_path / "r", **GAME).lines == once.lines
    again = (tmp_path / "r" / "journal.jsonl").read_text().splitlines()
    before, after = ([line for line in lines if not line.startswith("[-1")] for lines in (journal, again))
    assert before == after  # nothing was asked
    with pytest.raises(RunError, match="holds a run with another config"):
        evaluate("Game24-v0", first, value=Halves(), seed=1, folder=tmp_path / "r", **GAME)


def test_runs_are_compared_task_by_task():
    random, rule = (evaluate("Game24-v0", name, **GAME) for name in ("random", "beam"))
    difference = random.compare(rule)
    assert difference.estimate == pytest.approx(rule.mean.estimate - random.mean.estimate)
    with pytest.raises(ValueError, match="4 and 1 tasks share 1; compare equal tasks"):
        rule.compare(evaluate("Game24-v0", "random", tasks=900, budget="nodes=9"))


def test_a_task_that_fails_scores_nothing_and_says_why():
    def broken(root):
        yield Expand(root, 1)
        raise RuntimeError("a bug of mine")

    results = evaluate("Game24-v0", broken, value=Halves(), **GAME)
    assert set(results.scores.values()) == {0.0}
    assert set(results.failures.values()) == {"RuntimeError: a bug of mine"}


def test_a_model_may_be_an_object():
    results = evaluate("Game24-v0", "react", model=Scripted(lambda request: "1 + 2"), tasks=0, budget="lm_calls=3")
    assert results.spent["lm_calls"] == 3


def test_a_split_and_a_number_name_tasks():
    assert list(evaluate("Game24-v0", "random", tasks="test:0:2", budget={"nodes": 9}).scores) == [900, 901]
    assert list(evaluate("Game24-v0", "random", tasks=7, budget="nodes=9").scores) == [7]


def test_a_table_has_a_row_a_task(monkeypatch):
    made = {}

    class Frame:
        def __init__(self, rows):
            made["rows"] = rows

        def set_index(self, name):
            return made["rows"]

    monkeypatch.setitem(sys.modules, "pandas", type(sys)("pandas"))
    sys.modules["pandas"].DataFrame = Frame
    rows = evaluate("Game24-v0", "random", **GAME).to_dataframe()
    assert [row["task"] for row in rows] == [900, 901, 902, 903]
    assert {"score", "stopped", "nodes", "lm_calls"} <= set(rows[0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"agent": "bean"}, "unknown agent 'bean'"),
        ({"settings": {"width": 3}}, "has no setting 'width'"),
        ({"workers": 2}, "workers=2 needs a folder"),
        ({"workers": 2, "folder": "r", "value": Halves()}, "give them as MODULE:NAME"),
        ({"tasks": "tset"}, "has no split 'tset'"),
        ({"budget": "node=3"}, "cannot read the budget 'node=3'"),
        ({"agent": "reflexion", "model": Scripted()}, "add --privilege reward"),
    ],
)
def test_a_call_that_cannot_be_is_refused(given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        evaluate(**{"env": "Game24-v0", "agent": "beam", **GAME, **given})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("budget", ["tokens=100", "lm_calls=5,tokens=100"])
def test_a_budget_that_nothing_spends_is_refused_before_the_run(budget):
    with pytest.raises(ValueError, match=r"would never end: .* call no language model; give nodes=, env_steps= or"):
        evaluate("Game24-v0", mcts, tasks=900, budget=budget)
    assert evaluate("Game24-v0", mcts, tasks=900, budget=f"{budget},nodes=5").lines[900]["stopped"] == "nodes"


def test_an_algorithm_that_raises_shows_the_lines_of_its_own_and_the_others_go_on():
    def falling(root):
        yield Expand(root)
        if root.task == 901:
            return [][0]
        return root

    results = evaluate("Game24-v0", falling, tasks="900:902", budget="nodes=100")
    assert set(results.answers) == {900}
    assert "return [][0]" in results.tracebacks[901]
    assert results.tracebacks[901].endswith("IndexError: list index out of range")
    assert results.tracebacks[901].count("File ") == 1  # no frame of the engine


def test_an_error_without_a_text_loses_its_task_alone():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def mute(root):
        yield Expand(root)
        raise Mute

    results = evaluate("Game24-v0", mute, tasks=900, budget="nodes=100")
    assert results.failures[900].endswith("Mute has no text")
