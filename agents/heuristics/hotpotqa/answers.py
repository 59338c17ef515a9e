"""Answers to a question for a fact: texts of the wanted kind near the question's words."""

from __future__ import annotations

from functools import lru_cache
from math import fsum
from typing import NamedTuple

from forethought.agents.heuristics.hotpotqa.answer_kinds import kind_of_noun
from forethought.agents.heuristics.hotpotqa.questions import Asked
from forethought.agents.heuristics.hotpotqa.spans import defined, is_person, spans_in
from forethought.agents.heuristics.hotpotqa.text import core
from forethought.agents.heuristics.hotpotqa.walk import Page, in_question
from forethought.agents.heuristics.hotpotqa.words import REMEMBERED, words

NEAR = 60  # characters to each side of a candidate
REACH = 30  # characters of a question after which a word counts half
INSIDE = 0.3  # weight of a word inside a name
KEPT = 12  # candidates of a page
FIT, OVERLAP, BESIDE = 0.44, 0.22, 0.22  # weights of the kind, of the sentence's words, of words beside it
FURTHER = 0.12  # for a page that the question does not name: the named page leads to it
CALLED = 0.2  # added to the fit of a candidate with a word before the question's noun


class Candidate(NamedTuple):
    """An answer with its support, from about 0 to 1."""

    score: float
    text: str


@lru_cache(REMEMBERED)
def candidates(asked: Asked, page: Page) -> tuple[Candidate, ...]:
    """The best answers on a page to a question for a fact, best first; of equal ones the first."""
    title = words(core(page.title))
    rest = asked.words - title
    further = 0.0 if in_question(asked, page.title) else FURTHER
    weights = weights_from(asked, asked.asking, len(asked.text))  # "In what year did ... open?"
    found: dict[str, float] = {}

    def add(text: str, score: float) -> None:
        text = text.strip(" ,;")
        if text and score > found.get(text, 0.0):
            found[text] = score

    if further and asked.kind in ("thing", "person", "place"):
        share = len(page.words & rest) / max(1, len(rest))
        add(said_title(asked, page), FIT * fit_of_title(asked, page) + (OVERLAP + BESIDE) * share + further)
    for sentence in page.sentences:
        met = words(sentence) & rest
        for span, fit in spans_in(asked, sentence):
            own = words(span.text)
            if said_already(asked, span.text) or own <= title:
                continue
            about = sentence[max(0, span.start - NEAR) : span.start] + " " + sentence[span.end : span.end + NEAR]
            others = own - {asked.noun}  # a noun in its own name speaks for "Sam Boyd Stadium"
            overlap = min(1.0, weight(met - others, weights) / 2)
            beside = min(1.0, weight((words(about) | {asked.noun} & own) & rest - others, weights) / 1.5)
            fit += CALLED * (not own.isdisjoint(asked.phrase))
            add(span.text, FIT * fit + OVERLAP * overlap + BESIDE * beside + further)
    ranked = sorted(found.items(), key=lambda one: -one[1])[:KEPT]
    return tuple(Candidate(score, text) for text, score in ranked)


@lru_cache(REMEMBERED)
def weights_from(asked: Asked, *seen: int) -> dict[str, float]:
    """The weight of each word of a question by its distance from the nearest of some places: less for a larger one."""
    found: dict[str, float] = {}
    for stem, other in asked.places:
        away = min(abs(other - place) for place in seen)
        found[stem] = max(found.get(stem, 0.0), 1 / (1 + away / REACH))
    return found


def weight(met: frozenset[str], weights: dict[str, float]) -> float:
    """The sum of the weights of some words, independent of their order."""
    return fsum(weights.get(stem, INSIDE) for stem in met)


def said_already(asked: Asked, text: str) -> bool:
    """Whether the question itself contains an answer, unless the answer has the wanted noun: "what Hawaii county?"."""
    own = words(text)
    literal = text.lower().removeprefix("the ") in asked.text.lower()
    return (literal and asked.noun not in own) or own <= asked.words - {asked.noun}


def said_title(asked: Asked, page: Page) -> str:
    """The title as an answer: "Hilo" rather than "Hilo, Hawaii" to a question for a town."""
    return core(page.title).partition(", ")[0] if asked.kind == "place" and asked.noun else core(page.title)


def fit_of_title(asked: Asked, page: Page) -> float:
    """The fit of a page's subject to the wanted kind, by its first sentence."""
    first = page.sentences[0] if page.sentences else ""
    said = defined(first)
    if asked.noun and asked.noun in words(said) | words(page.title):
        return 1.0
    if asked.kind == "person":
        return 0.8 if is_person(first) else 0.1
    if asked.kind == "place":
        return 0.7 if any(kind_of_noun(word) == "place" for word in said.split()) else 0.2
    return 0.2 if asked.noun or is_person(first) else 0.4
