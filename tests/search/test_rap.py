from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.common.seeds import seed_of
from forethought.search import Ask, Estimate, Expand, Imagine, Offer, Play, Proposal, Proposals, Propose, Usage
from forethought.search.engine.tree_dump import digest, dump
from forethought.search.estimates import Reply
from forethought.search.node import TERMINAL
from forethought.search.registry import algorithm

#           root                 An imagination that is right: it says what the world would show.
#      a .4      b .5
#   aa .9  ab .1   bb .2
LEGAL = {"": "ab", "a": "ab", "b": "b"}
VALUES = {"a": 0.4, "b": 0.5, "aa": 0.9, "ab": 0.1, "bb": 0.2}
ENDS = ("aa", "ab", "bb")
PRICE = Usage(1, 7, 0, 3)


def word_of(context):
    """The word of a true observation, "0:aa"."""
    return context.observation.partition(":")[2]


@pytest.fixture(scope="session")
def search(letters, judge, mover, one, oracle):
    def run(legal=LEGAL, values=VALUES, *, imagine=None, budget="nodes=1000", proposing=None, world=None, **settings):
        policy = mover(
            lambda query: [
                Proposal(letter, 0.5)
                for letter in (legal if proposing is None else proposing).get(word_of(query.context), "")
            ]
        )
        responder = oracle(imagine or (lambda question: Reply(f"0:{word_of(question.context)}{question.action}")))
        responder.worst_case_usage = lambda question: PRICE
        value = judge(lambda query: Estimate(values.get(word_of(query.context), 0.0)))
        world = world or letters(legal, ends=ENDS)
        return one(
            world, value, algorithm("rap", settings), policy=policy, responder=responder, budget=budget
        ), responder

    return run


def real(root):
    return [node.state.letters for node in root if not node.imagined]


def imagined(root):
    return {"".join(node.actions): (node.visits, node.total) for node in root if node.imagined}


# By hand, with c = 1: 1. the root is a leaf: a 1/.4, b 1/.5 are imagined. 2. b is better and is expanded: bb 1/.2,
# b 2/.7. 3. root has 4... visits 2 + 1: a .4 + sqrt(ln 3 / 1) = 1.45, b .35 + sqrt(ln 3 / 2) = 1.09: a is
# expanded: aa 1/.9, ab 1/.1, a 3/1.4. Then a is visited the most, and is done; from there a plan of one iteration
# imagines aa and ab, each visited once: the first of them is done.
def test_the_plan_and_the_steps_are_as_worked_by_hand(search):
    outcome, responder = search(num_simulations=3, depth=1)
    assert imagined(outcome.root) == {"a": (3, 1.4), "b": (2, 0.7), "bb": (1, 0.2), "aa": (1, 0.9), "ab": (1, 0.1)}
    assert (outcome.root.visits, outcome.root.total) == (5, pytest.approx(2.1))
    assert real(outcome.root) == ["", "a"]
    assert outcome.answer.actions == ["a"]
    assert [[question.action for question in call] for call in responder.calls] == [["a", "b"], ["b"], ["a", "b"]]
    assert responder.calls[2][0].context.steps == (("a", "0:a"),)


def test_only_what_is_done_steps_in_the_environment(search):
    outcome, _ = search(num_simulations=8)
    assert outcome.answer.state.letters == "aa"
    assert outcome.stopped == "returned"
    assert outcome.spent.env_steps == 2
    assert outcome.spent.nodes == 2 + sum(node.imagined for node in outcome.root)


def test_an_action_that_the_world_refuses_gives_way_to_the_next(search):
    outcome, _ = search(proposing={"": "xa", "x": "", "a": "y"}, values={"x": 0.9, "a": 0.1}, num_simulations=2)
    assert outcome.answer.state.letters == "a"  # and y is refused there
    assert outcome.spent.illegal_actions == 2
    assert {node.action for node in outcome.root.children if node.imagined} == {"x", "a"}


def test_no_proposal_is_a_dead_end(search):
    outcome, responder = search(proposing={}, num_simulations=3)
    assert outcome.answer is outcome.root
    assert outcome.root.dead
    assert responder.calls == []


def test_an_empty_imagination_makes_no_child(search):
    outcome, _ = search(
        imagine=lambda question: Reply("" if question.action == "a" else "0:b"), num_simulations=1, depth=1
    )
    assert [node.action for node in outcome.root.children] == ["b", "b"]  # imagined, then done
    outcome, _ = search(imagine=lambda question: Reply(""), num_simulations=2)
    assert outcome.answer is outcome.root
    assert outcome.root.dead


def test_an_imagined_ending_is_not_imagined_further(search):
    outcome, responder = search(imagine=lambda question: Reply(f"{TERMINAL}."), num_simulations=5, depth=1)
    assert len(responder.calls) == 1
    assert [node.observation for node in outcome.root.children if node.imagined] == [TERMINAL] * 2
    assert all(node.done for node in outcome.root.children if node.imagined)


def test_the_horizon_bounds_the_plan(search):
    endless = {"a" * n: "a" for n in range(9)}
    outcome, _ = search(endless, {}, num_simulations=20, horizon=3, depth=1)
    assert max(node.depth for node in outcome.root if node.imagined) == 3


def test_repeated_proposals_are_imagined_once(search):
    _, responder = search(proposing={"": "aab"}, num_children=3, num_simulations=1, depth=1)
    assert [question.action for question in responder.calls[0]] == ["a", "b"]


