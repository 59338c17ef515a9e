"""Read a JSON array or object of any size, one record at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from functools import partial
from json.decoder import JSONDecodeError
from pathlib import Path

from forethought.envs.family import Json

BLOCK = 1 << 22  # bytes read at once
LONGEST = 1 << 26  # characters of one record; a longer one is damage
SPACE = " \t\n\r"
KINDS = {"[": "array", "{": "object"}
PACKED = {
    b"PAR1": "a Parquet file; expected JSON, such as datasets.load_dataset(…)[split].to_json(FILE) writes",
    b"\x1f\x8b": "packed by gzip; unpack it first, such as by gunzip",
    b"BZh": "packed by bzip2; unpack it first, such as by bunzip2",
    b"\xfd7zXZ": "packed by xz; unpack it first, such as by unxz",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it first, such as by unzstd",
    b"PK\x03\x04": "a zip archive; unpack it first, such as by unzip",
    b"ARROW1": "an Arrow file; expected JSON, such as datasets.load_dataset(…)[split].to_json(FILE) writes",
    b"SQLite": "a database; expected JSON",
}


class Damaged(ValueError):
    """A file that cannot be read; the message names the file, the record and the reason."""


def array_items(path: Path) -> Iterator[tuple[Json, str]]:
    """Each record of a file that holds one JSON array: its value, and the text it was read from.

    Raises Damaged: no array, or a record that is cut or malformed.
    """
    reader = Reader(path, "[")
    while reader.next_item("]"):
        yield reader.value()


def array_lines(path: Path) -> Iterator[tuple[int, Json]]:
    """Each record of a file that holds one JSON array: the line it begins on, from 1, and its value.

    Raises Damaged as `array_items` does.
    """
    reader = Reader(path, "[")
    while reader.next_item("]"):
        yield reader.line, reader.value()[0]


def record_lines(path: Path) -> Iterator[tuple[int, Json]]:
    """The same of a file that holds one JSON array, or objects one after another, such as one a line.

    Raises Damaged: neither, a record that is cut or malformed, or a file that is packed.
    """
    refuse_packed(path)
    reader = Reader(path, "[{")
    more = partial(reader.next_item, "]") if reader.opening == "[" else reader.next_object
    while more():
        yield reader.line, reader.value()[0]


def object_items(path: Path) -> Iterator[tuple[str, Json, str]]:
    """Each entry of a file that holds one JSON object: its name, its value, and the value's text.

    Raises Damaged: no object, or an entry that is cut or malformed.
    """
    reader = Reader(path, "{")
    while reader.next_item("}"):
        name, _ = reader.value()
        if not isinstance(name, str) or reader.character() != ":":
            raise reader.damaged("expected a name in double quotes, and a colon")
        reader.place += 1
        yield name, *reader.value()


class Reader:
    """A window on the text, moved forward record by record."""

    def __init__(self, path: Path, opening: str) -> None:
        self.path, self.number = path, -1
        self.text, self.place = "", 0
        self.line, self.counted = 1, 0  # of the record, and up to where its ends of lines were counted
        self.blocks = blocks(path)
        self.decode = json.JSONDecoder().raw_decode
        self.opening = self.character()
        if not self.opening or self.opening not in opening:
            expected = " or ".join(f"{KINDS[bracket]} ({bracket!r})" for bracket in opening)
            raise Damaged(f"{path.name} begins with {self.text[:20]!r}; expected a JSON {expected}")
        self.place += opening != "[{" or self.opening == "["  # of objects one after another the first begins here

    def more(self) -> bool:
        """Read another block; False at the end of the file."""
        try:
            block = next(self.blocks, "")
        except UnicodeDecodeError as error:
            raise self.damaged(f"it is no UTF-8 text ({error.reason})") from error
        if block:
            self.count_lines()
            self.counted = 0
            self.text, self.place = self.text[self.place :] + block, 0
        return bool(block)

    def count_lines(self) -> None:
        """Count the lines up to this place, for messages."""
        self.line += self.text.count("\n", self.counted, self.place)
        self.counted = self.place

    def character(self) -> str:
        """The next character that is no white space, or nothing at the end of the file."""
        while True:
            while self.place < len(self.text):
                if self.text[self.place] not in SPACE:
                    return self.text[self.place]
                self.place += 1
            if not self.more():
                return ""

    def next_item(self, closing: str) -> bool:
        """Move to the next record. Raises Damaged where neither a record nor a proper end follows."""
        self.number += 1
        found = self.character()
        if found == closing:
            return self.finish()
        if self.number:
            if found != ",":
                raise self.damaged(f"expected ',' or {closing!r}, found {found!r}" if found else "the file ends here")
            self.place += 1
            self.character()
        self.count_lines()
        return True

    def next_object(self) -> bool:
        """Move to the next of objects that stand one after another. Raises Damaged: something else follows."""
        self.number += 1
        found = self.character()
        if found not in ("", "{"):
            raise self.damaged(f"expected an object ('{{'), found {found!r}")
        self.count_lines()
        return bool(found)

    def finish(self) -> bool:
        """End the reading. Raises Damaged: the file goes on. Returns False: there is no next item."""
        self.place += 1
        if self.character():
            raise self.damaged(f"the file goes on after its end with {self.text[self.place :][:20]!r}")
        return False

    def value(self) -> tuple[Json, str]:
        """The next value, and its text. Raises Damaged: no JSON."""
        self.character()
        while True:
            try:
                value, end = self.decode(self.text, self.place)
                error = None
            except JSONDecodeError as caught:
                value, end, error = None, len(self.text), caught
            except RecursionError:
                raise self.damaged("it is nested too deeply") from None
            except ValueError as caught:  # Python reads no integer of thousands of digits
                raise self.damaged(str(caught)) from caught
            if error is None and end + len("e+") < len(self.text):  # else 12 may be the beginning of 12e+5
                break
            if len(self.text) - self.place > LONGEST or not self.more():
                if error is None:
                    break
                raise self.damaged(f"{error.msg} at character {error.pos - self.place} of the record") from error
        start, self.place = self.place, end
        return value, self.text[start:end]

    def damaged(self, reason: str) -> Damaged:
        """The error for a damaged file, with the record and the line."""
        where = f"{self.path.name}, record {max(self.number, 0)}"
        return Damaged(f"{where}: {reason} (line {self.line}); the file is damaged, get it again")


def refuse_packed(path: Path) -> None:
    """Raises Damaged: a file of a kind that is known by how it begins, and is no text."""
    with path.open("rb") as file:
        head = file.read(8)
    for mark, kind in PACKED.items():
        if head.startswith(mark):
            raise Damaged(f"{path.name} is {kind}")


def blocks(path: Path) -> Iterator[str]:
    """The text in pieces, none of them empty.

    Raises UnicodeDecodeError: bytes that are no UTF-8, after all the text before them.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()  # a byte order mark says nothing
    with path.open("rb") as file:
        ended = False
        while not ended:
            block = file.read(BLOCK)
            ended = not block
            try:
                text = decoder.decode(block, final=ended)
            except UnicodeDecodeError as error:
                if error.start:
                    yield error.object[: error.start].decode()
                raise
            if text:
                yield text
