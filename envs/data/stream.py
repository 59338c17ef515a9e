"""Read a JSON array or object of any size, one record at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.decoder import JSONDecodeError
from pathlib import Path
from typing import TextIO

from forethought.envs.family import Json

BLOCK = 1 << 22  # characters read at once
LONGEST = 1 << 26  # characters of one record; a longer one is damage
SPACE = " \t\n\r"


class Damaged(ValueError):
    """A file that cannot be read; the message names the file, the record and the reason."""


def array_items(path: Path) -> Iterator[tuple[Json, str]]:
    """Each record of a file that holds one JSON array: its value, and the text it was read from.

    Raises Damaged: no array, or a record that is cut or malformed.
    """
    reader = Reader(path, "[")
    while reader.next_item("]"):
        yield reader.value()


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
        self.blocks = blocks(path)
        self.decode = json.JSONDecoder().raw_decode
        if self.character() != opening:
            kind = "array" if opening == "[" else "object"
            raise Damaged(f"{path.name} begins with {self.text[:20]!r}; expected a JSON {kind} ({opening!r})")
        self.place += 1

    def more(self) -> bool:
        block = next(self.blocks, "")
        self.text, self.place = self.text[self.place :] + block, 0
        return bool(block)

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
        return True

    def finish(self) -> bool:
        self.place += 1
        if self.character():
            raise self.damaged(f"the file goes on after its end with {self.text[self.place :][:20]!r}")
        return False

    def value(self) -> tuple[Json, str]:
        self.character()
        while True:
            try:
                value, end = self.decode(self.text, self.place)
                error = None
            except JSONDecodeError as caught:
                value, end, error = None, len(self.text), caught
            except RecursionError:
                raise self.damaged("it is nested too deeply") from None
            if error is None and end < len(self.text):
                break
            if len(self.text) - self.place > LONGEST or not self.more():
                if error is None:
                    break
                raise self.damaged(f"{error.msg} at character {error.pos - self.place} of the record") from error
        start, self.place = self.place, end
        return value, self.text[start:end]

    def damaged(self, reason: str) -> Damaged:
        return Damaged(f"{self.path.name}, record {self.number}: {reason}; the file is damaged, get it again")


def blocks(path: Path) -> Iterator[str]:
    """Raises Damaged: bytes that are no UTF-8."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from checked(file, path)


def checked(file: TextIO, path: Path) -> Iterator[str]:
    try:
        while block := file.read(BLOCK):
            yield block
    except UnicodeDecodeError as error:
        raise Damaged(f"{path.name} is no UTF-8 text ({error}); get it again") from error
