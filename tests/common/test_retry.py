from __future__ import annotations

from email.utils import formatdate
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.common import retry
from forethought.common.retry import GivenUp, RetryPolicy, retry_after

POLICY = RetryPolicy(retries=3, timeout=5.0, deadline=100.0, first=1.0, longest=3.0)


def test_the_ceiling_doubles_up_to_the_longest():
    assert [POLICY.next_wait(failed, 0.0, None, 1.0) for failed in (1, 2, 3)] == [1.0, 2.0, 3.0]
    assert [POLICY.next_wait(failed, 0.0, None, 0.5) for failed in (1, 2, 3)] == [0.5, 1.0, 1.5]


@given(st.integers(1, 10**6), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 1000)))
def test_a_wait_is_never_shorter_than_asked_nor_longer_than_the_longest_beyond_it(failed, share, asked):
    policy = RetryPolicy(retries=10**6, deadline=inf, first=0.5, longest=30.0)
    wait = policy.next_wait(failed, 0.0, asked, share)
    assert (asked or 0.0) <= wait <= (asked or 0.0) + 30.0


def test_the_last_attempt_is_given_up():
    with pytest.raises(GivenUp, match=r"^attempt 4, the last$"):
        POLICY.next_wait(4, 0.0, None, 0.0)


@pytest.mark.parametrize(
    ("spent", "asked", "told"),
    [
        (99.9, None, "attempt 1; the 100 s for one request would be over before another attempt"),
        (0.0, 100.0, "attempt 1; it asks to wait 100 s; the 100 s for one request would be over"),
    ],
)
def test_a_deadline_is_never_waited_beyond(spent, asked, told):
    with pytest.raises(GivenUp, match=told):
        POLICY.next_wait(1, spent, asked, 1.0)
    assert POLICY.next_wait(1, 98.9, None, 1.0) == 1.0


@pytest.mark.parametrize(
    "settings", [{"retries": -1}, {"timeout": 0.0}, {"deadline": 0.0}, {"first": -1.0}, {"longest": -1.0}]
)
def test_a_policy_that_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match="cannot be; give retries of 0 or more, and seconds above 0"):
        RetryPolicy(**settings)


def test_retry_after_may_be_a_date(monkeypatch):
    monkeypatch.setattr(retry.time, "time", lambda: 1000.0)
    texts = formatdate(1090, usegmt=True), formatdate(10), "soon", None
    assert [retry_after(text) for text in texts] == [90, 0, None, None]
