from __future__ import annotations

import pytest

from forethought.common.schema import COUNT, INTEGER, NUMBER, OTHERS, TEXT, Mismatch, check

SCHEMA = {"name": TEXT, "score": NUMBER, "seeds": [INTEGER], "count?": COUNT, "inner": {OTHERS: COUNT}}
GOOD = {"name": "x", "score": -1.5, "seeds": [-(10**30)], "inner": {"any": 0}}


def test_what_matches_is_taken():
    check(GOOD, SCHEMA, "row")
    check({**GOOD, "count": 3}, SCHEMA, "row")
    check({"anything": [1, {"x": True}]}, {OTHERS: object}, "row")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 5}, r"row.name is 5; expected str"),
        ({"score": True}, r"row.score is True; expected int or float"),
        ({"score": float("nan")}, r"row.score is nan; expected a finite number"),
        ({"score": float("-inf")}, r"row.score is -inf; expected a finite number"),
        ({"score": 10**400}, r"row.score is 1000.*; no number here is as large"),
        ({"seeds": 5}, r"row.seeds is 5; expected a list"),
        ({"seeds": [True]}, r"row.seeds\[0\] is True; expected int"),
        ({"count": -1}, r"row.count is -1; expected int, 0 or more"),
        ({"count": 1.0}, r"row.count is 1.0; expected int, 0 or more"),
        ({"count": 2**70}, r"row.count is 118.*; expected int, 0 or more"),
        ({"inner": {"any": "7"}}, r"row.inner.any is '7'; expected int, 0 or more"),
        ({"inner": []}, r"row.inner is \[\]; expected an object"),
        ({"extra": 1}, r"row has unknown fields extra"),
    ],
)
def test_what_does_not_match_is_named(change, said):
    with pytest.raises(Mismatch, match=said):
        check({**GOOD, **change}, SCHEMA, "row")


def test_what_is_missing_is_named():
    with pytest.raises(Mismatch, match="row lacks inner, name, score, seeds"):
        check({}, SCHEMA, "row")


def test_an_integer_beyond_a_short_range_is_told_the_range():
    with pytest.raises(Mismatch, match="format is 2; expected int, 1 to 1"):
        check(2, range(1, 2), "format")
