"""Pages, and what is read out of sentences with links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.hotpotqa.pages import Page, linked_page, unescaped, unlinked


def test_sentences_are_counted_through_all_paragraphs():
    assert Page("T", (("a", ""), (), ("b",))).sentences == ("a", "", "b")
    assert Page("T", ()).sentences == ()


@pytest.mark.parametrize(
    ("marked", "text", "targets"),
    [
        ("no link", "no link", []),
        ('to <a href="Some%20title">words</a>.', "to words.", ["Some title"]),
        ('<a href="A">a</a><a href="B">b</a>', "ab", ["A", "B"]),
        ('<a href="A">two\nlines</a>', "two\nlines", ["A"]),
        ('<a href="X%26amp%3BY">x</a>', "x", ["X&Y"]),
        ('<a href="X&amp;Y">x</a>', "x", ["X&Y"]),
        ('<a href="%C3%89lan%20%22vital%22">é</a>', "é", ['Élan "vital"']),
        ('<a href="%FF">x</a>', "x", ["\ufffd"]),
        ('<a href="100%">x</a>', "x", ["100%"]),
        ('<a href="">x</a><a href="A"></a>', "x", ["", "A"]),
        ('<a href="A">never closed', '<a href="A">never closed', []),
        ('<a href="C%20D%23Early%20years">c</a> <a href="#Later">d</a>', "c d", ["C D", ""]),
        ("a <a b", "a <a b", []),
        (f'<a href="&#{"9" * 5000};">x</a>', "x", ["&"]),
    ],
)
def test_links_are_taken_out(marked, text, targets):
    assert unlinked(marked) == (text, targets)


def test_a_page_of_sentences_with_links():
    marked = ['<a href="B">b</a>, <a href="T">t</a>. ', '<a href="A">a</a> <a href="B">again</a>']
    assert linked_page("T", marked) == Page("T", (("b, t. ", "a again"),), ("B", "A"))
    assert linked_page("T", ['<a href="#End">e</a> <a href="T%23End">t</a>']) == Page("T", (("e t",),), ())
    assert linked_page("T", []) == Page("T", ((),), ())


@pytest.mark.parametrize(
    ("text", "plain"), [("&amp;&quot;&#65;&eacute;", '&"Aé'), ("a & b", "a & b"), ("&#" + "1" * 5000, None)]
)
def test_entities(text, plain):
    assert unescaped(text) == (text if plain is None else plain)


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="<")), st.sampled_from(["A", "b c", "é"]))))
def test_words_stay_and_titles_come_in_order(parts):
    marked = "".join(f'{words}<a href="{title}">{words}</a>' for words, title in parts)
    assert unlinked(marked) == ("".join(words * 2 for words, _ in parts), [title for _, title in parts])