def test_seeds_are_of_the_place_and_the_proposal(search):
    _, responder = search(num_simulations=1, depth=1)
    first = seed_of(0, 0, [], 1, "imagination")
    assert [question.seed for question in responder.calls[0]] == [first, first + 1]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    nodes=st.integers(1, 60),
    num_simulations=st.integers(0, 6),
    num_children=st.integers(1, 3),
)
def test_a_plan_leaves_no_trace_in_the_world(grown, search, words, seed, nodes, num_simulations, num_children):
    """Whatever is imagined, right or wrong: real nodes form one path of true states, and the budget holds."""

    def imagine(question):
        drawn = seed_of(seed, question.context.observation, question.action) % 5
        return Reply(["", TERMINAL, "0:a", "0:abc", "nonsense"][drawn], PRICE)

    letters = dict.fromkeys(["", "a", "b", "c", "abc"], "abc")
    world = grown(seed)
    outcome, responder = search(
        letters,
        imagine=imagine,
        world=world,
        budget=f"nodes={nodes}",
        num_simulations=num_simulations,
        num_children=num_children,
    )
    true = [node for node in outcome.root if not node.imagined]
    assert outcome.spent.nodes == len(list(outcome.root)) - 1 <= nodes
    assert outcome.spent.env_steps == len(true) - 1 + outcome.spent.illegal_actions
    assert [node.parent for node in true[1:]] == true[:-1]
    assert not outcome.answer.imagined
    for node in true:
        assert world.root(0).state.letters + "".join(node.actions) == node.state.letters
    calls = sum(len(call) for call in responder.calls)
    assert outcome.spent.usage.calls == calls
    assert calls == 0 or outcome.spent.roles["imagination"].calls == calls


def test_a_run_goes_on_after_any_answer(journaled, path, oracle, judge, mover):
    """From the first k lines of its journal a search grows the same tree, and asks only for the rest."""

    def models():
        return {
            "value": judge(lambda query: Estimate(VALUES.get(word_of(query.context), 0.0))),
            "policy": mover(lambda query: [Proposal(x, 0.5) for x in LEGAL.get(word_of(query.context), "")]),
            "responder": oracle(
                lambda question: Reply(
                    f"{question.context.observation[:2]}{word_of(question.context)}{question.action}"
                )
            ),
        }

    def run():
        asked = models()
        outcomes = journaled(algorithm("rap", {"num_simulations": 4, "depth": 2}), tasks=[0], **asked)
        return digest(outcomes[0].root), sum(map(len, asked["responder"].calls))

    whole, calls = run()
    lines = path.read_text().splitlines(keepends=True)
    assert calls > 3
    for kept in range(1, len(lines)):
        path.write_text("".join(lines[:kept]))
        again, rest = run()
        assert again == whole
        assert rest <= calls
    assert run() == (whole, 0)


@pytest.mark.parametrize("last", ["offer", "return"])
def test_what_is_imagined_is_no_answer(letters, judge, drive, oracle, last):
    def search(root):
        child = (yield Imagine(root, (yield Propose(root, 1))))[0]
        if last == "offer":
            yield Offer(child)
        return child

    outcome = drive(letters({"": "a"}), judge(), search, responder=oracle())[0]
    with pytest.raises(ValueError, match="the answer after 'a' is imagined; a search plays its actions"):
        raise outcome.error


def test_a_step_that_the_budget_forbids_ends_the_search(letters, judge, one):
    def search(root):
        first = yield Play(root, "a")
        yield Offer(first)
        yield Play(first, "a")
        raise AssertionError("the budget was one node")

    outcome = one(letters(lambda word: "a"), judge(), search, budget="nodes=1")
    assert (outcome.answer.state.letters, outcome.stopped) == ("a", "nodes")


def test_a_proposal_costs_what_the_policy_says_and_makes_no_node(letters, judge, priced_mover, one):
    def search(root):
        assert [proposal.action for proposal in (yield Propose(root, 1))] == ["a"]
        assert root.children == ()
        yield Expand(root, 1)
        return root

    seeds = []

    def propose(query):
        seeds.append(query.seed)
        return Proposals([Proposal(x) for x in "aab"], PRICE)

    policy = priced_mover(PRICE, propose)
    spent = one(letters({"": "ab"}), judge(), search, policy=policy).spent
    assert (spent.usage, spent.nodes, spent.env_steps) == (PRICE + PRICE, 1, 1)
    assert spent.roles == {"policy": PRICE + PRICE}
    assert len(set(seeds)) == 2


def test_an_imagined_node_has_no_key_and_no_actions(letters, judge, one, oracle):
    def search(root):
        child = (yield Imagine(root, [Proposal("a")]))[0]
        assert (yield Propose(child, 3)) == []
        assert child.dead
        return root

    outcome = one(letters({"": "ab"}), judge(), search, responder=oracle())
    rows = dump(outcome.root)
    assert [row.get("imagined") for row in rows] == [None, True]
    assert rows[1]["observation"] == "IMAGINATION"


def test_a_question_about_an_imagined_node_can_be_asked(letters, judge, one, oracle):
    def search(root):
        child = (yield Imagine(root, [Proposal("a")]))[0]
        assert (yield Ask(child, "why?")) == "WHY?"
        return root

    one(letters({"": "ab"}), judge(), search, responder=oracle())
