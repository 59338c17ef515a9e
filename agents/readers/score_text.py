"""The text of a scored reply without decoration: Markdown, LaTeX, HTML and dashes become blanks or plain signs.

Every function returns a text of the same length, so that a place in it is a place in the reply.
"""

from __future__ import annotations

import re

FULL_WIDTH = {0xFF01 + n: chr(0x21 + n) for n in range(94)}
SIGNS = FULL_WIDTH | dict.fromkeys(map(ord, "−–‐‑‒﹣"), "-") | dict.fromkeys(map(ord, "∕⁄"), "/")
SEPARATORS = dict.fromkeys(map(ord, "—―⸺﹘·●▪"), "•")  # never the sign of a number
AROUND = dict.fromkeys(map(ord, "*_`\"'“”‘’()[]{}|<>~≈\\\ufeff\u200b\u200c\u200d\u2060\xa0$"), " ")
FRACTION = re.compile(r"\\[dtc]?frac\s{0,4}\{\s{0,4}([0-9.]{1,12})\s{0,4}\}\s{0,4}\{\s{0,4}([0-9.]{1,12})\s{0,4}\}")
STYLE = re.compile(
    r"\\(?:fbox|(?:text|math)(?:bf|rm|it|sf|tt|sc|up|normal|bb|cal)?|operatorname|emph|underline|bm|boldsymbol|bf|rm"
    r"|(?:text)?color\s{0,2}\{[a-zA-Z]{1,20}\}|approx|sim|left|right|[bB]igg?|large|Large|LARGE|huge|Huge"
    r"|displaystyle|q?quad)(?![a-zA-Z])|\\[,;!: ]"
    r"|</?(?:b|i|em|strong|code|u|mark|span|p|div|li|td|h[1-6])(?:\s[^<>]{0,200})?>|<br\s{0,2}/?>",
)
BOX = re.compile(r"\\boxed(?![a-zA-Z])")
OPENED = re.compile(r"<\s{0,2}([a-zA-Z][a-zA-Z_-]{1,20})(?:\s[^<>]{0,200})?>")
CLOSED = re.compile(r"</\s{0,2}[a-zA-Z][a-zA-Z_-]{0,20}\s{0,2}>")
ESCAPED_LINE = re.compile(r"\\[rn](?![a-z])")  # a line break as a server writes it in a text, no LaTeX command
ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[a-zA-Z]")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
FIGURES = {word: str(number) for number, word in enumerate(NUMBERS)}
SPOKEN = re.compile(
    rf"\b(?:{'|'.join(FIGURES)})(?=[\s*_`\"'”)]{{0,9}}(?:\Z|[.,;!/]|\n|(?:out|points?|stars?|of\s+ten|because|since)\b))",
    re.IGNORECASE,
)
PRICE = re.compile(r"[$€£¥](?=\s?[0-9][0-9.,]{0,12}(?![0-9.,])(?![^\n$]{0,30}\$(?![0-9])))")


def blank(found: re.Match[str]) -> str:
    """As many spaces as the match has characters."""
    return " " * len(found[0])


def plain_signs(text: str) -> str:
    """Signs and digits in ASCII, fractions as "9/10", no LaTeX styles and no HTML; brackets stay."""
    text = ESCAPED_LINE.sub("\n ", ANSI.sub(blank, text))
    text = FRACTION.sub(lambda found: f"{found[1]}/{found[2]}".ljust(len(found[0])), text)
    text = CLOSED.sub(blank, STYLE.sub(blank, text))
    text = OPENED.sub(lambda found: f" {found[1]}:".ljust(len(found[0])), text)
    return text.translate(SIGNS).translate(SEPARATORS)


def in_figures(text: str) -> str:
    """ "nine out of ten" as "   9 out of  10"."""
    return SPOKEN.sub(lambda found: FIGURES[found[0].lower()].rjust(len(found[0])), text)


def without_prices(text: str) -> str:
    """The sign of a currency in front of a number stays visible: "$9" is a price, "$9$" is LaTeX."""
    return PRICE.sub("¤", text)


def without_marks(text: str) -> str:
    """The text with boxes and marks of emphasis as spaces, at the same length."""
    return BOX.sub(blank, text).translate(AROUND)
