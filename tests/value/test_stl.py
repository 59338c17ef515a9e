from __future__ import annotations

import json
from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import pytest

from forethought.agents.judges import judged
from forethought.value import STL, Round, TabularTrainer, best, self_taught_lookahead


class Table:
    """The table on the trainer face, its endings judged by the rule; notes what it was given."""

    def __init__(self):
        self.trainer, self.fitted = TabularTrainer(), []

    def initial(self):
        return judged(self.trainer.initial(), "rule", "Game24-v0")

    def fit(self, examples, folder):
        self.fitted.append((list(examples), folder))
        return judged(self.trainer.fit(examples), "rule", "Game24-v0")


METHOD = STL(
    env="Game24-v0",
    tasks=("0:20", "0:10"),
    validation="1000:1004",
    collect=({"walks": 12, "min_depth": 2, "max_depth": 2}, {"walks": 12, "min_depth": 1, "max_depth": 2}),
    look={"walks": 6, "min_depth": 1, "max_depth": 2},
    examples=(40,),
)


def test_rounds_are_kept_in_the_folder_and_the_best_is_named(tmp_path):
    table, said = Table(), []
    rounds = self_taught_lookahead(METHOD, table, tmp_path, said.append)
    assert [r.number for r in rounds] == [0, 1, 2]
    assert isnan(rounds[0].agreement)  # a table that says 0.5 of everything agrees with nothing
    kept = json.loads((tmp_path / "rounds.json").read_text())["kept"]
    assert kept == best(rounds).number
    assert [folder for _, folder in table.fitted] == [tmp_path / "1" / "adapter", tmp_path / "2" / "adapter"]
    assert len((tmp_path / "1" / "examples.jsonl").read_text().splitlines()) == len(rounds[1].examples)
    assert "looks ahead" in " ".join(said) or "look ahead" in " ".join(said)


def test_the_first_round_looks_one_step_before_the_end(tmp_path):
    table = Table()
    rounds = self_taught_lookahead(METHOD, table, tmp_path, lambda _: None)
    first = rounds[1].examples
    assert {len(example.key.split()) for example in first} == {2}
    assert {example.target for example in first} == {0.0, 1.0}
    assert all(example.ends == example.seen and example.unseen == 0 for example in first)
    assert {len(example.key.split()) for example in rounds[2].examples} == {2, 3}
    carried = {example.key for example in first}
    assert carried <= {example.key for example in rounds[2].examples}


def test_what_a_model_judged_is_not_carried_over(tmp_path):
    rounds = self_taught_lookahead(replace(METHOD, carry=False), Table(), tmp_path, lambda _: None)
    assert not {example.key for example in rounds[1].examples} <= {example.key for example in rounds[2].examples}


def test_a_round_is_balanced_and_of_the_size_asked_for(tmp_path):
    table = Table()
    self_taught_lookahead(METHOD, table, tmp_path, lambda _: None)
    for examples, _ in table.fitted:
        assert len(examples) == 40
        two_left = [example for example in examples if len(example.key.split()) == 2]
        assert sum(example.target >= 0.5 for example in two_left) == len(two_left) // 2


def test_validation_tasks_are_never_learnt_from(tmp_path):
    table = Table()
    self_taught_lookahead(METHOD, table, tmp_path, lambda _: None)
    assert max(example.task for examples, _ in table.fitted for example in examples) < 20


def test_a_second_call_asks_for_nothing_new_and_comes_to_the_same(tmp_path):
    first = self_taught_lookahead(METHOD, Table(), tmp_path, lambda _: None)
    journals = {path: path.stat().st_size for path in tmp_path.rglob("results.jsonl")}
    again = self_taught_lookahead(METHOD, Table(), tmp_path, lambda _: None)
    assert [r.examples for r in again] == [r.examples for r in first]
    assert [r.agreement for r in again[1:]] == [r.agreement for r in first[1:]]
    assert {path: path.stat().st_size for path in journals} == journals


def test_the_round_of_best_agreement_is_kept_and_the_untrained_never():
    def rounds(*agreements):
        return [Round(i, None, a, ()) for i, a in enumerate(agreements)]

    assert best(rounds(0.9, 0.1, 0.2)).number == 2
    assert best(rounds(0.9, 0.2, 0.2)).number == 1
    assert best(rounds(nan, nan, -0.5)).number == 2
    assert best(rounds(nan, nan, nan)).number == 1


def test_a_task_in_training_and_validation_is_refused():
    with pytest.raises(ValueError, match=r"tasks \[5, 6\] are in training and in validation"):
        STL("Game24-v0", ("0:3", "5:9"), "5:7", ({"walks": 1},), {}, (10,))


def test_no_rounds_are_refused():
    with pytest.raises(ValueError, match="needs a round"):
        STL("Game24-v0", ("0:3",), "5:7", ({"walks": 1},), {}, (10,), rounds=0)


def test_trees_that_cannot_be_grown_are_an_error(tmp_path: Path):
    class Broken(Table):
        def initial(self):
            return self

        def evaluate(self, queries):
            raise RuntimeError("no power")

    with pytest.raises(RuntimeError, match=r"4 of 4 trees could not be grown; the first: no power"):
        self_taught_lookahead(METHOD, Broken(), tmp_path, lambda _: None)
