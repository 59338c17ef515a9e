from __future__ import annotations

import pytest

from forethought.common.json_text import DEEPEST, read_json


def nested(levels, left="[", right="]", inner=""):
    return left * levels + inner + right * levels


@pytest.mark.parametrize("text", ["[1, {}]", b'{"a": [null]}', nested(DEEPEST), nested(DEEPEST, '{"a":', "}", "1")])
def test_json_is_read(text):
    read_json(text)


@pytest.mark.parametrize("levels", [DEEPEST + 1, 900, 100_000])
@pytest.mark.parametrize(("left", "right", "inner"), [("[", "]", ""), ('{"a":', "}", "1"), ('[{"a":', "}]", "1")])
def test_what_is_nested_too_deeply_is_refused(levels, left, right, inner):
    with pytest.raises(ValueError, match=r"nested deeper than 100 levels|Expecting value"):
        read_json(nested(levels, left, right, inner))


@pytest.mark.parametrize("text", ["", "{", "[1,]", b"\xff\xfe\x00", "9" * 5000, "[" * 100_000])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        read_json(text)
