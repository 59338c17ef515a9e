"""Text of files, servers and models as a terminal may show it: nothing in it moves the cursor or hides a line."""

from __future__ import annotations

import re

# Control characters, ends of lines, marks that turn the direction of writing, and halves of characters.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
OF_LINES = re.compile(f"(?![\n\t]){UNSEEN.pattern}")


def printable(text: object, *, lines: bool = False) -> str:
    r"""The text with each such character written as \x1b or \u202e. With `lines`, line breaks and tabs stay."""
    return (OF_LINES if lines else UNSEEN).sub(escaped, str(text))


def escaped(found: re.Match[str]) -> str:
    """The escape of a control character, such as \\x1b."""
    return found[0].encode("unicode_escape").decode("ascii")
