"""The score in a reply: "the correctness score is 7.50", also in Markdown, LaTeX or brackets, or out of another number.

Decoration of a number is replaced by blanks first, so that the places of the rest stay the same.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from forethought.agents.readers.score_forms import (
    ALONE,
    ANSWERS,
    ANY_SCORE,
    AWARDED,
    BOXED,
    CORRECTNESS,
    FIRST,
    GIVEN,
    HASHED,
    OTHER,
    RATED,
    SHORT,
)
from forethought.agents.readers.score_text import in_figures, plain_signs, without_marks, without_prices

MOST = 100_000  # characters that are looked at, the last ones
TENTH = 10.0
LEADING = r"[*_#\s{(\"'`$\\\[]{0,9}"
ENDING = re.compile(
    rf"{LEADING}(?:\b(?:so|thus|hence|therefore)\b,?\s{{0,9}})?(?:\b(?:the|my|its|an?|final|overall)\s{{1,9}}){{0,3}}{LEADING}\Z",
    re.IGNORECASE,
)


class Score(NamedTuple):
    """A score in [0, 1], and the start of its text in the reply."""

    value: float  # in [0, 1]
    start: int  # of the statement: before it stands the rationale


def find_score(text: str) -> Score | None:
    """The last score stated in a reply; None where there is none, or one that lies beyond its scale.

    A "correctness score" is looked for first, then a score, a rating or another label such as "Grade: 9", a boxed
    number, a number alone, an answer or value, a number that is given, as in "I would rate it 8/10", and a number in
    front of its reasons.
    A confidence and the end of a scale are no scores.
    """
    skipped = max(0, len(text) - MOST)
    signs = plain_signs(text[skipped:])
    return score_in(signs, skipped) or score_in(in_figures(signs), skipped)


def score_in(signs: str, skipped: int) -> Score | None:
    """The last score stated in a text of plain signs, in front of which so many characters were skipped."""
    plain, priced = without_marks(signs), without_marks(without_prices(signs))
    for found in (
        last(CORRECTNESS, plain),
        latest(last(ANY_SCORE[0], plain), last(ANY_SCORE[1], priced)),
        last(BOXED, signs),
        last(HASHED, signs),
        ALONE.fullmatch(plain) if len(plain) < 200 else None,
        last(ANSWERS, priced),
        latest(last(GIVEN, priced), last(RATED, priced)),
        FIRST.match(priced),
        SHORT.fullmatch(priced) if len(priced) < 120 else None,
    ):
        if found:
            value = value_of(found)
            return None if value is None else Score(value, skipped + found.start())
    return None


def last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match of a pattern that is a score."""
    found = None
    for match in pattern.finditer(text):
        found = found if is_other(match) else match
    return found


def latest(*matches: re.Match[str] | None) -> re.Match[str] | None:
    """The match with the last number."""
    return max(filter(None, matches), key=lambda match: match.end(), default=None)


def is_other(match: re.Match[str]) -> bool:
    """Whether the words in front of a statement make it another number than the score."""
    before = match.string[max(0, match.start() - 80) : match.start()]
    found = OTHER.search(before)
    return bool(found) and not AWARDED.search(before[: found.start()] if found else before)


def value_of(found: re.Match[str]) -> float | None:
    """The score of a match, in [0, 1]; None beyond its scale."""
    groups = found.groupdict()
    if groups.get("percent"):
        value, whole = number(groups["percent"]), 100.0
    else:
        value, whole = number(groups["score"]), float(groups["whole"] or TENTH)
    return value / whole if whole > 0 and 0 <= value <= whole else None


def number(text: str) -> float:
    """A comma before three digits parts thousands; before any others it is a decimal one."""
    whole, comma, behind = text.partition(",")
    return float(whole + behind if comma and len(behind) == 3 else text.replace(",", "."))


def rationale_before(text: str, score: Score) -> str:
    """The text of a reply before its score, without the words that only lead to it."""
    said = text[: score.start]
    found = ENDING.search(said, max(0, len(said) - 80))
    return (said[: found.start()] if found else said).strip()
