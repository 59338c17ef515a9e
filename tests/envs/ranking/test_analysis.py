"""From text to terms: what becomes of a token, and that a memo changes nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.ranking.analysis import LONGEST_REMEMBERED, Memo, term, terms
from forethought.envs.ranking.tokens import tokens


def test_possessives_case_stop_words_and_stems():
    assert terms("The Women\u2019s running shoes, for MEN'S feet") == ["women", "run", "shoe", "men", "feet"]
    assert terms("it's 's S' a'S") == ["s", "s"]  # "it's" and "a'S" end as stop words, and only after that
    assert terms("\u0130stanbul \u039f\u03a3") == ["istanbul", "\u03bf\u03c3"]  # as Java: one letter for one letter


def test_repeated_terms_stay_in_order():
    assert terms("red shoes red shoe") == ["red", "shoe", "red", "shoe"]
    assert terms("") == terms(" the ") == []


@given(st.text(st.sampled_from("ab'sS.1_\u2019\u00e9\u202f\u00a0\u3000\x1c\u2605 \n")))
def test_cutting_at_blanks_first_changes_nothing(text):
    assert terms(text) == [found for found in map(term, tokens(text)) if found]


def test_a_memo_asks_once_and_stays_small():
    asked = []
    memo = Memo(lambda key: asked.append(key) or key.upper(), size=2)
    long = "x" * (LONGEST_REMEMBERED + 1)
    assert [memo[key] for key in ("a", "a", "b", long, long)] == ["A", "A", "B", long.upper(), long.upper()]
    assert asked == ["a", "b", long, long]
    assert memo["c"] == "C"
    assert list(memo) == ["c"]
