"""Check a free-form answer such as "(10 - 4) * (5 - 1) = 24".

The text is parsed with a whitelist and never evaluated: numbers, + - * /, parentheses, and an optional
right-hand side, which must be true as well (the checker published with Tree of Thoughts ignores it).
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from forethought.envs.family import shorten
from forethought.envs.game24.characters import PLAIN, plain
from forethought.envs.game24.rules import OPS

TOKEN = re.compile(r"\s*([0-9]+|[-+*/()=])")
SPELLINGS = {code: sign for code, sign in PLAIN.items() if code > 127} | {0xFF10 + n: str(n) for n in range(10)}
LABEL = re.compile(r"\s*answer\s*:", re.IGNORECASE)
TIMES = re.compile(r"(?<=[0-9)\s])[xX](?=[0-9(\s])")
LONGEST = 200  # characters; four numbers of two digits need fewer than 40


def check_answer(puzzle: str, answer: str) -> str | None:
    """Why `answer` does not solve `puzzle` ("4 5 6 10"), or None if it does. Never raises on any answer."""
    try:
        tokens = tokenize(answer)
        sides = [list(side) for side in split(tokens, "=")]
        if len(sides) > 2:
            return f"{shorten(answer)} has more than one '='"
        value, used = Parser(sides[0]).parse()
        if len(sides) == 2 and Parser(sides[1]).parse()[0] != value:
            return f"{shorten(answer)} is not true: the left side is {value}"
    except ZeroDivisionError:
        return f"cannot read {shorten(answer)}: it divides by zero"
    except (ValueError, RecursionError) as error:
        return f"cannot read {shorten(answer)}: {error}"
    if Counter(used) != Counter(map(int, puzzle.split())):
        return f"{shorten(answer)} uses {' '.join(map(str, sorted(used)))}; each of {puzzle} must be used once"
    return None if value == 24 else f"{shorten(answer)} is {value}, not 24"


def tokenize(text: str) -> list[str]:
    """The numbers, operators and brackets of an expression. Raises ValueError: anything else in it."""
    if len(text.strip()) > LONGEST:
        raise ValueError(f"it has {len(text.strip())} characters; at most {LONGEST} are read")
    text = plain(text) if "\\" in text or "$" in text else text.translate(SPELLINGS)
    text = TIMES.sub("*", LABEL.sub("", text, count=1)).strip()
    tokens, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise ValueError(f"{shorten(text[position:].lstrip()[:1])} is neither a number, + - * / nor a parenthesis")
        tokens.append(match[1])
        position = match.end()
    return tokens


def split(tokens: list[str], mark: str) -> list[list[str]]:
    """The tokens, split at a mark."""
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == mark:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


class Parser:
    """sum := product (('+' | '-') product)*; product := atom (('*' | '/') atom)*; atom := number | '(' sum ')'."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]
        self.used: list[int] = []

    def parse(self) -> tuple[Fraction, list[int]]:
        """The exact value and the numbers of an expression. Raises ValueError: no whole expression."""
        value = self.sum()
        if self.tokens:
            raise ValueError(f"{self.tokens[-1]!r} is out of place")
        return value, self.used

    def sum(self) -> Fraction:
        """The value of a sum."""
        value = self.product()
        while self.tokens and self.tokens[-1] in "+-":
            value = Fraction(OPS[self.tokens.pop()](value, self.product()))
        return value

    def product(self) -> Fraction:
        """The value of a product."""
        value = self.atom()
        while self.tokens and self.tokens[-1] in "*/":
            value = Fraction(OPS[self.tokens.pop()](value, self.atom()))
        return value

    def atom(self) -> Fraction:
        """The value of a number, of a sign before one, or of a bracket."""
        token = self.tokens.pop() if self.tokens else ""
        if token == "(":
            value = self.sum()
            if not self.tokens or self.tokens.pop() != ")":
                raise ValueError("a parenthesis is not closed")
            return value
        if not token.isdigit():
            raise ValueError(f"a number was expected before {token!r}" if token else "it ends too early")
        self.used.append(int(token))
        return Fraction(int(token))
