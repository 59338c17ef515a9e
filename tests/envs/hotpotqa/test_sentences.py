"""The two ways to cut a page, by hand and against a plain reading of what the prompt-based agents did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.pages import Page
from forethought.envs.hotpotqa.sentences import native, react


def plain_react(page):
    """The page is its paragraphs of more than two words; its sentences are the pieces between ". " of its lines."""
    text = ""
    for paragraph in page.paragraphs:
        words = "".join(paragraph).strip()
        if words.count(" ") > 1:
            text += words + "\n"
    pieces = [piece.strip() for line in text.splitlines() for piece in line.strip().split(". ")]
    return [piece + "." for piece in pieces if piece]


@pytest.mark.parametrize(
    ("paragraphs", "expected"),
    [
        ((), ()),
        (((),), ()),
        ((("River",),), ()),
        ((("See also",),), ()),
        ((("See also this",),), ("See also this.",)),
        ((("Ends with a stop.",),), ("Ends with a stop..",)),
        ((("One is here.", " Two is here.", " Dr. No left."),), ("One is here.", "Two is here.", "Dr.", "No left..")),
        ((("Is not cut.Here", ".  "),), ("Is not cut.Here..",)),
        ((("Two lines\nin one. ", ". "),), ("Two lines.", "in one.", "..")),
        ((("A first one.",), ("No more",), (" A second", " one. ")), ("A first one..", "A second one..")),
        ((("Wide   gaps",),), ("Wide   gaps.",)),  # words are counted by blanks
    ],
)
def test_sentences_of_the_prompt_based_agents(paragraphs, expected):
    assert react(Page("T", paragraphs)) == expected


def test_native_sentences_are_those_of_the_data():
    assert native(Page("T", ((" One. Still one.", "", " \n"), (), ("Zwei ",)))) == ("One. Still one.", "", "", "Zwei")
    assert native(Page("T", ())) == ()


@given(st.lists(st.lists(st.text(st.sampled_from("ab.  \n"), max_size=9), max_size=4), max_size=4))
def test_react_is_the_plain_reading(paragraphs):
    page = Page("T", tuple(map(tuple, paragraphs)))
    assert list(react(page)) == plain_react(page)


@pytest.mark.parametrize("mode", ["native", "react"])
def test_real_pages(real, real_records, mode):
    family = HotpotQA(real, sentences=mode)
    state = family.initial(0)
    for record in real_records:
        for title, sentences in record["context"]:
            expected = [part.strip() for part in sentences]
            if mode == "react":
                expected = plain_react(Page(title, (tuple(sentences),)))
            row = real.row_of(title)
            assert [sentence for sentence, _ in family.library.sentences(row)] == expected
            step = family.step(state, f"search[{title}]")
            assert (step.observation, step.state.page) == (" ".join([part for part in expected if part][:5]), row)


def test_a_search_shows_five_sentences_of_the_small_pages(small):
    step = HotpotQA(small, sentences="native").step(HotpotQA(small).initial(0), "search[the silent harbour]")
    assert step.observation == (
        "The Silent Harbour is a 1987 film directed by Ada Voss. It was shot in St. Brannoc. "
        "Critics liked it, and so did X&Y. It cost little. It ends in winter."
    )
