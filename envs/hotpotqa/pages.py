"""A page of the encyclopedia: a title, and the sentences of its paragraphs as the data has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

LINK = re.compile(r'<a href="([^"]*)">')


class BadRecord(ValueError):
    """A record of an official file is malformed; the message has the reason and the place."""


@dataclass(frozen=True, slots=True)
class Page:
    """`paragraphs` hold sentences with their white space, so that a paragraph is their concatenation.

    `links` are the titles that the text links to, in its order; None where the source tells none.
    """

    title: str
    paragraphs: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them, as supporting facts count them."""
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph)


def unescaped(text: str) -> str:
    """Without the entities of HTML; a text with a number among them that is too long for Python stays as it is."""
    try:
        return unescape(text)
    except ValueError:
        return text


def unlinked(marked: str) -> tuple[str, list[str]]:
    """A sentence with `<a href="Some%20title">words</a>` in it: the plain text, and the titles linked to.

    A link to a section of the page itself has the title "", one that is never closed is plain text.
    """
    text, targets, place = [], [], 0
    for opening in LINK.finditer(marked):
        if opening.start() < place:
            continue
        closing = marked.find("</a>", opening.end())
        if closing < 0:
            break
        text += [marked[place : opening.start()], marked[opening.end() : closing]]
        targets.append(unescaped(unquote(opening[1])).partition("#")[0])  # no title holds one: a section follows
        place = closing + len("</a>")
    return "".join((*text, marked[place:])), targets


def linked_page(title: str, marked: Sequence[str]) -> Page:
    """A page of one paragraph from sentences with links. A link to itself does not count, nor one said again."""
    sentences, targets = zip(*map(unlinked, marked), strict=True) if marked else ((), ())
    links = dict.fromkeys(target for found in targets for target in found if target not in ("", title))
    return Page(title, (tuple(sentences),), tuple(links))
