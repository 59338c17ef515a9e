"""A move as people and models write it: "10-4", "10 × 4", "(1/3) * 6 = 2", "11 / 3 ≈ 3.67", "1.5 + 10 (left: 2)".

A text is read in every way in which it is two numbers with an operation between; a reading counts if its numbers are
left. It is the move if the readings that count are one. The text is matched and never evaluated. A result and a comment
behind a move are ignored, also a wrong result, as in the published harness: the rules compute the result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from forethought.envs.game24.characters import plain
from forethought.envs.game24.markup import lines_of, without_bullet
from forethought.envs.game24.words import in_figures

Number: TypeAlias = "int | Fraction"  # always exact; a Fraction only where it is no integer
Move: TypeAlias = tuple[str, str, str]

LONGEST = 400  # characters that are looked at; a comment may be longer
ROUNDED = 2  # digits behind the point that a rounded number has at least
FLOAT = 12  # digits behind the point that only a computer writes, the last of them wrong: 3.6666666666666665
NOISE = Fraction(1, 10**9)  # of such a number
MOST_BRACKETS = 4  # around a whole move
AROUND = " =*_'‘’|"
ABOUT = r"~?\ ?"
DIGITS = r"[0-9]{1,40}"
END = r"(?![.,]?[0-9])"
DECIMAL = rf"(?:{DIGITS}\.(?=\ *[-+*/])|{DIGITS}(?:[.,]{DIGITS})?|\.{DIGITS})(?:\.\.\.|…)?{END}"
MIXED = rf"(?P<whole>{DIGITS})\ ?(?:\(|(?<=\ ))(?P<number>{DIGITS})/(?P<below>{DIGITS}){END}\)?"
NUMBERS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{ABOUT}(?P<sign>[+-]?)(?P<number>{DECIMAL})",
        rf"{ABOUT}(?P<sign>[+-]?)(?P<number>{DIGITS})/(?P<below>{DIGITS}){END}",
        rf"(?P<outer>-?)\(\ *{ABOUT}(?P<sign>[+-]?)\ *(?P<number>{DECIMAL})(?:\ */\ *(?P<below>{DIGITS}){END})?\ *\)",
        rf"(?P<sign>[+-]?){MIXED}",
        rf"(?P<outer>-?)\(\ *(?P<sign>[+-]?)\ *{MIXED}\ *\)",
    )
)
IN_FRONT = (  # "1 / 3 * 6" and "- 6 * 5"
    re.compile(rf"(?P<sign>[+-]?)(?P<number>{DIGITS})\ +/\ *(?P<below>{DIGITS}){END}"),
    re.compile(rf"(?P<sign>-)\ (?P<number>{DECIMAL})"),
)
NEGATIVE = re.compile(r"\bnegative\ (?=[0-9(])", re.IGNORECASE)
REPEATING = re.compile(r"([0-9]{0,20})\.([0-9]{0,9})(?:\(([0-9]{1,9})\)|((?:[0-9]\u0305){1,9}))")
OPERATION = re.compile(
    r"\ *(?:(?P<sign>[-+*/]|(?<=\ ):(?=\ )|(?<!\ ):(?!\ ))"
    r"|(?P<word>x(?=[\ 0-9(.+-])|(?:times|multiplied\ by|plus|minus|divided\ by|over)\b))\ *",
    re.IGNORECASE,
)
WORDS = {"times": "*", "multiplied by": "*", "x": "*", "plus": "+", "minus": "-", "divided by": "/", "over": "/"}
RESULT_FIRST = re.compile(rf"(?:[a-zA-Z]|[+-]?{DECIMAL}(?:/{DIGITS})?)\ *[=~]\ *")
# The text behind a move: its result, a comment, a mark of punctuation. Never more arithmetic.
GOES_ON = re.compile(
    r"[+^%]|/(?![/*]\ *[^\W\d_])|[*_]+\ *[-+]?\ *\(*\ *[-+]?\.?[0-9]"
    r"|-(?!-*>|-*\ +(?!(?:x|times|plus|minus|over)\b)[a-zA-Z])|[0-9]|!=|:\ *[0-9(]"
    r"|(?:x|times|multiplied|plus|minus|divided|over|mod|squared|cubed|factorial|percent)\b",
    re.IGNORECASE,
)
COMMENT = re.compile(r"[=~>:;?!,.…|#&*_/-]|<[-=]|[^\W\d_]|\(\ *(?:[^\W\d_]|[=~]|-?[0-9][^\s,;]{0,90}[\s,;]+[0-9])")
EMPHASIS = re.compile(r"\A\*(?![\s*])(.{1,200})(?<![\s*])\*(?=[\s.,;:!?=]|\Z)")  # Markdown's, up to its last mark
RESULT_BEHIND = re.compile(r"\ *[:(<]\ *")


class Unreadable(ValueError):
    """No move with the numbers left."""


class Several(Unreadable):
    """It may be one of several moves."""


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it was written, and where its text ends."""

    values: tuple[Fraction, ...]  # "1,500" may be a decimal or a large number
    digits: int  # behind the point
    cut: bool  # "3.66…" is not rounded, but cut off
    is_fraction: bool
    is_reduced: bool
    end: int

    def fitting(self, left: Sequence[Number]) -> list[int]:
        """The places of the numbers left that it names: exactly, or else rounded to two digits or more."""
        exact = [place for place, number in enumerate(left) if number in self.values]
        if exact or self.digits < ROUNDED:
            return exact
        if self.digits >= FLOAT:
            return [place for place, number in enumerate(left) if any(abs(number - v) <= NOISE for v in self.values)]
        off = Fraction(1 if self.cut else Fraction(1, 2), 10**self.digits)
        fractions = ((place, number) for place, number in enumerate(left) if isinstance(number, Fraction))
        return [place for place, number in fractions if any(abs(number - value) <= off for value in self.values)]


