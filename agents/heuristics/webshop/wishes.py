"""The wish in an instruction: words, options and a highest price, and the part of it that a text meets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import NamedTuple

from forethought.agents.heuristics.webshop.pages import REMEMBERED
from forethought.envs.ranking.porter import stem

# Words of the form of a wish, not of its subject.
IDLE_TEXT = """
    a about add after all also am an and any are as at be because been before being birthday both but buy by can cart
    choose come comes could do does doesn don each find for friend from get gift give go going good got had has have
    having hello help hey hi how i id if ill im in interested into is it its ive just know last like look looking lot
    love make may me mom much must my need needs now of ok on ones only or order other our out own pick place please
    prefer price priced purchase really search searching see should show so some something soon such sure than thank
    thanks that the their them then there these they thing this those to today too try up us use used very want wanted
    wants was we well were what when where which while who will wish with without won would you your re ve ll s t d m
"""
IDLE = frozenset(IDLE_TEXT.split())
ALIKE = {"oz": "ounce", "ft": "foot", "feet": "foot", "lb": "pound", "lbs": "pound", "grey": "gray", "colour": "color"}
ALIKE |= {"inches": "inch", "womens": "women", "mens": "men", "pcs": "piece", "pc": "piece", "woman": "women"}
# The names that shops give to their groups of options; an instruction may name others.
GROUP_NAMES = """
    color|size|style|flavor|flavor name|scent|scent name|fit type|pattern|pattern name|item shape|shape|material|
    material type|number of items|item package quantity|unit count|special size|configuration|length|width|team name
"""
GROUPS = frozenset(name.strip() for name in GROUP_NAMES.split("|"))

NUMBER = r"\d[\d,]*(?:\.\d+)?"
CEILING = re.compile(
    r"(?:,? ?(?:and|with|for|at))?(?: (?:a|the|its))?(?: (?:price[sd]?|cost(?:s|ing)?))?(?: (?:is|of|that is))?"
    r" ?\b(?:lower than|less than|cheaper than|no more than|not more than|at most|up to|under|below|within)"
    rf" (?:\$ ?({NUMBER})(?: dollars)?|({NUMBER}) ?(?:dollars|usd|bucks))",
)
NAME = r"(?!with\b)[a-z]+(?: (?!with\b)[a-z]+){0,3}"
PAIR = re.compile(rf"(?:, and|\bwith) ({NAME}): (.*?)(?=, and {NAME}: |$)")
CLOTHES_SIZE = re.compile(r"(?<![a-z0-9])([0-9]{1,2}x|x+)[ -]?(large|small|l|s)(?![a-z0-9])")
MEASURE = r"\d+(?:\.\d+)?(?:[\"'”]| ?(?:cm|mm|in|inch|inches|ft)\b|[wlhd]\b)?"
AREA = re.compile(rf"{MEASURE}(?: ?[x*×] ?{MEASURE})+")
MARKUP = re.compile(r"[\[\]<>]")  # brackets end an action, and "<c> garden" is no search for words
SAID = re.compile(r"\w(?:[\w.'\"-]*[\w\"])?")
WORD = re.compile(r"xx*(?:large|small)|\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)*|[a-z]+")


def spelled_size(found: re.Match[str]) -> str:
    """ "3x-large", "xxx-large" and "3xl" are one word, and none of them holds the word "large"."""
    times = found[1][:-1] if found[1][0].isdigit() else str(len(found[1]))
    return " " + "x" * min(int(times), 12) + ("large" if found[2][0] == "l" else "small")


def spelled_area(found: re.Match[str]) -> str:
    """28" x 28" is one word, so that it does not hold 28"."""
    return " " + "x".join(re.findall(r"\d+(?:\.\d+)?", found[0])) + " "


