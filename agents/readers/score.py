"""The score in a reply: "the correctness score is 7.50", also in Markdown, LaTeX or brackets, or out of another number.

What is put around a number is blanked out first, so that the places of what remains stay the same.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MOST = 100_000  # characters that are looked at, the last ones
TENTH = 10.0
FULL_WIDTH = {0xFF01 + n: chr(0x21 + n) for n in range(94)}
SIGNS = FULL_WIDTH | {ord("−"): "-", ord("–"): "-", ord("‐"): "-", ord("‑"): "-", ord("∕"): "/", ord("⁄"): "/"}
AROUND = dict.fromkeys(map(ord, "*_`$\"'“”‘’()[]{}|<>~≈\\\ufeff\u200b\u200c\u200d\u2060\xa0"), " ")
FRACTION = re.compile(r"\\[dtc]?frac\s{0,4}\{\s{0,4}([0-9.]{1,12})\s{0,4}\}\s{0,4}\{\s{0,4}([0-9.]{1,12})\s{0,4}\}")
COMMAND = re.compile(
    r"\\(?:boxed|fbox|text(?:bf|it|rm)?|math(?:bf|rm|it)|approx|left|right|displaystyle|,|;|!|:)"
    r"|</?(?:b|i|em|strong|code|u|mark|span)>"
)
NUMBER = r"(?P<score>-?[0-9]{1,20}(?:[.,][0-9]{1,20})?)(?![0-9]|[.,][0-9]|\s?%|\ [0-9]|[eE][-+]?[0-9]|-[0-9])"
PERCENT = r"(?P<percent>-?[0-9]{1,20}(?:[.,][0-9]{1,20})?)\s?%"
OF = (
    r"(?:\s{0,9}(?:/|out\s{1,9}of|of)\s{0,9}(?:a\s{1,3}(?:maximum\s{1,3}of\s{1,3})?)?"
    r"(?P<whole>[0-9]{1,6}(?:\.0{1,6})?)(?![0-9]))?"
)
FILLER = (
    r"(?:approximately|approx\.?|about|around|roughly|therefore|thus|then|now|probably|likely|only|just|at\s{1,3}least"
    r"|at\s{1,3}most|still|also|set\s{1,3}to|equal\s{1,3}to|exactly|an?|the|out\s{1,3}of\s{1,3}10\s{0,9}[:=])"
)
IS = r"(?:is|was|are|be|of|equals?|[:=]|-+>|=>|→|at)"
STATED = rf"\s{{0,9}}(?:(?:{IS}|{FILLER})(?![a-z])\s{{0,9}}|[-•]\s{{1,9}}){{0,6}}(?:{PERCENT}|{NUMBER}{OF})"
COPULA = r"(?:\b(?:is|are|was|be|equals?)\b|[:=→])"
BETWEEN = rf"(?:(?!{COPULA})[^.\n]){{0,80}}?"  # "score of this state"
NAMES = (r"correctness[\s-]{1,9}score", r"(?:score|rating)")
STATEMENTS = tuple(re.compile(rf"\b{name}s?\b(?:{BETWEEN}(?={COPULA}))?{STATED}", re.IGNORECASE) for name in NAMES)
BOXED = re.compile(rf"\\boxed\s{{0,4}}\{{\s{{0,9}}(?:\\text(?:bf)?\{{\s{{0,9}})?{NUMBER}{OF}\s{{0,9}}\}}")
RATED = re.compile(
    rf"\b(?:rat(?:e|ing)|give\s{{1,3}}(?:it|this)|say|assign|correctness)\b[^.\n0-9]{{0,60}}?{NUMBER}"
    r"\s{0,9}(?:/|out\s{1,9}of)\s{0,9}(?P<whole>10(?:\.0{1,6})?)(?![0-9])",
    re.IGNORECASE,
)
ALONE = re.compile(rf"\s{{0,99}}(?:{PERCENT}|{NUMBER}{OF})\s{{0,9}}\.?\s{{0,99}}", re.IGNORECASE)
LEADING = r"[*_#\s{(\"'`$\\\[]{0,9}"
ENDING = re.compile(
    rf"{LEADING}(?:\b(?:so|thus|hence|therefore)\b,?\s{{0,9}})?(?:\b(?:the|my|its|an?|final|overall)\s{{1,9}}){{0,3}}{LEADING}\Z",
    re.IGNORECASE,
)


class Score(NamedTuple):
    value: float  # in [0, 1]
    start: int  # of the statement: before it stands the rationale


def find_score(text: str) -> Score | None:
    """The last score stated in a reply; None where there is none, or one that lies beyond its scale.

    A "correctness score" is looked for first, then any score or rating, a boxed number, a number alone,
    and a number out of another that is given, as in "I would rate it 8/10".
    """
    skipped = max(0, len(text) - MOST)
    text = text[skipped:]
    plain = blanked(text)
    for found in (
        *(last(pattern, plain) for pattern in STATEMENTS),
        last(BOXED, text.translate(SIGNS)),
        ALONE.fullmatch(plain) if len(plain) < 200 else None,
        last(RATED, plain),
    ):
        if found:
            value = value_of(found)
            return None if value is None else Score(value, skipped + found.start())
    return None


def blanked(text: str) -> str:
    """The same text, as long, with blanks in the place of all that only decorates numbers."""
    text = FRACTION.sub(lambda found: f"{found[1]}/{found[2]}".ljust(len(found[0])), text)
    text = COMMAND.sub(lambda found: " " * len(found[0]), text)
    return text.translate(SIGNS).translate(AROUND)


def last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007  # the last one counts
        pass
    return found


def value_of(found: re.Match[str]) -> float | None:
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
    """What a reply says before its score, without the words that only lead to it."""
    said = text[: score.start]
    found = ENDING.search(said, max(0, len(said) - 80))
    return (said[: found.start()] if found else said).strip()
