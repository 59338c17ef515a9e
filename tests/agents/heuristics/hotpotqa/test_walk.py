"""What the rules for HotpotQA read in questions and observations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents.heuristics.hotpotqa.questions import read_question
from forethought.agents.heuristics.hotpotqa.text import names
from forethought.agents.heuristics.hotpotqa.walk import follow, similar_titles
from forethought.search.node import TERMINAL, Context

TITLES = st.lists(st.text(min_size=1).filter(lambda title: "Similar" not in title), max_size=5)


@given(TITLES)
def test_titles_are_read_back_from_the_list_as_python_writes_it(titles):
    assert similar_titles(f"Could not find x. Similar: {titles}.") == tuple(titles)


@pytest.mark.parametrize("rest", ["", "[", "['", "['a", "['a\\", "['\\x4", "['\\U99999999'", "['\\u²²²²'", "nothing"])
def test_a_list_that_breaks_off_is_read_as_far_as_it_goes(rest):
    assert all(similar_titles(f"Could not find x. Similar: {rest}"))


QUESTIONS = (
    ("Which band was formed first, Wire or Young the Giant?", "choice", "band", ("Wire", "Young the Giant"), "early"),
    (
        "Between Queens and Staten Island, which borough is larger?",
        "choice",
        "borough",
        ("Queens", "Staten Island"),
        "more",
    ),
    ("Were Scott Derrickson and Ed Wood both actors?", "verdict", "", ("Scott Derrickson", "Ed Wood"), ""),
    ("Ann Lee is married to the singer of a band formed in what year?", "year", "year", (), ""),
    ("What is the nationality of the man behind Dust?", "nation", "countri", (), ""),
    ("How many seats has the stadium of Dust?", "number", "seat", (), ""),
    ("When was the singer who led Dust born?", "date", "", (), ""),
    ("In which county does Ann Lee live?", "place", "counti", (), ""),
    ("What is the name of the actress who starred in Dust?", "person", "act", (), ""),
    ("What game was made by Ann Lee?", "thing", "game", (), ""),
)


@pytest.mark.parametrize(("question", "kind", "noun", "choices", "order"), QUESTIONS)
def test_what_a_question_wants(question, kind, noun, choices, order):
    asked = read_question(f"Question: {question}")
    assert (asked.kind, asked.noun, asked.choices, asked.order) == (kind, noun, choices, order)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ('Who made "Dust and Rain" in New York?', {"Dust and Rain", "New York"}),
        ("Did Ann Lee write The Road to Bree (novel)?", {"Ann Lee", "The Road to Bree (novel)"}),
        ("Is Ann Lee's band American?", {"Ann Lee"}),
        ("In 1999 which American film won?", set()),
    ],
)
def test_the_names_in_a_question(question, found):
    assert set(read_question(f"Question: {question}").names) == found


def test_names_end_at_other_words_and_at_the_stop():
    found = names("In May 1950 he met J. R. Smith of the Bank of Bree. The St. Agatha's Church burned. Apollo 13 flew.")
    assert [span.text for span in found] == [
        "J. R. Smith of the Bank of Bree", "The St. Agatha", "The St. Agatha's Church", "Apollo 13",
    ]  # fmt: skip


def test_a_walk_remembers_pages_titles_and_what_was_looked_up():
    steps = (
        ("search[Bree]", "Could not find Bree. Similar: ['Bree (town)']."),
        ("search[Bree (town)]", "Bree is a town. It is old.."),
        ("lookup[river]", "(Result 1 / 2) It lies on a river."),
        ("lookup[river]", "No more results.\n"),
        ("think[Hm]", "Nice thought."),
        ("search[Bree (town)", "Invalid action: search[Bree (town)"),
        ("finish[Lee [river]]", TERMINAL),
    )
    walk = follow(Context("", "Question: On what river does Bree lie?", steps))
    assert walk.missed == {"bree": ("Bree (town)",)}
    assert walk.pages["bree (town)"].sentences == ("Bree is a town.", "It is old.", "It lies on a river.")
    assert walk.looked_up == {("bree (town)", "river")}
    assert (walk.steps, walk.answer) == (7, "Lee [river]")
