from __future__ import annotations

import pytest

from forethought.search import Proposal
from forethought.search.engine.handlers.evaluation import EvaluateHandler
from forethought.search.engine.handlers.expansion import ExpandHandler
from forethought.search.engine.handlers.imagination import ImagineHandler, ProposeHandler
from forethought.search.engine.handlers.questions import AskHandler
from forethought.search.engine.question_digest import about, about_actions, fingerprint, in_words
from forethought.search.requests import Ask, Evaluate, Expand, ExpandAll, Imagine, Propose


@pytest.fixture
def tree(leaf):
    root = leaf()
    return root, leaf(root, "a"), leaf(root, "b")


@pytest.fixture
def digest(mover, judge, oracle):
    """Of a request, by the kind that answers it."""
    asking = AskHandler(oracle())
    kinds = {
        Expand: ExpandHandler(mover()),
        ExpandAll: ExpandHandler(mover()),
        Evaluate: EvaluateHandler(judge()),
        Ask: asking,
        Propose: ProposeHandler(mover()),
        Imagine: ImagineHandler(asking),
    }
    return lambda request: kinds[type(request)].question_digest(request)


def test_every_difference_of_a_question_is_seen(tree, digest):
    root, one, two = tree
    asked = [
        Expand(root),
        Expand(root, 3),
        Expand(root, 3, refused=True),
        Expand(one, 3),
        ExpandAll([one, two], 3),
        ExpandAll([two, one], 3),
        Evaluate([one, two]),
        Evaluate([two, one]),
        Evaluate([one]),
        Evaluate([one, one]),
        Ask(one, "reflection"),
        Ask(two, "reflection"),
        Ask(one, "judgement"),
        Propose(one, 2),
        Imagine(one, [Proposal("a"), Proposal("b")]),
        Imagine(one, [Proposal("b"), Proposal("a")]),
        Imagine(one, [Proposal("a, b")]),
    ]
    found = [digest(request) for request in asked]
    assert len(set(found)) == len(found)
    assert found == [digest(request) for request in asked]


def test_what_was_asked_before_and_the_memory_count(tree):
    root, one, _ = tree
    found = {about([one], "1")}
    one.num_queries = 1
    found.add(about([one], "1"))
    one.memory = ("Look at both.",)
    found.add(about([one], "1"))
    one.memory = ("Look at both.", "\ud800")
    found.add(about([one], "1"))
    again = root.new_attempt(())
    found |= {about([root], "1"), about([again], "1")}
    assert len(found) == 6


def test_an_imagined_node_is_not_the_real_one(leaf):
    root = leaf()
    real, imagined = leaf(root, "a"), leaf(root, "a")
    imagined._imagined = True
    assert fingerprint(real) != fingerprint(imagined)


def test_the_way_counts_and_not_the_order_of_asking(leaf):
    root = leaf()
    deep = leaf(leaf(leaf(root, "a"), "b"), "c")
    other = leaf(leaf(leaf(root, "a"), "bc"), "")
    assert fingerprint(deep) == fingerprint(deep) != fingerprint(other)
    assert fingerprint(deep.parent) == deep.parent.fingerprint != 0


def test_a_long_way_is_no_recursion(leaf):
    node = leaf()
    for _ in range(5000):
        node = type(node)(node.state, "", node, "a")
    assert fingerprint(node)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("5:0a1b2c3d", "5 nodes"),
        ("1*3:0a1b2c3d", "1 node with num_children=3"),
        ("4*all:0a1b2c3d", "4 nodes with num_children=all"),
        ("reflection:0a1b2c3d", "the question 'reflection'"),
        ("", "the question ''"),
    ],
)
def test_what_was_asked_in_words(asked, words):
    assert in_words(asked) == words


def test_a_digest_of_actions_is_one_of_their_texts(tree):
    _, one, two = tree
    assert about_actions(one, "2", ["a", "b"]) != about_actions(two, "2", ["a", "b"])
    assert about_actions(one, "1", ["\ud800"]).startswith("1:")
