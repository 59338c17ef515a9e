"""The parts of English text: names, quoted titles, dates and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from forethought.agents.heuristics.hotpotqa.words import LONGEST, REMEMBERED

WORD = re.compile(
    r"(?:[^\W\d_]\.)+(?!\w)|\b(?:St|Jr|Sr|Dr|Mr|Mrs|Ms|Mt|Inc|Ltd)\.|\$?\w+(?:['’&.,–/-]\w+)*(?:!(?=[\s?]|$))?"
)
QUOTED = re.compile(r'(?<!\w)"(?=\w)([^"]{2,120})"(?![\w(])|“([^”]{2,120})”')
JOINER_TEXT = "of the de von van der la le du di del da dos el al y und des for"
JOINERS = frozenset(JOINER_TEXT.split())
LOOSE_TEXT = "and & in on at to a an with or from by without"
LOOSE = JOINERS.union(LOOSE_TEXT.split())
# Words with a capital at the beginning of a sentence, which belong to no name; and words that are no names.
OPENER_TEXT = """
    it in on at during after before he she his her their they while when as its from by for with since although however
    about both is are was were these those there where which who whose did does do has have
"""
OPENERS = frozenset(OPENER_TEXT.split())
ALONE_TEXT = "the a an this that what how why if i my we one two also but and or not born"
ALONE = OPENERS.union(ALONE_TEXT.split())
MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(
    rf"(?<!\d)(?:(?P<day>\d{{1,2}}) (?P<month>{MONTH}),? (?P<year>\d{{4}})"
    rf"|(?P<month2>{MONTH}) (?P<day2>\d{{1,2}}),? (?P<year2>\d{{4}}))"
)
MONTH_OF = {name: place for place, name in enumerate(MONTH.split("|"), 1)}
YEAR = re.compile(r"(?<![\d,.$£€])(1[0-9]{3}|20[0-9]{2})(?![\d,]\d|\d| ?%)")
NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.,])\d+(?:\.\d+)?(?![\w,]|\.\d)")
NUMERAL_TEXT = "zero one two three four five six seven eight nine ten eleven twelve"
NUMERALS = {name: value for value, name in enumerate(NUMERAL_TEXT.split())}
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
POSSESSIVE = ("'s", "’s")
QUALIFIER = re.compile(r"\s*\([^()]*\)\s*$")  # of "Creed (band)"


class Span(NamedTuple):
    """A piece of a text, from `start` to `end`."""

    start: int
    end: int
    text: str


def core(title: str) -> str:
    """A title without its "(qualifier)"."""
    return QUALIFIER.sub("", title) or title


@lru_cache(REMEMBERED)
def names(text: str, joiners: frozenset[str] = JOINERS) -> tuple[Span, ...]:
    """The runs of capitalised words, in their order; joiners and numbers may stand inside, numbers but years before."""
    found, run = list[Span](), list[Span]()

    def emit(end: int) -> None:
        kept = run[1:] if run[0].text.lower() in OPENERS and len(run) > 1 else run
        while kept and kept[0].text in joiners:
            kept = kept[1:]
        if any(is_capital(word.text) and word.text not in MONTH_OF and word.text.lower() not in ALONE for word in kept):
            found.append(Span(kept[0].start, end, text[kept[0].start : end]))

    def close() -> None:
        while run and run[-1].text in joiners:
            run.pop()
        if run and not run[-1].text.endswith(POSSESSIVE):
            emit(run[-1].end)
        run.clear()

    for match in WORD.finditer(text[:LONGEST]):
        word = Span(*match.span(), match[0])
        if YEAR.fullmatch(word.text) and all(one.text.lower() in OPENERS for one in run):  # "In 1810 Smith ..."
            run.clear()
        if run and text[run[-1].end : word.start] != " ":
            close()
        if (
            is_capital(word.text)
            or (word.text[0].isdigit() and (run or not YEAR.fullmatch(word.text)))
            or (run and word.text in joiners)
        ):
            run.append(word)
        else:
            close()
        if run and word.text.endswith(POSSESSIVE):  # "Nina" alone, and "Nina's Album"
            emit(word.end - 2)
    close()
    return tuple(found)


def is_capital(word: str) -> bool:
    """Whether a word begins with a capital letter."""
    return word[:1].isupper()


@lru_cache(REMEMBERED)
def quoted(text: str) -> tuple[Span, ...]:
    """The quoted parts of a text, without their quotation marks."""
    found = (
        Span(*match.span(1 if match[1] else 2), (match[1] or match[2])) for match in QUOTED.finditer(text[:LONGEST])
    )
    return tuple(Span(start, end, said.strip(" ,.")) for start, end, said in found if said.strip(" ,."))


@lru_cache(REMEMBERED)
def mentioned(text: str) -> tuple[Span, ...]:
    """Quoted titles, and the names outside them."""
    titles = [title for title in quoted(text) if is_capital(title.text)]
    inside = [range(title.start, title.end) for title in titles]
    return (*titles, *(span for span in names(text) if not any(span.start in part for part in inside)))


def dates(text: str) -> Iterator[tuple[Span, tuple[int, int, int]]]:
    """The full dates of a text, each with year, month and day."""
    for found in DATE.finditer(text):
        year, month, day = (found[name] or found[f"{name}2"] for name in ("year", "month", "day"))
        yield Span(*found.span(), found[0]), (int(year), MONTH_OF[month], int(day))


def years(text: str) -> Iterator[Span]:
    """The years in a text."""
    return (Span(*found.span(), found[0]) for found in YEAR.finditer(text))


def moments(text: str) -> list[tuple[int, int, int]]:
    """The dates of a text in their order; of a lone year, month and day are 0."""
    full = list(dates(text))
    inside = [range(span.start, span.end) for span, _ in full]
    lone = [
        (span.start, (int(span.text), 0, 0)) for span in years(text) if not any(span.start in part for part in inside)
    ]
    return [moment for _, moment in sorted([*((span.start, moment) for span, moment in full), *lone])]


def numbers(text: str) -> Iterator[tuple[Span, float]]:
    """The numbers of a text, in figures or as one of the first twelve in words, with their amounts."""
    for found in WORD.finditer(text):
        if found[0].lower() in NUMERALS:
            yield Span(*found.span(), found[0]), float(NUMERALS[found[0].lower()])
    for found in NUMBER.finditer(text):
        worth = float(found[0].replace(",", "")) if len(found[0]) < 40 else 0.0
        following = text[found.end() + 1 : found.end() + 9].split(" ")[0].strip(".,")
        span = Span(*found.span(), found[0])
        if following in SCALES:
            span = Span(span.start, span.end + 1 + len(following), f"{span.text} {following}")
        yield span, worth * SCALES.get(following, 1)
