"""docs/glossary.md: alphabetical, short, and complete for the terms of the design, the requests and the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forethought.search.engine.budget import Budget
from forethought.search.needs import PRIVILEGES

DOCS = Path(__file__).resolve().parent.parent / "docs"
ENTRIES = re.findall(r"^\*\*(.+?)\*\*: (.+)$", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
TERMS = dict(ENTRIES)
# The words of the headings of docs/design.md that are no terms.
PLAIN = set(
    re.findall(r"\w+", "the are pure yields its questions same of a local learn from what they see decisions design")
)


def is_known(word: str) -> bool:
    known = {term.lower() for term in TERMS} | {part for term in TERMS for part in term.lower().split()}
    return bool(known & {word, word.removesuffix("s"), f"{word}s"})


def test_the_terms_are_alphabetical_and_each_stands_once():
    names = [term.lower() for term, _ in ENTRIES]
    assert names == sorted(set(names))


def test_each_is_explained_in_one_or_two_sentences():
    for term, text in ENTRIES:
        sentences = re.split(r"(?<=[.])\s+(?=[A-Z`])", text)
        assert text.endswith("."), term
        assert 1 <= len(sentences) <= 2, f"{term}: {sentences}"


def test_every_line_is_an_entry():
    lines = [line for line in (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()[4:] if line]
    assert len(lines) == len(ENTRIES)


@pytest.mark.parametrize("page", ["design.md"])
def test_the_terms_that_a_page_introduces_are_there(page):
    introduced = re.findall(r"\*\*([a-z ]+)\*\*:", (DOCS / page).read_text(encoding="utf-8"))
    assert introduced
    assert [term for term in introduced if not all(map(is_known, term.split()))] == []


def test_the_nouns_of_the_headings_of_the_design_are_there():
    headings = re.findall(r"^#+ (.+)$", (DOCS / "design.md").read_text(encoding="utf-8"), re.MULTILINE)
    words = {word.lower() for heading in headings for word in re.findall(r"[A-Za-z]+", heading)}
    assert sorted(word for word in words - PLAIN if not is_known(word)) == []


def test_privileges_and_limits_of_a_budget_are_there():
    assert all(map(is_known, PRIVILEGES))
    for limit in Budget(nodes=1, env_steps=1, lm_calls=1, tokens=1, usd=1.0, seconds=1.0).limits():
        word = {"env_steps": "steps", "lm_calls": "calls", "usd": "dollars"}.get(limit, limit)
        assert word in TERMS["budget"].lower(), limit


def test_an_unknown_noun_would_be_found():
    assert not is_known("gizmo")
