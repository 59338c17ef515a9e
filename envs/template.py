"""Admissible actions with blanks to fill in, marked by their type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeGuard

BLANK = re.compile(r"<[^<>]*>")


class Template(str):
    """An admissible action with blanks, such as `Template("search[<query>]")`; it equals its text.

    Only a family can declare "<…>" a blank: in its data, and in text of a user or a model, it is literal.
    """

    __slots__ = ()

    def fill(self, word: Callable[[], str]) -> str:
        """The action, with a `word` of its own in every blank."""
        return BLANK.sub(lambda _: word(), self)


def is_template(action: str) -> TypeGuard[Template]:
    """Whether an admissible action has blanks to fill in; a text that merely reads like one has none."""
    return isinstance(action, Template)
