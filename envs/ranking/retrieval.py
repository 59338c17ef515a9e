"""The best documents of a query, without adding up those that cannot be among them (MaxScore, Turtle and Flood 1995).

A term adds at most its bound to a document. Terms are taken by bound: once the k best so far have more than all terms
left could add together, no new document can come in, and the long lists of the common terms are only looked into.

A sum is a double of few float32 numbers; in any order, it loses nothing that its rounding to float32 could show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forethought.envs.ranking.bm25 import Floats
from forethought.envs.ranking.files import Arrays

Numbers = NDArray[np.intp]
Doubles = NDArray[np.float64]
Hit = tuple[int, float]  # a document's number and score

FEW = 100_000  # postings that are added up at once, without pruning
SAMPLE = 60_000  # postings of the strongest terms, from which a first threshold is taken
SPARSE = 16  # a table of all documents pays off if they are at most this many times the postings
LOOK_UP = 6  # postings that are added in the time in which one document is looked up
SAMPLED = 16  # one of so many documents is looked at to estimate how many are left
SLACK = 1 - 2**-20  # the least part of a threshold that may round to it: scores are float32 in the end
TINY = float(np.finfo(np.float32).tiny)  # less than any term adds


@dataclass(frozen=True, slots=True)
class Query:
    """The terms of a query that the index has."""

    spans: list[slice]  # [terms], where their postings are
    sizes: NDArray[np.int64]  # [terms], documents that have it
    weights: Floats  # [terms], qtf * idf
    bounds: Floats  # [terms], the largest gain of a document

    def by_bound(self) -> Query:
        """The terms in the order of their highest possible score."""
        order = np.argsort(-self.bounds, kind="stable")
        spans = [self.spans[i] for i in order.tolist()]
        return Query(spans, self.sizes[order], self.weights[order], self.bounds[order])

    def first(self, terms: int) -> Query:
        """The first terms."""
        return Query(self.spans[:terms], self.sizes[:terms], self.weights[:terms], self.bounds[:terms])


def best(arrays: Arrays, query: Query, k: int, among: Sequence[int] | None = None) -> list[Hit]:
    """The k best documents (`among` some, if given) that have a term of the query, best first, equal ones by rank."""
    if k < 1 or not query.spans:
        return []
    if among is not None:
        documents, sums = chosen(arrays, query, among)
    elif query.sizes.sum() <= FEW:
        documents, sums = added(arrays, query)
    else:
        documents, sums = pruned(arrays, query.by_bound(), k)
    scores = sums.astype(np.float32)
    keep = (scores >= kth(scores, k)).nonzero()[0]  # more than k where the last place is shared
    documents, scores = documents[keep], scores[keep]
    order = np.lexsort((arrays["ranks"][documents], -scores))[:k]
    return list(zip(documents[order].tolist(), scores[order].tolist(), strict=True))


def chosen(arrays: Arrays, query: Query, among: Sequence[int]) -> tuple[Numbers, Doubles]:
    """Those of some documents that have a term of the query, and their sums."""
    documents = np.unique(np.asarray(among, np.intp))
    sums = np.zeros(len(documents))
    for term in range(len(query.spans)):
        look_up(arrays, query, term, documents, sums)
    found = sums.nonzero()[0]
    return documents[found], sums[found]


def kth(scores: Floats | Doubles, k: int) -> float:
    """The k-th best, 0 if there are less."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if len(scores) >= k else 0.0


def added(arrays: Arrays, query: Query) -> tuple[Numbers, Doubles]:
    """All documents that have a term of the query, and their sums."""
    documents = np.concatenate([arrays["documents"][span] for span in query.spans])
    codes = np.concatenate([arrays["codes"][span] for span in query.spans])
    gains = gained(arrays, np.repeat(query.weights, query.sizes), codes)
    total = len(arrays["ranks"])
    if total > SPARSE * len(documents):
        different, places = np.unique(documents, return_inverse=True)
        return different.astype(np.intp), np.asarray(np.bincount(places, gains), np.float64)
    sums = np.asarray(np.bincount(documents, gains, total), np.float64)
    found = sums.nonzero()[0]
    return found, sums[found]


def gained(arrays: Arrays, weights: Floats | np.float32, codes: NDArray[np.unsignedinteger]) -> Floats:
    """The gains of documents from postings with these codes."""
    denominators: Floats = arrays["denominators"].take(codes, mode="clip")
    gains: Floats = np.subtract(weights, weights / denominators, dtype=np.float32)
    return gains


def pruned(arrays: Arrays, query: Query, k: int) -> tuple[Numbers, Doubles]:
    """As `added`, but only documents that may be among the k best, and all of these. Expects a query by bound."""
    threshold = first_threshold(arrays, query, k)
    left = np.zeros(len(query.spans) + 1)  # the largest gain from this term and all later ones
    left[:-1] = np.cumsum(query.bounds[::-1], dtype=np.float64)[::-1]
    least = np.maximum(threshold * SLACK - left, TINY)  # the sum that a document needs before a term
    table = np.zeros(len(arrays["ranks"]))
    term = 0
    while term < len(query.spans) and not worth_looking_up(table, query.spans[term], float(least[term])):
        scatter(arrays, query, term, table)
        term += 1
    documents = np.flatnonzero(table >= least[term])
    sums = table[documents]
    for later in range(term, len(query.spans)):
        look_up(arrays, query, later, documents, sums)
        threshold = max(threshold, kth(sums, k))
        keep = np.flatnonzero(sums >= threshold * SLACK - left[later + 1])
        documents, sums = documents[keep], sums[keep]
    return documents, sums


def first_threshold(arrays: Arrays, query: Query, k: int) -> float:
    """A score that k documents reach: the best by the strongest terms, looked up in all others. 0 if there are less."""
    terms = max(int(np.searchsorted(np.cumsum(query.sizes), SAMPLE)), 1)
    documents, sums = added(arrays, query.first(terms))
    keep = np.flatnonzero(sums >= kth(sums, 4 * k))
    documents, sums = documents[keep], sums[keep]
    for term in range(terms, len(query.spans)):
        look_up(arrays, query, term, documents, sums)
    return kth(sums, k)


def worth_looking_up(table: Doubles, span: slice, least: float) -> bool:
    """Whether so few documents are left that the next term need not be added to all."""
    if least <= TINY:  # a document without any term so far may still come in
        return False
    part = table[: len(table) // SAMPLED + 1]  # an estimate will do: nothing but time depends on it
    return bool(LOOK_UP * SAMPLED * np.count_nonzero(part >= least) < span.stop - span.start)


def scatter(arrays: Arrays, query: Query, term: int, table: Doubles) -> None:
    """Add the gains of one term to all documents."""
    span = query.spans[term]
    weight, denominators = query.weights[term], arrays["denominators"]
    # The few codes first, then the many postings that have them.
    gain_of = np.subtract(weight, weight / denominators, dtype=np.float32).astype(np.float64)
    gains = gain_of.take(arrays["codes"][span], mode="clip")
    np.add.at(table, arrays["documents"][span].astype(np.intp), gains)  # fast for these types only


def look_up(arrays: Arrays, query: Query, term: int, documents: Numbers, sums: Doubles) -> None:
    """Add the gains of one term to these documents, looking each up in its list."""
    span = query.spans[term]
    listed = arrays["documents"][span]
    places = np.searchsorted(listed, documents.astype(listed.dtype))  # of another type it would copy the list
    places[places == len(listed)] = 0
    hits = np.flatnonzero(listed[places] == documents)
    sums[hits] += gained(arrays, query.weights[term], arrays["codes"][span][places[hits]])
