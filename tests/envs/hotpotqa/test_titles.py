"""Titles are found in whatever spelling, and of those that differ in case alone the right one."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.titles import TitleTable, normal, title_hashes, title_ranks

TITLES = (
    "Iron Man",
    "Iron man",
    "X&amp;Y",
    "Élan Vital",
    "Straße",
    "Elra",
    "The  Elra_Times",
    "iPod",
    "Iron Man",
    "Γαΐτης",
)


def found(title, titles=TITLES):
    row = TitleTable.of(title_hashes(titles)[:, 0]).find(title, titles.__getitem__)
    return None if row is None else (row, titles[row])


@pytest.mark.parametrize(
    ("title", "row"),
    [
        ("Iron Man", 0),
        ("Iron man", 1),
        ("Iron_man", 1),
        ("iron man", 1),  # as in Wikipedia the first letter does not count
        ("IRON MAN", 0),
        (" iron\n MAN ", 0),
        ("X&amp;Y", 2),
        ("X&Y", 2),
        ("x&AMP;y", 2),
        ("Élan_vital", 3),
        (unicodedata.normalize("NFD", "ÉLAN VITAL"), 3),
        ("STRASSE", 4),
        ("the elra times", 6),
        ("IPOD", 7),
        ("Γαΐτης".upper(), 9),
        ("", None),
        ("Iron", None),
        ("Iron Mann", None),
        ("X and Y", None),
        ("Elan Vital", None),
        ("\ud800", None),
    ],
)
def test_a_title_is_found_in_whatever_spelling(title, row):
    assert found(title) == (None if row is None else (row, TITLES[row]))


def test_the_spelling_of_the_data_goes_before_its_entities():
    assert found("X&Y", ("x&y", "X&amp;Y", "X&Y"))[0] == 2
    assert found("X&Y", ("x&y", "X&amp;Y"))[0] == 1
    assert found("X&Y", ("x&y", "X&y"))[0] == 0


@pytest.mark.parametrize("text", ["&#" + "9" * 5000 + ";", "&#x" + "9" * 5000 + ";", "&" * 5000, "&#;&#x;&nosuch;"])
def test_entities_that_are_none_raise_nothing(text, small):
    assert found(text) is None
    family = HotpotQA(small)
    assert family.step(family.initial(0), f"search[{text}]").observation.startswith(f"Could not find {text}. Similar: ")


spellings = st.text(st.sampled_from("aAéÉßſǅİı_ \t&;#1mpıΣς\u0301\u0345\ufb01K"), max_size=8) | st.text(max_size=8)


@given(st.lists(spellings, max_size=8), spellings)
def test_a_title_finds_itself_and_its_other_spellings(titles, other):
    for title in titles:
        row, same = found(title, titles)
        assert (row, same) == (titles.index(title), title)
        for spelled in (title.replace(" ", "_"), f"\t{title}  ", unicodedata.normalize("NFD", title)):
            assert normal(titles[found(spelled, titles)[0]]) == normal(title)
    expected = [title for title in titles if normal(title) == normal(other)]
    assert (found(other, titles) or (0, None))[1] in (expected or [None])


@given(st.lists(st.sampled_from(["a", "A", "b", "b ", "c"])), st.lists(st.sampled_from("aAbcd")))
def test_hashes_are_resolved_to_their_first_rows(titles, wanted):
    rows = TitleTable.of(title_hashes(titles)[:, 0]).resolve(title_hashes(wanted)[:, 0])
    normals = [normal(title) for title in titles]
    assert rows.tolist() == [normals.index(normal(t)) if normal(t) in normals else -1 for t in wanted]


def test_a_hash_that_two_forms_share_confuses_nothing(monkeypatch):
    monkeypatch.setattr("forethought.envs.hotpotqa.titles.term_hash", lambda text: 7)
    assert [found(title)[0] for title in ("Elra", "STRASSE", "Iron man")] == [5, 4, 1]
    assert found("Nowhere") is None


def test_hashes_are_the_same_everywhere(elsewhere):
    titles = ["Iron Man", "X&amp;Y", "Élan_vital", "\U0001d509"]
    code = f"from forethought.envs.hotpotqa.titles import title_hashes\nprint(title_hashes({titles}).tolist())"
    assert elsewhere(code) == str(title_hashes(titles).tolist())


def test_a_table_comes_back_from_its_files(tmp_path):
    table = TitleTable.of(title_hashes(TITLES)[:, 0])
    table.write(tmp_path)
    again = TitleTable.open(tmp_path)
    assert np.array_equal(again.hashes, table.hashes)
    assert np.array_equal(again.rows, table.rows)
    assert [again.find(title, TITLES.__getitem__) for title in TITLES] == [0, 1, 2, 3, 4, 5, 6, 7, 0, 9]


@given(st.lists(st.text(max_size=3)))
def test_ranks_are_places_in_the_order_of_titles(titles):
    ranks = title_ranks(titles).tolist()
    assert sorted(ranks) == list(range(len(titles)))
    assert [title for _, title in sorted(zip(ranks, titles, strict=True))] == sorted(titles)


def test_real_supporting_titles_are_found_in_other_spellings(real):
    titles = {title for number in range(len(real.questions)) for title in real.question(number)[0].pages}
    assert len(titles) > 100
    assert any("&amp;" in real.title(row) for row in range(len(real)))
    for title in titles | {real.title(row) for row in range(len(real)) if "&" in real.title(row)}:
        row = real.row_of(title)
        assert real.title(row) == title
        for spelled in (title.upper(), title.replace(" ", "_"), title.replace("&amp;", "&").replace("&quot;", '"')):
            assert real.row_of(spelled) == row
