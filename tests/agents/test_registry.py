from __future__ import annotations

import pytest

from forethought.agents import (
    AllActions,
    LMRank,
    LMText,
    LMTextValue,
    LMTokenValue,
    RuleValue,
    Scripted,
    TerminalValue,
)
from forethought.agents.policies import RandomActions
from forethought.agents.registry import (
    NoValue,
    Pieces,
    default_terminal_value,
    load_prompts,
    make_policy,
    make_responder,
    make_value,
    part_of,
)

ENV = "Game24-v0"


def prompts_for(env, policy, value):
    return load_prompts(env, Pieces.of("greedy", policy, value).roles())


def questions_of(env, algorithm):
    return load_prompts(env, Pieces.of(algorithm, "all", "none").needs.prompts)


def known_settings(*names):
    return {name: info.written for name, info in Pieces.of(*names).settings().items()}


KINDS = [("all", AllActions), ("random", RandomActions), ("lm-rank", LMRank), ("lm-text", LMText)]


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_policies_by_name(name, kind):
    assert isinstance(make_policy(name, Scripted(), prompts_for(ENV, name, "rule")), kind)


@pytest.mark.parametrize(("name", "kind"), [("lm-tokens", LMTokenValue), ("lm-text", LMTextValue)])
def test_values_by_name_with_endings_by_rule_or_model(name, kind):
    prompts = prompts_for(ENV, "all", name)
    assert isinstance(make_value(name, ENV, Scripted(), prompts, "model"), kind)
    judged = make_value(name, ENV, Scripted(), prompts, "rule")
    assert isinstance(judged, TerminalValue)
    assert isinstance(judged.value, kind)
    assert isinstance(make_value("rule", ENV, None, {}, "rule"), RuleValue)
    assert isinstance(make_value("none", "Nowhere-v0", None, {}, "rule"), NoValue)


def test_settings_reach_the_part_they_name():
    given = {
        "num_children": 3,
        "policy.samples": 2,
        "policy.temperature": 0,
        "value.max_tokens": 9,
        "reflection.temperature": 0.2,
    }
    policy = make_policy("lm-text", Scripted(), prompts_for(ENV, "lm-text", "rule"), ENV, given)
    assert (policy.samples, policy.sampling.temperature, policy.sampling.max_tokens) == (2, 0, 32)
    value = make_value("lm-text", ENV, Scripted(), prompts_for(ENV, "all", "lm-text"), "model", given)
    assert (value.samples, value.sampling.max_tokens) == (5, 9)
    assert make_responder("lats", Scripted(), questions_of(ENV, "lats"), given).sampling.temperature == 0.2
    assert part_of(given) == {"num_children": 3}


def test_all_that_can_be_set_is_known_with_its_default():
    assert known_settings("greedy", "all", "rule") == {"num_children": "all", "depth": 10}
    of_the_policy = {"policy.samples": 5, "policy.temperature": 0.7, "policy.max_tokens": 32}
    assert known_settings("rap", "lm-text", "lm-tokens") == {**known_settings("rap", "all", "none"), **of_the_policy}
    assert known_settings("rap", "all", "none")["reflection.max_tokens"] == 64


def test_no_value_refuses_to_be_asked(query):
    with pytest.raises(ValueError, match="no value model"):
        NoValue().evaluate([query("4 6")])


def test_prompts_say_whether_models_read_nothing_but_the_position():
    for name, markov in ((ENV, True), ("WebShop-v0", False), ("HotpotQA-v0", False), ("Other-v0", False)):
        prompts = {**prompts_for(name, "lm-text", "lm-text"), **prompts_for(name, "lm-rank", "lm-tokens")}
        for policy in ("lm-text", "lm-rank"):
            assert make_policy(policy, Scripted(), prompts).markov is markov
        for value in ("lm-text", "lm-tokens"):
            assert make_value(value, name, Scripted(), prompts, "model").markov is markov
    assert make_value("rule", ENV, None, {}, "rule").markov
    assert make_value("lm-tokens", ENV, Scripted(), prompts_for(ENV, "all", "lm-tokens"), "rule").markov
    assert not make_value("rule", "WebShop-v0", None, {}, "rule").markov


def test_endings_are_the_models_where_no_rule_is_known():
    assert default_terminal_value(ENV) == "rule"
    assert default_terminal_value("FrozenLake-v1") == "model"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: make_policy("best", Scripted(), {}),
            "unknown policy 'best'; expected one of all, random, forward, rule",
        ),
        (lambda: make_value("best", ENV, Scripted(), {}, "rule"), "unknown value 'best'"),
        (lambda: make_value("rule", ENV, None, {}, "coin"), "unknown judge 'coin'"),
        (lambda: make_policy("lm-rank", None, {}), "the policy lm-rank asks a language model, and none was given"),
        (
            lambda: make_responder("lats", None, questions_of(ENV, "lats")),
            r"lats with its questions \(reflection\) asks a language model",
        ),
    ],
)
def test_unknown_names_say_what_is_known(call, message):
    with pytest.raises(ValueError, match=message):
        call()
