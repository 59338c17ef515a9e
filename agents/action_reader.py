"""The action in a reply, without what models put around it: labels, bullets, quotes, Markdown, comments behind it.

Published agents write "Action 3: Search[August Thomjon]\\nObservation 3: …", and their harnesses lower the first letter
and cut the rest off before the environment sees it (Yao et al. 2023, arXiv:2210.03629). Environments stay strict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile
from typing import NamedTuple

from forethought.agents.reply_reader import BLANKS, FENCE, THOUGHT, is_preface

MARKS = r"[*_`#>\s]{0,8}"  # of Markdown
LABEL = re.compile(
    rf"{MARKS}(?:(?:the|my|your|next|best|final|chosen|proposed|suggested|so|therefore|thus|then)[\s,]{{1,3}}){{0,4}}"
    rf"(?:action|move|step|answer|output|response|choice|decision|operation)s?\s{{0,3}}(?:#\s?)?\[?[0-9]{{0,3}}\]?\s{{0,3}}"
    rf"(?:{MARKS}:|(?:is|will\sbe|would\sbe|should\sbe)(?=\s|:)\s{{0,3}}:?){MARKS}",
    re.IGNORECASE,
)
ACTION = re.compile(r"\baction\s{0,3}[0-9]{0,3}\s{0,3}:", re.IGNORECASE)  # behind a thought on the same line
BULLET = re.compile(r"(?:[-*•▪◦‣–—>]|#{1,6}|[0-9]{1,2}[.)]|\([0-9]{1,2}\))\s+(?=\S)")
TAGS = (("<action>", "</action>"), ("<answer>", "</answer>"))
QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"))
WRAPPERS = (("***", "***"), ("**", "**"), ("__", "__"), ("`", "`"), ("*", "*"), ("_", "_"), *QUOTES, *TAGS)
VERB = re.compile(r"([^\W\d_]{1,40})\s{0,3}\[")
MOST_LAYERS = 8  # of decoration


class Written(NamedTuple):
    thought: str
    action: str  # empty: the reply has none


def read_action(text: str, actions: Sequence[str]) -> Written:
    """The first action of a reply, spelled as the admissible `actions` are, and the thoughts in front of it."""
    thoughts: list[str] = []
    for line in map(seen, text.splitlines()):
        if THOUGHT.match(line):
            thought, label, action = parted(line)
            thoughts.append(thought)
            if label and (action := bare(action, actions)):
                return Written("\n".join(thoughts), action)
        elif line and not is_preface(line) and (action := bare(line, actions)):
            return Written("\n".join(thoughts), action)
    return Written("\n".join(thoughts), "")


def seen(line: str) -> str:
    return line.strip(BLANKS)


def parted(line: str) -> tuple[str, str, str]:
    """A thought, the label of an action behind it, and that action."""
    found = ACTION.search(line)
    return (line[: found.start()].rstrip(), found[0], line[found.end() :]) if found else (line, "", "")


def bare(line: str, actions: Sequence[str]) -> str:
    """One line without its decoration."""
    if "\\[" in line:
        line = line.replace("\\[", "[").replace("\\]", "]")  # as Markdown escapes them
    for _ in range(MOST_LAYERS):
        if line in actions:
            return line
        inner = peeled(line)
        if inner == line:
            break
        line = inner
    return spelled(line, actions)


def bare_text(text: str) -> str:
    """A free text without the lines that only lead to it, and without marks around the whole of it."""
    lines = [line for line in map(seen, text.splitlines()) if line and not FENCE.fullmatch(line)]
    said = "\n".join(dropwhile(is_preface, lines))
    for _ in range(MOST_LAYERS):
        said = unwrapped(said)
    return said


def unwrapped(text: str) -> str:
    """The text without its outermost pair of marks."""
    for before, behind in WRAPPERS:
        if len(text) > len(before + behind) and text.startswith(before) and text.endswith(behind):
            inner = text[len(before) : -len(behind)]
            if before not in inner and behind not in inner:
                return seen(inner)
    return text


def peeled(line: str) -> str:
    """The line without its outermost label, bullet or pair of marks."""
    line = seen(line)
    if (inner := unwrapped(line)) != line:
        return inner
    for pattern in (LABEL, BULLET):
        if found := pattern.match(line):
            return seen(line[found.end() :])
    return line


def spelled(line: str, actions: Sequence[str]) -> str:
    """In the spelling of the family: its verb and nothing behind the bracket, or the listed action it equals."""
    verbs = {verb.casefold(): verb for verb, bracket, _ in (action.partition("[") for action in actions) if bracket}
    found = VERB.match(line.lstrip("*_`\"'")) if verbs else None
    if not found:
        return listed(line, actions)
    verb, argument = verbs.get(found[1].casefold(), found[1].lower()), found.string[found.end() :]
    whole, action = f"{verb}[{argument.rstrip()}", f"{verb}[{closed(argument)}"
    return action if action == whole else next((a for a in actions if a.casefold() == whole.casefold()), action)


def closed(argument: str) -> str:
    """Up to the bracket that closes the argument; all of it where none does."""
    depth = 1
    for place, character in enumerate(argument):
        depth += (character == "[") - (character == "]")
        if not depth:
            return argument[: place + 1]
    return argument


def listed(line: str, actions: Sequence[str]) -> str:
    """The admissible action that a line is but for small letters and a mark behind; else the line."""
    short = line.rstrip(" .!,;")
    known = {action.casefold(): action for action in reversed(actions)}
    return known.get(line.casefold()) or known.get(short.casefold()) or line
