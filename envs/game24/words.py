"""A move in words, put into figures: "ten minus four", "subtract 4 from 10", "10 added to 4"; brackets such as "5(6)".

It is read only where a text is no move as it stands, so that no word of a comment becomes a number.
"""

from __future__ import annotations

import re

ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
FIGURES = {"zero": 0} | {word: value for value, word in enumerate(ONES + TEENS, 1)}
FIGURES |= {word: 10 * value for value, word in enumerate(TENS, 2)}
PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7}
PARTS |= {"eighth": 8, "ninth": 9, "tenth": 10}
SPOKEN = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(TENS)})[- ](?P<ones>{'|'.join(ONES)})|(?P<word>{'|'.join(FIGURES)}))\b", re.IGNORECASE
)
PART = re.compile(rf"\b(?P<above>[0-9]{{1,3}}|an?)[- ](?P<part>{'|'.join(PARTS)})s?\b", re.IGNORECASE)
MIXED = re.compile(r"(?<![0-9/.])([0-9]{1,9}) and \(?([0-9]{1,9}/[0-9]{1,9})\)?")
SIGN = re.compile(
    r"(?:(?<![\s\S])|(?<=[-+*/(])|(?<=[-+*/] )|(?<=minus )|(?<=plus )|(?<=times ))minus (?=[0-9(])", re.IGNORECASE
)
REWRITTEN = (  # one number, or one sign, in brackets of its own
    (re.compile(r"\( ?([-+*/]) ?\)"), r" \1 "),
    (re.compile(r"\( ?- ?\( ?([0-9]{1,40} ?/ ?[0-9]{1,40}) ?\) ?\)"), r"(-\1)"),
    (
        re.compile(r"\( ?(-?) ?([0-9]{1,40}) ?\) ?/ ?(?:\( ?([0-9]{1,40}) ?\)|([0-9]{1,40})(?![0-9.,/]))"),
        r"(\1\2/\3\4)",
    ),
    (re.compile(r"\(?([0-9]{1,40}) ?/ ?\(?-([0-9]{1,40})\)?(?![0-9.,/])\)?"), r"(-\1/\2)"),
    (re.compile(r"(?<=[-+*]) ([0-9]{1,40}) / ([0-9]{1,40})(?![0-9.,/])"), r" (\1/\2)"),  # "4 * 7 / 2"
)
NUMBER = r"\(?(?:[+-] ?)?\(?[0-9][0-9./]{0,40}\)?\)?(?![0-9])"
LEAD = (
    r"(?:(?:first|next|then|now|so|please|i|we|you|to|let us|let[’']?s|(?:i|we)[’']ll|will|would|could|can|should|must"
    r"|want|choose|decide|need|start|begin|by|the|result|of)\b,? ){0,6}"
)
SENTENCES = (  # the order of the two numbers, and the sign between them
    (rf"(?:subtract(?:ing)?|tak(?:e|ing)(?: away)?) ({NUMBER}) from ({NUMBER})", r"\2 - \1"),
    (rf"add(?:ing)? ({NUMBER}) (?:and|to|with|plus) ({NUMBER})", r"\1 + \2"),
    (rf"multiply(?:ing)? ({NUMBER}) (?:by|and|with|times) ({NUMBER})", r"\1 * \2"),
    (rf"divid(?:e|ing) ({NUMBER}) by ({NUMBER})", r"\1 / \2"),
    (rf"sum of ({NUMBER}) and ({NUMBER})", r"\1 + \2"),
    (rf"product of ({NUMBER}) and ({NUMBER})", r"\1 * \2"),
    (rf"difference (?:of|between) ({NUMBER}) and ({NUMBER})", r"\1 - \2"),
    (rf"quotient of ({NUMBER}) and ({NUMBER})", r"\1 / \2"),
    (rf"({NUMBER}) subtracted from ({NUMBER})", r"\2 - \1"),
    (rf"({NUMBER}) (?:added to|add) ({NUMBER})", r"\1 + \2"),
    (rf"({NUMBER}) (?:take away|less|subtract|subtracts) ({NUMBER})", r"\1 - \2"),
    (rf"({NUMBER}) (?:mult(?:iply|iplied)?(?: by| with)?) ({NUMBER})", r"\1 * \2"),
    (rf"({NUMBER}) (?:div(?:ide)?(?: by)?) ({NUMBER})", r"\1 / \2"),
)
FORMS = tuple((re.compile(LEAD + form, re.IGNORECASE), figures) for form, figures in SENTENCES)
SIDE_BY_SIDE = re.compile(r"(?<=[0-9)])\((?= ?[-+]?[0-9][0-9./]{0,40} ?\) ?(?:[=~]|\Z))")  # "5(6)" is a product
MORE = re.compile(
    r"\s*(?:[-+*/^%(]|[0-9]|(?:times|plus|minus|over|multiplied|divided|and|then|from|by)\b)", re.IGNORECASE
)


def in_figures(line: str) -> str:
    """A line of plain characters with its words as figures and signs, the move in front; else the line."""
    figures = MIXED.sub(r"\1 \2", SIGN.sub("-", PART.sub(part, SPOKEN.sub(spoken, line))))
    for written, plain in REWRITTEN:
        figures = written.sub(plain, figures)
    for form, move in FORMS:
        if found := form.match(figures):
            behind = figures[found.end() :]
            return line if MORE.match(behind) else f"{found.expand(move)} ; {behind}"
    return SIDE_BY_SIDE.sub(" * (", figures, count=1)


def spoken(found: re.Match[str]) -> str:
    """ "Ten" as "10" and "twenty-four" as "24"."""
    if found["word"]:
        return str(FIGURES[found["word"].lower()])
    return str(FIGURES[found["tens"].lower()] + FIGURES[found["ones"].lower()])


def part(found: re.Match[str]) -> str:
    """ "1 half" and "a half" as "(1/2)"."""
    above = found["above"] if found["above"].isdigit() else "1"
    return f"({above}/{PARTS[found['part'].lower()]})"