@lru_cache(REMEMBERED)
def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, in order, spelled so that equal things are equal words."""
    text = AREA.sub(spelled_area, CLOTHES_SIZE.sub(spelled_size, text.lower().replace("’", "'").replace("'s", "")))
    return tuple(stem(ALIKE.get(word, word)) for word in WORD.findall(text))


@lru_cache(REMEMBERED)
def token_set(text: str) -> frozenset[str]:
    """The distinct tokens of a text."""
    return frozenset(tokens(text))


IDLE_TOKENS = frozenset(tokens(IDLE_TEXT))
SIZES = frozenset(tokens("small medium large " + " ".join(f"{n}x-small {n}x-large" for n in range(1, 13))))


class Wish(NamedTuple):
    """A wish. `words` are distinct, in order, without the options in the form "name: value" (`named`).

    `tokens` is the whole instruction without the highest price in dollars. `queries` are to be searched for, the most
    promising first.
    """

    words: tuple[str, ...]
    named: tuple[tuple[str, str], ...]
    tokens: tuple[str, ...]
    ceiling: float
    queries: tuple[str, ...]


@lru_cache(REMEMBERED)
def read_wish(instruction: str) -> Wish:
    """The wish in an instruction: words, options and the highest price."""
    text = " ".join(instruction.lower().split())
    ceiling = inf
    for found in CEILING.finditer(text):
        ceiling = min(ceiling, float((found[1] or found[2]).replace(",", "")))
    text = CEILING.sub(" ", text).strip(" .,")
    named = tuple((found[1], found[2].strip()) for found in PAIR.finditer(text))
    plain = PAIR.sub(" ", text)
    words = tuple(dict.fromkeys(word for word in tokens(plain) if word not in IDLE_TOKENS))
    said = [word for word in SAID.findall(plain) if word not in IDLE]
    searches = (" ".join([*said, *(MARKUP.sub(" ", value) for _, value in named)]), " ".join(said))
    queries = tuple(dict.fromkeys(" ".join(query.split()) for query in searches if query.strip()))
    return Wish(words, named, tokens(text), ceiling, queries)


def granted(wanted: Sequence[str], told: frozenset[str]) -> frozenset[str]:
    """The wanted words in a text, in one word or, as "light weight" in "lightweight", in two."""
    met = {word for word in wanted if word in told}
    for first, second in pairwise(wanted):
        if first + second in told:
            met |= {first, second}
    return frozenset(met)


class Choice(NamedTuple):
    """A value of a group in the wish, with the words of the wish that it meets."""

    group: str
    value: str
    words: frozenset[str] = frozenset()


Groups = Mapping[str, Sequence[str]]


def wanted_choices(wish: Wish, groups: Groups) -> tuple[Choice, ...]:
    """At most one value of each group: that of "name: value" in the instruction, else that of its words."""
    if not wish.named:
        return tuple(choices_by_words(wish, groups))
    found = {}
    for name, wanted in wish.named:
        for value in groups.get(name, ()):
            if value.lower().split() == wanted.split():
                found[name] = Choice(name, value)
    return tuple(found.values())


def choices_by_words(wish: Wish, groups: Groups) -> Iterator[Choice]:
    """Of each group the value with the longest run of words, unless that lies inside a longer run of another value."""
    runs = [
        (first, end, name, value)
        for name, values in groups.items()
        for value in values
        for first, end in runs_in(wish.tokens, tokens(value))
    ]
    best: dict[str, str] = {}
    for first, end, name, value in sorted(runs, key=lambda run: run[0] - run[1]):
        if not any(a <= first and end <= b and (a, b) != (first, end) for a, b, _, _ in runs):
            best.setdefault(name, value)
    for name, values in groups.items():
        if chosen := best.get(name) or most_alike(wish, values):
            yield Choice(name, chosen, token_set(chosen).intersection(wish.words))


def runs_in(words: Sequence[str], run: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The places of a value's words among the words of an instruction: from, to."""
    for first in range(len(words) - len(run) + 1 if run else 0):
        if words[first : first + len(run)] == run:
            yield first, first + len(run)


def most_alike(wish: Wish, values: Iterable[str]) -> str | None:
    """The value with the largest share of its words in the wish, at least half; a shared size or number is no sign."""
    best, best_share = None, 0.0
    for value in values:
        have = token_set(value)
        common = have.intersection(wish.words)
        if any(word.isalpha() and word not in SIZES for word in common) and len(common) / len(have) > best_share:
            best, best_share = value, len(common) / len(have)
    return best if best_share >= 0.5 else None
