"""Make the synthetic encyclopedia of any size as a world folder."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from forethought.common.parallel import batches, in_order
from forethought.envs.hotpotqa.building.builder import Pages, Progress, Shelf, finish, prepare
from forethought.envs.hotpotqa.pages import linked_page
from forethought.envs.worlds.folder import new_world

PAGES, SEED = 2000, 0
BLOCKS = 10  # prepared at once


def make_world(
    out: Path,
    pages: int = PAGES,
    seed: int = SEED,
    questions: int | None = None,
    *,
    workers: int = 1,
    progress: Progress = lambda what, done: None,
) -> str:
    """Make an encyclopedia in the new folder `out`, with a question for every four pages if no number is given.

    The same numbers give the same content. Returns its hash. Raises ValueError: too few pages, or for the questions.
    """
    from forethought.envs.hotpotqa.synthetic.encyclopedia import (  # needed once in the life of a world
        block_sizes,
        make_questions,
    )

    sizes = block_sizes(pages)
    asked, training = make_questions(
        seed, sizes, pages // 4 if questions is None else questions, workers=workers, progress=progress
    )
    with new_world(out) as folder:
        with Pages(folder, progress) as written:
            with in_order(partial(made_shelf, seed), batches(enumerate(sizes), BLOCKS), workers) as shelves:
                written.write(shelves)
            written.finish()
        splits = {"train": asked[:training], "test": asked[training:]}
        return finish(folder, written, splits, {"name": f"made-{pages}-{seed}"})


def made_shelf(seed: int, blocks: Iterable[tuple[int, int]]) -> Shelf:
    """The pages of some blocks, ready to be written."""
    from forethought.envs.hotpotqa.synthetic.encyclopedia import make_block

    articles = (article for block in blocks for article in make_block(seed, *block).articles)
    return prepare([linked_page(article.title, article.marked) for article in articles])
