"""Whether a question of the made encyclopedia needs both of its pages: plain search in the text of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from forethought.envs.hotpotqa.pages import unlinked
from forethought.envs.hotpotqa.synthetic.entity import Entity


class Library:
    """The pages of a block as a searcher sees them: plain text in small letters."""

    def __init__(self, entities: Sequence[Entity], sentences: Sequence[Sequence[str]]) -> None:
        self.sentences = [[unlinked(sentence)[0] for sentence in page] for page in sentences]
        self.texts = ["".join(page).casefold() for page in self.sentences]
        self.place = {entity: place for place, entity in enumerate(entities)}
        self.known: dict[Entity, frozenset[int]] = {}

    def mentions(self, entity: Entity) -> frozenset[int]:
        """The pages that call it by any of its names; its own is one of them."""
        if entity not in self.known:
            found = {self.place[entity]}
            for name in entity.names:
                found.update(self.holding(name))
            self.known[entity] = frozenset(found)
        return self.known[entity]

    def holding(self, words: str) -> Iterable[int]:
        """The places of the texts with these words, as whole words."""
        wanted = words.casefold()
        return (place for place, text in enumerate(self.texts) if wanted in text and stands(wanted, text))

    def bridges(self, named: Entity, between: Entity, answers: Iterable[str], question: str) -> bool:
        """Whether no single page holds enough to answer a bridge question.

        "Enough" is the thing that the question names, by its title, its title without brackets or another name, and
        the answer, anywhere on the same page, in any case and in any context. A question that itself holds its answer
        or a name of the thing in between fails too. `answers` are the spellings of the answer: of a thing, all its
        names.
        """
        spellings = [answer.casefold() for answer in answers]
        asked = question.casefold()
        if any(stands(name.casefold(), asked) for name in between.names):
            return False
        return not any(
            stands(spelling, text)
            for spelling in spellings
            for text in (asked, *(self.texts[place] for place in self.mentions(named)))
        )

    def compares(self, one: Entity, other: Entity, values: tuple[str, str]) -> bool:
        """Whether no single page holds enough to answer a comparison.

        "Enough" is both things, each by any of its names, or both values on the page of one of them. Where the values
        are equal, a page cannot but hold both; it still does not name the other thing.
        """
        if self.mentions(one) & self.mentions(other):
            return False
        mine, theirs = values[0].casefold(), values[1].casefold()
        if mine == theirs:
            return True
        pages = self.texts[self.place[one]], self.texts[self.place[other]]
        return not (stands(theirs, pages[0]) or stands(mine, pages[1]))


def stands(words: str, text: str) -> bool:
    """Whether the text holds these words, not only as a part of longer ones."""
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            return True
        start = text.find(words, start + 1)
    return False
