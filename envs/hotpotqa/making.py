"""The made encyclopedia: linked pages about an invented world, and questions that need two of them, as many as wanted.

It comes in blocks of about a hundred pages: a region with its people, places, works and clubs. No name of a block
stands in another, every link and question stays inside, and a block depends on the seed and its number alone, so that
blocks can be made in any order and in many processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from forethought.envs.hotpotqa.asking import ask
from forethought.envs.hotpotqa.casting import Cast, Entity
from forethought.envs.hotpotqa.prose import tell
from forethought.envs.hotpotqa.questions import Question

BLOCK = 100  # pages, about
LEAST = 100  # pages of a world: one block to learn from and one to be tested on


@dataclass(frozen=True, slots=True)
class Article:
    """One page, as the official dump has it."""

    title: str
    marked: tuple[str, ...]  # the sentences of its one paragraph with their links, a space before all but the first


@dataclass(frozen=True)
class Block:
    seed: int
    number: int
    entities: list[Entity]  # what the articles are about, in their order
    articles: list[Article]

    @cached_property
    def questions(self) -> list[Question]:
        """All that it can ask, best first; made when they are first wanted."""
        sentences = [article.marked for article in self.articles]
        return ask(f"{self.seed} {self.number}", self.entities, sentences)


def block_sizes(pages: int) -> list[int]:
    """The sizes of the blocks of a world: about 100 pages each, the same but for one.

    Raises ValueError: too few pages for two blocks.
    """
    if pages < LEAST:
        raise ValueError(f"{pages} pages were given; expected {LEAST} or more, which is two blocks")
    count = max(2, round(pages / BLOCK))
    return [(place + 1) * pages // count - place * pages // count for place in range(count)]


def make_block(seed: int, number: int, size: int) -> Block:
    """Block `number` of a world; it depends on its arguments alone.

    Raises ValueError: a negative number, or a size that no block has.
    """
    if number < 0:
        raise ValueError(f"a block has a number from 0; given {number}")
    cast = Cast(seed, number, size)
    region = cast.entities[0]
    entities = cast.chance.some(cast.entities, size)
    articles = [Article(entity.title, tell(cast.chance, entity, region)) for entity in entities]
    return Block(seed, number, entities, articles)


def make_questions(seed: int, blocks: Sequence[int], count: int) -> tuple[list[Question], int]:
    """`count` questions over blocks of these sizes, and how many of them are for training; these come first.

    The last fifth of the blocks, at least one, is for testing. Raises ValueError: fewer than none, or more than the
    blocks can give.
    """
    if count < 0:
        raise ValueError(f"{count} questions were given; expected 0 or more")
    many = len(blocks)
    made: dict[int, list[Question]] = {}
    quotas = [(place + 1) * count // many - place * count // many for place in range(many)]

    def can(place: int) -> int:
        if place not in made:
            made[place] = make_block(seed, place, blocks[place]).questions
        return len(made[place])

    for place, quota in enumerate(quotas):
        if quota:
            quotas[place] = min(quota, can(place))
    lacking = count - sum(quotas)
    while lacking and (able := [place for place in range(many) if can(place) > quotas[place]]):
        least = min(quotas[place] for place in able)
        for place in [place for place in able if quotas[place] == least][:lacking]:
            quotas[place] += 1
            lacking -= 1
    if lacking:
        raise ValueError(
            f"{count} questions were given; these {sum(blocks)} pages can give {count - lacking}: "
            "ask for fewer or make more pages"
        )
    training = many - max(1, many // 5)
    questions = [question for place in range(many) for question in made.get(place, [])[: quotas[place]]]
    return questions, sum(quotas[:training])
