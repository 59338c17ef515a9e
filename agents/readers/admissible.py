"""The admissible action that a text names: in other letters, with other blanks or marks, or by its argument alone."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from forethought.agents.readers.marks import unwrapped
from forethought.envs import is_template

PRESS = re.compile(  # in front of the text of a button
    r"(?:(?:i|we)(?:\s(?:will|would|should|must|shall)|[’']ll)?\s|let[’']?s\s|then\s|now\s|next,?\s|please\s){0,4}"
    r"(?:click|press|select|choose|open|tap|pick)(?:ing)?\s(?:on\s)?(?:the\s)?(?:item|product|button|link|option)?\s?(?=\S)"
    r"|(?:(?:item|product|button|link|option)\s(?=\S))",
    re.IGNORECASE,
)
LONGEST = 200  # characters of a text that names a button


def listed(line: str, actions: Sequence[str]) -> str:
    """The admissible action that a line is but for small letters and a mark behind; else the line."""
    short = line.rstrip(" .!,;")
    known = {action.casefold(): action for action in reversed(actions)}
    return known.get(line.casefold()) or known.get(short.casefold()) or line


def respaced(action: str, actions: Sequence[str]) -> str:
    """The admissible action that has the same words with other white space between; else the action as it is."""
    wanted = action.casefold()
    if any(listed.casefold() == wanted for listed in actions):
        return action
    return next((listed for listed in actions if listed.casefold().split() == wanted.split()), action)


def closed(argument: str) -> str:
    """Up to the bracket that closes the argument; all of it where none does."""
    depth = 1
    for place, character in enumerate(argument):
        depth += (character == "[") - (character == "]")
        if not depth:
            return argument[: place + 1]
    return argument


def unquoted(action: str, verb: str, actions: Sequence[str]) -> str:
    """An action without blanks, quotes and Markdown around the whole of its argument; a listed one as it is.

    An argument that differs from a listed one of its verb by marks alone, as "next" does from "next >", is that one.
    """
    if not action.endswith("]") or any(listed.casefold() == action.casefold() for listed in actions):
        return action
    bared = action[len(verb) + 1 : -1].strip()
    for _ in range(2):
        bared = unwrapped(bared)
    if not bared:
        return action
    same = respaced(f"{verb}[{bared}]", actions)
    return same if same in actions else by_argument(bared, [a for a in actions if a.startswith(f"{verb}[")]) or same


def named_in(line: str, actions: Sequence[str]) -> str:
    """The admissible action whose argument a line is, as in "Buy Now" and "Click on Buy Now."; else the line."""
    begun = PRESS.match(line)
    return by_argument(line, actions) or (by_argument(line[begun.end() :], actions) if begun else "") or line


def by_argument(text: str, actions: Sequence[str]) -> str:
    """The only admissible action, no template, with these letters and digits as its argument; "" without one."""
    wanted = letters(text) if len(text) <= LONGEST else ""
    if not wanted:
        return ""
    same = {
        action
        for action in actions
        if not is_template(action) and letters(action.partition("[")[2].removesuffix("]")) == wanted
    }
    return same.pop() if len(same) == 1 else ""


def letters(text: str) -> str:
    """The letters and digits of a text, in small letters; signs that change a number stay."""
    return re.sub(r"[^\w%+.-]|_|[.-](?!\d)|(?<!\d)\.", "", html.unescape(text).casefold())
