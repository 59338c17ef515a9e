"""forethought data make hotpotqa | import hotpotqa"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from forethought.cli.envs import AsJson
from forethought.cli.panels import OUTPUT, example
from forethought.cli.progress import CountProgress
from forethought.cli.telling import Workers, tell, tell_files
from forethought.envs.hotpotqa.building.official_files import import_world, split_of
from forethought.envs.hotpotqa.default_world import default_world
from forethought.envs.hotpotqa.synthetic.make_world import PAGES, SEED, make_world
from forethought.envs.hotpotqa.synthetic.official_format import write_raw
from forethought.envs.hotpotqa.world import World

MAKE_EXAMPLES = example("data make hotpotqa --pages 100000 --seed 1 --out worlds/large")
IMPORT_EXAMPLES = example("data import hotpotqa --questions hotpot_dev_distractor_v1.json --out worlds/dev")


def make(
    pages: Annotated[int, typer.Option(help="The number of pages.")] = PAGES,
    seed: Annotated[int, typer.Option(help="The seed of the world.")] = SEED,
    questions: Annotated[
        int | None, typer.Option(help="The number of questions; by default a quarter of the pages.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="A new folder; by default that of the default world.", rich_help_panel=OUTPUT),
    ] = None,
    workers: Workers = 1,
    raw: Annotated[
        Path | None,
        typer.Option(help="Write the official formats into this new folder instead.", rich_help_panel=OUTPUT),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an encyclopedia of linked pages, and questions over two of them. Without --out, the default one."""
    if to and raw:
        raise ValueError("--out and --raw were given; choose the world, or the official formats")
    if raw:
        with CountProgress(f"making {raw}", pages) as progress:
            write_raw(raw, pages, seed, questions, workers=workers, progress=progress)
        tell_files(as_json, raw)
    elif to:
        with CountProgress(f"making {to}", pages) as progress:
            make_world(to, pages, seed, questions, workers=workers, progress=progress)
        tell_world(World(to), to, as_json)
    elif (pages, seed, questions) != (PAGES, SEED, None):
        raise ValueError(f"the default world has {PAGES} pages and seed {SEED}; give --out for another one")
    else:
        world = default_world()
        tell_world(world, world.folder, as_json)


def import_files(
    questions: Annotated[
        list[Path],
        typer.Option(help="A file of questions, official or of the library datasets; one --questions for each file."),
    ],
    to: Annotated[Path, typer.Option("--out", help="A new folder for the world.", rich_help_panel=OUTPUT)],
    wiki: Annotated[Path | None, typer.Option(help="The dump of intros, a .tar.bz2 file.")] = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Make a world of questions and of the wiki's intros, or without these of the paragraphs given with the questions.

    A damaged file is refused by name and record, and nothing is left behind.
    """
    with CountProgress(f"importing to {to}") as progress:
        import_world(questions, to, wiki=wiki, workers=workers, progress=progress)
    tell_world(World(to), to, as_json)


def sources(files: Sequence[Path]) -> str:
    """How the files that were fetched are given to `data import`."""
    if files[0].suffix != ".json":
        return f"--questions FILE --wiki {quote(str(files[0]))}"
    splits: dict[str, Path] = {}
    for path in files:  # of two files of a split the first, such as the distractor one
        splits.setdefault(split_of(path), path)
    return " ".join(f"--questions {quote(str(path))}" for path in splits.values())


def tell_world(world: World, folder: Path, as_json: bool) -> None:
    """Print the counts of a world: pages, questions by split, and gaps in its data."""
    splits = {name: len(tasks) for name, tasks in world.splits.items()}
    facts = {"folder": str(folder), "hash": world.hash, "pages": len(world), "questions": len(world.questions)}
    parts = ", ".join(f"{name} {count:,}" for name, count in splits.items())
    said = "{folder}: {pages:,} pages, {questions:,} questions ({parts}), world {hash}".format(**facts, parts=parts)
    lacking = {name: int(str(world.manifest[name])) for name in ("without_pages", "supporting_pages_missing")}
    if any(lacking.values()):
        without, missing = lacking.values()
        said += f"\n{without:,} questions have no pages of their own, {missing:,} supporting pages are missing"
    if differing := int(str(world.manifest.get("other_texts", 0))):
        said += f"\n{differing:,} paragraphs differ from the first of their title; pages='question' shows each its own"
    tell(as_json, {**facts, "splits": splits, **lacking}, said)
