from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Evaluate, ExpandAll, Offer, Proposal
from forethought.search.best_of_n import best_of_n

#          root
#     a      b      c        what the policy proposes first stands to the left
#   ax ay    bx     cx
#            bxz             (ax and bxz have ended, cx is a dead end)
LEGAL = {"": "abc", "a": "xy", "b": "x", "c": "x", "bx": "z"}
ENDS = ("ax", "bxz")
VALUES = {"ax": 0.2, "ay": 1.0, "bxz": 0.7, "cx": 0.9}


@pytest.fixture
def search(letters, judge, mover, one):
    def run(legal=LEGAL, values=VALUES, ends=ENDS, script=None, budget="nodes=1000", **settings):
        policy, value = mover(script), judge(values)
        outcome = one(letters(legal, ends=ends), value, partial(best_of_n, **settings), policy=policy, budget=budget)
        calls = [["".join(word) for _, word in call] for call in policy.calls]
        return outcome, calls, [[word for _, word in call] for call in value.calls]

    return run


def test_samples_go_on_side_by_side_and_only_their_ends_are_judged(search):
    # Level 1: a b c. Level 2: ax bx cx. Level 3: ax has ended, bx goes on to bxz, cx is stuck.
    outcome, expanded, judged = search(n=3)
    assert expanded == [[""], ["a", "b", "c"], ["bx", "cx"]]
    assert judged == [["ax", "bxz", "cx"]]
    assert outcome.answer.state.letters == "bxz"  # cx .9 has not ended


@pytest.mark.parametrize(("n", "answer", "made"), [(1, "ax", 2), (2, "bxz", 5), (3, "bxz", 7), (50, "bxz", 7)])
def test_more_samples_see_more(search, n, answer, made):
    outcome, _, _ = search(n=n)
    assert (outcome.answer.state.letters, outcome.spent.nodes) == (answer, made)


def test_the_first_level_asks_for_n_proposals_and_every_later_one_for_one(letters, judge, mover, one):
    policy = mover()
    one(letters(LEGAL, ends=ENDS), judge(), partial(best_of_n, n=3), policy=policy)
    assert [query.num_children for query in policy.queries] == [3, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(("depth", "answer", "judged"), [(1, "b", ["a", "b", "c"]), (2, "ax", ["ax", "bx", "cx"])])
def test_what_reaches_the_depth_is_an_end(search, depth, answer, judged):
    outcome, expanded, got = search(values={"b": 0.3, "bx": 0.9}, n=3, depth=depth)
    assert (outcome.answer.state.letters, got, len(expanded)) == (answer, [judged], depth)


def test_repeated_proposals_make_one_sample(search):
    _, expanded, judged = search(script={"": "aaba"}, n=4)
    assert (expanded, judged) == ([[""], ["a", "b"], ["bx"]], [["ax", "bxz"]])
    assert search(script={"": "aaba"}, n=2)[2] == [["ax"]]


def test_a_sample_whose_first_proposal_is_illegal_is_stuck(search):
    outcome, _, judged = search(script={"a": "qx"}, n=2)
    assert judged == [["a", "bxz"]]
    assert outcome.spent.illegal_actions == 1


def test_where_nothing_has_ended_the_best_end_is_the_answer(search):
    assert search(ends=(), values={"ax": 0.1, "bxz": 0.2, "cx": 0.3}, n=3)[0].answer.state.letters == "cx"


def test_of_equal_ends_the_first_is_the_answer(search):
    assert search(values={"ax": 0.7, "bxz": 0.7}, n=3)[0].answer.state.letters == "ax"


@pytest.mark.parametrize("given", [{"legal": {}}, {"ends": {""}}, {"depth": 0}])
def test_a_root_that_cannot_go_on_is_the_answer_and_is_not_judged(search, given):
    outcome, expanded, judged = search(**given)
    assert outcome.answer is outcome.root
    assert (len(expanded), judged) == ("legal" in given, [])


@pytest.mark.parametrize(("nodes", "answer"), [(2, ""), (3, "a"), (5, "a"), (6, "ax"), (7, "ax"), (8, "bxz")])
def test_before_the_judgement_the_first_sample_that_has_ended_is_offered(search, nodes, answer):
    assert search(budget=f"nodes={nodes}", n=3)[0].answer.state.letters == answer


def test_none_is_refused(leaf):
    with pytest.raises(ValueError, match="n is 0; the best of none is none, give at least 1"):
        next(best_of_n(leaf(), n=0))


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = best_of_n(root, n=2, depth=1)
    assert next(asked) == ExpandAll([root], 2)
    a, b = leaf(root, "a"), leaf(root, "b")
    assert asked.send([[a, b]]) == Offer(a)
    assert next(asked) == Evaluate([a, b])
    b.value = 0.5
    assert next(asked) == Offer(b)
    with pytest.raises(StopIteration) as end:
        next(asked)
    assert end.value.value is b


def shuffled(query):
    """The proposals of a policy that samples: legal letters in an order of its seed."""
    letters = sorted(query.actions, key=lambda letter: (query.seed * (ord(letter) | 1)) % 1009)
    return [Proposal(letter) for letter in letters]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(0, 5), st.none() | st.integers(1, 20))
def test_the_answer_is_the_best_end_or_on_a_budget_the_first_ending(
    grown, worth_of, judge, mover, one, seed, n, depth, nodes
):
    policy, value = mover(shuffled), judge(worth_of(seed))
    outcome = one(
        grown(seed), value, partial(best_of_n, n=n, depth=depth), policy=policy, budget=f"nodes={nodes or 10**6}"
    )
    root, answer = outcome.root, outcome.answer
    ends = [node for node in root if not node.children and node is not root]
    if outcome.stopped == "returned":
        assert value.calls == ([[(0, end.state.letters) for end in ends]] if ends else [])
        assert (answer.done, answer.value) == max([(end.done, end.value) for end in ends], default=(root.done, 0.0))
        assert all(end.done or end.dead or end.depth == depth for end in ends)
    else:
        assert value.calls == []
        assert answer is max(ends, key=lambda end: end.done, default=root)
    assert len(ends) <= n
    assert all(len(node.children) <= 1 for node in root if node is not root)
    assert all(node.depth <= depth for node in root)
    words = [word for call in policy.calls for _, word in call]
    assert len(words) == len(set(words))
    assert len(policy.calls) <= depth


@pytest.mark.parametrize("seed", range(3))
def test_concurrency_changes_nothing(grown, worth_of, judge, mover, drive, results, seed):
    def run(concurrency):
        search = partial(best_of_n, n=3)
        return results(
            drive(
                grown(seed), judge(worth_of(seed)), search,
                policy=mover(shuffled), tasks=range(12), concurrency=concurrency,
            )
        )  # fmt: skip

    assert run(1) == run(8)
