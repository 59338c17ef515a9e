"""A question that a model will never answer is a dead end of that node: the search goes on, a resume asks nothing."""

from __future__ import annotations

import pytest

from forethought.search import Estimate, Evaluate, Expand, ExpandAll, Proposal, Proposals, Usage
from forethought.search.engine.journal import Journal
from forethought.search.engine.tree_dump import dump
from forethought.search.estimates import Reply
from forethought.search.registry import ALGORITHMS, algorithm

PRIVILEGES = frozenset({"reward", "reflection"})
COST = Usage(parse_failures=1, refused=1)
WHY = "the prompt is beyond the context"


@pytest.fixture
def searched(grown, worth_of, judge, mover, oracle, dumb, drive, path):
    """Runs an algorithm with a journal in a world where some questions are refused; then again from the journal."""

    def refusing(query):
        """Some three in ten states can be proposed nothing for, some cannot be judged."""
        drawn = hash_of(query)
        return drawn % 10 < 3, drawn // 10 % 10 < 3

    def propose(query):
        if refusing(query)[0] and not query.node.imagined:
            return Proposals((), COST, WHY)
        letters = query.actions or ("a", "b")
        return [Proposal(letter, 1 / len(letters)) for letter in letters]

    def evaluate(query):
        if query.node.imagined:
            return Estimate(0.5)
        return Estimate(0.0, usage=COST, parsed=False, refusal=WHY) if refusing(query)[1] else worth_of(3)(query)

    def ask(question):
        return Reply("", COST, WHY) if question.seed % 2 else Reply(f"{question.action} comes")

    def run(name, policy=None, value=None, responder=None):
        with Journal(path) as journal:
            return drive(
                grown(3),
                value or judge(evaluate),
                algorithm(name),
                policy=policy or mover(propose),
                responder=responder or oracle(ask),
                tasks=range(6),
                budget="nodes=60",
                privileges=PRIVILEGES,
                journal=journal,
            )

    return run


def hash_of(query):
    letters = "".join(query.node.actions)
    return sum(ord(letter) * 7**place for place, letter in enumerate(letters, 1)) + query.task * 31


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_goes_on_and_a_resume_asks_nothing(searched, results, dumb, oracle, name):
    outcomes = searched(name)
    assert [outcome.error for outcome in outcomes.values()] == [None] * 6
    asked = oracle(lambda question: pytest.fail("asked again"))
    again = searched(name, policy=dumb(), value=dumb(), responder=asked)
    assert results(again) == results(outcomes)
    refused = sum(outcome.spent.usage.refused for outcome in outcomes.values())
    told = [row for outcome in outcomes.values() for row in dump(outcome.root) if row.get("refusal")]
    assert refused >= len(told) > 0
    assert {row["refusal"] for row in told} == {WHY}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_nobody_is_asked_to_go_on_from_a_dead_end(searched, mover, judge, name):
    policy = mover()
    value = judge(lambda query: Estimate(0.0, usage=COST, parsed=False, refusal=WHY))
    outcomes = searched(name, policy=policy, value=value)
    assert [outcome.error for outcome in outcomes.values()] == [None] * 6
    asks_late = ("react", "reflexion", "rap", "walk", "best_of_n", "look_ahead")  # for values: they go on before
    if name not in asks_late:
        assert {letters for call in policy.calls for _, letters in call} <= {""}


def test_other_nodes_of_a_batch_are_expanded(letters, judge, mover, one):
    def refuse(query):
        refused = query.node.state.letters == "a"
        return Estimate(0.0, parsed=False, refusal=WHY) if refused else Estimate(0.5)

    def search(root):
        children = yield Expand(root)
        yield Evaluate(children)
        assert [child.dead for child in children] == [True, False, False]
        families = yield ExpandAll(children)
        assert [[child.action for child in family] for family in families] == [[], ["a"], ["b"]]
        assert (yield ExpandAll(children[:1])) == [[]]
        assert (yield Expand(children[0])) == []
        return root

    policy = mover()
    world = letters({"": "abc", "a": "x", "b": "a", "c": "b"})
    one(world, judge(refuse), search, policy=policy)
    assert policy.calls == [[(0, "")], [(0, "b"), (0, "c")]]
