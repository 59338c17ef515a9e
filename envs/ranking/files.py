"""An index on disk: one raw little-endian array a file, and a header from which each one's size follows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forethought.common.json_text import read_json

FORMAT, VERSION = "forethought ranking", 1
HEADER = "ranking.json"

Arrays = dict[str, NDArray[Any]]


class BadIndex(ValueError):
    """A folder that holds no whole index of this version."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of an index."""

    documents: int
    counted: int  # documents with a term at all: Lucene's statistics leave out the others
    tokens: int  # terms of all documents, each as often as it occurs
    terms: int
    postings: int
    pairs: int  # different pairs of frequency and length code

    def layout(self) -> dict[str, tuple[np.dtype[Any], int]]:
        """Type and length of each array."""
        layout = {
            "hashes": ("<u8", self.terms),  # ascending
            "starts": ("<i8", self.terms + 1),  # where a term's postings begin, and the last one's end
            "highest": ("<f4", self.terms),  # the largest denominator among a term's postings
            "documents": ("<u4", self.postings),  # ascending within a term
            "codes": ("<u2" if self.pairs <= 1 << 16 else "<u4", self.postings),  # places in `denominators`
            "denominators": ("<f4", self.pairs),
            "ranks": ("<u4", self.documents),  # place among equal scores
        }
        return {name: (np.dtype(kind), length) for name, (kind, length) in layout.items()}


def write_header(folder: Path, counts: Counts) -> None:
    """To be written last: a folder without it is no index."""
    header = {"format": FORMAT, "version": VERSION, **asdict(counts)}
    (folder / HEADER).write_text(json.dumps(header, indent=1) + "\n", encoding="ascii")


def read_header(folder: Path) -> Counts:
    """Raises BadIndex: there is none, or it is not one of this version."""
    path = folder / HEADER
    try:
        header = read_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadIndex(f"{folder} has no {HEADER}; expected a finished index: build it again") from None
    except ValueError as error:
        raise BadIndex(f"{path} is no JSON ({error}); build the index again") from error
    given = (header.get("format"), header.get("version")) if isinstance(header, dict) else header
    if given != (FORMAT, VERSION):
        raise BadIndex(f"{path} says {given!r:.80}; expected {(FORMAT, VERSION)!r}: build the index again")
    counts = {field.name: header.get(field.name) for field in fields(Counts)}
    if not all(type(count) is int and count >= 0 for count in counts.values()):
        raise BadIndex(f"{path} has the counts {counts!r:.200}; expected whole numbers: build the index again")
    return Counts(**counts)


def open_arrays(folder: Path, counts: Counts) -> Arrays:
    """All arrays, mapped and read-only. Raises BadIndex: a file is missing or of another size."""
    arrays = {}
    for name, (dtype, length) in counts.layout().items():
        path, expected = array_path(folder, name), length * dtype.itemsize
        size = path.stat().st_size if path.is_file() else None
        if size != expected:
            given = "is missing" if size is None else f"has {size:,} bytes"
            raise BadIndex(f"{path} {given}; expected {expected:,} bytes: build the index again")
        arrays[name] = mapped(path, dtype)
    return arrays


def mapped(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The file as a plain array: slices of numpy's own class of maps are slow."""
    if path.stat().st_size == 0:  # cannot be mapped
        return np.empty(0, dtype)
    return np.asarray(np.memmap(path, dtype, mode="r"))


def array_path(folder: Path, name: str) -> Path:
    """The path of a stored array."""
    return folder / f"{name}.raw"
