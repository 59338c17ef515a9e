"""Positions of these worlds are the letters in any order: ab and ba are one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.common.seeds import seed_of
from forethought.search import Estimate, Evaluate, Expand, Proposal, Proposals, Usage, beam
from forethought.search.engine.journal import Journal
from forethought.search.engine.tree_dump import digest
from forethought.search.needs import PRIVILEGES
from forethought.search.registry import ALGORITHMS, algorithm

PRICE = Usage(2, 5, 0, 3)
FAST = {"num_simulations": 12, "max_expansions": 20, "attempts": 3, "restarts": 3, "walks": 8, "depth": 3}


def position(query):
    return "".join(sorted(query.node.state.letters))


@pytest.fixture(scope="session")
def bags(letters):
    class Bags(letters):
        def key(self, state):
            return "".join(sorted(state.letters)).encode()

    return Bags(lambda word: "abc" if len(word.letters) < 3 else "", ends=lambda word: len(word.letters) == 3)


@pytest.fixture(scope="session")
def models(priced_mover, priced_judge):
    """A policy and a value of the position alone, whose answers cost the same each."""

    def make(seed=0, markov=True):
        def propose(query):
            drawn = seed_of(seed, position(query), query.node.num_queries)
            letters = [letter for k, letter in enumerate("abc") if drawn >> k & 1]
            policy.places.append(place(query))
            return Proposals([Proposal(letter, 1 / 3) for letter in letters][: query.num_children], PRICE)

        def judge(query):
            value.places.append(place(query))
            return Estimate(seed_of(seed, position(query), "value") % 11 / 10, "so", PRICE)

        policy, value = priced_mover(PRICE, propose), priced_judge(PRICE, judge)
        policy.markov = value.markov = markov
        policy.places, value.places = [], []
        return policy, value

    return make


def place(query):
    """What tells one question of a task from another, as it stood when it was asked."""
    node = query.node
    return query.task, position(query), query.num_children, node.memory, node.ancestors[0].attempt, node.num_queries


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from([name for name in ALGORITHMS if name != "rap"]), seed=st.integers(0, 2**16))
def test_the_tree_is_the_same_and_no_position_is_paid_for_twice(bags, models, oracle, drive, name, seed):
    """Of models that are functions of the position."""

    def run(**options):
        policy, value = models(seed)
        search = algorithm(name, {k: v for k, v in FAST.items() if k in ALGORITHMS[name].__kwdefaults__})
        responder = oracle()
        privileges = frozenset(PRIVILEGES)
        found = drive(
            bags, value, search, policy=policy, tasks=(0, 1), responder=responder, privileges=privileges, **options
        )
        assert all(outcome.error is None for outcome in found.values())
        return [(digest(s.root), s.answer.actions) for s in found.values()], policy, value, found

    plain, policy, value, before = run()
    merged, fewer, lesser, after = run(transpositions=True)
    assert merged == plain
    for freely, merged_once in ((policy, fewer), (value, lesser)):
        assert len(merged_once.places) == len(set(merged_once.places))
        assert set(merged_once.places) == set(freely.places)
    for task in (0, 1):
        paid = [query for model in (fewer, lesser) for query in model.queries if query.task == task]
        assert after[task].spent.usage.calls == PRICE.calls * len(paid)
        assert after[task].spent.nodes == before[task].spent.nodes


def test_positions_are_merged_by_hand(bags, models, one):
    """Breadth first over ab: a, b; aa, ab, ba, bb: ba is ab."""
    policy, value = models()
    policy.script = lambda query: Proposals([Proposal("a"), Proposal("b")], PRICE)
    outcome = one(bags, value, lambda root: beam(root, depth=3, beam_width=9), policy=policy, transpositions=True)
    assert sorted(map(position, policy.queries)) == ["", "a", "aa", "ab", "b", "bb"]
    assert sorted(map(position, value.queries)) == ["a", "aa", "aaa", "aab", "ab", "abb", "b", "bb", "bbb"]
    assert outcome.spent.nodes == 14
    first, second = (child for node in outcome.root for child in node.children if position_of(child) == "ab")
    assert (first.value, first.estimate.rationale) == (second.value, second.estimate.rationale)
    assert first.children[0].parent is first
    assert second.children[0].parent is second


def position_of(node):
    return "".join(sorted(node.state.letters))


def test_the_budget_holds_what_is_really_asked(bags, models, one):
    policy, value = models()
    policy.script = lambda query: Proposals([Proposal("a"), Proposal("b")], PRICE)
    budget = f"lm_calls={PRICE.calls * 15}"  # 6 + 9 questions, as above
    outcome = one(
        bags, value, lambda root: beam(root, depth=3, beam_width=9), policy=policy, budget=budget, transpositions=True
    )
    assert outcome.stopped == "returned"
    assert outcome.spent.usage.calls == PRICE.calls * 15


def test_another_sample_of_the_same_node_is_another_question(bags, models, one):
    def search(root):
        yield Expand(root, 1)
        yield Expand(root, 1)
        return root

    policy, value = models()
    one(bags, value, search, policy=policy, transpositions=True)
    assert len(policy.queries) == 2


def test_another_memory_is_another_position(bags, models, one):
    def search(root):
        yield Evaluate([root])
        yield Evaluate([root.new_attempt(["be careful"])])
        yield Evaluate([root.new_attempt(["be careful"])])
        return root

    policy, value = models()
    one(bags, value, search, policy=policy, transpositions=True)
    assert [query.node.memory for query in value.queries] == [(), ("be careful",), ("be careful",)]


def test_a_run_goes_on_after_any_answer(bags, models, path, drive):
    def run():
        policy, value = models()
        policy.script = lambda query: Proposals([Proposal("a"), Proposal("b")], PRICE)
        with Journal(path) as journal:
            outcome = drive(
                bags, value, lambda root: beam(root, depth=3), policy=policy, journal=journal, transpositions=True
            )[0]
        assert outcome.error is None
        return digest(outcome.root), outcome.spent, len(value.queries)

    tree, spent, paid = run()
    lines = path.read_text().splitlines(keepends=True)
    for kept in range(1, len(lines)):
        path.write_text("".join(lines[:kept]))
        again = run()
        assert again[:2] == (tree, spent)
        assert again[2] <= paid
    assert run() == (tree, spent, 0)


def test_a_policy_that_reads_the_history_is_asked_everywhere(bags, models, one):
    policy, value = models()
    del policy.markov
    policy.script = lambda query: Proposals([Proposal("a"), Proposal("b")], PRICE)
    one(bags, value, lambda root: beam(root, depth=2, beam_width=9), policy=policy, transpositions=True)
    assert [position(query) for query in policy.queries] == ["", "a", "b"]
    assert len(value.queries) == 5


def test_a_value_that_reads_the_history_is_refused(bags, models, one):
    _, value = models(markov=False)
    with pytest.raises(ValueError, match=r"PricedJudge does not say so of itself \(markov = True\)"):
        one(bags, value, beam, transpositions=True)
