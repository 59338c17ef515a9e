"""The form of a stored page, which the builder writes and the world reads."""

from __future__ import annotations

import json

from forethought.envs.hotpotqa.pages import Page

KIND = "hotpotqa"  # in the manifest of a world folder


def parse_page(record: bytes) -> Page:
    """A page from its stored record."""
    title, paragraphs = json.loads(record)
    return Page(title, tuple(map(tuple, paragraphs)))
