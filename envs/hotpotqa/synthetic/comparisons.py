"""Questions that compare two things of a block, each by the facts of its own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from forethought.envs.hotpotqa.synthetic.draft import Draft, Source
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.entity_kinds import read

PAIRS = 6  # of things tried for one way to compare


def comparisons(source: Source) -> list[Draft]:
    """Yes, the one, no, the other, and again, so that as many are answered with yes as with no."""
    found: dict[str, list[Draft]] = {"which": [], "yes": [], "no": []}
    rows: list[Mapping[str, Any]] = source.rng.some(read("comparing"), 1000)
    for row in rows:
        pool = [one for one in source.entities if one.kind.family & set(row["kinds"]) and source.alone(one)]
        for slot in row["slot"].split("|"):
            if "kind" in row:
                found["yes"] += compare_kinds(source, row, pool, True)
                found["no"] += compare_kinds(source, row, pool, False)
            else:
                stating = [one for one in pool if source.stated(one, slot) is not None]
                found["yes"] += compare_same(source, row, slot, stating, True)
                found["no"] += compare_same(source, row, slot, stating, False)
                found["which"] += compare_size(source, row, slot, stating)
    piles = [source.rng.some(pile, len(pile)) for pile in found.values()]
    even = min(len(piles[1]), len(piles[2]))
    decided = source.rng.some((piles[1][:even], piles[2][:even]), 2)  # now the one first, now the other
    turns = zip_longest(decided[0], piles[0][::2], decided[1], piles[0][1::2])
    return [draft for turn in turns for draft in turn if draft]


def pairs(source: Source, pool: Sequence[Entity]) -> list[tuple[Entity, Entity]]:
    """A few of the pairs, no thing in two of them."""
    mixed = source.rng.some(pool, 2 * PAIRS)
    return list(zip(mixed[::2], mixed[1::2], strict=False))


def compare_kinds(source: Source, row: Mapping[str, Any], pool: Sequence[Entity], same: bool) -> list[Draft]:
    """ "Are A and B the same kind of work?"

    One page could answer a question that names the kind: the page of a poet is enough for "Are both painters?"
    """
    found = []
    firsts = source.rng.some(pool, PAIRS)
    for one in firsts:
        others = [other for other in pool if (other.kind is one.kind) is same and other is not one]
        if not others:
            continue
        other = source.rng.pick(others)
        nouns = one.kind.noun, other.kind.noun
        if source.library.compares(one, other, nouns):
            text = worded(source, row["kind"], one, other)
            found.append(draft(text, "yes" if same else "no", (one, 0), (other, 0), "kind"))
    return found


def compare_same(source: Source, row: Mapping[str, Any], slot: str, pool: Sequence[Entity], same: bool) -> list[Draft]:
    """ "Do A and B have the same nationality?" """
    if "same" not in row:
        return []
    groups: dict[object, list[Entity]] = {}
    for one in pool:
        groups.setdefault(one.links.get(slot, source.words(one, slot)), []).append(one)
    if same:
        tried = [pair for group in groups.values() for pair in pairs(source, group)]
    else:
        tried = [pair for pair in pairs(source, pool) if not any(set(pair) <= set(g) for g in groups.values())]
    found = []
    for one, other in tried:
        values = source.words(one, slot), source.words(other, slot)
        if (values[0] == values[1]) is same and source.library.compares(one, other, values):
            text = worded(source, row["same"], one, other)
            found.append(draft(text, "yes" if same else "no", *places(source, slot, one, other), slot))
    return found


def compare_size(source: Source, row: Mapping[str, Any], slot: str, pool: Sequence[Entity]) -> list[Draft]:
    """ "Which was founded first, A or B?" """
    found = []
    for way in ("less", "more"):
        for one, other in pairs(source, pool) if way in row else ():
            values = source.words(one, slot), source.words(other, slot)
            sizes = number(values[0]), number(values[1])
            if sizes[0] == sizes[1] or not source.library.compares(one, other, values):
                continue
            answer = one if (sizes[0] < sizes[1]) is (way == "less") else other
            text = worded(source, row[way], one, other)
            found.append(draft(text, answer.base, *places(source, slot, one, other), slot))
    return found


def worded(source: Source, templates: Sequence[str], one: Entity, other: Entity) -> str:
    """A comparison of two entities, in words."""
    return source.rng.pick(templates).replace("{A}", one.base).replace("{B}", other.base)


def places(source: Source, slot: str, one: Entity, other: Entity) -> tuple[tuple[Entity, int], tuple[Entity, int]]:
    """The sentences that state a fact of both entities."""
    first, second = source.stated(one, slot), source.stated(other, slot)
    assert first is not None
    assert second is not None
    return (one, first), (other, second)


def draft(text: str, answer: str, one: tuple[Entity, int], other: tuple[Entity, int], slot: str) -> Draft:
    """The draft of a comparison question."""
    return Draft(text, answer, "comparison", (one, other), f"{one[0].kind.name} {other[0].kind.name} {slot}")


def number(text: str) -> int:
    """Of "12,400" or the year of "3 March 1931"."""
    return int(text.rsplit(" ", 1)[-1].replace(",", ""))
