"""Byte strings in one file: what goes in comes out, and a file that is cut is refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.worlds.blobs import Blob, BlobWriter, mapped


def write(folder, *shelves):
    with BlobWriter(folder, "texts") as writer:
        for shelf in shelves:
            writer.extend(shelf)
    return Blob(folder, "texts")


@given(shelves=st.lists(st.lists(st.binary(max_size=9), max_size=4), max_size=4))
def test_records_come_back_in_order(shelves):
    with tempfile.TemporaryDirectory() as folder:
        blob = write(Path(folder), *shelves)
        records = [record for shelf in shelves for record in shelf]
        assert [blob[i] for i in range(len(blob))] == records


def test_records_may_come_from_a_generator(tmp_path):
    blob = write(tmp_path, (bytes([n]) * n for n in range(4)))
    assert [*blob] == [b"", b"\1", b"\2\2", b"\3\3\3"]


@pytest.mark.parametrize("number", [-1, 2, 1 << 40])
def test_a_record_that_is_not_there(tmp_path, number):
    with pytest.raises(IndexError, match=f"no record {number}; expected 0 to 1"):
        write(tmp_path, [b"a", b"b"])[number]


@pytest.mark.parametrize(
    ("name", "cut", "message"),
    [
        ("texts.bin", 1, "its index expects others"),
        ("texts.idx", 8, "its index expects others"),
        ("texts.idx", 3, "no multiple of 8: it is truncated; make it again"),
        ("texts.idx", 24, "its index expects others"),
    ],
)
def test_cut_files_are_refused(tmp_path, name, cut, message):
    write(tmp_path, [b"one", b"two"])
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ValueError, match=message):
        Blob(tmp_path, "texts")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Blob(tmp_path, "texts")


def test_what_is_mapped_cannot_be_changed(tmp_path):
    np.arange(3, dtype="<u4").tofile(tmp_path / "numbers")
    numbers = mapped(tmp_path / "numbers", np.dtype("<u4"))
    assert numbers.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        numbers[0] = 7
    (tmp_path / "none").touch()
    assert mapped(tmp_path / "none", np.dtype("<u4")).tolist() == []
