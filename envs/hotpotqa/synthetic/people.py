"""The people of the made encyclopedia: names, pronouns, dates of birth and death."""

from __future__ import annotations

from typing import Protocol

from forethought.common.random import Generator
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.entity_kinds import Kind, read

WOMAN = {"He": "She", "he": "she", "His": "Her", "his": "her", "him": "her"}
MAN = {word: word for word in WOMAN}
NAMESAKES = 0.15  # share of the people that are called like another one, of another occupation


class Cast(Protocol):
    """The block that a person is named for: its random stream, its names, and the things named so far."""

    rng: Generator
    surnames: list[str]
    nations: list[tuple[str, str]]
    taken: dict[str, list[Entity | None]]
    entities: list[Entity]

    def free(self, base: str, kind: Kind) -> bool:
        """Whether no other entity has this name."""
        ...

    def new_stem(self) -> str:
        """A stem for a name, unused in the whole world."""
        ...


def name_person(cast: Cast, entity: Entity) -> None:
    """Give a person everything that all people have."""
    rng, values = cast.rng, entity.values
    names = read("names")
    model = namesake(cast, entity)
    woman = model.values["he"] == "she" if model else rng.happens(0.5)
    firsts: list[str] = names["women" if woman else "men"]
    first = model.values["first"] if model else rng.pick(firsts)
    entity.root = model.root if model else rng.pick(cast.surnames)
    while not cast.free(f"{first} {entity.root}", entity.kind):
        entity.root = cast.new_stem()
    entity.base = f"{first} {entity.root}"
    values.update(WOMAN if woman else MAN)
    values["first"], values["surname"] = first, entity.root
    if rng.happens(0.4):
        values["country"], values["nation"] = rng.pick(cast.nations)
    add_dates(rng, entity, names["months"])
    add_names(cast, entity, rng.pick(firsts))


def namesake(cast: Cast, entity: Entity) -> Entity | None:
    """A person with the same name as a new person; mostly None."""
    if not cast.rng.happens(NAMESAKES):
        return None
    found = cast.rng.pick(cast.entities)
    return found if "person" in found.kind.family and cast.free(found.base, entity.kind) else None


def add_dates(rng: Generator, entity: Entity, months: list[str]) -> None:
    """Dates of birth and death. People born from 1900 on live or died after 2001, the year of the last made works."""
    values, year = entity.values, entity.year
    values["born"] = f"{rng.between(1, 28)} {rng.pick(months)} {year}"
    if year >= 1900 and rng.happens(0.5):
        values["life"], values["is"] = f"born {values['born']}", "is"
        return
    died = min(2021, max(2002, year + 68) + rng.below(18)) if year >= 1900 else year + rng.between(59, 88)
    values["died"] = f"{rng.between(1, 28)} {rng.pick(months)} {died}"
    values["life"], values["is"] = f"{values['born']} – {values['died']}", "was"


def add_names(cast: Cast, entity: Entity, second: str) -> None:
    """The name in full, and for some another one."""
    rng, values = cast.rng, entity.values
    values["full"], values["aka"] = entity.base, ""
    roll = rng.random()
    alias = f"{values['first']} {second} {entity.root}"
    if roll < 0.25 and second != values["first"] and alias.casefold() not in cast.taken:
        values["full"] = alias
        values["aka"] = f", known as {entity.base}," if rng.happens(0.6) else ""
    elif roll < 0.4:
        alias = f"{second} {cast.new_stem()}"
        values["aka"] = f", {rng.pick(('also known as', 'born', 'who also worked as'))} {alias},"
    else:
        return
    entity.aliases.append(alias)
    cast.taken[alias.casefold()] = [None]
