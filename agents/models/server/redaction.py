"""Text of a server for people: without the key, and without control characters of a terminal."""

from __future__ import annotations

import re

from forethought.common.printable import printable

STARRED = re.compile(r"\*\*|[•…]|\.\.\w")  # how some quote a secret
SECRET = 8  # characters that a key has at least; a shorter one is a word that may stand anywhere
LONGEST = 200  # characters of a text that is shown


def hide(text: str, key: str) -> str:
    """The text without the whole key."""
    return text.replace(key, "***") if len(key) >= SECRET else text


def mask(text: str, key: str) -> str:
    """The text without the key, and without words with its first or last four characters or with stars in it.

    A word ends at a space. A part from the middle of the key, or the key in another coding, is not found.
    """
    text = text.replace(key, "***")
    if len(key) < SECRET:
        return text

    def hidden(word: re.Match[str]) -> str:
        told = key[:4] in word[0] or key[-4:] in word[0] or STARRED.search(word[0])
        return "***" if told else word[0]

    return re.sub(r"\S+", hidden, text)


def one_line(text: str, lines: int = 1) -> str:
    """A short line, in which control characters, such as those that begin an escape sequence, are spelled out."""
    longest = lines * LONGEST
    return printable(" ".join(text[: 8 * longest].split())[:longest])[:longest]
