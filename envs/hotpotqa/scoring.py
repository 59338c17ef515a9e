"""The official answer scores of HotpotQA: exact match, and F1 over words.

Rules: hotpot_evaluate_v1.py, https://github.com/hotpotqa/hotpot
"""

from __future__ import annotations

import re
import string
from typing import NamedTuple

PUNCTUATION = str.maketrans("", "", string.punctuation)  # ASCII alone: dashes and quotes of Unicode stay
ARTICLES = re.compile(r"\b(?:a|an|the)\b")
WHOLE = frozenset(("yes", "no", "noanswer"))  # right or wrong as a whole: they overlap with nothing else


class Overlap(NamedTuple):
    """How far the words of an answer and those of the gold one are the same, each from 0 to 1."""

    f1: float
    precision: float
    recall: float


NONE = Overlap(0.0, 0.0, 0.0)


def normalised(answer: str) -> str:
    """Lower case, without punctuation and articles, one space between words.

    The order counts: "A.N." becomes "an" and then nothing, "the-end" becomes "theend".
    """
    return " ".join(ARTICLES.sub(" ", answer.lower().translate(PUNCTUATION)).split())


def exact_match(answer: str, gold: str) -> bool:
    """Equal once normalised; so nothing at all matches the gold answers "The The" and "!!!"."""
    return normalised(answer) == normalised(gold)


def is_right(answer: str, gold: str) -> bool:
    """Exact match; where the official rule leaves nothing of the gold answer, the answer must say the same for all
    that, so that silence is never right.
    """
    return exact_match(answer, gold) and (bool(normalised(gold)) or (bool(said(gold)) and said(answer) == said(gold)))


def said(text: str) -> list[str]:
    """The words of a text, articles among them; where all is punctuation, that."""
    words = text.lower()
    return words.translate(PUNCTUATION).split() or words.split()


def f1(answer: str, gold: str) -> Overlap:
    """The words in common, each as often as both have it. Without words on a side all is 0, even where both match."""
    given, wanted = normalised(answer), normalised(gold)
    if given != wanted and not WHOLE.isdisjoint((given, wanted)):
        return NONE
    words, gold_words = given.split(), wanted.split()
    same = in_common(words, gold_words)
    if not same:
        return NONE
    precision, recall = same / len(words), same / len(gold_words)
    return Overlap((2 * precision * recall) / (precision + recall), precision, recall)


def in_common(some: list[str], others: list[str]) -> int:
    """The size of the intersection of two multisets; for a few words this takes a fifth of the time of two Counters."""
    left: dict[str, int] = {}
    for word in others:
        left[word] = left.get(word, 0) + 1
    same = 0
    for word in some:
        if left.get(word, 0):
            left[word] -= 1
            same += 1
    return same
