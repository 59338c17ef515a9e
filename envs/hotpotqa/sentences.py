"""How a page is cut into sentences: as the data set has them, or as the prompt-based agents saw them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from forethought.envs.hotpotqa.pages import Page

SHOWN = 5  # sentences that a search shows
FEWEST = 3  # words of a paragraph that counts


def native(page: Page) -> tuple[str, ...]:
    """The data set's own sentences, without the white space around them; empty ones count, and are never shown."""
    return tuple(sentence.strip() for sentence in page.sentences)


def react(page: Page) -> tuple[str, ...]:
    """Lines cut at ". ", each piece with a full stop at its end, even a second one (Yao et al. 2023, arXiv:2210.03629).

    Paragraphs of one or two words do not count.
    """
    paragraphs = ("".join(paragraph).strip() for paragraph in page.paragraphs)
    text = "\n".join(paragraph for paragraph in paragraphs if len(paragraph.split(" ")) >= FEWEST)
    pieces = (piece.strip() for line in text.split("\n") for piece in line.strip().split(". "))
    return tuple(f"{piece}." for piece in pieces if piece)


SENTENCES: Mapping[str, Callable[[Page], tuple[str, ...]]] = {"react": react, "native": native}
