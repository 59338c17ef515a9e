"""Questions about two things: a choice between them, or a fact about both."""

from __future__ import annotations

import re

from forethought.agents.heuristics.hotpotqa.answers import Candidate
from forethought.agents.heuristics.hotpotqa.nations import NATIONS, is_people, nations
from forethought.agents.heuristics.hotpotqa.questions import ORDERS, Asked
from forethought.agents.heuristics.hotpotqa.spans import OPENING, defined
from forethought.agents.heuristics.hotpotqa.text import core, moments, names, numbers
from forethought.agents.heuristics.hotpotqa.walk import Page, Walk, plain
from forethought.agents.heuristics.hotpotqa.words import words

Measure = tuple[float, ...]  # a date as year, month and day, or one number; None where nothing is told

SAME = re.compile(r"\b(?:same|common|share|shared|similar|alike)\b", re.IGNORECASE)
BORN_IN = re.compile(r"\b(?:nationality|nationalities|country|countries|nation|national)\b", re.IGNORECASE)
DIED = re.compile(r"\b(?:died|die|death)\b")
NEGATED = re.compile(r"\b(?:not|isn't|wasn't|never)\b")
LIFE = words("born birth older younger oldest youngest")
ASIDE = words("same both type kind different share shared similar alike common nationality country nation") | words(
    " ".join(sign for signs in ORDERS.values() for sign in sorted(signs))
)
PEOPLE_WORDS = words(" ".join(NATIONS))
COMPARING = ("choice", "verdict")  # the kinds of questions that compare
# How sure an answer is: of dates, of other signs, without signs, without both pages; how much less the other one.
DECIDED, LIKELY, GUESSED, UNREAD, CLOSE = 0.95, 0.75, 0.4, 0.2, 0.05


def page_of(walk: Walk, name: str) -> Page | None:
    """The page that was opened for a name: by its title, or by the most words in common."""
    exact = walk.pages.get(plain(name))
    if exact is not None:
        return exact
    wanted = words(name)
    found = [(len(wanted & words(core(page.title))), page) for page in walk.pages.values()]
    common, page = max(found, key=lambda one: one[0], default=(0, None))
    return page if page is not None and 2 * common > len(wanted) else None


def both_open(walk: Walk) -> bool:
    """Whether both pages of a comparison are open."""
    found = [page_of(walk, name) for name in walk.asked.choices]
    return bool(found) and None not in found


def compared(walk: Walk) -> list[Candidate]:
    """The answers to a question for a choice or a verdict, best first; a guess about unread pages."""
    first, second = (page_of(walk, name) for name in (walk.asked.choices or ("", "")))
    if walk.asked.kind == "verdict":
        return verdicts(walk, first, second)
    return choice(walk.asked, first, second)


def sided(better: bool | None, yes: str, no: str, sure: float) -> list[Candidate]:
    """Both answers, the better one first; a guess if it is not known."""
    if better is None:
        return [Candidate(GUESSED, yes), Candidate(GUESSED - CLOSE, no)]
    chosen, other = (yes, no) if better else (no, yes)
    return [Candidate(sure, chosen), Candidate(1 - sure, other)]


def choice(asked: Asked, first: Page | None, second: Page | None) -> list[Candidate]:
    """The candidates of a question with two choices, ranked by the pages read about them."""
    one, other = asked.choices
    if first is None or second is None or first is second:
        return [Candidate(UNREAD, one), Candidate(UNREAD - CLOSE, other)]
    if asked.order in ("early", "late"):
        better = is_smaller(moment(asked, first), moment(asked, second), wanted=asked.order == "early")
        return sided(better, one, other, DECIDED)
    if asked.order in ("more", "less"):
        better = is_smaller(measure(asked, first), measure(asked, second), wanted=asked.order == "less")
        return sided(better, one, other, LIKELY)
    return sided(
        is_smaller(share(asked, first), share(asked, second), wanted=NEGATED.search(asked.text) is not None),
        one,
        other,
        LIKELY,
    )


def is_smaller(first: Measure | None, second: Measure | None, *, wanted: bool) -> bool | None:
    """Whether the first is the smaller one (or the larger one, if that is wanted); None for equal or unknown ones."""
    if first is None or second is None or first == second:
        return None
    return (first < second) == wanted


def moment(asked: Asked, page: Page) -> Measure | None:
    """The date to compare: of a death the second date of a life, else that of the sentence most like the question."""
    first = page.sentences[0] if page.sentences else ""
    if DIED.search(asked.text):
        return next(iter(moments(first)[1:2]), None)
    if asked.words & LIFE or "(born" in first[:OPENING]:
        return next(iter(moments(first) or moments(" ".join(page.sentences))), None)
    alike = sorted(page.sentences, key=lambda sentence: -len(words(sentence) & asked.free))
    return next((moments(sentence)[0] for sentence in alike if moments(sentence)), None)


