"""The memory of a walk through the encyclopedia: opened pages, similar titles, looked-up sentences."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

from forethought.agents.heuristics.hotpotqa.questions import Asked, read_question
from forethought.agents.heuristics.hotpotqa.text import core
from forethought.agents.heuristics.hotpotqa.words import LONGEST, REMEMBERED, words
from forethought.search.node import TERMINAL, Context

SHOWN = 5  # sentences; a page that shows so many may have more
MISSED, SIMILAR = "Could not find ", " Similar: "
RESULT = re.compile(r"\(Result (\d+) / (\d+)\) (.*)", re.DOTALL)
NO_PAGE = ("Invalid action", "Nice thought", "No more results")
# A sentence ends at a full stop before a capital, but not behind an initial or a short form.
SENTENCE = re.compile(
    r"(?<=[.!?\"”)])(?<!\b[A-Z]\.)(?<!\bSt\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bJr\.)(?<!\bvs\.)\s+(?=[\"“(]?[A-Z0-9])"
)
QUOTES = "'\""
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
HEX, HEX_DIGITS = re.compile(r"[0-9a-f]+"), {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True)
class Page:
    """The shown part of a page. `title` is the text of the search; the page may spell it in another way."""

    title: str
    sentences: tuple[str, ...]
    words: frozenset[str]
    more: bool = False  # it may have more sentences

    def with_sentence(self, sentence: str) -> Page:
        """The page with one more sentence, found by a look-up."""
        if sentence in self.sentences:
            return self
        return Page(self.title, (*self.sentences, sentence), self.words | words(sentence), self.more)


@dataclass(slots=True)
class Walk:
    """The question, the opened pages by their lower-case titles, and the similar titles of searches without a page."""

    asked: Asked
    pages: dict[str, Page] = field(default_factory=dict)
    here: str = ""  # the open page
    missed: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by the lower-case entity
    looked_up: set[tuple[str, str]] = field(default_factory=set)
    steps: int = 0
    answer: str | None = None

    def opened(self, title: str) -> bool:
        """Whether the page of this title was opened."""
        return plain(title) in self.pages

    def tried(self, title: str) -> bool:
        """Whether this title was searched for, with or without a page."""
        return plain(title) in self.pages or plain(title) in self.missed


def plain(title: str) -> str:
    """A title in small letters, with single spaces and no underscores."""
    return " ".join(title.replace("_", " ").lower().split())


def follow(context: Context) -> Walk:
    """The walk of all steps of a context."""
    walk = Walk(read_question(context.opening))
    for action, observation in context.steps:
        verb, argument = read_action(action)
        walk.steps += 1
        if verb == "finish" or observation == TERMINAL:
            walk.answer = argument if verb == "finish" else ""
            break
        look(walk, verb, argument, observation)
    return walk


def read_action(action: str) -> tuple[str, str]:
    """The verb and the argument of an action such as "search[Paris]"."""
    verb, _, argument = action.strip().partition("[")
    return verb, argument.removesuffix("]")


def look(walk: Walk, verb: str, argument: str, observation: str) -> None:
    """Add the observation of one action to a walk."""
    if verb == "search" and observation.startswith(MISSED):
        walk.missed[plain(argument)] = similar_titles(observation)
    elif verb == "search" and not observation.startswith(NO_PAGE):
        walk.here = plain(argument)
        if walk.here not in walk.pages:
            walk.pages[walk.here] = read_page(argument.strip(), observation)
    elif verb == "lookup":
        walk.looked_up.add((walk.here, argument.lower()))
        if walk.here in walk.pages and (found := RESULT.match(observation)):
            walk.pages[walk.here] = walk.pages[walk.here].with_sentence(found[3])


@lru_cache(REMEMBERED)
def read_page(title: str, observation: str) -> Page:
    """The page in the observation of a search."""
    shown = observation[:LONGEST]
    found = tuple(sentence for sentence in SENTENCE.split(shown.replace("..", ".")) if sentence.strip())
    return Page(title, found, words(shown) | words(title), len(found) >= SHOWN)


@lru_cache(REMEMBERED)
def similar_titles(observation: str) -> tuple[str, ...]:
    """The titles after "Similar: ", a list in Python's form: each in single or double quotes, with backslashes."""
    text = observation[:LONGEST].rpartition(SIMILAR)[2]
    titles, place = list[str](), 0
    while place < len(text):
        if text[place] in QUOTES:
            title, place = read_quoted(text, place)
            titles.append(title)
        place += 1
    return tuple(title for title in titles if title)


def read_quoted(text: str, start: int) -> tuple[str, int]:
    """The text between a quote and the next equal quote, and the place of that quote."""
    place, found = start + 1, list[str]()
    while place < len(text) and text[place] != text[start]:
        character, place = read_escaped(text, place) if text[place] == "\\" else (text[place], place + 1)
        found.append(character)
    return "".join(found), place


def read_escaped(text: str, start: int) -> tuple[str, int]:
    """The character of an escape after a backslash, and the place after it."""
    sign = text[start + 1 : start + 2]
    digits = text[start + 2 : start + 2 + HEX_DIGITS.get(sign, 0)]
    if digits and HEX.fullmatch(digits) and (code := int(digits, 16)) <= sys.maxunicode:
        return chr(code), start + 2 + len(digits)
    return ESCAPES.get(sign, sign), start + 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """The two pages (or the one page) that explain the question best, with their share, in [0, 1]."""

    pages: tuple[Page, ...]
    covered: float
    joined: bool  # each is named by the question or by the other


def evidence(walk: Walk) -> Evidence:
    """The pair of pages with the most words of the question in them, and preferably a link between them."""
    pages = tuple(walk.pages.values())
    sets: list[tuple[Page, ...]] = [*combinations(pages, 2)] or [(page,) for page in pages]
    found = [explained(walk.asked, chosen) for chosen in sets]
    return max(found, key=lambda one: one.covered + 0.25 * one.joined, default=Evidence((), 0.0, False))


@lru_cache(REMEMBERED)
def explained(asked: Asked, pages: tuple[Page, ...]) -> Evidence:
    """The evidence of some pages: the covered share of the question's words, and whether the pages are connected."""
    read = frozenset[str]().union(*(page.words for page in pages))
    covered = len(asked.words & read) / max(1, len(asked.words))
    return Evidence(pages, covered, joined(asked, pages))


def joined(asked: Asked, pages: tuple[Page, ...]) -> bool:
    """Whether the pages lead from a name of the question to one another."""
    known = [in_question(asked, page.title) for page in pages]
    if len(pages) < 2 or all(known):
        return all(known)
    first, second = pages
    return any(known) and (mentions(first, second.title) or mentions(second, first.title))


def in_question(asked: Asked, title: str) -> bool:
    """Whether the question names a page."""
    return core(title).lower().removeprefix("the ") in asked.text.lower()


def mentions(page: Page, title: str) -> bool:
    """Whether a page names another page."""
    name = core(title).lower().removeprefix("the ")
    return any(name in sentence.lower() for sentence in page.sentences)
