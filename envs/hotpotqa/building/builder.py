"""Make a world folder from pages and questions of any source: the official files or the made encyclopedia."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from forethought.envs.family import Json
from forethought.envs.hotpotqa.links import Mentions
from forethought.envs.hotpotqa.pages import BadRecord, Page, unescaped
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.stored import KIND, parse_page
from forethought.envs.hotpotqa.titles import HASH, ROW, Hashes, TitleTable, spelled, title_hashes, title_ranks
from forethought.envs.ranking.build import Builder, Chunk, analyse
from forethought.envs.worlds.blobs import Blob, BlobWriter
from forethought.envs.worlds.folder import seal

SHELF = 1000  # pages prepared at once
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Pages ready to be written, prepared in a process of its own."""

    titles: list[str]
    hashes: Hashes  # [pages, 2]
    records: list[bytes]
    title_chunk: Chunk
    text_chunk: Chunk
    targets: Hashes  # [links, 2], of the titles linked to, page after page
    links: list[int]  # [pages], how many of them are a page's; -1 where the source tells none


def prepare(pages: Sequence[Page]) -> Shelf:
    """Raises BadRecord: a page too long to be indexed."""
    titles = [page.title for page in pages]
    try:
        texts = analyse(["\n".join("".join(paragraph) for paragraph in page.paragraphs) for page in pages])
    except ValueError as error:  # it numbers the texts
        raise BadRecord(f"the pages {titles[0]!r} to {titles[-1]!r}: {error}") from error
    return Shelf(
        titles,
        title_hashes(titles),
        [json.dumps([page.title, page.paragraphs], ensure_ascii=False).encode() for page in pages],
        analyse([unescaped(title) for title in titles]),
        texts,
        title_hashes(title for page in pages for title in page.links or ()),
        [-1 if page.links is None else len(page.links) for page in pages],
    )


class Pages:
    """Writes the pages of a world, shelf by shelf; `finish` writes the files that depend on all pages."""

    def __init__(self, folder: Path, progress: Progress = lambda what, done: None) -> None:
        self.folder, self.progress = folder, progress
        self.titles: list[str] = []
        self.hashes: list[Hashes] = [np.empty((0, 2), HASH)]
        self.counts: list[int] = []
        self.table = TitleTable.of(self.hashes[0][:, 0])
        self.title_index, self.text_index = Builder(folder / "titles"), Builder(folder / "texts")
        self.written: Blob | None = None

    def __enter__(self) -> Pages:
        with ExitStack() as stack:
            self.records = stack.enter_context(BlobWriter(self.folder, "pages"))
            self.targets = stack.enter_context(self.waiting.open("wb"))
            self.opened = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.opened.close()

    @property
    def waiting(self) -> Path:
        """Where the links wait, as hashes of titles, until all pages are known."""
        return self.folder / "targets.partial"

    def find(self, title: str) -> int | None:
        """The row of a page that was written."""
        return self.table.find(title, self.titles.__getitem__)

    def has(self, title: str) -> bool:
        """Whether a page of just this title was written; one that differs in case is another."""
        row = self.find(title)
        return row is not None and spelled(self.titles[row]) == spelled(title)

    def read(self, row: int) -> Page:
        """A page that was written; all must be, and finished."""
        if self.written is None:
            self.written = Blob(self.folder, "pages")
        return parse_page(self.written[row])

    def write(self, shelves: Iterable[Shelf]) -> None:
        """Write shelves of pages in their order."""
        for shelf in shelves:
            self.records.extend(shelf.records)
            self.targets.write(shelf.targets.tobytes())
            self.title_index.add(shelf.title_chunk)
            self.text_index.add(shelf.text_chunk)
            self.titles += shelf.titles
            self.hashes.append(shelf.hashes)
            self.counts += shelf.links
            self.progress("pages", len(self.titles))
        self.table = TitleTable.of(np.concatenate(self.hashes)[:, 0])

    def finish(self) -> None:
        """Write the table of titles, the indexes and the links. Raises BadRecord: there is no page."""
        if not self.titles:
            raise BadRecord("there is no page in it; give questions with their paragraphs, or the wiki as well")
        self.opened.close()
        self.table.write(self.folder)
        ranks = title_ranks(self.titles)
        self.title_index.finish(ranks)
        self.text_index.finish(ranks)
        self.progress("index", len(self.titles))
        self.write_links(np.array(self.counts))
        self.progress("links", len(self.titles))

    def write_links(self, counts: NDArray[np.int64]) -> None:
        """Write the rows that each page links to; without links in the source, the rows of the titles in its text."""
        wanted = np.fromfile(self.waiting, HASH).reshape(-1, 2)
        self.waiting.unlink()
        exact = TitleTable.of(np.concatenate(self.hashes)[:, 1]).resolve(wanted[:, 1])
        rows = np.where(exact < 0, self.table.resolve(wanted[:, 0]), exact)
        owners = np.repeat(np.arange(len(counts)), np.maximum(counts, 0))
        mentioned = np.array(list(self.mentioned(np.flatnonzero(counts < 0))), np.int64).reshape(-1, 2)
        owners = np.concatenate([owners[rows >= 0], mentioned[:, 0]])
        rows = np.concatenate([rows[rows >= 0], mentioned[:, 1]])
        starts = np.zeros(len(counts) + 1, "<u8")
        starts[1:] = np.cumsum(np.bincount(owners, minlength=len(counts)))
        starts.tofile(self.folder / "link_starts.raw")
        rows[np.argsort(owners, kind="stable")].astype(ROW).tofile(self.folder / "link_rows.raw")

    def mentioned(self, unlinked: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Pairs of one of these pages and a page with a title that its text mentions."""
        if len(unlinked):
            mentions, records = Mentions(self.titles), Blob(self.folder, "pages")
            for owner in unlinked.tolist():
                yield from ((owner, row) for row in mentions.rows(parse_page(records[owner])) if row != owner)


def finish(folder: Path, pages: Pages, splits: Mapping[str, Sequence[Question]], facts: Mapping[str, Json]) -> str:
    """Write the questions and the manifest; returns the world's hash. Raises BadRecord: there is no question."""
    told: dict[str, Json] = {}
    count = missing = without = 0
    with BlobWriter(folder, "questions") as written:
        for split, questions in splits.items():
            told[split] = [count, count + len(questions)]
            count += len(questions)
            for question in questions:
                context = [row for title in question.context if (row := pages.find(title)) is not None]
                without += not context
                missing += sum(pages.find(title) is None for title in question.pages)
                fields = [question.id, question.text, question.answer, question.kind, question.level]
                line = json.dumps([*fields, question.facts, context], ensure_ascii=False)
                written.extend([line.encode()])
    if not count:
        raise BadRecord("there is no question in it; expected at least one")
    size: dict[str, Json] = {"pages": len(pages.titles), "questions": count, "splits": told}
    lacking: dict[str, Json] = {"without_pages": without, "supporting_pages_missing": missing}
    return seal(folder, KIND, {**facts, **size, **lacking})
