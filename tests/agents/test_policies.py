from __future__ import annotations

from math import log
from types import SimpleNamespace

import pytest

from forethought.agents import AllActions, LMRank, LMText, Scripted, load_prompt
from forethought.agents.policies import RandomActions
from forethought.envs import Template
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE
from forethought.search.node import Context

PROPOSE = load_prompt("Game24-v0", "propose")
QUERY = Template("search[<query>]")


def test_all_actions_are_all_there_with_one_prior(query):
    (proposals,) = AllActions().propose([query("4 6")])
    assert [p.action for p in proposals] == ["4 + 6", "4 * 6", "6 - 4", "4 - 6", "6 / 4", "4 / 6"]
    assert {p.prior for p in proposals} == {1 / 6}


def test_all_actions_beyond_the_width_are_a_sample_that_the_seed_decides(query):
    def drawn(seed):
        return [p.action for p in AllActions().propose([query("4 5 6 10", num_children=3, seed=seed)])[0]]

    assert drawn(1) == drawn(1)
    assert len(set(drawn(1))) == 3
    assert len({tuple(drawn(seed)) for seed in range(10)}) > 5


def test_all_actions_leave_templates_out_and_say_so_where_there_is_nothing_else():
    (proposals,) = AllActions().propose([SimpleNamespace(actions=(QUERY, "click[next >]"), num_children=None)])
    assert [(p.action, p.prior) for p in proposals] == [("click[next >]", 1.0)]
    assert AllActions().propose([SimpleNamespace(actions=(), num_children=3)]) == [[]]
    with pytest.raises(
        ValueError, match=r"here are only templates, search\[<query>\], and the policy 'all' cannot fill"
    ):
        AllActions().propose([SimpleNamespace(actions=(QUERY,), num_children=2)])


def drawn_from(actions, context, seeds, num_children=1):
    queries = [
        SimpleNamespace(actions=actions, context=context, num_children=num_children, seed=seed) for seed in seeds
    ]
    return [[proposal.action for proposal in proposals] for proposals in RandomActions().propose(queries)]


def test_random_actions_are_alike_in_likelihood_and_the_seed_decides():
    once = drawn_from(("a", "b", "c"), None, range(300))
    assert once == drawn_from(("a", "b", "c"), None, range(300))
    assert all(70 < sum(drawn == [action] for drawn in once) < 130 for action in "abc")
    assert sorted(drawn_from(("a", "b", "c"), None, [1], num_children=None)[0]) == ["a", "b", "c"]
    assert drawn_from((), None, [1], num_children=2) == [[]]


def test_random_actions_fill_templates_with_words_that_follow_each_other():
    context = Context("Buy.", "I want [SEP] red shoes", (("x", "old"), ("y", "Page 1 [SEP] it's $9.50")))
    shown = "I want red shoes Page 1 it's 9.50"
    filled = {actions[0] for actions in drawn_from((QUERY,), context, range(200))}
    assert len(filled) > 15
    for action in filled:
        words = action.removeprefix("search[").removesuffix("]")
        assert words in shown
        assert 1 <= len(words.split()) <= 4
    assert drawn_from((Template("say <what>"),), Context("", "", ()), [3]) == [["say x"]]


def test_rank_orders_admissible_actions_by_probability(query):
    lm = Scripted(scores={"4 * 6": log(0.6), "4 + 6": log(0.2)})
    (proposals,) = LMRank(lm, PROPOSE).propose([query("4 6", num_children=2)])
    assert [p.action for p in proposals] == ["4 * 6", "4 + 6"]
    assert proposals[0].prior == pytest.approx(0.75, abs=1e-6)
    assert proposals.usage == Usage(1, lm.count(lm.prompts[0]))


def test_rank_asks_nothing_where_nothing_is_admissible(query):
    (proposals,) = LMRank(Scripted(), PROPOSE).propose([query("4 6", "4 * 6")])
    assert list(proposals) == []
    assert proposals.usage is NO_USAGE
    assert LMRank(Scripted(), PROPOSE).worst_case_usage(query("4 6", "4 * 6")) is NO_USAGE


def test_text_counts_equal_replies_and_stops_at_the_result(query):
    lm = Scripted(["4 * 6 = 24 (left: 24)", " 4 * 6\nleft: 24", "6 - 4"])
    (proposals,) = LMText(lm, PROPOSE, samples=3).propose([query("4 6", num_children=5)])
    assert [(p.action, p.prior) for p in proposals] == [("4 * 6", 2 / 3), ("6 - 4", 1 / 3)]


def test_text_without_a_word_is_a_parse_failure(query):
    (proposals,) = LMText(Scripted(["", "4 * 6"]), PROPOSE, samples=2).propose([query("4 6", num_children=5)])
    assert [p.action for p in proposals] == ["4 * 6"]
    assert proposals.usage.parse_failures == 1


def test_text_samples_have_seeds_of_their_own(query):
    seeds = []
    lm = Scripted(lambda request: seeds.append(request.seed) or "x")
    LMText(lm, PROPOSE, samples=3).propose([query("4 6", num_children=5, seed=9), query("4 6", num_children=5, seed=9)])
    assert len(set(seeds)) == 3
    assert seeds[:3] == seeds[3:]


def test_no_policy_costs_more_than_its_bound(query):
    for policy in (LMRank(Scripted(), PROPOSE), LMText(Scripted(lambda _: "4 * 6"), PROPOSE, max_tokens=8)):
        asked = query("4 5 6 10", num_children=3)
        bound, spent = policy.worst_case_usage(asked), policy.propose([asked])[0].usage
        assert spent.tokens <= bound.tokens
        assert spent.calls == bound.calls


def test_text_needs_a_sample():
    with pytest.raises(ValueError, match="at least one"):
        LMText(Scripted(), PROPOSE, samples=0)
