"""Marks around a text: blanks, quotes, Markdown and tags."""

from __future__ import annotations

from forethought.agents.readers.reasoning import BLANKS
from forethought.agents.readers.reply import TAG

QUOTED = "\"'“”‘’"
QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"))
WRAPPERS = (("***", "***"), ("**", "**"), ("__", "__"), ("`", "`"), ("*", "*"), ("_", "_"), ("|", "|"), *QUOTES)


def seen(line: str) -> str:
    """A line without blanks at its ends."""
    return line.strip(BLANKS)


def unwrapped(text: str) -> str:
    """The text without its outermost pair of marks."""
    for before, behind in WRAPPERS:
        if len(text) > len(before + behind) and text.startswith(before) and text.endswith(behind):
            inner = text[len(before) : -len(behind)]
            if before not in inner and behind not in inner:
                return seen(inner)
    return text


def untagged(text: str) -> str:
    """The text between a tag such as <answer> in front and the end of its kind, or without such an end behind it."""
    begun = TAG.match(text)
    text = text[begun.end() :] if begun else text
    ends = [found for found in TAG.finditer(text) if found[0].startswith("</") and (begun or found.end() == len(text))]
    return seen(text[: ends[0].start()]) if ends else seen(text)
