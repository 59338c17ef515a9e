"""The things of one block of the made encyclopedia: their names, their years, and their links to each other."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from forethought.common.random import Generator
from forethought.common.sums import plain_sum
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.entity_kinds import Kind, kinds, read
from forethought.envs.hotpotqa.synthetic.names import STEMS, WORKS, stem, work
from forethought.envs.hotpotqa.synthetic.people import name_person

LARGEST = 150  # pages of a block; more would run out of names


@cache
def plan(size: int) -> tuple[tuple[Kind, int], ...]:
    """How many of each kind a block of `size` pages has.

    Raises ValueError: a size too small for every kind, or too large for the names.
    """
    everyone = kinds()
    counts = [kind.least for kind in everyone]
    if not sum(counts) <= size <= LARGEST:
        raise ValueError(f"a block of {size} pages was given; expected {sum(counts)} to {LARGEST}")
    total = plain_sum(kind.share for kind in everyone)
    while (missing := size - sum(counts)) > 0:
        lacks = [
            kind.share * size / total - count if count < kind.most else -size
            for kind, count in zip(everyone, counts, strict=True)
        ]
        for place in sorted(range(len(lacks)), key=lambda place: -lacks[place])[: min(missing, 8)]:
            counts[place] += 1
    return tuple(zip(everyone, counts, strict=True))


class Cast:
    """The things of a block, made kind by kind. It depends on its three arguments alone."""

    def __init__(self, seed: int, number: int, size: int) -> None:
        self.seed, self.number = seed, number
        self.rng = Generator(f"hotpotqa {seed} block {number} of {size}")
        self.stems = self.works = 0
        self.lists: dict[str, list[str]] = read("names")["lists"]
        nations = read("names")["nations"]
        self.nations: list[tuple[str, str]] = [(country, nation) for country, nation in nations]
        self.home = self.rng.pick(self.nations)
        self.surnames = [self.new_stem() for _ in range(size // 7)]
        self.taken: dict[str, list[Entity | None]] = {}  # bearers by name in small letters; None for an alias
        self.pools: dict[str, list[Entity]] = {}
        self.entities: list[Entity] = []
        for kind, count in plan(size):
            for _ in range(count):
                self.add(kind)
        for entity in self.entities:
            self.finish(entity)

    def new_stem(self) -> str:
        """A stem for a name, unused in the whole world."""
        assert self.stems < STEMS, "a block has used up its names"
        self.stems += 1
        return stem(self.seed, self.number * STEMS + self.stems - 1)

    def new_work(self) -> str | None:
        """A title for a work, unused in the whole world; None when all are used."""
        if self.works == WORKS:
            return None
        self.works += 1
        return work(self.seed, self.number * WORKS + self.works - 1)

    def add(self, kind: Kind) -> None:
        """Add an entity of a kind, with the entities that it links to."""
        entity = Entity(kind)
        for slot, targets in kind.links:
            entity.links[slot] = self.other(entity, targets)
        twin = self.twin(kind)
        if twin and kind.twinned:
            entity.links[kind.twinned] = twin
        entity.year = self.year(entity)
        for slot, draw in kind.values:
            entity.values[slot] = draw(self.rng, entity.year)
        entity.values["year"] = str(entity.year)
        entity.values["country"], entity.values["nation"] = self.home
        if "person" in kind.family:
            name_person(self, entity)
        else:
            self.name(entity, twin)
        self.taken.setdefault(entity.base.casefold(), []).append(entity)
        self.entities.append(entity)
        self.pools.setdefault(kind.name, []).append(entity)

    def other(self, entity: Entity, targets: tuple[str, ...]) -> Entity:
        """One of these kinds, and another than the links lead to already if that can be had."""
        found = self.rng.pick(self.pools[self.rng.pick(targets) if len(targets) > 1 else targets[0]])
        for _ in range(4):
            if found not in entity.links.values():
                break
            found = self.rng.pick(self.pools[self.rng.pick(targets)])
        return found

    def twin(self, kind: Kind) -> Entity | None:
        """A thing that can share its title with a new one of this kind; mostly none."""
        if not kind.twin or not self.rng.happens(kind.twins):
            return None
        found = self.rng.pick(self.pools[kind.twin])
        return found if self.free(found.base, kind) else None

    def free(self, name: str, kind: Kind) -> bool:
        """Whether a thing of this kind may be called so, perhaps with its kind in brackets."""
        return all(other and other.kind is not kind for other in self.taken.get(name.casefold(), ()))

    def year(self, entity: Entity) -> int:
        """The year of an entity, after the years of the entities that it links to."""
        rule = entity.kind.year
        if rule is None:
            return 0
        anchor = entity.links[rule.link].year if rule.link else 0
        found = anchor + self.rng.between(rule.first, rule.last)
        for slot in entity.kind.after:
            other = entity.links[slot]
            ripe = other.year + (22 if "person" in other.kind.family else 1)
            found = max(found, ripe + self.rng.below(3))
        return found

    def name(self, entity: Entity, twin: Entity | None) -> None:
        """Name an entity; a twin shares its name."""
        kind = entity.kind
        if twin:
            entity.base, entity.root = twin.base, twin.root
        else:
            for pattern in (self.rng.pick(kind.titles), self.rng.pick(kind.titles), kind.titles[0]):
                source = Source(self, entity)
                entity.base = pattern.format_map(source)
                entity.root = source.root or entity.base
                if entity.base.casefold() not in self.taken:
                    break
            assert entity.base.casefold() not in self.taken, "the first title of a kind is always new"
        entity.values["name"] = entity.base + self.called(entity)

    def called(self, entity: Entity) -> str:
        """How the first sentence goes on behind the name when the thing has another one."""
        for also in entity.kind.also:
            if self.rng.happens(also.share):
                source = Source(self, entity)
                alias = also.name.format_map(source)
                if len(alias) > 2 and alias.casefold() not in self.taken:
                    self.taken[alias.casefold()] = [None]
                    (entity.aliases if source.root else entity.shorts).append(alias)
                    return also.wording.format(alias=alias)
        return ""

    def finish(self, entity: Entity) -> None:
        """Its title, and its links to things that were made after it."""
        shared = len(self.taken[entity.base.casefold()]) > 1
        entity.title = f"{entity.base} ({entity.kind.mark})" if shared else entity.base
        entity.opening = f'<a href="{quote(entity.title)}">'
        for slot, target in entity.kind.late:
            if target in self.pools:
                entity.links[slot] = self.rng.pick(self.pools[target])
                continue
            found = [other for other in self.entities if other.links.get(target[1:]) is entity]
            if found and self.rng.happens(0.5):
                entity.links[slot] = self.rng.pick(found)


class Source(dict[str, str]):
    """Fills the slots of a pattern for a name; `root` is then the part of it that is unique in the world."""

    def __init__(self, cast: Cast, entity: Entity) -> None:
        super().__init__(year=str(entity.year))
        self.cast, self.entity, self.root = cast, entity, ""

    def __missing__(self, slot: str) -> str:
        cast = self.cast
        if slot == "initials":
            return "".join(word[0] for word in self.entity.base.replace("&", "").split() if word[0].isupper())
        if slot in cast.lists:
            return cast.rng.pick(cast.lists[slot])
        if slot == "work":
            self.root = cast.new_work() or f"The Song of {cast.new_stem()}"
        elif slot == "town":
            town = self.linked("town") or cast.rng.pick(cast.pools["town"])
            self.root = town.root
            return town.base
        elif slot == "surname":
            person = self.linked("person")
            self.root = person.root if person else cast.rng.pick(cast.surnames)
        else:
            self.root = self.entity.root if slot == "root" else cast.new_stem()
        return self.root

    def linked(self, family: str) -> Entity | None:
        """The first linked entity of a family of kinds; None without one."""
        return next((other for other in self.entity.links.values() if family in other.kind.family), None)
