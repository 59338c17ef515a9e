from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Budget, Usage
from forethought.search.engine.budget import Ledger
from forethought.search.estimates import NO_USAGE


def test_a_budget_without_a_limit_is_refused():
    with pytest.raises(ValueError, match=r"needs a limit; give at least one, as in nodes=500"):
        Budget()


@pytest.mark.parametrize(
    "limits", [{"nodes": 0}, {"tokens": -1}, {"lm_calls": 0}, {"seconds": 0.0}, {"seconds": float("nan")}]
)
def test_a_limit_that_is_not_positive_is_refused(limits):
    with pytest.raises(ValueError, match=f"the budget {next(iter(limits))}=.* is no positive number"):
        Budget(**limits)


def test_the_smallest_limits_are_taken():
    assert Budget(nodes=1, seconds=1e-9).limits() == {"nodes": 1, "seconds": 1e-9}


def test_parse_reads_every_limit():
    text = "nodes=500, env_steps=9,lm_calls=7 ,tokens=20000,seconds=2.5"
    assert Budget.parse(text) == Budget(nodes=500, env_steps=9, lm_calls=7, tokens=20000, seconds=2.5)
    assert Budget.parse("nodes=500").limits() == {"nodes": 500}


@pytest.mark.parametrize("text", ["", "nodes", "dogs=3", "Nodes=3", "nodes=1,,tokens=2", "nodes 5", "limits=3"])
def test_parse_names_what_it_cannot_read_and_what_it_can(text):
    with pytest.raises(ValueError, match=r"the budget .*; write NAME=LIMIT, NAME one of env_steps, lm_calls"):
        Budget.parse(text)


@pytest.mark.parametrize("text", ["nodes=many", "nodes=1.5", "tokens=", "seconds=soon"])
def test_parse_says_which_limit_is_no_number(text):
    name, _, amount = text.partition("=")
    with pytest.raises(ValueError, match=f"the budget {name}='{amount}' is no number"):
        Budget.parse(text)


@pytest.mark.parametrize("limit", [2.5, True, "5"])
def test_limits_of_a_task_are_whole(limit):
    with pytest.raises(ValueError, match="is no whole number"):
        Budget(nodes=limit)


def test_parse_refuses_what_is_not_positive():
    with pytest.raises(ValueError, match="the budget nodes=-5 is no positive number"):
        Budget.parse("nodes=-5")


@pytest.mark.parametrize(
    ("limit", "spent", "more"),
    [
        ({"nodes": 10}, Ledger(nodes=7), (3, 0, NO_USAGE)),
        ({"env_steps": 10}, Ledger(env_steps=7, replayed_steps=9), (0, 3, NO_USAGE)),
        ({"lm_calls": 10}, Ledger(usage=Usage(calls=7)), (0, 0, Usage(calls=3))),
        ({"tokens": 10}, Ledger(usage=Usage(prompt=4, completion=3)), (0, 0, Usage(prompt=2, completion=1))),
    ],
)
def test_what_just_fits_is_allowed_and_one_more_is_not(limit, spent, more):
    assert Budget(**limit).blocks(spent, *more) is None
    less = {name: amount - 1 for name, amount in limit.items()}
    assert Budget(**less).blocks(spent, *more) == next(iter(limit))


def test_the_first_limit_that_blocks_is_named():
    spent = Ledger(nodes=5, usage=Usage(calls=5, prompt=5))
    more = Usage(calls=1, prompt=1)
    assert Budget(nodes=5, lm_calls=5, tokens=5).blocks(spent, 1, 1, more) == "nodes"
    assert Budget(nodes=6, lm_calls=5, tokens=5).blocks(spent, 1, 1, more) == "lm_calls"
    assert Budget(nodes=6, lm_calls=6, tokens=5).blocks(spent, 1, 1, more) == "tokens"
    assert Budget(nodes=6, lm_calls=6, tokens=6).blocks(spent, 1, 1, more) is None


def test_what_is_free_is_allowed_when_all_is_spent():
    spent = Ledger(nodes=5, usage=Usage(calls=5, prompt=5))
    assert Budget(nodes=5, lm_calls=5, tokens=5).blocks(spent, 0, 0, NO_USAGE) is None


def test_cached_tokens_are_part_of_the_prompt_and_not_billed_twice():
    assert Usage(calls=1, prompt=10, cached=8, completion=3, parse_failures=2).tokens == 13


def test_usages_add_up_kind_by_kind():
    assert Usage(1, 2, 3, 4, 5) + Usage(10, 20, 30, 40, 50) == Usage(11, 22, 33, 44, 55)
    assert sum([Usage(1, 2), Usage(3, 4)], NO_USAGE) == Usage(4, 6)


def test_a_new_ledger_is_empty():
    spent = Ledger().to_json()
    assert spent.pop("roles") == {}
    assert set(spent.values()) == {0}


def test_a_ledger_tells_the_sum_and_the_share_of_each_role():
    spent = Ledger(nodes=1, env_steps=2, replayed_steps=3, illegal_actions=4, evaluations=5)
    spent.charge("value", Usage(1, 10, 0, 2))
    spent.charge("policy", Usage(2, 20, 5, 4, 1))
    spent.charge("value", Usage(1, 10, 0, 2))
    unused = {"truncated": 0, "refused": 0, "assumed": 0}
    assert spent.to_json() == {
        "nodes": 1,
        "env_steps": 2,
        "replayed_steps": 3,
        "illegal_actions": 4,
        "evaluations": 5,
        "lm_calls": 4,
        "tokens": 48,
        "parse_failures": 1,
        "truncated": 0,
        "refused": 0,
        "assumed": 0,
        "roles": {
            "policy": {"calls": 2, "prompt": 20, "cached": 5, "completion": 4, "parse_failures": 1} | unused,
            "value": {"calls": 2, "prompt": 20, "cached": 0, "completion": 4, "parse_failures": 0} | unused,
        },
    }
    assert list(spent.to_json()["roles"]) == ["policy", "value"]


@settings(deadline=None)
@given(
    st.tuples(*[st.none() | st.integers(1, 12)] * 4).filter(any),
    st.tuples(*[st.integers(0, 10)] * 4),
    st.tuples(*[st.integers(0, 3)] * 4),
)
def test_blocks_is_the_comparison_of_sum_and_limit(limits, spent, more):
    budget = Budget(*limits)
    spent = [min(pair) for pair in zip(spent, (limit or 10 for limit in limits), strict=True)]
    told = budget.blocks(Ledger(*spent[:2], usage=Usage(*spent[2:])), *more[:2], Usage(*more[2:]))
    over = [
        name
        for name, limit, had, adds in zip(
            ("nodes", "env_steps", "lm_calls", "tokens"), limits, spent, more, strict=True
        )
        if limit is not None and had + adds > limit
    ]
    assert told == (over[0] if over else None)
