"""The made encyclopedia in the official formats, written as a stream: the dump, and questions for each split."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from forethought.common.parallel import batches, in_order
from forethought.envs.hotpotqa.building.builder import Progress
from forethought.envs.hotpotqa.building.dump import DumpWriter, packed
from forethought.envs.hotpotqa.pages import unlinked
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.synthetic.encyclopedia import block_sizes, make_block, make_questions
from forethought.envs.worlds.folder import new_world

WIKI = "made-withlinks-abstracts.tar.bz2"
BLOCKS = 4  # a member of the dump

Texts = dict[str, list[str]]  # the sentences of pages by title


class Made(NamedTuple):
    """A block to be made: which, how many pages it has, and how many were before it."""

    number: int
    size: int
    first: int


def write_raw(
    out: Path,
    pages: int,
    seed: int,
    questions: int | None = None,
    *,
    workers: int = 1,
    progress: Progress = lambda what, done: None,
) -> None:
    """Write the files of a made encyclopedia into the new folder `out`, whole or not at all.

    Raises ValueError: `out` is already there, too few pages, or too few for the questions.
    """
    sizes = block_sizes(pages)
    asked, training = make_questions(
        seed, sizes, pages // 4 if questions is None else questions, workers=workers, progress=progress
    )
    blocks = [
        Made(number, size, end - size) for number, (size, end) in enumerate(zip(sizes, accumulate(sizes), strict=True))
    ]
    given = frozenset(title for question in asked for title in question.context)
    texts: Texts = {}
    with (
        new_world(out) as folder,
        in_order(partial(member, seed, given), batches(blocks, BLOCKS), workers) as members,
        DumpWriter(folder / WIKI) as dump,
    ):
        for number, ((*_, last), (data, found)) in enumerate(zip(batches(blocks, BLOCKS), members, strict=True)):
            dump.add(name(number), data)
            texts.update(found)
            progress("pages", last.first + last.size)
        for split, part in (("train", asked[:training]), ("test", asked[training:])):
            write_questions(folder / f"made_{split}_distractor.json", part, texts)


def member(seed: int, given: frozenset[str], blocks: Sequence[Made]) -> tuple[bytes, Texts]:
    """Some blocks as a member of the dump, and the texts of those of their pages that are given with questions."""
    articles = [article for block in blocks for article in make_block(seed, block.number, block.size).articles]
    texts = {
        article.title: [unlinked(sentence)[0] for sentence in article.marked]
        for article in articles
        if article.title in given
    }
    return packed(blocks[0].first, [(article.title, article.marked) for article in articles]), texts


def name(number: int) -> str:
    """As the official members are called: AA/wiki_00.bz2 to AA/wiki_99.bz2, AB/wiki_00.bz2, and so on."""
    folder, place = divmod(number, 100)
    letters = ""
    while folder or len(letters) < 2:
        folder, letter = divmod(folder, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}/wiki_{place:02d}.bz2"


def write_questions(path: Path, questions: Iterable[Question], texts: Mapping[str, Sequence[str]]) -> None:
    """Write questions in the official format."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        json.dump([official(question, texts) for question in questions], file)


def official(question: Question, texts: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """A question in the official format."""
    return {
        "_id": question.id,
        "answer": question.answer,
        "question": question.text,
        "supporting_facts": question.facts,
        "context": [[title, texts[title]] for title in question.context],
        "type": question.kind,
        "level": question.level,
    }
