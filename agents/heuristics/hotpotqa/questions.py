"""The parts of a question: its names, the wanted kind of answer, and the words that a text has to explain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from forethought.agents.heuristics.hotpotqa.answer_kinds import STARTERS, VERBS, kind_of_noun
from forethought.agents.heuristics.hotpotqa.nations import NATIONS
from forethought.agents.heuristics.hotpotqa.text import JOINERS, LOOSE, WORD, Span, is_capital, names, quoted
from forethought.agents.heuristics.hotpotqa.words import LONGEST, REMEMBERED, stemmed, words

SPOKEN = "Question:"
ASKING = re.compile(r"\b(what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)
RANK = {"what": 0, "how": 0, "which": 1, "when": 2, "where": 2, "who": 3, "whom": 3, "whose": 3, "why": 4}
COUNTED = frozenset(("many", "much", "old", "long", "far", "tall", "large", "high", "deep"))
LEADING = 12  # characters; a word that asks before this place leads the question
NAME_OF = re.compile(
    r"(?:(?:former|first|last|original|full|real|other|official) )?"
    r"(?:names?|title|type|kind|sort|term|nickname|part) (?:for|of|given to) (?:the |a |an |this |these )?"
)
BEFORE_NOUN = re.compile(r"\W*(?:(?:is|are|was|were|of) )?(?:the |a |an |this |these )?")
PIECE = re.compile(r"[\w'’-]+|[,?;:(]")
# "Which is larger, Queens or Staten Island?" and "Between Queens and Staten Island, which is larger?"
LISTED = re.compile(r"(?:[,:;]|\bfirst|\bolder|\byounger) ([^,?]{2,90}?),? or (?:the )?([^,?]{2,90}?)\W*$")
BETWEEN = re.compile(r"\W*(?:[Ii]n )?[Bb]etween ([^,?]{2,60}?),? and ([^,?]{2,60}?)(?:,|\?| who| which| what)")
COMPARING = re.compile(r"\b(?:both|same|common|between|either|which of|who of|are|were|share)\b", re.IGNORECASE)
KNOWN_FOR = re.compile(r"what (?:is|was|are|were) .+ known (?:as|for)\b", re.IGNORECASE)
OR = re.compile(r"\bor\b")
IN_BRACKETS = re.compile(r" \([\w .-]{2,30}\)")

EARLY = "first older oldest earlier earliest before elder sooner"
LATE = "younger youngest later latest last recent recently newer newest"
MORE = "more larger largest bigger biggest higher highest taller tallest longer longest most greater greatest farther"
LESS = "fewer fewest less least smaller smallest shorter shortest lower lowest closer closest"
ORDERS = {
    name: frozenset(signs.split())
    for name, signs in zip(("early", "late", "more", "less"), (EARLY, LATE, MORE, LESS), strict=True)
}


class Asked(NamedTuple):
    """The parts of a question.

    `names` are to be searched for, the most promising first. `kind` is "verdict" (yes or no), "choice" (one of
    `choices`),
    or that of the answer: year, date, number, nation, place, person or thing; `noun` is the stem of its noun in the
    question, `phrase` are the stems of the words before it. `order` is the order of a comparison.

    `words` are all stems that count, `free` those outside the names, each in `places` with its position, in characters;
    the question word ends at `asking`, and `lead` stands before it.
    """

    text: str
    names: tuple[str, ...]
    kind: str
    noun: str
    choices: tuple[str, ...]
    order: str
    words: frozenset[str]
    free: frozenset[str]
    phrase: frozenset[str]
    places: tuple[tuple[str, int], ...]
    asking: int
    lead: tuple[str, ...]


@lru_cache(REMEMBERED)
def read_question(opening: str) -> Asked:
    """The parts of a question in its opening text."""
    said = opening[:LONGEST]
    text = " ".join((said.partition(SPOKEN)[2] or said).split())
    spans = named(text)
    choices = alternatives(text, spans)
    _, asking = next(iter(asking_words(text)), ("", 0))
    kind, noun = wanted(text, choices)
    found = words(text)
    free = found - frozenset[str]().union(*(words(span.text) for span in spans))
    return Asked(
        text,
        tuple(by_promise(spans, choices)),
        kind,
        noun,
        choices,
        order_of(text),
        found,
        free,
        words(" ".join(noun_phrase(text[asking:]))) - {noun} if asking else frozenset(),
        tuple((stem, match.start()) for match in WORD.finditer(text) if (stem := stemmed(match[0])) in free),
        asking,
        tuple(word.lower() for word in text[:asking].split()[:-1][-3:]),
    )


def named(text: str) -> tuple[Span, ...]:
    """The names in a question, quoted or capitalised, in their order; a quoted name stands for all names inside it."""
    found = list(quoted(text))
    inside = [range(title.start - 1, title.end + 1) for title in found]
    joiners = JOINERS | ({"to", "without"} if is_comparing(text) else {"to", "and", "without"})
    for span in names(text, joiners):
        if not any(span.start in part for part in inside) and (trimmed := without_starter(text, span)):
            found.append(with_qualifier(text, trimmed))
    return tuple(sorted(found))


def is_comparing(text: str) -> bool:
    """Whether "and" joins two things of a comparison, rather than the words of a name."""
    return text.partition(" ")[0].lower() in VERBS or COMPARING.search(text) is not None


def with_qualifier(text: str, span: Span) -> Span:
    """The name with its qualifier: "The Road (film)" is one name."""
    found = IN_BRACKETS.match(text, span.end)
    return Span(span.start, found.end(), text[span.start : found.end()]) if found else span


def without_starter(text: str, span: Span) -> Span | None:
    """A name without the word that begins a sentence; "" if only the name of a people is left."""
    first, _, rest = span.text.partition(" ")
    titled = first.lower() in ("if", "this", "that", "there", "it", "its") and is_capital(rest)
    offset = 0
    if first.lower() in STARTERS and not titled and (span.start == 0 or text[: span.start].rstrip()[-1:] in ".?!,"):
        offset = len(first) + 1
        while (part := span.text[offset:].partition(" ")[0]) in JOINERS and part:
            offset += len(part) + 1
    said = span.text[offset:]
    bare = all(word in NATIONS or word.lower() in STARTERS for word in said.replace("-", " ").split())
    return None if bare or said.lower() in ("the", "a", "an", "i", "my") else Span(span.start + offset, span.end, said)


def by_promise(spans: Sequence[Span], choices: Sequence[str]) -> Iterator[str]:
    """Choices first, then names of several words, then others, in the order of the question; no name inside another."""
    seen = dict.fromkeys(choices)
    for several in (True, False):
        for span in spans:
            inside = any(other.start <= span.start and span.end <= other.end and other != span for other in spans)
            if (" " in span.text) == several and not inside:
                seen.setdefault(span.text)
    yield from seen


def loose_names(text: str) -> Iterator[str]:
    """Longer runs, with "and" or "in" inside, for titles that no part of them finds."""
    yield from (trimmed.text for span in names(text, LOOSE) if (trimmed := without_starter(text, span)))


def alternatives(text: str, spans: Sequence[Span]) -> tuple[str, ...]:
    """Two names joined by "or", or by "and" where the question compares."""
    for found in (LISTED.search(text), BETWEEN.match(text)):
        if found and all(is_capital(part.strip('"')) for part in found.groups()):
            return found[1].strip('" '), found[2].strip('" ')
    for joiner in ("or", "and") if is_comparing(text) else ("or",):
        for first, second in pairwise(spans):
            gap = text[first.end : second.start].lower()
            if re.fullmatch(rf"\W*(?:\([^)]*\)\W*)?{joiner}\W+(?:[a-z]+\W+){{0,4}}", gap):
                return first.text, second.text
    return ()


def order_of(text: str) -> str:
    """The order that a comparison asks for: early, late, more or less; "" for none."""
    said = set(re.findall(r"\w+", text.lower()))
    return next((name for name, signs in ORDERS.items() if signs & said), "")


def wanted(text: str, choices: Sequence[str]) -> tuple[str, str]:
    """The kind of the answer, and the stem of its noun in the question."""
    clause = text.rpartition(", ")[2] if ", are " in text or ", were " in text else text
    either = OR.search(text) is not None
    if clause.partition(" ")[0].lower() in VERBS:
        return ("choice" if choices and either else "verdict"), ""
    asking = asking_words(text)
    if not asking or KNOWN_FOR.match(text):
        return "thing", ""
    word, place = asking[0]
    kind, noun = kind_of(text, word, place)
    told = (
        BETWEEN.match(text) is not None
        or place <= LEADING + len(word)
        or text.rstrip(' ?."').endswith(tuple(choices[1:]))
    )
    between = either or re.match(r"\W*(?:(?:in )?between|which|who|out)\b", text.lower()) is not None
    if choices and told and between and word not in ("when", "how", "why") and kind not in ("year", "number", "date"):
        return "choice", noun
    return kind, noun


def asking_words(text: str) -> list[tuple[str, int]]:
    """The possible question words, each with its end, the likeliest first: a leading one, then the last "what"."""
    found = [(match[1].lower(), match.end()) for match in ASKING.finditer(text)]
    first = {
        end for word, end in found[:1] if end - len(word) <= LEADING and " " not in text[: end - len(word)].strip()
    }
    return sorted(found, key=lambda one: (one[1] not in first, RANK[one[0]], -one[1]))


def kind_of(text: str, word: str, place: int) -> tuple[str, str]:
    """The kind of answer to a question word, and the stem of the noun after it."""
    phrase = list(noun_phrase(text[place:]))
    noun = phrase[-1] if phrase else ""
    if word == "how":
        counted = bool(phrase) and phrase[0].lower() in COUNTED
        return ("number" if counted else "thing"), stemmed(phrase[1]) if len(phrase) > 1 else ""
    if word in ("when", "where", "who", "whom"):
        return {"when": "date", "where": "place"}.get(word, "person"), ""
    if is_capital(noun):  # "What is Opry Mills?"
        return "thing", ""
    return ("person" if word == "whose" else kind_of_noun(noun)), stemmed(noun)


def noun_phrase(text: str) -> Iterator[str]:
    """The words after "what" or "which" (or "what is the name of the"), up to a verb or a preposition."""
    place = end_of(BEFORE_NOUN, text, 0)
    begun = False
    for match in PIECE.finditer(text, end_of(NAME_OF, text, place)):
        word = match[0]
        if word.lower() in STARTERS or not word[0].isalnum():
            break
        if begun and word.endswith(("ed", "ly", "ing")) and "-" not in word:
            break
        begun = True
        yield word


def end_of(pattern: re.Pattern[str], text: str, place: int) -> int:
    """The end of a pattern that matches at a place, or the place itself."""
    found = pattern.match(text, place)
    return found.end() if found else place