def read_move(text: str, left: Sequence[Number]) -> Move:
    """The move in the spelling of the rules: two of the numbers left, as `str` writes them, and the operation.

    Raises Unreadable: the text is no move with these numbers; Several: it may be one of several.
    """
    parts = text.split()
    if len(parts) == 3 and parts[1] in "+-*/":
        spelled = list(map(str, left))
        if parts[0] in spelled and parts[2] in spelled and (parts[0] != parts[2] or spelled.count(parts[0]) > 1):
            return parts[0], parts[1], parts[2]
    line = first_line(text)
    found = {move for start in starts(line) for move in readings(line, start, left)}
    if not found and (result := RESULT_FIRST.match(line)):
        found = set(readings(line, result.end(), left))
    if not found and (short := without_bullet(line)) != line:
        found = {move for start in starts(short) for move in readings(short, start, left)}
    if not found and (figures := in_figures(line)) != line:
        found = {move for start in starts(figures) for move in readings(figures, start, left)}
    if len(found) > 1:
        raise Several(f"it may be {' or '.join(sorted(' '.join(move) for move in found))}")
    if not found:
        raise Unreadable("it is no move with these numbers")
    return found.pop()


def first_line(text: str) -> str:
    """The first line with something on it, in plain characters and without markup."""
    text = text.strip()
    if len(text) > LONGEST:  # not within a number
        text = " ".join(text[:LONGEST].split(" ")[:-1])
    lines = (EMPHASIS.sub(r"\1", line) for marked in lines_of(text) for line in in_ascii(marked).split("\n"))
    return next((line.strip(AROUND) for line in lines if line.strip(AROUND)), "")


def in_ascii(line: str) -> str:
    """A line with its signs and digits in ASCII."""
    return REPEATING.sub(repeating, NEGATIVE.sub("-", plain(line)))