def measure(asked: Asked, page: Page) -> Measure:
    """The number in the sentence most like the question; without one, the length of the lists in its sentences."""
    about = [sentence for sentence in page.sentences if words(sentence) & asked.free]
    for sentence in sorted(about, key=lambda sentence: -len(words(sentence) & asked.free)):
        for span, number in numbers(sentence):
            if "," in span.text or not 1500 <= number <= 2030:  # no year
                return (number,)
    return (max((sentence.count(",") for sentence in about), default=0) / 100,)


def share(asked: Asked, page: Page) -> Measure:
    """The share of the asked words on a page; a nation counts under all its names."""
    wanted, peoples = asked.free - ASIDE, nations(outside_names(asked))
    met = len(wanted & page.words) + len(set(peoples) & nations_of(page))
    return (met / max(1, len(wanted) + len(peoples)),)


def nations_of(page: Page) -> set[str]:
    """The countries in the definition of a page's subject."""
    return set(nations(" ".join(page.sentences[:2])))


def outside_names(asked: Asked) -> str:
    """The text of a question without the names of its choices."""
    text = asked.text
    for name in asked.choices:
        text = text.replace(name, " ")
    return text


def verdicts(walk: Walk, first: Page | None, second: Page | None) -> list[Candidate]:
    """The candidates "yes" and "no", ranked by the pages read about both subjects."""
    if first is None or second is None or first is second:
        return [Candidate(UNREAD, "yes"), Candidate(UNREAD - CLOSE, "no")]
    return sided(verdict(walk.asked, first, second), "yes", "no", LIKELY)


def verdict(asked: Asked, first: Page, second: Page) -> bool | None:
    """Whether the asked fact is true of both pages; None if the pages do not tell."""
    if SAME.search(asked.text):
        return alike(asked, first, second)
    if "different" in asked.text:
        known = alike(asked, first, second)
        return None if known is None else not known
    if asked.order in ("early", "late"):
        return is_smaller(moment(asked, first), moment(asked, second), wanted=asked.order == "early")
    if peoples := set(nations(outside_names(asked))):
        return all(peoples & nations_of(page) for page in (first, second))
    left = asked.free - ASIDE
    if not left:
        return None
    if len(left) <= 2:  # a definition, rather than a relation
        return all(left <= words(" ".join(page.sentences[:1])) for page in (first, second))
    return all(2 * len(left & page.words) >= len(left) for page in (first, second))


def alike(asked: Asked, first: Page, second: Page) -> bool | None:
    """Whether two pages agree on the asked fact: nations, places, or definitions of their subjects."""
    if BORN_IN.search(asked.text):
        one, other = people_of(first), people_of(second)
        return bool(one & other) if one and other else None
    if names_about(asked, first) & names_about(asked, second):
        return True
    what = [words(definition(page)) - PEOPLE_WORDS for page in (first, second)]
    return bool(what[0] & what[1]) if all(what) else None


def people_of(page: Page) -> set[str]:
    """The nations of a page, or the first word of its definition, as in "is a Merovian painter"."""
    return nations_of(page) or set(filter(is_people, definition(page).split()[:1]))


def definition(page: Page) -> str:
    """The definition in the first sentence of a page, such as "an American actor"."""
    return defined(page.sentences[0]) if page.sentences else ""


def names_about(asked: Asked, page: Page) -> set[str]:
    """The names in the sentences with most of the asked words."""
    left = asked.free - ASIDE
    most = max((len(words(sentence) & left) for sentence in page.sentences), default=0)
    about = [sentence for sentence in page.sentences if most and len(words(sentence) & left) == most]
    own = words(core(page.title))
    return {
        span.text
        for sentence in about
        for span in names(sentence)
        if not words(span.text) <= own and not is_people(span.text)
    }


def shared_answers(walk: Walk) -> list[Candidate]:
    """The common facts of two pages, for "What are both ...?"."""
    first, second = (page_of(walk, name) for name in (walk.asked.choices or ("", "")))
    if first is None or second is None or first is second:
        return []
    if walk.asked.kind in ("nation", "place"):
        told = nations(" ".join(first.sentences[:2]))
        return [Candidate(DECIDED, nation) for nation in told if nation in nations_of(second)]
    phrase = common_run(definition(first).split(), definition(second).split())
    return [Candidate(DECIDED, phrase)] if phrase and walk.asked.kind in ("thing", "person") else []


def common_run(first: list[str], second: list[str]) -> str:
    """The longest run of words in both; of equal runs the first."""
    best: list[str] = []
    for start in range(len(first)):
        for end in range(start + len(best) + 1, len(first) + 1):
            run = first[start:end]
            if any(second[place : place + len(run)] == run for place in range(len(second))):
                best = run
    return " ".join(best)
