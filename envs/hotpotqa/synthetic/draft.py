"""Common parts of all kinds of questions: a question before it is told in full, and the places of facts on pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forethought.common.random import Generator
from forethought.envs.hotpotqa.pages import unlinked
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.question_check import Library, stands

ALIASED = 0.3  # share of the questions that call a thing by another name, where it has one


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its answer and supporting facts, before it is checked."""

    text: str
    answer: str
    kind: str
    facts: tuple[tuple[Entity, int], ...]
    shape: str  # the same for questions that ask the same of other things


class Source:
    """The things of a block, their pages, and the rng that words the questions about them."""

    def __init__(self, rng: Generator, entities: Sequence[Entity], library: Library) -> None:
        self.rng, self.entities, self.library = rng, entities, library
        self.bases = Counter(entity.base for entity in entities)
        self.shown: dict[tuple[Entity, str], str] = {}
        self.places: dict[tuple[Entity, str], int | None] = {}

    def alone(self, entity: Entity) -> bool:
        """Whether nothing else has its title but for the brackets."""
        return self.bases[entity.base] == 1

    def words(self, entity: Entity, slot: str) -> str:
        """The words in this slot of its page."""
        key = entity, slot
        if key not in self.shown:
            self.shown[key] = unlinked(entity.slots.get(slot, ""))[0]
        return self.shown[key]

    def stated(self, entity: Entity, slot: str) -> int | None:
        """The sentence of its page that states this; None where none does."""
        key = entity, slot
        if key not in self.places:
            self.places[key] = self.find(entity, slot)
        return self.places[key]

    def find(self, entity: Entity, slot: str) -> int | None:
        """The number of the sentence that states a fact; None where none does."""
        words = self.words(entity, slot)
        if not words:
            return None
        for place, slots in enumerate(entity.told):
            if slot in slots and stands(words, self.library.sentences[self.library.place[entity]][place]):
                return place
        return None

    def call(self, entity: Entity) -> str:
        """A name that is its own: the title without brackets, at times an alias, else the whole title."""
        if entity.aliases and self.rng.happens(ALIASED):
            return entity.aliases[0]
        return entity.base if self.alone(entity) else entity.title

    def phrase(self, phrases: Sequence[str], entity: Entity) -> str:
        """A random phrase about an entity."""
        return self.rng.pick(phrases).replace("{A}", self.call(entity))

    def ask(self, templates: Sequence[str], **words: str) -> str:
        """A random question, with its words filled in."""
        text = self.rng.pick(templates).format_map(words)
        return text[0].upper() + text[1:]