def repeating(found: re.Match[str]) -> str:
    """ "3.(6)" and "3.6\u0305" as the fraction (11/3)."""
    whole, once, ever = found[1] or "0", found[2], found[3] or found[4].replace("\u0305", "")
    return f"({Fraction(f'{whole}.{once or 0}') + Fraction(int(ever), 10 ** len(once) * (10 ** len(ever) - 1))})"


def starts(line: str) -> Iterator[int]:
    """Where a move may begin: at once, behind a bullet, or behind brackets around the whole of it."""
    yield 0
    if line.startswith("- "):
        yield 2
    for place, character in enumerate(line[:MOST_BRACKETS], 1):
        if character != "(":
            return
        yield place


def readings(line: str, start: int, left: Sequence[Number]) -> Iterator[Move]:
    """Every move with numbers left that begins at `start`, behind which the text does not go on."""
    for first in numbers(line, start, in_front=True):
        if not (between := OPERATION.match(line, first.end)):
            continue
        sign = WORDS[between["word"].lower()] if between["word"] else between["sign"].replace(":", "/")
        for second in numbers(line, between.end()):
            if second.is_fraction and not second.is_reduced and sign == "/":
                continue  # "8 / 4/2" is 8 divided twice
            over = is_end(line[second.end :])
            if not over and not RESULT_BEHIND.match(line, second.end):
                continue
            for one in first.fitting(left):
                for other in second.fitting(left):
                    if other != one and (over or states_result(line, second.end, left[one], sign, left[other])):
                        yield str(left[one]), sign, str(left[other])


def states_result(line: str, at: int, first: Number, sign: str, second: Number) -> bool:
    """Whether the move's right result stands behind it without "=", as in "10 - 4: 6" and "10 - 4 (6)"."""
    begun = RESULT_BEHIND.match(line, at)
    if begun is None or (sign == "/" and not second):
        return False
    results = {"+": first + second, "-": first - second, "*": first * second}
    result = Fraction(first) / second if sign == "/" else results[sign]
    return any(
        written.fitting([result]) and is_end(line[written.end :].lstrip(" >")) for written in numbers(line, begun.end())
    )


def numbers(line: str, at: int, in_front: bool = False) -> Iterator[Written]:
    """The readings of a number that begins here: "1/3" is 1, or a third."""
    for pattern in (*NUMBERS, *IN_FRONT) if in_front else NUMBERS:
        if found := pattern.match(line, at):
            groups = found.groupdict()
            written, below = groups["number"], int(groups.get("below") or 1)
            if not below:
                continue
            sign = (-1 if groups["sign"] == "-" else 1) * (-1 if groups.get("outer") else 1)
            more = int(groups.get("whole") or 0)
            values = tuple(sign * (more + value / below) for value in values_of(written))
            if groups.get("below") and values[0].denominator == 1:
                continue  # "8/2" is no name of 4
            behind = re.split("[.,]", written.rstrip(".…"))[1:]
            yield Written(
                values,
                len(behind[0]) if behind and below == 1 else 0,
                written.endswith((".", "…")),
                bool(groups.get("below")) and "outer" not in groups,
                below > 1 and values[0].denominator == below,
                found.end(),
            )


def values_of(written: str) -> list[Fraction]:
    """The values of "1.5", ".5", "1,5" and "1,500", which may be a decimal or one and a half thousand."""
    number = written.rstrip(".…")
    values = [Fraction(number.replace(",", "."))]
    whole, comma, behind = number.partition(",")
    if comma and len(behind) == 3 and whole != "0":
        values.append(Fraction(whole + behind))
    return values


def is_end(rest: str) -> bool:
    """Whether a move is over where this follows: nothing, its result, or a comment."""
    kind = unicodedata.category(rest[0]) if rest else "Zs"
    if rest.startswith("!") or (kind[0] in "LMN" and kind != "Lo"):
        return False  # "4!", "4e2" and "4²" are other numbers; scripts without spaces may go on at once
    rest = rest.strip(" )'‘’")
    if not rest or unicodedata.category(rest[0]) == "So":
        return True
    return not GOES_ON.match(rest) and bool(COMMENT.match(rest))
