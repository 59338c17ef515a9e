from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Estimate, beam, mcts
from forethought.search.engine.tree_dump import digest, dump
from forethought.search.node import Node, set_estimate


@pytest.fixture
def tree(leaf):
    root = leaf()
    a, b = leaf(root, "a", prior=0.25), leaf(root, "b", done=True)
    child = leaf(a, "c")
    set_estimate(a, Estimate(0.5, "so"))
    a.rationale, a.visits, a.total = "why", 3, 1.5
    return root, a, b, child


def test_a_dump_has_a_row_a_node_with_the_row_of_its_parent(tree):
    rows = dump(tree[0])
    assert [(row["parent"], row["action"], row["observation"]) for row in rows] == [
        (-1, "", "0:"),
        (0, "a", "0:a"),
        (1, "c", "0:ac"),
        (0, "b", "0:b"),
    ]


def test_a_row_has_all_that_tells_two_trees_apart(tree):
    judged, _, ended = dump(tree[0])[1:]
    assert judged == {
        "parent": 0,
        "action": "a",
        "observation": "0:a",
        "prior": 0.25,
        "value": 0.5,
        "rationale": "so",
        "thought": "why",
        "visits": 3,
        "total": 1.5,
        "done": False,
    }
    assert (ended["value"], ended["rationale"], ended["done"]) == (None, "", True)


def test_a_node_judged_worthless_is_not_one_that_was_not_judged(tree):
    root, a, *_ = tree
    before = digest(root)
    set_estimate(a, Estimate(0.0, "so"))
    assert dump(root)[1]["value"] == 0.0
    assert digest(root) != before


def test_a_digest_is_sha256_of_the_rows(tree):
    text = json.dumps(dump(tree[0]), sort_keys=True, separators=(",", ":"))
    assert digest(tree[0]) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("action", "z"), ("observation", "z"), ("prior", 0.3), ("value", 0.6), ("rationale", "z"), ("visits", 4)],
        *[("total", 1.6), ("done", True), ("estimate", Estimate(0.5, "z")), ("estimate", None)],
    ],
)
def test_every_field_of_a_node_is_in_the_digest(tree, field, value):
    root, a, *_ = tree
    before = digest(root)
    setattr(a, f"_{field}" if isinstance(getattr(Node, field), property) else field, value)
    assert digest(root) != before


def test_the_order_of_children_is_in_the_digest(tree):
    root = tree[0]
    before = digest(root)
    root._children = root.children[::-1]
    assert digest(root) != before


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([beam, mcts]))
def test_equal_searches_grow_equal_trees(grown, worth_of, judge, one, seed, search):
    one_root, other = (one(grown(seed), judge(worth_of(seed)), search).root for _ in range(2))
    assert digest(one_root) == digest(other)
    assert dump(one_root) == json.loads(json.dumps(dump(other)))
