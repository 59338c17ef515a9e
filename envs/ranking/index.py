"""An index, opened: the best documents for a query, in Lucene's order with Lucene's scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forethought.envs.ranking.analysis import Memo, terms
from forethought.envs.ranking.bm25 import rarity
from forethought.envs.ranking.files import Arrays, BadIndex, open_arrays, read_header
from forethought.envs.ranking.postings import term_hash
from forethought.envs.ranking.retrieval import Hit, Query, best

__all__ = ["BadIndex", "Index", "TooManyTerms"]

MOST_TERMS = 1024  # of a query: Lucene's IndexSearcher.getMaxClauseCount()
REMEMBERED = 1 << 14  # terms of earlier queries, about 4 MB


class TooManyTerms(ValueError):
    """A query with more distinct terms than Lucene takes."""


class Entry(NamedTuple):
    """The entry of one term in an index."""

    span: slice  # its postings
    idf: float
    highest: float  # the largest denominator among them


def entry(arrays: Arrays, documents: int, term: str) -> Entry | None:
    """None if no document has the term."""
    hashes, wanted = arrays["hashes"], np.uint64(term_hash(term))
    row = int(np.searchsorted(hashes, wanted))
    if row == len(hashes) or hashes[row] != wanted:
        return None
    start, end = arrays["starts"][row : row + 2].tolist()
    return Entry(slice(start, end), rarity(documents, end - start), float(arrays["highest"][row]))


class Index:
    """Holds maps of files, no copies: cheap to open, shared between processes, safe in threads and after a fork."""

    def __init__(self, folder: str | Path) -> None:
        """Raises BadIndex: a file is missing, has another size or is of another version."""
        self.folder = Path(folder)
        counts = read_header(self.folder)
        self.documents = counts.documents
        self.arrays = open_arrays(self.folder, counts)
        self.entries = Memo(partial(entry, self.arrays, counts.counted), REMEMBERED)

    @classmethod
    def open(cls, folder: str | Path) -> Index:
        """Raises BadIndex as the constructor does."""
        return cls(folder)

    def __len__(self) -> int:
        return self.documents

    def __reduce__(self) -> tuple[type[Index], tuple[Path]]:
        return type(self), (self.folder,)

    def search(self, query: str, k: int = 50, among: Sequence[int] | None = None) -> list[Hit]:
        """The k best documents that have a term of the query: number and score, best first, equal ones by rank.

        With `among` only these documents are looked at; their scores are the same. Raises TooManyTerms: more than
        1,024 distinct terms.
        """
        wanted = Counter(terms(query))
        if len(wanted) > MOST_TERMS:
            raise TooManyTerms(
                f"the query has {len(wanted):,} distinct terms; expected {MOST_TERMS:,} at most: shorten it"
            )
        return best(self.arrays, self.look_up(wanted), k, among)

    def look_up(self, wanted: Mapping[str, int]) -> Query:
        """The terms that the index has; `wanted` says how often the query has each."""
        found = [(entry, times) for term, times in wanted.items() if (entry := self.entries[term])]
        weights = np.array([times for _, times in found], np.float32)
        weights *= np.array([entry.idf for entry, _ in found], np.float32)
        highest = np.array([entry.highest for entry, _ in found], np.float32)
        spans = [entry.span for entry, _ in found]
        sizes = np.array([span.stop - span.start for span in spans], np.int64)
        return Query(spans, sizes, weights, weights - weights / highest)
