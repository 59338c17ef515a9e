"""The made encyclopedia: linked pages about an invented world, and questions that need two of them, as many as wanted.

It comes in blocks of about a hundred pages: a region with its people, places, works and clubs. No name of a block
stands in another, every link and question stays inside, and a block depends on the seed and its number alone, so that
blocks can be made in any order and in many processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from forethought.common.parallel import in_order
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.synthetic.entities import Cast
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.questions import ask
from forethought.envs.hotpotqa.synthetic.texts import tell

BLOCK = 100  # pages, about
LEAST = 100  # pages of a world: one block to learn from and one to be tested on


@dataclass(frozen=True, slots=True)
class Article:
    """One page, as the official dump has it."""

    title: str
    marked: tuple[str, ...]  # the sentences of its one paragraph with their links, a space before all but the first


@dataclass(frozen=True)
class Block:
    """About a hundred entities and their articles, which name no entity of another block."""

    seed: int
    number: int
    entities: list[Entity]  # the subjects of the articles, in their order
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
    entities = cast.rng.some(cast.entities, size)
    articles = [Article(entity.title, tell(cast.rng, entity, region)) for entity in entities]
    return Block(seed, number, entities, articles)


def make_questions(
    seed: int,
    blocks: Sequence[int],
    count: int,
    *,
    workers: int = 1,
    progress: Callable[[str, int], None] = lambda what, done: None,
) -> tuple[list[Question], int]:
    """`count` questions over blocks of these sizes, and how many of them are for training; these come first.

    The last fifth of the blocks, at least one, is for testing. Raises ValueError: fewer than none, or more than the
    blocks can give.
    """
    if count < 0:
        raise ValueError(f"{count} questions were given; expected 0 or more")
    many = len(blocks)
    takes = [(place + 1) * count // many - place * count // many for place in range(many)]
    made: list[list[Question]] = [[] for _ in blocks]

    def make(places: Iterable[int]) -> None:
        asked = [(place, blocks[place]) for place in places if not made[place]]
        with in_order(partial(candidates, seed), asked, workers) as found:
            for done, ((place, _), questions) in enumerate(zip(asked, found, strict=True), 1):
                made[place] = questions
                progress("blocks with questions", done)

    make(place for place in range(many) if takes[place])
    if any(len(questions) < take for questions, take in zip(made, takes, strict=True)):
        make(range(many))
        takes = as_even_as_can_be(count, list(map(len, made)))
    if lacking := count - sum(takes):
        raise ValueError(
            f"{count} questions were given; these {sum(blocks)} pages can give {count - lacking}: "
            "ask for fewer or make more pages"
        )
    training = many - max(1, many // 5)
    questions = [question for found, take in zip(made, takes, strict=True) for question in found[:take]]
    return questions, sum(takes[:training])


def as_even_as_can_be(count: int, able: Sequence[int]) -> list[int]:
    """How many each gives so that they give `count` together, or all they can."""
    takes = [0] * len(able)
    while count and (left := [place for place in range(len(able)) if takes[place] < able[place]]):
        for place in left[:count]:
            takes[place] += 1
            count -= 1
    return takes


def candidates(seed: int, block: tuple[int, int]) -> list[Question]:
    """All questions that a block can give, best first."""
    return make_block(seed, *block).questions
