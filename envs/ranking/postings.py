"""Postings: which documents have a term and how often, for many terms in the order of their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def term_hash(term: str) -> int:
    """The name of a term in an index, 64 bits. Two of three million terms share one with probability 3e-7."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of term i are counts[i] entries, after those of the terms before it, by document."""

    hashes: NDArray[np.uint64]  # [terms], ascending
    counts: NDArray[np.uint32]  # [terms], documents that have it
    documents: NDArray[np.uint32]  # [postings]
    frequencies: NDArray[np.uint16]  # [postings], how often the document has the term

    def between(self, low: int, high: int) -> Postings:
        """Those of the terms with low <= hash < high, 0 to 2**64."""
        first, last = (int(np.searchsorted(self.hashes, np.uint64(x))) if x < 1 << 64 else None for x in (low, high))
        counts = self.counts[first:last]
        start = int(self.counts[:first].sum(dtype=np.int64))
        span = slice(start, start + int(counts.sum(dtype=np.int64)))
        return Postings(self.hashes[first:last], counts, self.documents[span], self.frequencies[span])


def merge(parts: Sequence[Postings]) -> Postings:
    """All postings together; documents of a part come after those of the parts before it."""
    hashes, places = np.unique(np.concatenate([part.hashes for part in parts]), return_inverse=True)
    counts = np.bincount(places, np.concatenate([part.counts for part in parts]), len(hashes)).astype(np.int64)
    free = starts(counts)[:-1]  # where the next posting of a term goes
    documents = np.empty(counts.sum(), np.uint32)
    frequencies = np.empty(counts.sum(), np.uint16)
    for part in parts:
        here, places = places[: len(part.hashes)], places[len(part.hashes) :]
        target = np.repeat(free[here] - starts(part.counts)[:-1], part.counts)
        target += np.arange(len(target))
        documents[target] = part.documents
        frequencies[target] = part.frequencies
        free[here] += part.counts
    return Postings(hashes, counts.astype(np.uint32), documents, frequencies)


def starts(counts: NDArray[np.uint32] | Ints) -> Ints:
    """Where each term's postings start, and where the last one's end: [terms + 1]."""
    ends = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=ends[1:])
    return ends
