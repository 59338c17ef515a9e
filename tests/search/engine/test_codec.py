from __future__ import annotations

import json
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Estimate, Proposal, Proposals, Usage
from forethought.search.engine.codec import (
    check_estimates,
    check_proposals,
    check_value,
    dump_estimate,
    dump_proposals,
    dump_reply,
    load_estimate,
    load_proposals,
    load_reply,
    usage_of,
)
from forethought.search.engine.journal import encode
from forethought.search.estimates import NO_USAGE, Reply

COUNTS = st.integers(0, 10**6)
USAGES = st.just(NO_USAGE) | st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
UNIT = st.floats(0, 1)
PROPOSALS = st.builds(Proposals, st.lists(st.builds(Proposal, st.text(), UNIT, st.text()), max_size=3), USAGES)


def through_json(data):
    return json.loads(encode(data))


@settings(deadline=None)
@given(PROPOSALS)
def test_proposals_come_back_as_they_were(proposals):
    back = load_proposals(through_json(dump_proposals(proposals)))
    assert back == proposals
    assert back.usage == proposals.usage


@settings(deadline=None)
@given(st.builds(Estimate, UNIT, st.text(), USAGES, st.booleans()))
def test_estimates_come_back_as_they_were(estimate):
    assert load_estimate(through_json(dump_estimate(estimate))) == estimate


@settings(deadline=None)
@given(st.builds(Reply, st.text(), USAGES))
def test_replies_come_back_as_they_were(reply):
    assert load_reply(through_json(dump_reply(reply))) == reply


def test_the_format_of_proposals():
    plain = [Proposal("a", 0.5), Proposal("b", 0.25, "better")]
    assert encode(dump_proposals(plain)) == '[[["a",0.5],["b",0.25,"better"]],0]'
    assert encode(dump_proposals(Proposals([], Usage(1, 2, 3, 4, 5)))) == "[[],[1,2,3,4,5]]"


def test_the_format_of_estimates_is_short_where_there_is_only_a_value():
    assert encode(dump_estimate(Estimate(0.5))) == "0.5"
    assert encode(dump_estimate(Estimate(0.5, "so"))) == '[0.5,"so",0,true]'
    assert encode(dump_estimate(Estimate(0.0, usage=Usage(1), parsed=False))) == '[0.0,"",[1],false]'
    assert encode(dump_estimate(Estimate(0.0, parsed=False))) == '[0.0,"",0,false]'


def test_the_format_of_replies():
    assert encode(dump_reply(Reply("yes", Usage(1, 2)))) == '["yes",[1,2]]'
    assert encode(dump_reply(Reply("yes"))) == '["yes",0]'


def test_what_cost_nothing_comes_back_free():
    assert load_estimate(0.5).usage is NO_USAGE
    assert load_proposals([[], 0]).usage is NO_USAGE
    assert load_reply(["", 0]).usage is NO_USAGE


def test_a_plain_list_of_proposals_cost_nothing():
    assert usage_of([Proposal("a")]) is NO_USAGE
    assert usage_of(Proposals([], Usage(1))) == Usage(1)


@pytest.mark.parametrize("value", [0.0, 1.0, 0, 1, 0.5, 5e-324])
def test_values_of_the_unit_interval_pass(value):
    check_value(value)


def test_numbers_of_other_libraries_become_plain():
    estimate, proposal = Estimate(np.float32(0.5)), Proposal("a", np.float64(0.25))
    check_estimates([estimate])
    check_proposals([[proposal]])
    assert type(estimate.value) is type(proposal.prior) is float
    assert (estimate.value, proposal.prior) == (0.5, 0.25)


@pytest.mark.parametrize(
    "proposal", [Proposal(5), Proposal("a", -0.1), Proposal("a", inf), Proposal("a", 1, b"")], ids=repr
)
def test_a_proposal_that_is_none_is_refused(proposal):
    with pytest.raises(ValueError, match="the policy proposed"):
        check_proposals([[proposal]])


@pytest.mark.parametrize("value", [-0.001, 1.001, float("nan"), float("inf"), float("-inf"), 7, -1])
def test_values_outside_are_refused(value):
    with pytest.raises(ValueError, match=r"the value model answered .*; a value is a number in \[0, 1\]"):
        check_value(value)


@pytest.mark.parametrize(
    ("load", "data"),
    [
        (load_proposals, 5),
        (load_proposals, [[]]),
        (load_proposals, [[["a", 1, "b", "c"]], 0]),
        (load_proposals, [[], [1, 2, 3, 4, 5, 6, 7, 8, 9]]),
        (load_proposals, [[], 0, 5]),
        (load_estimate, [0.5, "", 0, True, "refused", "twice"]),
        (load_estimate, [0.5]),
        (load_estimate, "0.5"),
        (load_estimate, 7),
        (load_estimate, [-1.0, "", 0, True]),
        (load_reply, []),
        (load_reply, ["x"]),
        (load_reply, None),
    ],
)
def test_data_of_another_shape_cannot_be_loaded(load, data):
    with pytest.raises((TypeError, ValueError)):
        load(data)
