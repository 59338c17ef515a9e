"""The arithmetic of a text in plain characters: Unicode's digits and signs, LaTeX, Markdown and HTML put into ASCII."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

SIGNS = {
    "+": "＋﹢➕",
    "-": "−－–—―‒‐‑﹣➖⁃⁻₋",
    "*": "×✕✖╳⨉⨯·∙•⋅∗＊✱⊗⋆",
    "x": "хХ",  # of Cyrillic
    "/": "÷∕⁄／➗⟋",
    ":": "：∶",
    "=": "＝≡≟≔≝≜⩵⇒→➜➔➙➞⟶⟹↦⟼⇨",
    "~": "≈≅≃≒≐∼～",
    "(": "（［｛[{【",
    ")": "）］｝]}】",
    ".": "．",
    ",": "，",
    "\n": "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029",
    " ": '\t`$"“”„«»',
    "": "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufe0e\ufe0f\u20e3\ufeff\xad",
}
PLAIN = {ord(written): plain for plain, writings in SIGNS.items() for written in writings}
FRACTION = re.compile(r"\\[dtc]?frac\s{0,4}(?:\{([^{}]{0,90})\}\s{0,4}\{([^{}]{0,90})\}|([0-9])\s{0,4}([0-9]))")
RAISED = re.compile(r"([⁰¹²³⁴-⁹]{1,9})\s?[⁄∕/]\s?([₀-₉]{1,9})")
COMMANDS = (
    (re.compile(r"\\(?:times|cdot|ast|star|bullet)(?![a-zA-Z])"), "*"),
    (re.compile(r"\\(?:div|over)(?![a-zA-Z])"), "/"),
    (re.compile(r"\\overline\s{0,4}\{\s{0,4}([0-9]{1,9})\s{0,4}\}"), r"(\1)"),  # the digits that repeat
    (re.compile(r"\\(?:approx|simeq|cong|sim)(?![a-zA-Z])"), "~"),
    (re.compile(r"\\(?:equiv|(?:long)?(?:R|r)ightarrow|to|implies|mapsto)(?![a-zA-Z])"), "="),
    (
        re.compile(
            r"\\(?:left|right|math(?:bin|rel|op)|boxed|fbox|(?:text|math)(?:bf|rm|it|sf|tt|sc|up|normal|bb|cal)?|operatorname|emph|underline"
            r"|bm|boldsymbol|displaystyle|q?quad|[bB]igg?|large|Large|color\{[a-z]{1,20}\}|textcolor\{[a-z]{1,20}\})(?![a-zA-Z])"
        ),
        " ",
    ),
    (re.compile(r"\\[()\[\],;:! ]"), " "),
    (re.compile(r"\\(?=[-*+/_=.])"), ""),
    (re.compile(r"\*\*+|__+"), " "),  # Markdown's bold; a power is no move
)


def plain(text: str) -> str:
    """The same arithmetic in ASCII: + - * / : = ( ) and digits. Other text stays as it is."""
    if text.isascii() and not any(sign in text for sign in '\\&[]{}`$"*_\t\r'):
        return text
    if "&" in text:
        text = html.unescape(text)
    text = RAISED.sub(lambda found: unicodedata.normalize("NFKC", f"({found[1]}/{found[2]})"), text)
    if "\\" in text:
        text = FRACTION.sub(lambda found: f"({found[1] or found[3] or ''}/{found[2] or found[4] or ''})", text)
    for pattern, sign in COMMANDS:
        text = pattern.sub(sign, text)
    return "".join(map(plain_character, text))


@lru_cache(maxsize=4096)
def plain_character(character: str) -> str:
    """Digits of every script, "½" as "(1/2)", every space as an ASCII space; a power such as "²" stays as it is."""
    if (found := PLAIN.get(ord(character))) is not None or character.isascii():
        return character if found is None else found
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    kind = unicodedata.category(character)
    if kind == "Zs":
        return " "
    if kind == "No" and "\u2044" in (parts := unicodedata.normalize("NFKC", character)):
        return f"({parts.replace(chr(0x2044), '/')})"
    return character
