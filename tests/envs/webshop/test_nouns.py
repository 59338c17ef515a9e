"""Nouns of titles: how titles are cut, which tokens are left, how near they come to spaCy's, and spaCy itself."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.webshop.nouns import SpacyMissing, not_nouns, spacy_nouns, title_nouns, tokens


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Men's T-Shirt", "Men 's T - Shirt"),
        ("(Pack of 3), 16oz. Mugs!", "( Pack of 3 ) , 16 oz . Mugs !"),
        ('24K Gold 5.5ft 500ml 60" x 1.5', '24 K Gold 5.5 ft 500ml 60 " x 1.5'),
        ("C.O. Bigelow No. 5 by Dr. Wood", "C.O. Bigelow No . 5 by Dr. Wood"),
        ("Velvet/Antique,Silver-Grey w/o Legs", "Velvet / Antique , Silver - Grey w/o Legs"),
        ("10-20 Tools 2001-B CUH-7015b", "10 - 20 Tools 2001 - B CUH-7015b"),
        ("Acme™ Tea…★New 100% 5+", "Acme ™ Tea … ★ New 100 % 5 +"),
    ],
)
def test_titles_are_cut_as_spacy_cuts_them(title, expected):
    assert tokens(title) == expected.split()


@pytest.mark.parametrize(
    ("title", "nouns"),
    [
        ("A Pair of Hats for the Two of You", ("pair", "hats")),
        ("Soft Wool Hat, Black", ("soft", "wool", "hat", "black")),  # capitals make nouns of adjectives
        ("soft wool hat, black", ("wool", "hat")),
        ("Hat Hat 3 50ml 18x18 15ml/15", ("hat", "hat", "50ml")),
        ("100% Cotton | Women's X", ("%", "cotton", "|", "women", "x")),
        ("5 & 7", ()),
        ("", ()),
    ],
)
def test_nouns(title, nouns):
    assert title_nouns(title) == nouns


@given(st.text(max_size=60))
def test_cutting_loses_nothing_but_spaces(title):
    assert "".join(tokens(title)) == "".join(title.split())


def test_the_words_are_small_letters_and_each_stands_once():
    never, small = not_nouns()
    assert len(never) > 300
    assert len(small) > 300
    assert not never & small
    assert all(word == word.lower() for word in never | small)


def test_agreement_with_spacy_on_the_titles_that_the_words_were_not_chosen_with(data_folder):
    folder = data_folder / "webshop"
    spacy = json.loads((folder / "title_nouns.json").read_text(encoding="utf-8"))
    records = json.loads((folder / "products_raw.json").read_text(encoding="utf-8"))[1::2]
    shares = []
    for record in records:
        ours, theirs = set(title_nouns(record["name"])), set(spacy[record["asin"]])
        shares.append(len(ours & theirs) / len(ours | theirs))
    assert sum(shares) / len(shares) > 0.93  # measured: 0.938


class Pipeline:
    """Tags a word by its first letter, and remembers how it was asked for."""

    tags = {"n": "NOUN", "P": "PROPN", "v": "VERB"}  # noqa: RUF012

    def pipe(self, titles):
        for title in titles:
            yield [SimpleNamespace(text=word, pos_=self.tags[word[0]]) for word in title.split()]


def test_spacys_nouns(monkeypatch):
    asked = []

    def load(model, exclude):
        asked.append((model, exclude))
        return Pipeline()

    monkeypatch.setitem(sys.modules, "spacy", SimpleNamespace(load=load))
    assert list(spacy_nouns(["nail Polish van nail", "", "vim"])) == [("nail", "polish", "nail"), (), ()]
    assert asked == [("en_core_web_lg", ["ner", "lemmatizer"])]


def test_without_spacy_the_error_names_both_commands(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(SpacyMissing, match=r"pip install spacy.*python -m spacy download en_core_web_lg"):
        spacy_nouns([])


def test_without_the_model_the_error_names_the_command(monkeypatch):
    def load(model, exclude):
        raise OSError("[E050] Can't find model")

    monkeypatch.setitem(sys.modules, "spacy", SimpleNamespace(load=load))
    with pytest.raises(SpacyMissing, match=r"no model 'small'; run 'python -m spacy download small'"):
        spacy_nouns([], "small")
