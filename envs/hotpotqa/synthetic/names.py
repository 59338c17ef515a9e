"""Names that no two blocks share: syllables and words counted out by the number of the block."""

from __future__ import annotations

import hashlib
import math
from functools import cache

from forethought.envs.hotpotqa.synthetic.entity_kinds import read

STEMS = 128  # names of people, places and firms that a block may use up
WORKS = 32  # titles of works in plain words that a block may use up
FRAMES = ("The {0} {1} of {2}", "{0} {1} and {2}", "One {0} {1} without {2}")  # one word of each list fills them


@cache
def parts() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The first, middle and last syllables.

    Consonants and vowels take turns, so that a name is cut in one way only and two rows of syllables never sound alike.
    """
    words = read("names")
    return (
        tuple(start.capitalize() + vowel for start in words["onsets"] for vowel in words["vowels"]),
        tuple(start + vowel for start in words["middles"] for vowel in words["open"]),
        tuple(start + end for start in words["clusters"] for end in words["endings"]),
    )


@cache
def stride(size: int) -> int:
    """A step through 0 … `size` - 1 that meets every number once and keeps neighbours far apart."""
    step = int(size * 0.6180339887)
    while math.gcd(step, size) != 1:
        step += 1
    return step


@cache
def shift(seed: int) -> int:
    """The number that separates the names of one seed from those of another."""
    return int.from_bytes(hashlib.sha256(f"hotpotqa names {seed}".encode()).digest()[:8], "big")


def stem(seed: int, place: int) -> str:
    """Name number `place` of a world, such as "Dreilvan": two syllables, more when all of these are taken."""
    first, middle, last = parts()
    size, between = len(first) * len(last), 0
    while place >= size:
        place -= size
        size *= len(middle)
        between += 1
    head, rest = divmod((place * stride(size) + shift(seed)) % size, size // len(first))
    found = first[head]
    for _ in range(between):
        rest, inner = divmod(rest, len(middle))
        found += middle[(inner + head) % len(middle)]
    return found + last[turned(rest, head, len(last))]


def turned(place: int, by: int, size: int) -> int:
    """One of `size` places for another, differently for each `by`, so that like numbers do not sound alike."""
    return (place + by * stride(size)) % size


def work(seed: int, place: int) -> str | None:
    """Title number `place` in plain words, such as "The Silent Harbour of Glass"; None when all are taken."""
    words = read("names")
    adjectives, nouns, matters = words["adjectives"], words["nouns"], words["matters"]
    size = len(adjectives) * len(nouns) * len(matters)
    if place >= size:
        return None
    code = (place * stride(size) + shift(seed)) % size
    adjective, rest = divmod(code, size // len(adjectives))
    noun, matter = divmod(rest, len(matters))
    noun = turned(noun, adjective, len(nouns))
    matter = turned(matter, noun, len(matters))
    frame = FRAMES[(adjective + noun + matter) % len(FRAMES)]
    return frame.format(adjectives[adjective], nouns[noun], matters[matter])
