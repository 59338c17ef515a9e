"""From text to index terms, as Lucene's English analyser makes them with pyserini's settings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Generic, TypeVar

from forethought.envs.ranking.porter import stem
from forethought.envs.ranking.tokens import tokens

Answer = TypeVar("Answer")

# Lucene's EnglishAnalyzer.ENGLISH_STOP_WORDS_SET.
STOP_TEXT = """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they this
    to was will with
"""
STOP_WORDS = frozenset(STOP_TEXT.split())
APOSTROPHES = "'\u2019\uff07"
REMEMBERED = 1 << 17  # entries of a memo, about 30 MB; distinct words of a large collection are far more
LONGEST_REMEMBERED = 40  # characters; longer ones hardly come twice


class Memo(dict[str, Answer], Generic[Answer]):
    """Answers of a pure function, all forgotten when they have become too many.

    A dict, because reading one is the cheapest thing in Python, and 130 million tokens pass here.
    """

    def __init__(self, function: Callable[[str], Answer], size: int = REMEMBERED) -> None:
        self.function, self.size = function, size

    def __missing__(self, key: str) -> Answer:
        answer = self.function(key)
        if len(key) <= LONGEST_REMEMBERED:
            if len(self) >= self.size:
                self.clear()
            self[key] = answer
        return answer


def term(token: str) -> str:
    """The index term of one token, "" for a stop word."""
    if len(token) > 1 and token[-1] in "sS" and token[-2] in APOSTROPHES:
        token = token[:-2]
    token = token.lower() if token.isascii() else "".join(map(lowered, token))
    return "" if token in STOP_WORDS else stem(token)


def lowered(character: str) -> str:
    """Lower case one by one as Java has it: no special end of a Greek word, one letter for U+0130."""
    return character.lower()[0]


TERM = Memo(term)


def word_terms(word: str) -> tuple[str, ...]:
    """The terms of a text without blanks."""
    return tuple(term for term in map(TERM.__getitem__, tokens(word)) if term)


WORD_TERMS = Memo(word_terms)


def terms(text: str) -> list[str]:
    """The terms in order, each as often as it occurs."""
    if "\u202f" in text:  # a blank that joins words, by the rules of Unicode: "10 000" with it is one token
        return list(word_terms(text))
    return list(chain.from_iterable(map(WORD_TERMS.__getitem__, text.split())))
