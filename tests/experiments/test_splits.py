from __future__ import annotations

import pytest

from forethought.experiments.config import parse_tasks
from forethought.experiments.splits import numbered

SPLITS = {"train": range(900), "test": range(900, 1000), "validation": range(1000, 1362)}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("test", "900:1000"),
        ("test:0:50", "900:950"),
        ("test:5", "905:906"),
        ("test:0:100:25", "900:1000:25"),
        ("train:10:20, test:0:2", "10:20,900:902"),
        ("test:99", "999:1000"),
        ("3,17", "3,17"),
        ("0:10:4, 20", "0:10:4,20"),
    ],
)
def test_splits_become_numbers(text, numbers):
    assert numbered(text, SPLITS, "Game24-v0") == numbers
    parse_tasks(numbers)


def test_a_split_may_have_steps():
    assert numbered("odd:1:3", {"odd": range(1, 99, 2)}, "X") == "3:7:2"
    assert parse_tasks("3:7:2") == [3, 5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tset", "Game24-v0 has no split 'tset'; it has train, test, validation; give one of these"),
        ("dev:0:5", "has no split 'dev'"),
        ("test:0:101", "this split has 100 tasks"),
        ("test:-1", "this split has 100 tasks"),
        ("test:5:5", "this split has 100 tasks"),
        ("test:", "invalid literal"),
        ("test:a:b", "write SPLIT, SPLIT:START:STOP"),
        ("test:0:5:0", "must not be zero"),
        ("test:0:1:1:1", "write SPLIT"),
        (f"test:0:{'9' * 50}", "write SPLIT"),
        (f"test:0:{'9' * 5000}", "write SPLIT"),
    ],
)
def test_what_no_split_has_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        numbered(text, SPLITS, "Game24-v0")


def test_a_world_without_splits_says_so():
    with pytest.raises(ValueError, match="Pendulum-v1 has no split 'test'; it has none"):
        numbered("test", {}, "Pendulum-v1")
