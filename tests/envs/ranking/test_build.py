"""Building: the same files from however the texts are divided, and what is refused."""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pytest

from forethought.envs.ranking import build as building
from forethought.envs.ranking.bm25 import LENGTHS, length_codes
from forethought.envs.ranking.build import MOST, Builder, analyse, build
from forethought.envs.ranking.postings import term_hash

TEXTS = [f"w{i % 7} w{i % 3} w{i % 3} " * (i % 5) + f"own{i}" * (i % 2) for i in range(60)]  # some are empty


def files(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_analyse_counts():
    chunk = analyse(["red red shoe", "the", "shoe"])
    assert chunk.lengths.tolist() == [3, 0, 1]
    postings = chunk.postings
    counted = zip(postings.documents.tolist(), postings.frequencies.tolist(), strict=True)
    red, shoe = {(0, 2)}, {(0, 1), (2, 1)}
    assert postings.hashes.tolist() == sorted(map(term_hash, ("red", "shoe")))
    first = red if term_hash("red") < term_hash("shoe") else shoe
    assert postings.counts.tolist() == [len(first), 3 - len(first)]
    assert set(list(counted)[: len(first)]) == first


@pytest.mark.parametrize("size", [1, 7, 60])
@pytest.mark.parametrize("at_once", [1, 40, 10**6])
def test_chunks_and_spills_leave_no_trace(tmp_path, monkeypatch, size, at_once):
    build(tmp_path / "whole", TEXTS)
    monkeypatch.setattr(building, "AT_ONCE", at_once)
    builder = Builder(tmp_path / "parts")
    for i in range(0, len(TEXTS), size):
        builder.add(pickle.loads(pickle.dumps(analyse(TEXTS[i : i + size]))))  # noqa: S301  # as from a worker
    assert bool(builder.runs) == (at_once < 10**6)
    builder.finish()
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_files_do_not_depend_on_the_hash_seed(tmp_path, elsewhere):
    build(tmp_path / "here", TEXTS)
    elsewhere(
        "import sys\nfrom forethought.envs.ranking.build import build\n"
        f"build({str(tmp_path / 'there')!r}, sys.stdin.read().split('|'))",
        stdin="|".join(TEXTS),
    )
    assert files(tmp_path / "here") == files(tmp_path / "there")


def test_a_new_build_replaces_the_old(tmp_path):
    build(tmp_path / "new", TEXTS[:9])
    build(tmp_path / "old", TEXTS)
    (tmp_path / "old" / "partial").mkdir()  # of a build that was broken off
    build(tmp_path / "old", TEXTS[:9])
    assert files(tmp_path / "old") == files(tmp_path / "new")


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match=r"text 1 has one term 65,536 times; expected 65,535"):
        analyse(["x", "word " * (MOST + 1)])
    builder = Builder(tmp_path)
    builder.add(analyse(["x", "y"]))
    with pytest.raises(ValueError, match=r"shape \(3,\); expected one number for each of 2 documents"):
        builder.finish([0, 1, 2])


def test_lengths_keep_three_bits():
    assert LENGTHS[:40].tolist() == list(range(40))
    assert LENGTHS[40:50].tolist() == [40, 42, 44, 46, 48, 50, 52, 54, 56, 60]
    assert int(LENGTHS[255]) == 24 + (15 << 27)
    assert length_codes(np.array([0, 39, 41, 42, 59, 10**6], np.uint32)).tolist() == [0, 39, 40, 41, 48, 167]
