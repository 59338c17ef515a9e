"""A batch that fails: what is asked again, what is kept, and what a resume pays."""

from __future__ import annotations

import json

import pytest

from forethought.search import Estimate, Evaluate, Expand, Proposal, Usage
from forethought.search.engine.journal import Journal
from forethought.search.registry import algorithm

COST = Usage(1, 10, 0, 2)
LEGAL = {"": "abcde"}


class UnclaimedReplies(RuntimeError):
    """As a server's error: the good replies of the batch are handed out to whoever asks again."""

    kept = True

    def __init__(self, text, bill=None):
        super().__init__(text)
        self.bill = bill

    def take_unbilled_usage(self):
        return self.bill or Usage()


@pytest.fixture
def server(priced_judge):
    """A value that fails for some words while `broken`, and pays for each word once while it is kept."""

    def make(broken, error=UnclaimedReplies):
        model = priced_judge(COST)
        model.paid, kept = [], set()

        def evaluate(queries):
            words = [query.node.state.letters for query in queries]
            model.calls.append(words)
            for word in words:
                if word not in broken and word not in kept:
                    kept.add(word)
                    model.paid.append(word)
            if failed := [word for word in words if word in broken]:
                raise error(f"no reply about {failed[0]}")
            kept.difference_update(words)
            return [Estimate(0.1 * ord(word[-1]) % 1, usage=COST) for word in words]

        model.evaluate = evaluate
        return model

    return make


def look(root):
    children = yield Expand(root)
    yield Evaluate(children)
    return max(children, key=lambda node: node.value)


@pytest.fixture
def run(letters, drive, path):
    def go(value, search=look, **settings):
        with Journal(path) as journal:
            return drive(letters(LEGAL), value, search, journal=journal, **settings)[0]

    return go


def kinds(path):
    return [json.loads(line)[2] for line in path.read_text().splitlines() if not line.startswith("[-1")]


def test_the_good_answers_are_journaled_and_a_resume_asks_for_the_others(run, server, path):
    first = server({"c"})
    outcome = run(first)
    assert str(outcome.error) == "no reply about c"
    assert first.calls == [list("abcde"), ["a"], ["b"], ["c"], ["d"], ["e"]]
    assert sorted(first.paid) == ["a", "b", "d", "e"]
    assert (outcome.spent.usage, outcome.spent.roles) == (Usage(4, 40, 0, 8), {"lost": Usage(4, 40, 0, 8)})
    assert kinds(path) == ["expand", "part"]
    second = server(())
    outcome = run(second)
    assert (outcome.error, second.paid) == (None, ["c"])
    assert outcome.spent.roles == {"value": Usage(5, 50, 0, 10)}
    assert kinds(path) == ["expand", "part", "evaluate"]
    third = server(())
    again = run(third)
    assert (third.calls, again.spent, again.answer.action) == ([], outcome.spent, outcome.answer.action)


def test_it_may_fail_again_and_again(run, server, path):
    paid = []
    for broken in ("cde", "de", "ade", "d", ""):
        model = server(set(broken))
        outcome = run(model)
        paid += model.paid
    assert outcome.error is None
    assert sorted(paid) == list("abcde")
    assert kinds(path) == ["expand", "part", "part", "part", "evaluate"]
    assert [node.value for node in outcome.root.children] == [0.1 * ord(word) % 1 for word in "abcde"]


def test_what_a_resume_finds_counts_against_the_budget(run, server):
    run(server({"c"}), budget="lm_calls=5")
    assert run(server(()), budget="lm_calls=5").error is None


def test_a_budget_too_small_for_the_rest_stops_and_tells_what_was_paid(run, server):
    run(server({"c"}), budget="lm_calls=5")
    outcome = run(server(()), budget="lm_calls=4")
    assert (outcome.stopped, outcome.spent.usage.calls) == ("lm_calls", 4)


def test_dollars_of_parts_are_paid_once(run, server):
    money = {"price": lambda usage: usage.calls * 1.0, "budget": "usd=5"}
    run(server({"c"}), **money)
    outcome = run(server(()), **money)
    assert (outcome.error, outcome.spent.usd) == (None, 5.0)


def test_an_error_that_keeps_nothing_is_asked_about_once(run, server, path):
    model = server({"c"}, error=RuntimeError)
    run(model)
    assert model.calls == [list("abcde")]
    assert kinds(path) == ["expand"]


def test_what_the_lost_query_has_cost_is_a_line_of_its_own(run, server, path):
    model = server({"c"}, error=lambda text: UnclaimedReplies(text, Usage(1, 10, 0, 0)))
    assert run(model).spent.usage == Usage(5, 50, 0, 8)
    assert kinds(path) == ["expand", "part", "lost"]
    assert run(server(())).spent.roles == {"lost": Usage(1, 10), "value": Usage(5, 50, 0, 10)}


def test_others_at_the_same_time_lose_nothing(letters, drive, server, path):
    model = server({"c"})
    world = letters(lambda word: "abc" if word.task == 1 and not word.letters else "ab"[: not word.letters])
    with Journal(path) as journal:
        outcomes = drive(world, model, look, tasks=range(3), journal=journal)
    assert [str(outcome.error) for outcome in outcomes.values()] == ["None", "no reply about c", "None"]


def test_positions_that_are_merged_keep_their_places(letters, mover, server, drive, path):
    class Same(letters):
        def key(self, state):
            return "".join(sorted(state.letters)).encode()

    def run(value):
        value.markov = True
        world = Same({"": "abc", "a": "bcd", "b": "acd", "c": "ab"})
        with Journal(path) as journal:
            beam = algorithm("beam", {"depth": 2})
            return drive(world, value, beam, journal=journal, transpositions=True)[0]

    whole = run(server(()))
    path.unlink()
    assert str(run(server({"bd", "ad"})).error).startswith("no reply")
    outcome = run(server(()))
    assert outcome.error is None
    assert [node.value for node in outcome.root] == [node.value for node in whole.root]
    assert outcome.spent.usage == whole.spent.usage


def test_a_good_part_that_cannot_be_used_is_lost(run, server, path):
    model = server({"c"})
    plain = model.evaluate
    model.evaluate = lambda queries: [Estimate(7.0, usage=COST) for _ in plain(queries)]
    assert "a value is a number in [0, 1]" in str(run(model).error)
    assert kinds(path) == ["expand", "lost"]


def test_a_part_of_another_kind_is_refused(run, server, path):
    from forethought.search.engine.journal import JournalError, seal

    run(server({"c"}))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    text = [seal(*line[:3], ["expand", []] if line[2] == "part" else line[3], line[4]) for line in lines]
    path.write_text("".join(f"{line}\n" for line in text))
    with pytest.raises(JournalError, match="is a part of 'expand' there, and the search now asks to evaluate"):
        run(server(()))


def test_proposals_have_parts_too(letters, mover, judge, drive, path):
    """Of the nodes that are expanded together."""
    policy, broken = mover(), {"b"}

    def propose(queries):
        words = [query.node.state.letters for query in queries]
        policy.calls.append(words)
        if broken & set(words):
            raise UnclaimedReplies("no reply")
        return [[Proposal(action) for action in query.actions] for query in queries]

    policy.propose = propose
    for _ in range(2):
        with Journal(path) as journal:
            beam = algorithm("beam", {"depth": 2})
            outcome = drive(letters({"": "ab", "a": "a", "b": "b"}), judge(), beam, policy=policy, journal=journal)[0]
        broken.clear()
    assert outcome.error is None
    assert policy.calls == [[""], ["a", "b"], ["a"], ["b"], ["b"]]
