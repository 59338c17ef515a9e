from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Node, greedy
from forethought.search.node import Context, by_value


@pytest.fixture
def family(leaf):
    """root -> a, b; b -> ba, bb."""
    root = leaf(task=4)
    a, b = leaf(root, "a", prior=0.25), leaf(root, "b")
    return root, a, b, leaf(b, "a"), leaf(b, "b", done=True)


def test_a_child_takes_task_world_and_depth_from_its_parent(family):
    root, a, _, _, last = family
    assert (root.depth, root.index, root.parent, root.prior, root.done) == (0, 0, None, 1.0, False)
    assert (last.depth, last.index, last.task, last.world, last.done) == (2, 1, 4, root.world, True)
    assert (a.index, a.prior) == (0, 0.25)


def test_a_new_node_was_not_judged_and_not_visited(leaf):
    node = leaf()
    assert (node.value, node.estimate, node.visits, node.total, node.num_queries, node.dead) == (
        0.0,
        None,
        0,
        0.0,
        0,
        False,
    )
    assert (len(node.children), node.rationale) == (0, "")


def test_the_reward_is_not_on_a_node():
    assert not any("reward" in name for name in dir(Node))


def test_trail_path_and_actions_lead_from_the_root(family):
    root, _, b, _, last = family
    assert last.ancestors == [root, b, last]
    assert last.path == [1, 1]
    assert last.actions == ["b", "b"]
    assert (root.ancestors, root.path, root.actions) == ([root], [], [])


def test_context_is_the_instruction_the_opening_and_the_steps(family):
    root, _, _, _, last = family
    assert root.context == Context("Spell a word.", "0:", (), ())
    assert last.context == Context("Spell a word.", "0:", (("b", "0:b"), ("b", "0:bb")), ())


def test_the_newest_text_of_a_context(family):
    root, a, *_ = family
    assert root.context.observation == "0:"
    assert a.context.observation == "0:a"


def test_memory_is_handed_down_and_read(leaf):
    root = leaf()
    root.memory = ("do not begin with a",)
    child = leaf(leaf(root, "b"), "a")
    assert child.context.memory == ("do not begin with a",)


def test_a_tree_is_walked_parents_first_and_children_in_the_order_of_their_making(family):
    root, a, b, ba, bb = family
    assert list(root) == [root, a, b, ba, bb]
    assert list(b) == [b, ba, bb]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_every_node_is_walked_once_after_its_parent_and_found_by_its_path(grown, worth_of, judge, one, seed):
    root = one(grown(seed), judge(worth_of(seed)), greedy).root
    seen = []
    for node in root:
        assert node.parent is None or node.parent in seen
        found = root
        for index in node.path:
            found = found.children[index]
        assert found is node
        seen.append(node)
    assert len(seen) == len({id(node) for node in seen})


def test_a_deep_tree_is_walked_without_recursion(leaf):
    node = root = leaf()
    for _ in range(3000):
        node = leaf(node, "a")
    assert sum(1 for _ in root) == 3001
    assert len(node.context.steps) == 3000


def test_repr_fits_on_a_line(leaf):
    node = leaf()
    node._observation = "long " * 100
    assert repr(node).startswith("Node('long long")
    assert repr(node).endswith("depth=0, value=0.000, children=0)")
    assert len(repr(node)) < 120


def test_value_is_the_key_to_sort_by(family):
    _, a, b, *_ = family
    a.value, b.value = 0.25, 0.5
    assert max((a, b), key=by_value) is b
