"""Leads: titles to search for and words to look up, each with its promise, from about 0 to 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from forethought.agents.heuristics.hotpotqa.answer_kinds import ROLES, kind_of_noun
from forethought.agents.heuristics.hotpotqa.answers import NEAR, weight, weights_from
from forethought.agents.heuristics.hotpotqa.comparisons import COMPARING, both_open, page_of
from forethought.agents.heuristics.hotpotqa.nations import NATIONS, PEOPLES, is_people
from forethought.agents.heuristics.hotpotqa.questions import Asked, loose_names
from forethought.agents.heuristics.hotpotqa.spans import is_placed, may_be_person
from forethought.agents.heuristics.hotpotqa.text import JOINERS, WORD, core, mentioned
from forethought.agents.heuristics.hotpotqa.walk import Page, Walk, in_question, mentions, plain
from forethought.agents.heuristics.hotpotqa.words import REMEMBERED, words
from forethought.envs import is_template

Leads = Iterator[tuple[float, str]]

LONGEST_SEARCH = 300  # characters; far fewer words than a search takes
# A name of the question: of several words, of one word once a page is open, of a role or a people.
NAMED, VAGUE, ROLE = 1.0, 0.65, 0.2
# A title that a search told: just like the name, like it in a word, or without a word of it (its text has them then).
TOLD, UNLIKE, BY_TEXT = 0.9, 0.4, 0.6
ALIKE = 0.5  # from this likeness on, a title may be that of a name
MET = 0.3  # less, where a title that may be it is open
# A link of the open page, a name read; more from a page that the question names, less for a name that is no link here.
LINKED, READ, FROM_NAMED, UNLINKED = 0.45, 0.4, 0.1, 0.15
ODD = 0.2  # less, for a "(qualifier)" that neither the question nor the page has
UNSEEN = 0.25  # for a link from hidden sentences, if the shown ones do not answer
BRIDGE = 0.15  # for each word of the question in the sentence of a name, and beside the name
KIND = 0.05  # for a name that looks like a person's where the question leads to a person, and so with places
LOOKED_UP = 0.45
LOST, WHOLE = 0.7, 0.4  # the question's other words, while nothing is open that it names, and while one page is open


def leads(walk: Walk, actions: Sequence[str]) -> list[tuple[float, str]]:
    """The actions that continue the reading, best first; no action twice, and no repeated search."""
    found: dict[str, tuple[float, str]] = {}
    for promise, title in searches(walk, actions):
        title = " ".join(title.split())
        key = plain(title)
        if key and len(title) <= LONGEST_SEARCH and not walk.tried(title) and promise > found.get(key, (0.0, ""))[0]:
            found[key] = promise, f"search[{title}]"
    return sorted([*found.values(), *lookups(walk)], key=lambda one: -one[0])


def searches(walk: Walk, actions: Sequence[str]) -> Leads:
    """The searches worth a step, each with its promise: titles of the question, similar titles, links."""
    yield from named_titles(walk)
    yield from told_titles(walk)
    if walk.asked.kind in COMPARING and both_open(walk):
        return
    listed = [action for action in actions if action.startswith("search[") and not is_template(action)]
    links = [action[len("search[") : -1] for action in listed]
    yield from linked_titles(walk, links)
    yield from read_names(walk, frozenset(map(plain, links)))
    if not walk.pages:
        yield WHOLE, walk.asked.text[:LONGEST_SEARCH]
    lost = not any(from_question(walk, page) for page in walk.pages.values())
    if lost or len(walk.pages) < 2:
        yield LOST if lost else WHOLE, unnamed(walk.asked)[:LONGEST_SEARCH]


def unnamed(asked: Asked) -> str:
    """The words of the question outside its names, without the words of every question."""
    text = asked.text
    for name in asked.names:
        text = text.replace(name, " ")
    return " ".join(word for word in text.replace("?", " ").split() if words(word))


def named_titles(walk: Walk) -> Leads:
    """The names in the question without an open page."""
    for place, name in enumerate(walk.asked.names):
        if page_of(walk, name) is not None or is_met(walk, name):
            continue
        sure = name in walk.asked.choices or " " in name or not walk.pages
        role = ROLES.issuperset(name.lower().split()) or name in NATIONS
        yield (ROLE if role else NAMED if sure else VAGUE) - 0.01 * place, name
    if not walk.pages and walk.missed:
        yield from ((VAGUE, name) for name in loose_names(walk.asked.text))


def is_met(walk: Walk, name: str) -> bool:
    """Whether a search for the name gave titles, and a matching one of them was opened."""
    told = walk.missed.get(plain(name), ())
    return any(walk.opened(title) and likeness(walk.asked, name, title) >= ALIKE for title in told)


def told_titles(walk: Walk) -> Leads:
    """The similar titles of a search without a page, by the words in common with the search."""
    for name, titles in walk.missed.items():
        less = MET if is_met(walk, name) else 0.0
        for place, title in enumerate(titles):
            whole = in_question(walk.asked, title) and words(core(title)) >= words(name)
            alike = 1.0 if whole else likeness(walk.asked, name, title)
            exact = 0.05 * (title.lower() in walk.asked.text.lower())
            yield max(TOLD * alike, UNLIKE if alike else BY_TEXT) + exact - 0.01 * place - less, title


@lru_cache(REMEMBERED)
def likeness(asked: Asked, name: str, title: str) -> float:
    """The similarity of a title and a name, in [0, 1]: words in common, and a qualifier in the question."""
    wanted, have = words(name), words(core(title))
    if not wanted or not have:
        return 0.0
    alike = 2 * len(wanted & have) / (len(wanted) + len(have)) + 0.1 * (have <= asked.words)
    qualifier = words(title[len(core(title)) :])
    return min(1.0, alike) * (1.0 if not qualifier or qualifier & asked.words else 0.9)


def linked_titles(walk: Walk, links: Sequence[str]) -> Leads:
    """The titles that the open page links to, by their sentences."""
    page = walk.pages.get(walk.here)
    if page is None:
        return
    start = LINKED + FROM_NAMED * from_question(walk, page)
    for title in links:
        name = core(title)
        qualifier = words(title[len(name) :])
        odd = bool(qualifier) and not qualifier & (walk.asked.words | page.words)
        worth = bridge(walk.asked, page, name, from_question(walk, page)) if mentions(page, title) else 0.0
        if page.more and not mentions(page, title):
            worth = unseen(walk, page, name)
        yield start + worth - ODD * odd, title


def unseen(walk: Walk, page: Page, name: str) -> float:
    """The promise of a name on a page, before its own page is read."""
    kind = expected(walk.asked, page, from_question(walk, page))
    left = len(walk.asked.free - page.words) / max(1, len(walk.asked.free))
    return UNSEEN * left + KIND * looks_like(kind, "", 0, name)


def from_question(walk: Walk, page: Page) -> bool:
    """Whether the question names a page, in its own words or in a search that gave its title."""
    if in_question(walk.asked, page.title):
        return True
    return any(page.title in walk.missed.get(plain(name), ()) for name in walk.asked.names)


def read_names(walk: Walk, links: frozenset[str]) -> Leads:
    """Names in the sentences read so far, without peoples and parts of opened titles."""
    titles = [words(core(page.title)) for page in walk.pages.values()]
    known = frozenset[str]().union(*titles)
    for page in walk.pages.values():
        here, named = plain(page.title) == walk.here, from_question(walk, page)
        for name in names_of(page):
            own = words(name)
            if own <= known or any(title <= own for title in titles):
                continue
            doubt = 0.1 * (" " not in name) + UNLINKED * (here and plain(name) not in links)
            yield READ + FROM_NAMED * named + bridge(walk.asked, page, name, named) - doubt, name


@lru_cache(REMEMBERED)
def names_of(page: Page) -> tuple[str, ...]:
    """The names on a page, each once, without nations and peoples."""
    found = (without_role(span.text) for sentence in page.sentences for span in mentioned(sentence))
    return tuple(dict.fromkeys(name for name in found if name not in NATIONS and not is_people(name.partition(" ")[0])))


def without_role(name: str) -> str:
    """The name without a role: the last two words of "Italian Prime Minister Benito Mussolini"."""
    first, _, rest = name.partition(" ")
    while " " in rest and rest.partition(" ")[0] not in JOINERS and (first in PEOPLES or first.lower() in ROLES):
        name = rest
        first, _, rest = name.partition(" ")
    return name


@lru_cache(REMEMBERED)
def bridge(asked: Asked, page: Page, name: str, named: bool) -> float:
    """The promise of a name, up to about 0.5: words of the question in its sentence, and beside it.

    Words near the name of the page in the question count most: they tell the next step.
    """
    own = words(name)
    weights = weights_from(asked, asked.text.lower().find(core(page.title).lower()))
    rest = asked.free - words(core(page.title)) - own
    kind = expected(asked, page, named)
    best = 0.0
    for sentence in page.sentences:
        place = sentence.lower().find(name.lower())
        if place >= 0:
            about = sentence[max(0, place - NEAR) : place + len(name) + NEAR]
            met = weight(words(sentence) & rest, weights) + weight(words(about) & rest, weights)
            met += 2 * weight(own & asked.free, weights)
            best = max(best, BRIDGE * min(met, 2.5) + KIND * looks_like(kind, sentence, place, name))
    return best + 0.1 * in_question(asked, name) - 0.2 * (not own)


def expected(asked: Asked, page: Page, named: bool) -> str:
    """Whether a page should lead to a person or a place: by the noun next to its name in the question, if it is there.

    A page that the question does not name leads to the answer.
    """
    if not named:
        return asked.kind if asked.kind in ("person", "place") else ""
    return kind_beside(asked, max(0, asked.text.lower().find(core(page.title).lower())))


@lru_cache(REMEMBERED)
def kind_beside(asked: Asked, place: int) -> str:
    """The kind of the nearest noun outside the names, if it means a person or a place."""
    named = [(at, at + len(name)) for name in asked.names if (at := asked.text.find(name)) >= 0]
    found = [
        (abs(match.start() - place), kind)
        for match in WORD.finditer(asked.text)
        if not any(start <= match.start() < end for start, end in named)
        and (kind := "place" if match[0] == "where" else kind_of_noun(match[0])) in ("person", "place")
    ]
    return min(found, default=(0, ""))[1]


def looks_like(kind: str, sentence: str, place: int, name: str) -> bool:
    """Whether a name fits the kind: like a person's name for a person, and unlike one for another kind."""
    placed = is_placed(sentence, place) and not sentence[:place].endswith("of ")
    person = 2 <= len(name.split()) <= 4 and not placed and may_be_person(name)
    return bool(kind) and (kind == "person") == person


def lookups(walk: Walk) -> Leads:
    """A word of the question to look up, if the open page may have more sentences and no shown one has the word.

    On a page in the question it is the word nearest to the name; on another page the word nearest to the answer.
    """
    page = walk.pages.get(walk.here)
    if page is None or not page.more or any(title == walk.here for title, _ in walk.looked_up):
        return
    asked = walk.asked
    named = from_question(walk, page)
    places = [asked.text.lower().find(core(page.title).lower())] if named else [asked.asking, len(asked.text)]
    weights = weights_from(asked, *places)
    missing = [
        stem for stem in asked.free - page.words - {asked.noun} if len(stem) > 3 and kind_of_noun(stem) == "thing"
    ]
    for stem in sorted(missing, key=lambda stem: (-weights.get(stem, 0.0), stem))[:1]:
        yield LOOKED_UP + 0.2 * weights.get(stem, 0.0), f"lookup[{stem}]"
