from __future__ import annotations

import json
from dataclasses import replace

import pytest

from forethought.value import balanced, distinct, split_tasks, target
from forethought.value.examples import write


@pytest.fixture
def example(tree, grow):
    root = tree("4 6")
    grow(root, "4 * 6", 1.0)
    return target(root)


def test_no_task_is_on_both_sides():
    train, held = split_tasks(range(10), 0.3, seed=1)
    assert len(train) == 7
    assert sorted(train + held) == list(range(10))
    assert split_tasks(range(10), 0.3, seed=1) == (train, held)
    assert split_tasks(range(10), 0.3, seed=2) != (train, held)


@pytest.mark.parametrize("share", [0.0, 0.04, 0.99, 1.0])
def test_a_split_leaves_no_side_empty(share):
    with pytest.raises(ValueError, match="leaves a side empty"):
        split_tasks(range(10), share)


def test_of_one_state_the_fullest_look_counts_then_the_latest(example):
    poor, full, later = (replace(example, target=t, seen=n) for t, n in ((0.1, 1), (0.2, 6), (0.3, 6)))
    other = replace(example, key=b"x")
    assert distinct([poor, full, other, later]) == [later, other]
    assert distinct([later, poor]) == [later]


def test_balanced_draws_are_half_high_and_use_every_example_equally(example):
    high = [replace(example, key=bytes([i]), target=0.5) for i in range(3)]
    low = [replace(example, key=bytes([9, i]), target=0.49) for i in range(50)]
    drawn = balanced(high + low, 20, seed=3)
    assert sum(e.target >= 0.5 for e in drawn) == 10
    assert sorted(drawn.count(e) for e in high) == [3, 3, 4]
    assert max(drawn.count(e) for e in low) == 1
    assert drawn == balanced(high + low, 20, seed=3)
    assert drawn != balanced(high + low, 20, seed=4)


def test_balance_needs_both_sides(example):
    with pytest.raises(ValueError, match="1 examples have only high or only low targets"):
        balanced([replace(example, target=1.0)], 4)


def test_every_depth_gives_its_part_and_half_of_that_is_high(example):
    deeper = example.context._replace(steps=(("4 + 5", "(left: 6 9)"),))
    shallow = [replace(example, target=t) for t in (0.7, 0.8, 0.9, 1.0)]
    deep = [replace(example, context=deeper, target=t) for t in (1.0, 0.0, 0.0, 0.0, 0.0)]
    drawn = balanced(shallow + deep, 40)
    assert sum(e.context == deeper for e in drawn) == 20
    assert sum(e.target == 1.0 for e in drawn if e.context == deeper) == 10
    assert sum(e.target > 0.85 for e in drawn if e.context != deeper) == 10  # 0.85 is the median of that depth


def test_a_depth_with_one_half_gives_its_whole_part_from_that(example):
    deeper = example.context._replace(steps=(("4 + 5", "(left: 6 9)"),))
    drawn = balanced([replace(example, target=1.0), replace(example, context=deeper, target=0.0)], 6)
    assert sorted(e.target for e in drawn) == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]


def test_examples_are_written_a_line_each(example, tmp_path):
    write([example, example], tmp_path / "examples.jsonl")
    lines = (tmp_path / "examples.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["best_action"] == "4 * 6"
