"""Make an index: `analyse` texts, in worker processes if there are many, and `add` the chunks in document order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from forethought.envs.ranking.analysis import terms
from forethought.envs.ranking.bm25 import Codes, Floats, denominators, length_codes
from forethought.envs.ranking.files import HEADER, Counts, array_path, mapped, write_header
from forethought.envs.ranking.postings import Ints, Postings, merge, starts, term_hash

AT_ONCE = 4_000_000  # postings merged in memory at once, about 150 MB
CHUNK = 5_000  # texts analysed at once by `build`
MOST = 65_535  # times that a text may have one term
RUN = {"hashes": "<u8", "counts": "<u4", "documents": "<u4", "frequencies": "<u2"}  # the files of a spilled run
PARTS = {name: np.dtype(kind) for name, kind in RUN.items()}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Texts, analysed; documents are counted from the first of them."""

    postings: Postings
    lengths: NDArray[np.uint32]  # [documents], in terms


def analyse(texts: Sequence[str]) -> Chunk:
    """Raises ValueError: a text has one term more than 65,535 times."""
    numbers: dict[str, int] = {}
    words = [terms(text) for text in texts]
    lengths = np.fromiter(map(len, words), np.uint32, len(words))
    flat = (numbers.setdefault(word, len(numbers)) for word in chain.from_iterable(words))
    occurrences = np.fromiter(flat, np.int64, int(lengths.sum(dtype=np.int64)))
    hashes = np.fromiter(map(term_hash, numbers), np.uint64, len(numbers))
    return Chunk(counted(*np.unique(hashes, return_inverse=True), occurrences, lengths), lengths)


def counted(
    hashes: NDArray[np.uint64], places: NDArray[np.int64], occurrences: NDArray[np.int64], lengths: NDArray[np.uint32]
) -> Postings:
    """The postings of texts given as one row of term numbers; `places` of the numbers are those in `hashes`."""
    width = max(len(lengths), 1)
    keys = places[occurrences] * width + np.repeat(np.arange(len(lengths)), lengths)
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    frequencies = np.diff(first, append=len(keys))
    if len(frequencies) and frequencies.max() > MOST:
        number = int(keys[first[frequencies.argmax()]] % width)
        raise ValueError(f"text {number} has one term {frequencies.max():,} times; expected {MOST:,} times at most")
    numbers, documents = np.divmod(keys[first], width)
    counts = np.bincount(numbers, minlength=len(hashes))
    return Postings(hashes, counts.astype(np.uint32), documents.astype(np.uint32), frequencies.astype(np.uint16))


