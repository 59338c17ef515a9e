"""The questions of some files, and the paragraphs that were given with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forethought.envs.hotpotqa.pages import Page
from forethought.envs.hotpotqa.questions import Question, read_questions
from forethought.envs.worlds.blobs import BlobWriter


@dataclass(slots=True)
class Given:
    """The questions by split, gathered while their `pages` are read: all are there when these end."""

    files: Mapping[str, Path]
    linked: bool  # pages with links stand beside the paragraphs, where mentions would be another thing
    questions: dict[str, list[Question]] = field(default_factory=dict)
    other_texts: int = 0  # paragraphs that differ from the first of their title

    def pages(self) -> Iterator[Page]:
        """The paragraphs given with the questions, each title once."""
        texts: dict[str, int] = {}
        for split, path in self.files.items():
            questions = self.questions[split] = []
            for question, pages in read_questions(path):
                questions.append(question)
                for page in pages:
                    text = hash(page.paragraphs)  # only compared with others of this process
                    if page.title not in texts:
                        texts[page.title] = text
                        yield replace(page, links=() if self.linked else None)
                    self.other_texts += texts[page.title] != text

    def write_own(self, folder: Path, row_of: Callable[[str], int | None], page_of: Callable[[int], Page]) -> int:
        """Write, for each question, the given paragraphs with another text than the page of their title.

        Two blobs, or none where no paragraph differs: `own` holds, for each question, JSON pairs of a row and the
        number of its text in `own_texts`. Returns the number of these paragraphs.
        """
        if not self.linked and not self.other_texts:
            return 0
        texts: dict[bytes, int] = {}
        owns = [own(pages, row_of, page_of, texts) for path in self.files.values() for _, pages in read_questions(path)]
        if not texts:
            return 0
        with BlobWriter(folder, "own") as told, BlobWriter(folder, "own_texts") as written:
            told.extend(json.dumps(pairs, separators=(",", ":")).encode() for pairs in owns)
            written.extend(texts)
        return sum(map(len, owns))


def own(
    pages: Sequence[Page],
    row_of: Callable[[str], int | None],
    page_of: Callable[[int], Page],
    texts: dict[bytes, int],
) -> list[tuple[int, int]]:
    """Pairs of a row and the number of its text: the rows of a question given with another text than their page's."""
    found: dict[int, int] = {}
    rows: set[int] = set()
    for page in pages:
        row = row_of(page.title)
        if row is None or row in rows:  # of a title that comes twice with one question the first text counts
            continue
        rows.add(row)
        if page_of(row).paragraphs != page.paragraphs:
            text = json.dumps(page.paragraphs, ensure_ascii=False).encode()
            found[row] = texts.setdefault(text, len(texts))
    return list(found.items())
