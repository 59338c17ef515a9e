"""Make a world from the official files, read as streams: questions with their paragraphs, and the dump of intros."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from forethought.common.parallel import batches, in_order
from forethought.envs.family import Json
from forethought.envs.hotpotqa.building.builder import SHELF, Pages, Progress, Shelf, finish, prepare
from forethought.envs.hotpotqa.building.dump import members, read_member
from forethought.envs.hotpotqa.building.given_paragraphs import Given
from forethought.envs.hotpotqa.pages import BadRecord
from forethought.envs.worlds.folder import new_world

SPLIT = re.compile(r"(?<![a-z])(train|dev|test|validation)(?![a-z])")  # in the name of a file
OFFICIAL = {"validation": "dev"}  # the split's name in `datasets`


def import_world(
    questions: Sequence[Path],
    out: Path,
    *,
    wiki: Path | None = None,
    workers: int = 1,
    progress: Progress = lambda what, done: None,
) -> str:
    """Import official files into the new folder `out`; returns the world's hash.

    The pages are those of the wiki and, where it has no page of the title, the first paragraph of it given with the
    questions; the paragraphs that differ are kept for the questions they were given with. Each file of questions is a
    split, called train, dev or test by its name, else "all".

    Raises ValueError (Damaged, BadRecord) naming file, record and reason; then nothing is left behind.
    """
    files = split_files(questions)
    if wiki and not wiki.is_file():
        raise ValueError(f"{wiki} is no file; expected the dump of intros, a .tar.bz2 file")
    given = Given(files, linked=wiki is not None)
    with new_world(out) as folder:
        with Pages(folder, progress) as pages:
            if wiki:
                with in_order(partial(prepare_member, wiki.name), members(wiki), workers) as shelves:
                    pages.write(shelves)
            left = (page for page in given.pages() if not pages.has(page.title))
            with in_order(prepare, batches(left, SHELF), workers) as shelves:
                pages.write(shelves)
            for split, path in files.items():
                if not given.questions[split]:
                    raise BadRecord(f"{path.name} holds no question")
            try:
                pages.finish()
            except BadRecord as error:
                raise BadRecord(f"{', '.join(path.name for path in files.values())}: {error}") from None
        facts: dict[str, Json] = {
            "name": out.name,
            "sources": {path.name: path.stat().st_size for path in (*files.values(), wiki) if path},
            "other_texts": given.other_texts,
            "own_texts": given.write_own(folder, pages.find, pages.read),
        }
        return finish(folder, pages, given.questions, facts)


def prepare_member(archive: str, member: tuple[str, bytes]) -> Shelf:
    """The pages of one member of the archive, ready to be written."""
    return prepare(read_member(archive, member))


def split_files(questions: Sequence[Path]) -> dict[str, Path]:
    """Raises ValueError: no file, one that is not there, or two of one split."""
    files: dict[str, Path] = {}
    for path in questions:
        if not path.is_file():
            raise ValueError(f"{path} is no file; expected one of questions, such as hotpot_dev_distractor_v1.json")
        split = split_of(path)
        if split in files:
            raise ValueError(f"{files[split].name} and {path.name} are both of the split {split!r}; give one of them")
        files[split] = path
    if not files:
        raise ValueError("no file of questions was given; expected one, such as hotpot_dev_distractor_v1.json")
    return files


def split_of(path: Path) -> str:
    """The split that a file's name tells; "all" without one."""
    found = SPLIT.search(path.name.lower())
    return OFFICIAL.get(found[1], found[1]) if found else "all"
