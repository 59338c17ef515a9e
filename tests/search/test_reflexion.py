from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Budget, Proposal
from forethought.search.engine.privileges import PrivilegeError
from forethought.search.engine.results import result
from forethought.search.engine.tree_dump import dump
from forethought.search.estimates import Reply
from forethought.search.needs import PRIVILEGES
from forethought.search.registry import algorithm

#        root
#      a      b         The policy's first is a; once it has a note, b.
#      aa     bb        Both have ended; bb is right.
LEGAL = {"": "ab", "a": "a", "b": "b"}


def learner(query):
    letters = query.actions[::-1] if query.context.memory else query.actions
    return [Proposal(letter) for letter in letters]


def stubborn(query):
    return [Proposal(letter) for letter in query.actions]


@pytest.fixture(scope="session")
def search(letters, judge, mover, one, oracle):
    def run(policy=learner, name="reflexion", rewards=None, privileges=frozenset(PRIVILEGES), **settings):
        def note(question):
            steps, memory = question.context.steps, question.context.memory
            return Reply(f"not {steps[0][0] if steps else ''} {len(memory)}")

        responder = oracle(note)
        world = letters(LEGAL, ends=("aa", "bb"), rewards={"bb": 1.0} if rewards is None else rewards)
        models = {"policy": mover(policy), "responder": responder, "privileges": privileges}
        return one(world, judge(), algorithm(name, settings), **models), responder

    return run


def test_react_follows_the_first_proposal_and_judges_nothing(search):
    outcome, responder = search(name="react", depth=5)
    assert outcome.answer.state.letters == "aa"
    assert (outcome.spent.nodes, outcome.spent.evaluations, responder.calls) == (2, 0, [])


@pytest.mark.parametrize(("depth", "answer"), [(0, ""), (1, "a"), (2, "aa")])
def test_react_goes_to_the_depth(search, depth, answer):
    assert search(name="react", depth=depth)[0].answer.state.letters == answer


def test_react_sees_a_refusal_and_goes_on(search):
    def wrong_once(query):
        return [Proposal("a" if query.context.steps else "z")]

    outcome, _ = search(policy=wrong_once, name="react", depth=3)
    steps = (("z", "Invalid action! no such letter"), ("a", "0:a"), ("a", "0:aa"))
    assert outcome.answer.context.steps == steps
    assert (outcome.spent.nodes, outcome.spent.illegal_actions, outcome.answer.done) == (3, 1, True)


def test_react_ends_where_nothing_is_proposed(search):
    outcome, _ = search(policy=lambda query: [], name="react")
    assert (outcome.answer, outcome.stopped, outcome.root.dead) == (outcome.root, "returned", True)


@settings(max_examples=60)
@given(
    attempts=st.integers(1, 6),
    max_reflections=st.integers(0, 4),
    depth=st.integers(0, 3),
    rewards=st.dictionaries(st.sampled_from(["aa", "bb"]), st.sampled_from([0.0, 0.5, 1.0])),
    success_threshold=st.sampled_from([0.5, 1.0]),
)
def test_attempts_end_with_a_good_one_and_what_is_kept_are_the_last_notes(
    search, attempts, max_reflections, depth, rewards, success_threshold
):
    outcome, responder = search(
        policy=learner,
        rewards=rewards,
        attempts=attempts,
        max_reflections=max_reflections,
        depth=depth,
        success_threshold=success_threshold,
    )
    found = [rewards.get(node.state.letters, 0.0) for node in outcome.attempts]
    assert outcome.answer is outcome.attempts[-1]
    assert len(found) == attempts or found[-1] >= success_threshold
    assert all(reward < success_threshold for reward in found[:-1])
    asked = [call[0].context.memory for call in responder.calls]
    assert len(asked) == (len(found) - 1 if max_reflections else 0)
    assert [len(memory) for memory in asked] == [min(max_reflections, number) for number in range(len(asked))]
    assert len(outcome.answer.context.memory) == min(max_reflections, len(asked))
    assert all(later[: len(memory)] == memory or len(memory) == max_reflections for memory, later in pairwise(asked))
    assert all(node.depth <= depth for node in outcome.attempts)


def test_a_failed_attempt_teaches_the_next_one(search):
    outcome, responder = search(attempts=3)
    assert [node.state.letters for node in outcome.attempts] == ["aa", "bb"]
    assert outcome.answer is outcome.attempts[1]
    ((question,),) = responder.calls
    assert (question.role, question.context.steps) == ("reflection", (("a", "0:a"), ("a", "0:aa")))
    assert outcome.answer.context.memory == ("not a 0",)
    assert outcome.attempts[0].context.memory == ()
    told = result(outcome)
    assert (told["score"], told["first"]["score"], told["oracle"]["score"]) == (1.0, 0.0, 1.0)


def test_a_right_answer_needs_no_second_attempt(search):
    outcome, responder = search(rewards={"aa": 1.0})
    assert [node.state.letters for node in outcome.attempts] == ["aa"]
    assert responder.calls == []


def test_the_last_attempt_is_the_answer_and_the_last_notes_are_kept(search):
    outcome, responder = search(policy=stubborn, rewards={}, attempts=4, max_reflections=2)
    assert [node.state.letters for node in outcome.attempts] == ["aa"] * 4
    assert outcome.answer is outcome.attempts[3]
    assert [call[0].context.memory for call in responder.calls] == [(), ("not a 0",), ("not a 0", "not a 1")]
    assert outcome.answer.context.memory == ("not a 1", "not a 2")


def test_an_ending_stands_while_the_next_attempt_is_under_way(letters, judge, mover, one, oracle):
    world = letters({**LEGAL, "b": "b", "bb": "b"}, ends=("aa", "bbb"))
    asked = {"policy": mover(learner), "responder": oracle(lambda question: Reply("try b")), "privileges": PRIVILEGES}
    found = []
    for nodes in range(1, 7):
        outcome = one(world, judge(), algorithm("reflexion", {"attempts": 2}), budget=Budget(nodes=nodes), **asked)
        found.append(outcome.answer.state.letters)
    assert found == ["a", "aa", "aa", "aa", "bbb", "bbb"]
    short = one(world, judge(), algorithm("reflexion", {"attempts": 2, "depth": 2}), **asked)
    assert [node.state.letters for node in (*short.attempts, short.answer)] == ["aa", "bb", "aa"]


def test_without_the_privilege_nothing_is_learnt_from_the_reward(search):
    with pytest.raises(PrivilegeError, match="--privilege reward"):
        search(privileges=frozenset())
    with pytest.raises(PrivilegeError, match="--privilege reflection"):
        search(privileges=frozenset({"reward"}))


def test_where_no_reflection_is_kept_none_is_asked_for(search):
    outcome, responder = search(
        policy=stubborn, rewards={}, attempts=3, max_reflections=0, privileges=frozenset({"reward"})
    )
    assert (len(outcome.attempts), responder.calls) == (3, [])


def test_each_attempt_is_a_root_of_its_own_with_seeds_of_its_own(search):
    outcome, _ = search(policy=stubborn, rewards={}, attempts=3)
    roots = [node.ancestors[0] for node in outcome.attempts]
    assert roots == [outcome.root, *outcome.root.attempts]
    assert [node.seed_path for node in outcome.attempts] == [[0, 0], [-1, 0, 0], [-2, 0, 0]]
    assert [row["action"] for row in dump(outcome.root)] == ["", "a", "a"] * 3
    assert [row["parent"] for row in dump(outcome.root)] == [-1, 0, 1, -1, 3, 4, -1, 6, 7]
