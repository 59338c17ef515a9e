"""Searching: scores by hand, the whole order against a plain scorer, and damaged folders."""

from __future__ import annotations

import copy
import json
import math
import tempfile
from collections import Counter
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.ranking import retrieval
from forethought.envs.ranking.build import build
from forethought.envs.ranking.files import HEADER
from forethought.envs.ranking.index import BadIndex, Index, TooManyTerms

F = np.float32
WORDS = [f"w{i}" for i in range(9)]  # no stop words, and stems of themselves


def short_length(length):
    """What is left of a length in Lucene: beyond 24, the four highest bits of the rest."""
    dropped = max((length - 24).bit_length() - 4, 0) if length >= 24 else 0
    return 24 + ((length - 24) >> dropped << dropped) if length >= 24 else length


def plain_search(documents, query, rank, k):
    """The formula, document by document and word by word."""
    filled = [words for words in documents if words]
    average = F(sum(map(len, filled)) / max(len(filled), 1))
    hits = []
    for number, words in enumerate(documents):
        total = 0.0
        for word, times in Counter(query).items():
            if word not in words:
                continue
            containing = sum(word in other for other in documents)
            weight = F(times) * F(math.log(1 + (len(filled) - containing + 0.5) / (containing + 0.5)))
            norm = F(1) / (F(0.9) * ((F(1) - F(0.4)) + F(0.4) * F(short_length(len(words))) / average))
            total += float(weight - weight / (F(1) + F(words.count(word)) * norm))
        if total:
            hits.append((-float(F(total)), rank[number], number))
    return [(number, -score) for score, _, number in sorted(hits)[:k]]


@pytest.fixture
def shop(tmp_path):
    build(tmp_path, ["red shoe", "blue hat hat", "the"])
    return Index.open(tmp_path)


def test_a_score_by_hand(shop):
    # Two documents count, as the third has no term: idf = ln(1 + 1.5 / 1.5); c = 1 / (0.9 * (0.6 + 0.4 * 3 / 2.5)).
    (hit,) = shop.search("Hats!")
    assert hit == (1, pytest.approx(math.log(2) * (1 - 1 / (1 + 2 / 0.972)), rel=1e-6))
    assert shop.search("hat hat hat")[0][1] == pytest.approx(3 * hit[1], rel=1e-6)
    assert len(shop) == 3


def test_queries_that_find_nothing(shop):
    assert shop.search("") == shop.search("the of") == shop.search("green") == shop.search("hat", k=0) == []


def test_ties_go_by_rank(tmp_path):
    build(tmp_path, ["red hat", "red shoe", "red"] + ["red sock"] * 3, rank=[5, 4, 3, 2, 1, 0])
    found = Index.open(tmp_path).search("red", k=4)
    assert [number for number, _ in found] == [2, 5, 4, 3]
    assert len({score for _, score in found[1:]}) == 1


def test_too_many_terms(shop):
    assert shop.search(" ".join(f"w{i}" for i in range(1023)) + " hat hat")
    with pytest.raises(TooManyTerms, match=r"1,025 distinct terms; expected 1,024"):
        shop.search(" ".join(f"w{i}" for i in range(1025)))


@st.composite
def collections(draw):
    pool = draw(st.lists(st.lists(st.sampled_from(WORDS), max_size=60), min_size=1, max_size=5))
    documents = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=30))  # many are alike: ties
    rank = draw(st.permutations(range(len(documents))))
    return documents, rank


@given(
    collections(),
    st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=12),
    st.integers(1, 8),
    st.fixed_dictionaries(
        {
            "FEW": st.sampled_from([0, 10**6]),
            "SAMPLE": st.sampled_from([1, 10]),
            "SPARSE": st.sampled_from([0, 100]),
            "LOOK_UP": st.sampled_from([0, 1, 100]),
        }
    ),
)
def test_equals_the_plain_scorer(collection, query, k, limits):
    documents, rank = collection
    with tempfile.TemporaryDirectory() as folder, mock.patch.multiple(retrieval, **limits):
        build(folder, [" ".join(words) for words in documents], rank)
        assert Index.open(folder).search(" ".join(query), k) == plain_search(documents, query, rank, k)


@given(
    collections(),
    st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=12),
    st.integers(0, 8),
    st.lists(st.integers(0, 29), max_size=12),
)
def test_a_search_among_some_is_the_whole_one_without_the_others(collection, query, k, some):
    documents, rank = collection
    among = [number for number in some if number < len(documents)] * 2  # in any order, and each twice
    with tempfile.TemporaryDirectory() as folder:
        build(folder, [" ".join(words) for words in documents], rank)
        index = Index.open(folder)
        whole = index.search(" ".join(query), len(documents))
        assert index.search(" ".join(query), k, among) == [hit for hit in whole if hit[0] in among][:k]
        assert index.search(" ".join(query), k, range(len(documents))) == whole[:k]


def test_pruning_leaves_most_documents_out(tmp_path):
    texts = [f"common{' rare' * (i % 50 == 0)}{' filler' * (i % 4)}" for i in range(2000)]
    build(tmp_path, texts)
    index = Index.open(tmp_path)
    query = index.look_up({"common": 1, "rare": 1}).by_bound()
    with mock.patch.multiple(retrieval, FEW=0, SAMPLE=10):
        documents, _ = retrieval.pruned(index.arrays, query, 5)
        pruned = index.search("common rare", 5)
    assert 5 <= len(documents) <= 40
    assert pruned == index.search("common rare", 5)


def test_opening_maps_the_files(shop):
    assert all(isinstance(array.base, np.memmap) and not array.flags.writeable for array in shop.arrays.values())


def test_a_copy_opens_the_folder_again(shop):
    assert copy.deepcopy(shop).search("red hat") == shop.search("red hat") != []


def test_an_empty_collection(tmp_path):
    build(tmp_path, [])
    assert len(Index.open(tmp_path)) == 0
    assert Index.open(tmp_path).search("hat") == []


@pytest.mark.parametrize("name", ["hashes", "starts", "highest", "documents", "codes", "denominators", "ranks"])
def test_a_damaged_file_is_refused(shop, name):
    path = shop.folder / f"{name}.raw"
    whole = path.read_bytes()
    for part in (whole[:-1], whole + b"\0"):
        path.write_bytes(part)
        with pytest.raises(BadIndex, match=rf"{name}.raw has {len(part)} bytes; expected {len(whole)} bytes"):
            Index.open(shop.folder)
    path.unlink()
    with pytest.raises(BadIndex, match=rf"{name}.raw is missing"):
        Index.open(shop.folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"version": 0}, "build it again|build the index again"),
        ({"terms": -1}, "whole numbers"),
        ({"pairs": None}, "whole"),
    ],
)
def test_another_header_is_refused(shop, change, complaint):
    path = shop.folder / HEADER
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadIndex, match=complaint):
        Index.open(shop.folder)


def test_no_header_is_no_index(shop):
    (shop.folder / HEADER).write_text("[" * 100_000)
    with pytest.raises(BadIndex, match="nested deeper"):
        Index.open(shop.folder)
    (shop.folder / HEADER).write_text("[")
    with pytest.raises(BadIndex, match="no JSON"):
        Index.open(shop.folder)
    (shop.folder / HEADER).unlink()
    with pytest.raises(BadIndex, match=r"no ranking.json; expected a finished index"):
        Index.open(shop.folder)
