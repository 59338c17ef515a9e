"""The recordings of Lucene and pyserini on the 1,000 products: every token, every order, every score."""

from __future__ import annotations

import json

import pytest

from forethought.envs.ranking.analysis import terms
from forethought.envs.ranking.build import build
from forethought.envs.ranking.index import Index
from forethought.envs.ranking.porter import stem
from forethought.envs.ranking.tokens import tokens
from forethought.envs.webshop.building.indexed_text import document
from forethought.envs.webshop.products import read_product


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_tokens(data_folder):
    golden = records(data_folder / "webshop" / "tokenizer_golden.jsonl")
    assert len(golden) > 200
    assert [[token.lower() for token in tokens(r["text"])] for r in golden] == [r["tokens"] for r in golden]


def test_stems(data_folder):
    lines = (data_folder / "webshop" / "porter_vocab.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines]
    assert len(pairs) > 25_000
    assert [(word, stem(word)) for word, expected in pairs if stem(word) != expected] == []


@pytest.fixture
def asins_and_index(data_folder, tmp_path):
    products = {}
    for record in json.loads((data_folder / "webshop" / "products_raw.json").read_text(encoding="utf-8")):
        if record["asin"] != "nan" and len(record["asin"]) <= 10:
            products.setdefault(record["asin"], record)
    asins = list(products)
    places = {asin: place for place, asin in enumerate(sorted(asins))}
    build(tmp_path, [document(read_product(record)) for record in products.values()], [places[asin] for asin in asins])
    return asins, Index.open(tmp_path)


@pytest.mark.parametrize("name", ["searches.jsonl", "lucene_golden.jsonl"])
def test_searches(data_folder, asins_and_index, name):
    asins, index = asins_and_index
    golden = [
        r for r in records(data_folder / "webshop" / name) if not r["query"].startswith(("<q>", "<c>", "<r>", "<a>"))
    ]
    assert len(golden) >= 400
    for recorded in golden:
        found = index.search(recorded["query"])
        assert terms(recorded["query"]) == recorded["tokens"]
        assert [asins[number] for number, _ in found] == recorded["asins"]
        scores = [score for _, score in found]
        assert scores == pytest.approx(recorded["scores"], abs=1e-4, rel=0)
        for before, score, after, given in zip(
            [999.0, *scores], scores, [*scores[1:], -1.0], recorded["scores"], strict=False
        ):
            if min(before - score, score - after) > 3e-4:  # pyserini shifts scores that are nearly equal
                assert score == pytest.approx(given, abs=6e-5, rel=0)
