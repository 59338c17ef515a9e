"""The titles that a text mentions: the links of a page from a source without links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from forethought.envs.hotpotqa.pages import Page, unescaped
from forethought.envs.hotpotqa.titles import composed
from forethought.envs.ranking.analysis import STOP_WORDS

WORD = regex.compile(r"\w+")  # unlike those of re, with the marks of their letters
QUALIFIER = regex.compile(r" \([^()]*\)$")  # of "Relativity (Emarosa album)"
MOST = 5  # pages that one name may stand for; a name of more says little
COMMON = STOP_WORDS | {
    "he",
    "her",
    "his",
    "i",
    "its",
    "she",
    "we",
    "you",
    "after",
    "from",
    "who",
    "what",
    "when",
    "one",
}


class Mentions:
    """Finds titles word for word, also without their "(qualifier)", and of several words also as "member of …"."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.rows_of: dict[str, list[int]] = {}
        self.lengths: dict[str, set[int]] = {}  # of the names that begin with a word, in words
        # A page of just this name before those of it with a qualifier: not all may fit.
        for row in sorted(range(len(titles)), key=lambda row: bool(QUALIFIER.search(titles[row]))):
            for name in names(titles[row]):
                rows = self.rows_of.setdefault(name, [])
                if not rows:
                    words = WORD.findall(name)
                    self.lengths.setdefault(words[0], set()).add(len(words))
                rows.append(row)

    def rows(self, page: Page) -> list[int]:
        """The pages that a page mentions, in the order of its text; the longest name wins, and none counts twice."""
        found: dict[int, None] = {}
        for paragraph in page.paragraphs:
            for name in self.names_in(plain("".join(paragraph))):
                found.update(dict.fromkeys(self.rows_of[name][:MOST]))
        return list(found)

    def names_in(self, text: str) -> Iterator[str]:
        """The titles that a text mentions word for word, the longest at each place."""
        spans = [match.span() for match in WORD.finditer(text)]
        place = 0
        while place < len(spans):
            begin, end = spans[place]
            step = 1
            for length in sorted(self.lengths.get(text[begin:end], ()), reverse=True):
                last = place + length - 1
                if last < len(spans) and (name := text[begin : spans[last][1]]) in self.rows_of:
                    yield name
                    step = length
                    break
            place += step


def plain(text: str) -> str:
    """A text without HTML entities, in NFC."""
    return composed(unescaped(text))


def names(title: str) -> Iterator[str]:
    """The names under which a text may mention a title, from its first word to its last."""
    seen = set()
    for name in (plain(title), QUALIFIER.sub("", plain(title))):
        words = list(WORD.finditer(name))
        core = name[words[0].start() : words[-1].end()] if words else ""
        if len(words) < 2 and (core.lower() in COMMON or not any(map(str.isalpha, core))):
            continue  # nothing, "Her", or "17": said too often of other things
        for spelling in (core, core[0].lower() + core[1:]) if len(words) > 1 else (core,):
            if spelling not in seen:
                seen.add(spelling)
                yield spelling
