"""Which titles a text mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.hotpotqa.links import MOST, Mentions, names
from forethought.envs.hotpotqa.pages import Page


def mentioned(titles, *paragraphs):
    rows = Mentions(titles).rows(Page("T", tuple((text,) for text in paragraphs)))
    return [titles[row] for row in rows]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Elra", ["Elra"]),
        ("Port Elra", ["Port Elra", "port Elra"]),
        ("Relativity (Emarosa album)", ["Relativity (Emarosa album", "relativity (Emarosa album", "Relativity"]),
        ("X&amp;Y", ["X&Y", "x&Y"]),
        ("Élan Vital", ["Élan Vital", "élan Vital"]),
        ('"Heroes"', ["Heroes"]),
        ("Her", []),
        ("If....", []),
        ("“Who?”", []),
        ("What's Up", ["What's Up", "what's Up"]),
        ("1984", []),
        ("1984 (novel)", ["1984 (novel"]),
        ("1984!", []),
        ("9to5", ["9to5"]),
        ("!!!", []),
        ("", []),
        ("&#" + "9" * 5000 + "; Day", ["9" * 5000 + "; Day"]),
    ],
)
def test_the_names_of_a_title(title, expected):
    assert list(names(title)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He moved from Port Elra to Elra.", ["Port Elra", "Elra"]),
        ("Elra, then Port Elra, then Elra", ["Elra", "Port Elra"]),  # in the order of the text, each once
        ("Port Elra Times", ["Port Elra Times"]),  # the longest wins
        ("Port Elra Timesheet", ["Port Elra"]),  # and whole words only
        ("Elraic, elra, ELRA", []),
        ("a player of port Elra", ["Port Elra"]),
        ("(Elra)", ["Elra"]),
        ("Port, Elra", ["Elra"]),
        ("X&Y and X&amp;Y", ["X&amp;Y"]),
        ("X and Y", []),
        ("Relativity", ["Relativity (Emarosa album)"]),
        ("Her 1984 by Who", []),
        ("Élan Vital", ["Élan Vital"]),
        ("E\u0301lan Vital", ["Élan Vital"]),  # the same letter, written as two characters
        ("Elra\u0301, Port Elra\u0301", []),  # another letter than that of the title
        ("", []),
    ],
)
def test_a_text_mentions_titles_word_for_word(text, expected):
    titles = ["Elra", "Port Elra", "Port Elra Times", "X&amp;Y", "Relativity (Emarosa album)"]
    titles += ["Her", "1984", "Who?", "Élan Vital"]
    assert mentioned(titles, text) == expected


def test_no_name_spans_two_paragraphs():
    assert mentioned(["Port Elra", "Elra"], "In Port", "Elra") == ["Elra"]
    rows = Mentions(["Port Elra", "Elra"]).rows(Page("T", (("In Po", "rt El", "ra"),)))  # but two sentences
    assert rows == [0]


def test_a_name_of_many_pages_stands_for_a_few_and_its_own_first():
    titles = [f"Creed (band {number})" for number in range(9)] + ["Creed"]
    assert mentioned(titles, "Creed") == ["Creed", *titles[: MOST - 1]]


words = st.lists(st.sampled_from(["Port", "Elra", "Times", "of", "the", "The", "x"]), min_size=1, max_size=4)


@given(st.lists(words.map(" ".join), max_size=6), words)
def test_every_mention_stands_in_the_text_and_nothing_longer_was_left_out(titles, text):
    found = mentioned(titles, " ".join(text))
    spelled = {title: set(names(title)) for title in titles}
    for title in found:
        assert any(f" {name} " in f" {' '.join(text)} " for name in spelled[title])
    longest = [title for title in titles if f" {title} " in f" {' '.join(text)} " and spelled[title]]
    assert bool(longest) <= bool(found)
