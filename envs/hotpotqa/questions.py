"""A question, and the official files that hold them: distractor, fullwiki and simplified.

Source: Yang et al. 2018, HotpotQA, arXiv:1809.09600; https://hotpotqa.github.io
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forethought.envs.downloads.json_stream import record_lines
from forethought.envs.family import Json, shorten, told
from forethought.envs.hotpotqa.columns import pairs
from forethought.envs.hotpotqa.pages import BadRecord, Page

KINDS = ("bridge", "comparison", "")


@dataclass(frozen=True, slots=True)
class Question:
    """`facts` are the supporting ones, as title and number of the sentence; `context` the titles given with it.

    Simplified files tell neither; `kind` is "bridge", "comparison" or unknown (""), `level` "hard" and the like.
    """

    id: str
    text: str
    answer: str
    kind: str = ""
    level: str = ""
    facts: tuple[tuple[str, int], ...] = ()
    context: tuple[str, ...] = ()

    @property
    def pages(self) -> tuple[str, ...]:
        """The titles of the supporting pages, each once."""
        return tuple(dict.fromkeys(title for title, _ in self.facts))


def read_questions(path: Path) -> Iterator[tuple[Question, list[Page]]]:
    """The questions of an official file, each with the paragraphs given with it.

    A record may repeat an earlier one word for word; another question with the same `_id` is refused.

    Raises Damaged: no JSON array, nor objects one a line. BadRecord: a record that is no question; it names the file,
    the record and its line.
    """
    seen: dict[str, tuple[int, int]] = {}  # by id: which record it was, and a hash of it
    for number, (line, record) in enumerate(record_lines(path)):
        try:
            if not isinstance(record, dict):
                raise BadRecord("it is no object; expected a question")
            question, pages = read_question(record, number)
            content = hash((question, tuple(pages)))  # only compared with others of this process
            first, same = seen.setdefault(question.id, (number, content))
            if same != content:
                raise BadRecord(
                    f"its _id {shorten(question.id)} is that of record {first}, which is another question; "
                    "give each an _id of its own"
                )
            yield question, pages
        except BadRecord as error:
            raise BadRecord(f"{path.name}, record {number}: {error} (line {line})") from None


def read_question(record: dict[str, Json], number: int) -> tuple[Question, list[Page]]:
    """Raises BadRecord. A record without `_id` (or `id`, as `datasets` call it) is called by its number."""
    kind = text(record, "type", "")
    if kind not in KINDS:
        raise BadRecord(f"its type is {shorten(kind)}; expected bridge or comparison")
    pages = [read_paragraph(item, place) for place, item in enumerate(pairs(record, "context"))]
    question = Question(
        text(record, "id" if "id" in record and "_id" not in record else "_id", str(number)),
        text(record, "question"),
        text(record, "answer"),
        kind,
        text(record, "level", ""),
        tuple(read_fact(item, place) for place, item in enumerate(pairs(record, "supporting_facts"))),
        tuple(dict.fromkeys(page.title for page in pages)),
    )
    if not question.text.strip():
        raise BadRecord("its question is empty")
    if is_blank(question.answer):
        raise BadRecord("its answer is empty; expected the gold answer, for nothing can be scored without it")
    return question, pages


def text(record: dict[str, Json], name: str, missing: str | None = None) -> str:
    """A text field of a record. Raises BadRecord: missing, or no text."""
    value = record.get(name, missing)
    if value is None and name not in record:
        raise BadRecord(f"it has no {name}")
    if not isinstance(value, str):
        raise BadRecord(f"its {name} is {told(value)}; expected a text")
    return clean(value)


def clean(value: str) -> str:
    """Raises BadRecord: half of a surrogate pair, which no file can hold as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRecord(f"{shorten(value)} is no Unicode text: {error.reason}") from None
    return value


def is_blank(value: str) -> bool:
    """Whether a text shows nothing: white space, or characters without a width."""
    return not any(letter.isprintable() and not letter.isspace() for letter in value)


def shown(item: Json) -> str:
    """A part of a record for an error message; only the kind of one that cannot be written."""
    try:
        return shorten(json.dumps(item))
    except (ValueError, RecursionError):
        return type(item).__name__


def read_fact(item: Json, place: int) -> tuple[str, int]:
    """A supporting fact: a title and the number of a sentence. Raises BadRecord: anything else."""
    match item:
        case [str(title), int(number)] if not isinstance(number, bool) and number >= 0:
            return clean(title), number
    raise BadRecord(f"its supporting fact {place} is {shown(item)}; expected a title and the number of a sentence")


def read_paragraph(item: Json, place: int) -> Page:
    """A paragraph of a question, as a page. Raises BadRecord: anything else."""
    match item:
        case [str(title), list(sentences)] if title.strip() and all(isinstance(part, str) for part in sentences):
            return Page(clean(title), (tuple(clean(str(part)) for part in sentences),))
    raise BadRecord(f"its paragraph {place} is {shown(item)}; expected a title and a list of sentences")
