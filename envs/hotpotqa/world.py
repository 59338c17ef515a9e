"""An encyclopedia as a folder, mapped into memory: pages, titles, links, the indexes of its search, and questions."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from forethought.envs.hotpotqa.pages import Page
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.stored import KIND, parse_page
from forethought.envs.hotpotqa.titles import ROW, TitleTable
from forethought.envs.ranking.index import Index
from forethought.envs.worlds.blobs import Blob, mapped
from forethought.envs.worlds.sealed import SealedWorld

KEPT = 4096  # pages, questions and answers of the search that a process keeps ready
LONGEST = 200  # characters of the longest text with a cached answer
SIMILAR = 5

Rows = tuple[int, ...]


def parse_question(record: bytes) -> tuple[Question, Rows]:
    """A question without the titles of its context, and the rows of these."""
    number, text, answer, kind, level, facts, context = json.loads(record)
    supporting = tuple((title, sentence) for title, sentence in facts)
    return Question(number, text, answer, kind, level, supporting), tuple(context)


class World(SealedWorld):
    """An immutable encyclopedia with questions. A row is a page's number.

    Opening maps the files; a process reads only the pages that it needs, and processes share their memory.
    """

    kind = KIND

    def __init__(self, folder: Path) -> None:
        """Raises ValueError: the folder is no world of HotpotQA, or a damaged one."""
        super().__init__(folder)
        try:
            self.records, self.questions = Blob(self.folder, "pages"), Blob(self.folder, "questions")
            self.titles = TitleTable.open(self.folder)
            self.own, self.own_texts = self.open_own()
            self.title_index, self.text_index = Index.open(self.folder / "titles"), Index.open(self.folder / "texts")
            self.link_starts = mapped(self.folder / "link_starts.raw", np.dtype("<u8"))
            self.link_rows = mapped(self.folder / "link_rows.raw", ROW)
        except OSError as error:
            raise ValueError(f"{self.folder} lacks a file ({error}); make the world again") from error
        self.splits = read_splits(self.manifest.get("splits"), len(self.questions))
        self.page = lru_cache(KEPT)(self.read_page)
        self.question = lru_cache(KEPT)(self.read_question)
        self.found = lru_cache(KEPT)(self.find)
        self.ranked = lru_cache(KEPT)(self.rank)
        self.links = lru_cache(KEPT)(self.read_links)

    def __len__(self) -> int:
        return len(self.records)

    def read_page(self, row: int) -> Page:
        """The page in a row, read from its file."""
        return parse_page(self.records[row])

    def title(self, row: int) -> str:
        """The title of the page in a row."""
        return self.page(row).title

    def read_question(self, number: int) -> tuple[Question, Rows]:
        """A question, and the rows of the pages given with it."""
        return parse_question(self.questions[number])

    def open_own(self) -> tuple[Blob | None, Blob | None]:
        """The texts given with questions that differ from the pages, or None where no text differs."""
        if not self.manifest.get("own_texts"):
            return None, None
        return Blob(self.folder, "own"), Blob(self.folder, "own_texts")

    def own_page(self, number: int, row: int) -> Page | None:
        """The page as it was given with a question, where its text differs from the page's own."""
        if self.own is None or self.own_texts is None:
            return None
        text = dict(json.loads(self.own[number])).get(row)
        if text is None:
            return None
        return Page(self.title(row), tuple(map(tuple, json.loads(self.own_texts[text]))))

    def row_of(self, title: str, among: Rows | None = None) -> int | None:
        """The row of a page (`among` some, if given) by its title, in any case, white space or underscores."""
        return (self.found if len(title) <= LONGEST else self.find)(title, among)

    def find(self, title: str, among: Rows | None) -> int | None:
        """The row of a title, among these rows or all; None where there is no such page."""
        return self.titles.find(title, self.title, among)

    def read_links(self, row: int) -> Rows:
        """The pages that a page links to, or mentions where the source tells no links; in the order of its text."""
        first, end = self.link_starts[row : row + 2].tolist()
        return tuple(other for other in dict.fromkeys(self.link_rows[first:end].tolist()) if other != row)

    def similar(self, words: str, among: Rows | None = None) -> Rows:
        """The five pages most like these words: those found by their titles, then those found by their texts.

        Each by BM25, ties by title; `among` some pages, if given. Raises TooManyTerms.
        """
        return (self.ranked if len(words) <= LONGEST else self.rank)(words, among)

    def rank(self, words: str, among: Rows | None) -> Rows:
        """The rows of the most similar titles, then of texts with the words."""
        found = dict.fromkeys(row for row, _ in self.title_index.search(words, SIMILAR, among))
        if len(found) < SIMILAR:
            found.update(dict.fromkeys(row for row, _ in self.text_index.search(words, 2 * SIMILAR, among)))
        return tuple(found)[:SIMILAR]


def read_splits(data: Any, questions: int) -> dict[str, range]:
    """Raises ValueError: no spans of the questions there are."""
    try:
        splits = {str(name): range(first, end) for name, (first, end) in data.items()}
        if any(span.start < 0 or span.stop > questions for span in splits.values()):
            raise ValueError(f"there are {questions} questions")
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"the manifest tells no splits of the questions ({error}); make the world again") from error
    return splits
