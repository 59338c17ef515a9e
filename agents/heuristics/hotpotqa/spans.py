"""The parts of a sentence that may be an answer, by the wanted kind, each with its fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from forethought.agents.heuristics.hotpotqa.answer_kinds import kind_of_noun
from forethought.agents.heuristics.hotpotqa.nations import COUNTRIES, NATIONS, PEOPLES, STATES, is_people
from forethought.agents.heuristics.hotpotqa.questions import Asked
from forethought.agents.heuristics.hotpotqa.text import WORD, Span, dates, names, numbers, quoted, years
from forethought.agents.heuristics.hotpotqa.words import stemmed, words

Fits = Iterator[tuple[Span, float]]

OF_NOUN = 1.3  # the fit of "Sam Boyd Stadium" where a stadium is asked for
LIFE = 0.5  # taken from the fit of a date of birth or death, if another date is asked for
BIRTH, DEATH, WEEK = stemmed("born"), stemmed("died"), stemmed("week")
DASHES = ("–", "-")
WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b")
OBJECT = 0.45  # that of "medicine" behind "studied"
PLACED = re.compile(r"\b(?:in|at|near|from|of|to|outside|on|around|between|via|through)(?: the)? ?(?:[\w-]+,? )?$")
PHRASE_END = "in on at by who that which from for and with is was"
DEFINITION_END = f"{PHRASE_END} to located based published directed written born known released formed held created set"
DEFINED = re.compile(
    r"\b(?:is|was|are|were)(?: also)? (?:an?|the|one of the) "
    rf"((?:(?!\b(?:{DEFINITION_END.replace(' ', '|')})\b)[\w'’ -])+)"
)
CLOZE = re.compile(rf"((?:(?!\b(?:{PHRASE_END.replace(' ', '|')}|during|after)\b)[\w'’ -]){{3,60}})")
BEHIND = re.compile(
    r" (?:(?:in|for|as|of|to|at|by|with|into|is|was|are|were) )?(?:(?:the|a|an|its|his|her|their) )?"
    rf"((?:(?!\b(?:{PHRASE_END.replace(' ', '|')}|to|of|as|during|after|the|a)\b)[\w'’ -]){{3,50}})"
)
BORN = re.compile(r"\(.{0,90}?\d{4}\s{0,3}[–-]\s{0,3}.{0,30}?\d{4}|\bborn\b")
MOST = 12  # words of a definition
OPENING = 200  # characters in which a page says when somebody lived
NO_PERSON_TEXT = """
    University College School Records Company County City River Award Awards League Cup Club Museum Park States Kingdom
    Street Party Church Film Films Pictures Band Academy Festival Championship Championships Game Games Airport Station
    Army Prize Theatre House Hall Island Islands Lake Mount North South East West War World The New
