"""Queries of policies and values."""

from __future__ import annotations

from forethought.common.seeds import seed_of
from forethought.search import Query


def test_the_seed_of_a_query_is_of_run_task_path_and_ordinal(leaf):
    root = leaf(task=5)
    child = leaf(leaf(root, "a"), "b")
    assert Query(child, 3, 9).seed == seed_of(9, 5, [0, 0], 0)
    child.num_queries = 2
    assert Query(child, None, 9).seed == seed_of(9, 5, [0, 0], 2)
    assert len({Query(root, 3, run).seed for run in range(20)}) == 20
    sibling = leaf(child.parent, "c")
    assert Query(sibling, 3, 9).seed == seed_of(9, 5, [0, 1], 0)
