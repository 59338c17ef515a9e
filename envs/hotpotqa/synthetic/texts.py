"""The page of a thing: one paragraph of a few sentences, with links, in the tone of an encyclopedia."""

from __future__ import annotations

import re

from forethought.common.random import Generator
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.entity_kinds import Template, read

ARTICLE = re.compile(r"\b([Aa])n? ((?:<a [^>]*>)?)(\w+)")
SPOKEN = ("uni", "use", "eu", "one")  # begin with a vowel in writing only
SILENT = ("hour", "honou", "heir")  # begin with a vowel in speech only
SIZES = (4, 5, 5, 5, 6)  # sentences of a page without the last ones, which not all have
TAILED = 0.36  # share of the sentences, first ones apart, with a clause more at the end
ALIASED = 0.25  # share of the links with another name than the title as their words
PRONOUNS = frozenset(("He", "he", "His", "his", "him", "is", "surname", "country"))  # they tell nothing new


def tell(rng: Generator, entity: Entity, region: Entity) -> tuple[str, ...]:
    """The marked sentences of its page; notes the slots of each sentence in the entity."""
    slots = entity.slots = dict(entity.values)
    slots["region"] = link(rng, region)
    for slot, other in entity.links.items():
        slots[slot] = link(rng, other)
    tails: list[str] = read("names")["tails"]
    asides = {"country": slots["country"], "region": region.base}
    sentences = []
    for place, template in enumerate(chosen(rng, entity)):
        entity.told.append(template.slots)
        text = template.text.format_map(slots)
        if place:
            if rng.random() < TAILED:
                text = text[:-1] + rng.pick(tails).format_map(asides) + "."
            text = " " + text
        sentences.append(with_articles(text).replace("..", ".").replace(".</a>.", ".</a>"))  # as behind "F.C."
    return tuple(sentences)


def with_articles(text: str) -> str:
    """ "a" and "an" as the next word wants it, also where that is the first of a link."""
    return ARTICLE.sub(with_article, text)


def with_article(found: re.Match[str]) -> str:
    """ "a" or "an" before a word."""
    word = found[3].lower()
    vowel = word.startswith(SILENT) or (word[0] in "aeiou" and not word.startswith(SPOKEN))
    return f"{found[1]}{'n' if vowel else ''} {found[2]}{found[3]}"


def link(rng: Generator, other: Entity) -> str:
    """A link to another entity, under one of its names."""
    words = other.base
    if other.aliases and rng.random() < ALIASED:
        words = other.aliases[0]
    elif other.shorts and rng.random() < ALIASED:
        words = other.shorts[0]
    return f"{other.opening}{words}</a>"


def chosen(rng: Generator, entity: Entity) -> list[Template]:
    """A first sentence, and others that each say something new."""
    kind = entity.kind
    lead = rng.pick(kind.leads)
    found, known = [lead], set(lead.slots)
    size = rng.pick(SIZES)
    for group in rng.some(kind.says, len(kind.says)):
        template = rng.pick(group)
        if template.slots - PRONOUNS <= known and template.slots:
            continue
        known |= template.slots
        found.append(template)
        if len(found) == size:
            break
    for slot, group in kind.later:
        if slot in entity.links:
            found.append(rng.pick(group))
    return found
