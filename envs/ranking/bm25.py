"""The formula of Lucene's BM25Similarity (Robertson et al. 1994), in the very float32 steps in which Lucene takes it.

A term that occurs tf times in a document adds w - w / (1 + tf * c), where w = qtf * idf, qtf is how often the query has
the term, and c = 1 / (k1 * ((1 - b) + b * length / average length)). Lucene keeps lengths in one byte.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]

K1, B, ONE = np.float32(0.9), np.float32(0.4), np.float32(1)  # pyserini's defaults
EXACT = 24  # codes below are lengths themselves; above, three bits of mantissa (Lucene's SmallFloat.intToByte4)


def decoded_length(code: int) -> int:
    """The length that a code of 0 to 255 stands for."""
    if code < EXACT:
        return code
    mantissa, exponent = (code - EXACT) & 7, (code - EXACT) >> 3
    return EXACT + (mantissa if exponent == 0 else (mantissa | 8) << (exponent - 1))


LENGTHS = np.array([decoded_length(code) for code in range(256)], dtype=np.int64)


def length_codes(lengths: NDArray[np.uint32]) -> Codes:
    """The codes of the lengths, rounded down to fit a byte: 40 and 41 have the same code."""
    return (np.searchsorted(LENGTHS, lengths, side="right") - 1).astype(np.uint8)


def denominators(frequencies: NDArray[np.int64], codes: Codes, average: float) -> Floats:
    """1 + tf * c of every pair of a frequency and a code of a length; `average` in terms."""
    relative = B * LENGTHS.astype(np.float32) / np.float32(average)
    inverse = ONE / (K1 * ((ONE - B) + relative))
    return ONE + frequencies.astype(np.float32) * inverse[codes]


def rarity(documents: int, containing: int) -> float:
    """The idf of a term that `containing` of the documents have (taken as a float32)."""
    return math.log(1 + (documents - containing + 0.5) / (containing + 0.5))