"""
NO_PERSON = frozenset(NO_PERSON_TEXT.split())
LOOSE_NOUNS = words("type kind genre profession occupation position role sort style field career job sport instrument")


def spans_in(asked: Asked, sentence: str) -> Fits:
    """The candidates in a sentence with their fits: 1 for the wanted kind, less for a doubtful one."""
    match asked.kind:
        case "year" | "date":
            return dated_spans(asked, sentence)
        case "number":
            return number_spans(asked, sentence)
        case "nation":
            return chain(nation_spans(sentence), people_spans(sentence))
        case "place":
            return place_spans(asked, sentence)
        case "person":
            return person_spans(sentence)
    return chain(thing_spans(asked, sentence), cloze_spans(asked, sentence), object_spans(asked, sentence))


def dated_spans(asked: Asked, sentence: str) -> Fits:
    """The dates, years and weekdays of a sentence, each with its fit to the question."""
    if WEEK in asked.words:
        yield from ((Span(*found.span(), found[0]), OF_NOUN) for found in WEEKDAY.finditer(sentence))
    whole = [span for span, _ in dates(sentence)]
    for span in whole if asked.kind == "date" else ():
        yield span, 1.0 - LIFE * of_another_end(asked, sentence, span)
    for span in years(sentence):
        part = next((date for date in whole if date.start <= span.start < date.end), span)
        yield span, (0.6 if asked.kind == "date" else 1.0) - LIFE * of_another_end(asked, sentence, part)


def of_another_end(asked: Asked, sentence: str, span: Span) -> bool:
    """Whether a date is that of a birth or a death that the question does not ask for."""
    before, after = sentence[: span.start].rstrip(), sentence[span.end :].lstrip()
    if before.endswith(DASHES):
        return DEATH not in asked.words
    return BIRTH not in asked.words and (after.startswith(DASHES) or "born" in before[-12:])


def number_spans(asked: Asked, sentence: str) -> Fits:
    """The numbers of a sentence outside of dates, each with its fit to the question."""
    inside = [range(span.start, span.end) for span, _ in dates(sentence)]
    for span, worth in numbers(sentence):
        if any(span.start in part for part in inside):
            continue
        if asked.noun and asked.noun in words(" ".join(sentence[span.end :].split()[:3])):
            yield span, 1.0
        elif 1000 <= worth <= 2100 and "," not in span.text:  # a year
            yield span, 0.1
        else:
            yield span, 0.7 if asked.noun in words(" ".join(sentence[: span.start].split()[-3:])) else 0.5


def nation_spans(sentence: str) -> Fits:
    """The nations and peoples of a sentence, each with its fit to a question about a nationality."""
    for found in WORD.finditer(sentence):
        if found[0] in NATIONS:
            yield Span(*found.span(), found[0]), 1.0 if found[0] in PEOPLES else 0.3


def people_spans(sentence: str) -> Fits:
    """The first word of a definition such as "is a Merovian painter", for any people."""
    said = defined(sentence).partition(" ")[0]
    if is_people(said):
        start = sentence.find(said)
        yield Span(start, start + len(said), said), 1.0


def place_spans(asked: Asked, sentence: str) -> Fits:
    """Places, and "town, county" as well: better than the town alone for a question with "where"."""
    found = [span for span in names(sentence) if not is_people(span.text)]
    for place, span in enumerate(found):
        fit = fit_of_place(asked, sentence, span)
        yield span, fit
        if place + 1 < len(found) and sentence[span.end : found[place + 1].start] == ", " and fit > 0.4:
            whole = Span(span.start, found[place + 1].end, sentence[span.start : found[place + 1].end])
            yield whole, fit + (0.05 if not asked.noun else -0.05)


def fit_of_place(asked: Asked, sentence: str, span: Span) -> float:
    """The fit of a place name to the noun of the question, in [0, 1]."""
    if asked.noun in words(span.text):
        return OF_NOUN
    if asked.noun == stemmed("state"):
        return 1.0 if span.text in STATES else 0.4
    if asked.noun == stemmed("country"):
        return 1.0 if span.text in COUNTRIES or span.text in ("United States", "United Kingdom") else 0.3
    return 0.8 if is_placed(sentence, span.start) else 0.4


def is_placed(sentence: str, start: int) -> bool:
    """Whether a preposition of place stands before it."""
    return PLACED.search(sentence[max(0, start - 40) : start]) is not None


def person_spans(sentence: str) -> Fits:
    """The names of a sentence, each with its fit to a question about a person."""
    titles = [range(title.start, title.end) for title in quoted(sentence)]
    for span in names(sentence):
        if any(span.start in title for title in titles) or not may_be_person(span.text):
            yield span, 0.1
        else:
            whole = 0.9 if 2 <= len(span.text.split()) <= 4 else 0.4
            yield span, whole - 0.4 * (is_placed(sentence, span.start) and not sentence[: span.start].endswith("of "))


def may_be_person(name: str) -> bool:
    """Whether a name may be that of a person."""
    parts = name.split()
    return not (NO_PERSON.intersection(parts) or is_people(parts[0]) or name in NATIONS or any(map(str.isdigit, name)))


def thing_spans(asked: Asked, sentence: str) -> Fits:
    """Titles and names, better with the wanted noun in or beside them, and the definition in the sentence."""
    for span in (*quoted(sentence), *names(sentence)):
        beside = " ".join([*sentence[: span.start].split()[-3:], *sentence[span.end :].split()[:2]])
        if asked.noun and asked.noun in words(span.text):
            head, of, last = span.text.rpartition(" of ")
            yield span, 1.0 if of else OF_NOUN
            if of and asked.noun in words(last.rpartition(" ")[2]):  # "Terminal 2 of Dubai International Airport"
                yield Span(span.start + len(head + of), span.end, last), OF_NOUN
        elif asked.noun and asked.noun in words(beside):
            yield span, 0.8
        else:
            yield span, 0.1 if span.text in NATIONS or is_people(span.text) else 0.4
    if said := defined(sentence):
        start = sentence.find(said)
        yield Span(start, start + len(said), said), 0.7 if asked.noun in LOOSE_NOUNS or not asked.noun else 0.2


def cloze_spans(asked: Asked, sentence: str) -> Fits:
    """The text after the words before "what", as in "was part of what?"."""
    for length, fit in ((3, 1.0), (2, 0.8)):
        lead = " ".join(asked.lead[-length:])
        place = f" {sentence.lower()} ".find(f" {lead} ") if len(asked.lead) >= length else -1
        if place >= 0 and (found := CLOZE.match(sentence, place + len(lead) + 1)):
            yield Span(*found.span(1), found[1]), fit
            return


def object_spans(asked: Asked, sentence: str) -> Fits:
    """The text after a word of the question, as "medicine" follows "studied"."""
    for found in WORD.finditer(sentence):
        told = BEHIND.match(sentence, found.end()) if stemmed(found[0]) in asked.free else None
        if told and may_be_object(told[1].split()):
            yield Span(*told.span(1), told[1]), OBJECT


def may_be_object(said: list[str]) -> bool:
    """Whether the words may be a common noun phrase, such as a thing or an occupation."""
    if not said or len(said) > 3:
        return False
    first = said[0]
    return first[0].islower() and bool(words(first)) and not first.endswith(("ed", "ing", "er", "est"))


def defined(sentence: str) -> str:
    """The words after "is a", up to a preposition or a participle."""
    found = DEFINED.search(sentence)
    said = found[1].split()[:MOST] if found else []
    while said and said[-1].endswith(("ed", "ing")):
        said.pop()
    return " ".join(said)


def is_person(first: str) -> bool:
    """Whether the first sentence of a page is about a person."""
    return BORN.search(first[:OPENING]) is not None or kind_of_noun(defined(first).rpartition(" ")[2]) == "person"
