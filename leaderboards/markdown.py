"""Text of strangers inside Markdown: it stays text, in its line and in its cell."""

from __future__ import annotations

import re

from forethought.common.printable import printable

SIGNS = re.compile(r"[\\`*_<>|~!#]|\](?=[(\[:])")  # of code, emphasis, HTML, cells, images, headings and links
LINKED = {"://": "&#58;//", "www.": "www&#46;", "@": "&#64;"}  # texts that become links without any sign


def literal(text: object) -> str:
    """The text as Markdown that shows it as it is: no HTML, no link, no second cell, no second line."""
    shown = printable(text).replace("&", "&amp;")
    shown = SIGNS.sub(lambda found: f"\\{found[0]}", shown)
    for plain, entity in LINKED.items():
        shown = re.sub(re.escape(plain), entity, shown, flags=re.IGNORECASE)
    return shown.replace("\\<", "&lt;").replace("\\>", "&gt;")