class Builder:
    """Collects chunks and writes the index; chunks that do not fit into memory wait in `folder`/partial."""

    def __init__(self, folder: str | Path) -> None:
        """An index that is there already is replaced."""
        self.folder = Path(folder)
        self.partial = self.folder / "partial"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / HEADER).unlink(missing_ok=True)
        shutil.rmtree(self.partial, ignore_errors=True)
        self.lengths: list[NDArray[np.uint32]] = []
        self.waiting: list[Postings] = []
        self.runs: list[Postings] = []
        self.documents = 0

    def add(self, chunk: Chunk) -> None:
        """The next documents, in order."""
        postings = chunk.postings
        documents = postings.documents + np.uint32(self.documents)
        self.waiting.append(Postings(postings.hashes, postings.counts, documents, postings.frequencies))
        self.lengths.append(chunk.lengths)
        self.documents += len(chunk.lengths)
        if sum(len(part.documents) for part in self.waiting) >= AT_ONCE:
            self.spill()

    def spill(self) -> None:
        """Write the postings in memory to a file, to be merged later."""
        run = merge(self.waiting)
        self.waiting = []
        stem = self.partial / f"run{len(self.runs)}"
        stem.mkdir(parents=True)
        for name, dtype in PARTS.items():
            getattr(run, name).astype(dtype).tofile(array_path(stem, name))
        self.runs.append(Postings(*(mapped(array_path(stem, name), dtype) for name, dtype in PARTS.items())))

    def finish(self, rank: Sequence[int] | NDArray[np.integer] | None = None) -> None:
        """Write the index. `rank[d]` is document d's place among equal scores; the document number, if None.

        Raises ValueError: not one rank a document.
        """
        ranks = np.arange(self.documents) if rank is None else np.asarray(rank)
        if ranks.shape != (self.documents,):
            raise ValueError(
                f"rank has the shape {ranks.shape}; expected one number for each of {self.documents} documents"
            )
        lengths = np.concatenate([np.empty(0, np.uint32), *self.lengths])
        counted, tokens = int(np.count_nonzero(lengths)), int(lengths.sum(dtype=np.int64))
        postings = sum(len(part.documents) for part in self.parts())
        codes = length_codes(lengths)
        pairs = self.distinct_pairs(codes)
        table = denominators(pairs >> 8, (pairs & 255).astype(np.uint8), max(tokens, 1) / max(counted, 1))
        counts = Counts(self.documents, counted, tokens, 0, postings, len(pairs))
        layout = {name: dtype for name, (dtype, _) in counts.layout().items()}
        table.astype(layout["denominators"]).tofile(array_path(self.folder, "denominators"))
        ranks.astype(layout["ranks"]).tofile(array_path(self.folder, "ranks"))
        terms = self.write_postings(codes, pairs, table, layout)
        self.runs = []
        shutil.rmtree(self.partial, ignore_errors=True)
        write_header(self.folder, replace(counts, terms=terms))

    def parts(self) -> list[Postings]:
        """The postings in files and in memory."""
        return [*self.runs, *self.waiting]

    def distinct_pairs(self, codes: Codes) -> Ints:
        """The pairs of frequency and length code that occur, as frequency * 256 + code, ascending."""
        seen = np.zeros((MOST + 1) * 256, bool)
        for part in self.parts():
            for i in range(0, len(part.documents), AT_ONCE):
                span = slice(i, i + AT_ONCE)
                seen[part.frequencies[span].astype(np.int64) * 256 + codes[part.documents[span]]] = True
        return np.flatnonzero(seen)

    def write_postings(self, codes: Codes, pairs: Ints, table: Floats, layout: Mapping[str, np.dtype[Any]]) -> int:
        """Merge all parts, a range of hashes at a time; returns how many terms there are."""
        place = np.zeros(int(pairs.max(initial=0)) + 1, layout["codes"])
        place[pairs] = np.arange(len(pairs))
        terms = postings = 0
        with ExitStack() as stack:

            def write(name: str, array: NDArray[Any]) -> None:
                if name not in files:
                    files[name] = stack.enter_context(array_path(self.folder, name).open("wb"))
                files[name].write(array.astype(layout[name]).tobytes())

            files: dict[str, BinaryIO] = {}
            for part in self.ranges():
                coded = place[part.frequencies.astype(np.int64) * 256 + codes[part.documents]]
                begins = starts(part.counts)[:-1]
                write("hashes", part.hashes)
                write("starts", begins + postings)
                write("highest", np.maximum.reduceat(table[coded], begins) if len(coded) else table[:0])
                write("documents", part.documents)
                write("codes", coded)
                terms, postings = terms + len(part.hashes), postings + len(part.documents)
            write("starts", np.array([postings]))
        return terms

    def ranges(self) -> Iterator[Postings]:
        """All postings in pieces of about 4 million, by hash."""
        total = sum(len(part.documents) for part in self.parts())
        pieces = total // AT_ONCE + 1
        bounds = [(1 << 64) * i // pieces for i in range(pieces + 1)]
        nothing = Postings(*(np.empty(0, dtype) for dtype in PARTS.values()))
        for low, high in pairwise(bounds):
            yield merge([nothing, *(part.between(low, high) for part in self.parts())])


def build(folder: str | Path, texts: Sequence[str], rank: Sequence[int] | None = None) -> None:
    """Index the texts in this process. Raises ValueError as `analyse` and `Builder.finish` do."""
    builder = Builder(folder)
    for i in range(0, len(texts), CHUNK):
        builder.add(analyse(texts[i : i + CHUNK]))
    builder.finish(rank)
