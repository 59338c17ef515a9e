"""Cutting a text into tokens: the rules of UAX #29 one by one, and what Lucene adds to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.ranking.tokens import ASCII, UNICODE, cut_tokens, tokens

MAN, LAPTOP, THUMB, BROWN, SNOW = "\U0001f468", "\U0001f4bc", "\U0001f44d", "\U0001f3fd", "\u2744\ufe0f"
CASES = {
    "can't stop": ["can't", "stop"],
    "30.00 3,5 1;2 1:2": ["30.00", "3,5", "1;2", "1", "2"],
    "a.b a:b a,b a.1 1.a": ["a.b", "a:b", "a", "b", "a", "1", "1", "a"],
    "'quoted' end. .start": ["quoted", "end", "start"],
    "snake_case _x_ __ _1": ["snake_case", "_x_", "_1"],
    '28" x28"': ["28", "x28"],
    "don\u2019t valentine\u2018s 28\u2033": ["don\u2019t", "valentine\u2018s", "28"],
    "\u65e5\u672c \u3042\u3044 \u30ab\u30bf\u30fc \uc77c\ud488": [
        *"\u65e5\u672c\u3042\u3044",
        "\u30ab\u30bf\u30fc",
        "\uc77c\ud488",
    ],
    "\u0e01\u0e02\u0e04 x": ["\u0e01\u0e02\u0e04", "x"],
    "\u05d0\"\u05d1 \u05d0' a'": ['\u05d0"\u05d1', "\u05d0'", "a"],
    "e\u0301t\u00e9 so\u00adft 10\u202f000": ["e\u0301t\u00e9", "so\u00adft", "10\u202f000"],
    "wow\u2605\u2605 x\u2122 \u00ae \u2713": ["wow", "\u2605", "\u2605", "x", "\u2122", "\u00ae"],
    f"{MAN}\u200d{LAPTOP} {MAN}{LAPTOP}": [f"{MAN}\u200d{LAPTOP}", MAN, LAPTOP],
    f"{SNOW}{SNOW} {THUMB}{BROWN}{THUMB}": [SNOW, SNOW, THUMB + BROWN, THUMB],
    "#\ufe0f\u20e3 1\ufe0f\u20e3 # *": ["#\ufe0f\u20e3", "1\ufe0f\u20e3"],
    "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\U0001f1ee": ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"],
    " \n -- ": [],
}


@pytest.mark.parametrize("text", CASES)
def test_rules(text):
    assert tokens(text) == CASES[text]


def test_a_token_ends_after_255_units():
    assert list(map(len, tokens("x" * 600))) == [255, 255, 90]
    assert list(map(len, tokens("\u00e9" * 300))) == [255, 45]
    assert list(map(len, tokens("\U00020000" * 3))) == [1, 1, 1]
    assert list(map(len, tokens("\U00010400" * 200))) == [127, 73]  # letters of two units each
    assert tokens("ab. " + "x" * 254 + ".y") == ["ab", "x" * 254, "y"]  # the full stop is the last that fits


@given(st.text("aB1_.:,;'\" -#*\n"))
def test_both_patterns_agree_where_all_is_ascii(text):
    assert ASCII.findall(text) == UNICODE.findall(text) == cut_tokens(text)


@given(st.text())
def test_tokens_are_found_in_their_order(text):
    rest = text
    for token in tokens(text):
        assert token
        before, found, rest = rest.partition(token)
        assert found, (token, before)


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_very_long_word_takes_no_time_in_the_square_of_its_length(letter):
    cut = tokens(letter * 300_000)  # would take minutes
    assert {len(token) for token in cut[:-1]} == {255}
    assert "".join(cut) == letter * 300_000
