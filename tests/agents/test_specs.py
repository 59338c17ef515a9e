from __future__ import annotations

import pytest

from forethought.agents import AllActions, JudgedEndings, LMRank, LMText, LMTextValue, LMTokenValue, RuleValue, Scripted
from forethought.agents.specs import default_endings, make_policy, make_value, prompts_for

ENV = "Game24-v0"


@pytest.mark.parametrize(("name", "kind"), [("all", AllActions), ("lm-rank", LMRank), ("lm-text", LMText)])
def test_policies_by_name(name, kind):
    assert isinstance(make_policy(name, Scripted(), prompts_for(ENV, name, "rule")), kind)


@pytest.mark.parametrize(("name", "kind"), [("lm-tokens", LMTokenValue), ("lm-text", LMTextValue)])
def test_values_by_name_with_endings_by_rule_or_model(name, kind):
    prompts = prompts_for(ENV, "all", name)
    assert isinstance(make_value(name, ENV, Scripted(), prompts, "model"), kind)
    judged = make_value(name, ENV, Scripted(), prompts, "rule")
    assert isinstance(judged, JudgedEndings)
    assert isinstance(judged.value, kind)
    assert isinstance(make_value("rule", ENV, None, {}, "rule"), RuleValue)


def test_endings_are_the_models_where_no_rule_is_known():
    assert default_endings(ENV) == "rule"
    assert default_endings("FrozenLake-v1") == "model"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_policy("best", Scripted(), {}), "unknown policy 'best'; expected one of all, lm-rank, lm-text"),
        (lambda: make_value("best", ENV, Scripted(), {}, "rule"), "unknown value 'best'"),
        (lambda: make_value("rule", ENV, None, {}, "coin"), "judged by 'rule' or 'model'; 'coin' was given"),
        (lambda: make_policy("lm-rank", None, {}), "the policy lm-rank asks a language model, and none was given"),
    ],
)
def test_unknown_names_say_what_is_known(call, message):
    with pytest.raises(ValueError, match=message):
        call()
