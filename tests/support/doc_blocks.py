"""The code blocks of a document, with the comments in front of them that say how a test runs them.

<!-- needs: REASON -->           the block is not run: the test is skipped, and shows the reason
<!-- with: PATH as NAME -->      a file of the repository lies in the folder under that name
<!-- file: PATH -->              the block is the content of a file
<!-- add to PATH after: LINE --> the block is added to a file, behind the first line that has this text
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LANGUAGES = ("python", "shell", "text", "toml", "ini")
BLOCK = re.compile(r"((?:^<!--[^\n]*-->\n)*)^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!-- (.*?) -->")


@dataclass(frozen=True)
class Block:
    """A block of code. `line` is that of its first line of code in the document, from 1."""

    document: str
    line: int
    language: str
    text: str
    comments: tuple[str, ...]

    def comment(self, begin: str) -> str | None:
        """The rest of the comment that begins so."""
        return next((text.removeprefix(begin).strip() for text in self.comments if text.startswith(begin)), None)


def blocks(document: str) -> list[Block]:
    """Those of a Markdown file, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start(3)) + 1
        found.append(Block(document, line, match[2], match[3], tuple(COMMENT.findall(match[1]))))
    return found


def added(text: str, block: Block, path: str, anchor: str) -> str:
    """The text of a file with the block behind the first line that holds the anchor."""
    lines = text.splitlines(keepends=True)
    place = next((number for number, line in enumerate(lines) if anchor in line), None)
    assert place is not None, f"{block.document}:{block.line}: no line of {path} holds {anchor!r}"
    return "".join([*lines[: place + 1], block.text, *lines[place + 1 :]])
