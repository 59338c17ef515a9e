"""A move without the markup around it: HTML, terminal colours, escaped line breaks, fences, tables, bullets."""

from __future__ import annotations

import html
import re

COLOUR = re.compile(
    r"\x1b\[[0-9;?]{0,20}[ -/]{0,2}[@-~]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)"
    r"|\\(?:x1[bB]|u001[bB]|033|e)\[[0-9;]{0,20}[mK]|(?<![0-9)])\[[0-9;]{1,9}m|\[(?:0|22|39)?m(?=\s|\Z)"
)
ESCAPED_LINE = re.compile(
    r"\\r(?:\\n|(?![a-zA-Z]))"
    r"|\\n(?!(?:e|eq|eg|exists|e?wline|onumber|olimits|ot|otin|u|i|abla|atural|ormalsize)(?![a-zA-Z]))"
)
ESCAPED_TAB = re.compile(r"\\t(?![a-zA-Z])")
COMMENT = re.compile(r"<!--.{0,400}?-->")
TOKEN = re.compile(r"<\|[^<>|\s]{1,40}\|>|\[/?INST\]")
POWER = re.compile(r"<su[pb](?:\s[^<>]{0,200})?>")
BREAK = re.compile(
    r"</?(?:p|br|hr|li|[uod]l|d[td]|t[drh]|table|tbody|thead|div|pre|h[1-6]|blockquote|s|eos|bos|end|answer|action|move)"
    r"(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9_:-]{0,30}(?:\s[^<>]{0,200})?/?>")
FENCE = re.compile(r"^\s{0,8}(?:`{3,9}|~{3,9})[\w+-]{0,20}[ \t]{0,9}$", re.MULTILINE)
STRUCK = re.compile(r"~~")
LATEX_BLOCK = re.compile(
    r"\\(?:begin|end)\s{0,3}\{[a-zA-Z]{1,20}\*?\}(?:\{[a-z|]{1,9}\})?|\\\\(?![a-zA-Z])|\\item(?![a-zA-Z])"
)
ALIGNED = re.compile(r"&(?=\s{0,3}(?:=|\Z|\\[a-z]))")
ARITHMETIC = re.compile(r"[0-9)}\]][^\w|]{0,9}(?:[-+*/×÷−–·:]|x|times|plus|minus|over|divided|\\\w)[^|]{0,20}?[0-9]")
KEYCAP = re.compile(r"\A[0-9]\ufe0f?\u20e3\s{1,3}(?=[-(0-9])")
BULLET = re.compile(
    r"(?:[+•▪◦‣►▸▹▶○●■□▢✔✓✅☑☐➤→>#]{1,3}|\$|(?:[-*]\s{1,3})?[\[(]\s?[xX✓✔]?\s?[\])]"
    r"|[0-9]{1,2}[.):]|\([0-9]{1,2}\)|\[[0-9]{1,2}\]|#[0-9]{1,2}[:.)]?|[a-zA-Z][.)]|\([a-z]{1,3}\)|[ivx]{1,4}[.)])\s{1,9}(?=[^\s])"
)


def lines_of(text: str) -> list[str]:
    """The lines of a text, each without its markup; a table row is its first cell with arithmetic in it."""
    if not text.isprintable() or any(mark in text for mark in "<\\&|~`["):
        text = COLOUR.sub("", text)
        text = html.unescape(text) if "&" in text else text
        text = ESCAPED_TAB.sub(" ", ESCAPED_LINE.sub("\n", text))
        text = POWER.sub("^", COMMENT.sub("", text))
        text = TAG.sub("", BREAK.sub("\n", TOKEN.sub("\n", text)))
        text = ALIGNED.sub("", LATEX_BLOCK.sub("\n", STRUCK.sub("", FENCE.sub("", text))))
    rows = [KEYCAP.sub("", line.strip()) for line in text.split("\n")]
    cells = [cell_of(row) if row.startswith("|") else row for row in rows]
    return [cell for cell in cells if cell]


def cell_of(row: str) -> str:
    """Empty for the head of a table and for the line below it."""
    return next((cell.strip() for cell in row.split("|") if ARITHMETIC.search(cell)), "")


def without_bullet(line: str) -> str:
    """A line without the bullet or the number at its beginning."""
    found = BULLET.match(line)
    return line[found.end() :] if found else line
