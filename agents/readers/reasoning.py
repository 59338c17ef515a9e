"""The reasoning part of a reply, set aside.

Models mark their reasoning by tags such as <think>…</think> (DeepSeek, Qwen and most others), [THINK]…[/THINK]
(Mistral), <|START_THINKING|>…<|END_THINKING|> (Cohere), ◁think▷…◁/think▷ (Kimi), or by the channels of gpt-oss,
<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>….
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

NAME = (
    r"(?:[a-z0-9]{1,20}[:_-])?(?:think(?:ing)?(?:[_-]process)?|thoughts?(?:[_-]process)?|reason(?:ing|s)?|analysis"
    r"|scratch(?:[_-]?pad)?|antthinking|chain[_-]of[_-]thought|cot|(?:inner[_-]?|internal[_-]?)?monologue|internal"
    r"|reflect(?:ion)?s?|reflexion|plan(?:ning|s)?|rationale|explanation|deliberation|details|summary|critique)"
)
ESCAPED = re.compile(rf"&lt;(/?{NAME})&gt;", re.IGNORECASE)  # as servers that write HTML send a mark
MARK = re.compile(
    rf"""<\s{{0,4}}(?P<end>/?)\s{{0,4}}(?P<name>{NAME})(?:\s[^<>]{{0,200}})?>
    |(?-i:(?<!\w)\[THINK(?:ING)?\]|\[(?P<square_end>/)THINK(?:ING)?\])
    |<\|(?P<special_end>/|end_)?(?:start_|begin_)?(?:of_)?th(?:ink(?:ing)?|ought)\|>
    |◁(?P<kimi_end>/?)think▷|<unused9(?:4|(?P<gemma_end>5))>
    |<\|channel\|?>\s{{0,4}}(?P<channel>[a-z]{{1,20}})
        (?:\s[^<>]{{0,200}}(?=<\|(?:message|constrain)\|>))?(?:<\|constrain\|>[a-z]{{1,20}})?(?:<\|message\|>)?
    |(?P<final>\[BEGIN\ FINAL\ RESPONSE\])
    |(?P<channel_end><channel\|>|<\|end\|>|<\|start\|>(?:assistant)?)
    |(?P<nothing><\|(?:message|return|call)\|>|\[END\ FINAL\ RESPONSE\]|<\|(?:begin|end)_of_(?:solution|box)\|>)""",
    re.IGNORECASE | re.VERBOSE,
)
BLANKS = (
    " \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000\ufeff\u200b\u200c\u200d\u2060"  # nothing is seen of them
)
SECTIONS = (  # reasoning and reply of models without marks: gpt-oss, Granite
    (re.compile(r"analysis"), re.compile(r"assistantfinal")),
    (re.compile(r"Here(?: is|'s) my thought process:"), re.compile(r"Here(?: is|'s) my response:")),
    (
        re.compile(r"\**Thinking(?:\.\.\.|…)\**(?=\n)"),
        re.compile(r"(?<=\n)(?:\.\.\.|…)?done thinking\.?"),
    ),  # as Ollama prints it
)
NEAR = 200  # characters to each side of a mark that are looked at for the brackets of an action


class Mark(NamedTuple):
    """A mark of reasoning in a reply: its place, its kind and its name."""

    start: int
    end: int
    kind: str  # "open", "close", "final" (all before it was reasoning) or "nothing"
    name: str  # a close ends the reasoning of the same name


class Reply(NamedTuple):
    """The reasoning part of a reply, and the text after it."""

    rationale: str
    text: str


def separate_reasoning(text: str) -> Reply:
    """The reasoning part of a reply and the text that remains; a reply without one as it is.

    Reasoning that is not closed goes to the end. A closing tag alone ends reasoning that began with the reply, for
    many chat templates write the opening tag into the prompt. A tag inside the brackets of an action is literal.
    """
    marks = marks_of(text)
    if not marks:
        return bare_sections(text)
    ends = ends_of(marks)
    thought, said, place = list[str](), list[str](), 0
    for mark in marks:
        if mark.start < place or (mark.kind in ("open", "close") and is_literal(text, mark)):
            continue
        said.append(text[place : mark.start])
        place = mark.end
        if mark.kind in ("close", "final"):
            thought += said
            said = []
        elif mark.kind == "open":
            last = end_of(mark, ends)
            thought.append(text[mark.end : last.start if last else len(text)])
            place = last.end if last and last.kind != "final" else last.start if last else len(text)
    answer = text[place:].lstrip(BLANKS)
    said_before = joined(said, "\n")
    return Reply(
        joined(thought, "\n\n"), f"{said_before}\n{answer}" if said_before and answer else said_before + answer
    )


def marks_of(text: str) -> list[Mark]:
    """The marks of reasoning in a reply, in their order."""
    return [mark_of(match) for match in MARK.finditer(text)]


def mark_of(match: re.Match[str]) -> Mark:
    """The mark of a match."""
    if match["nothing"]:
        kind, name = "nothing", ""
    elif match["channel_end"]:
        kind, name = "nothing", "channel"
    elif match["final"]:
        kind, name = "final", ""
    elif match["channel"]:
        kind, name = "final" if match["channel"].lower() == "final" else "open", "channel"
    else:
        closes = match["end"] or match["square_end"] or match["special_end"] or match["kimi_end"] or match["gemma_end"]
        kind, name = "close" if closes else "open", (match["name"] or "think").lower()
    return Mark(match.start(), match.end(), kind, name)


def ends_of(marks: Sequence[Mark]) -> dict[str, list[Mark]]:
    """The marks that can end reasoning, by name and in order; those of any name under ""."""
    ends: dict[str, list[Mark]] = {"": []}
    for mark in marks:
        if mark.kind in ("close", "final") or mark.name == "channel":
            ends.setdefault(mark.name, []).append(mark)
        if mark.kind in ("close", "final"):
            ends[""].append(mark)
    return ends


def end_of(mark: Mark, ends: dict[str, list[Mark]]) -> Mark | None:
    """The next end of its own name; if there is none, the next of any, for some models mix the names up."""
    for name in (mark.name, ""):
        listed = ends.get(name, [])
        place = bisect_left(listed, (mark.end,))
        if place < len(listed):
            return listed[place]
    return None


def is_literal(text: str, mark: Mark) -> bool:
    """Whether a mark stands inside the brackets of an action, as in "search[the <think> tag]"."""
    before = text[max(0, mark.start - NEAR) : mark.start].rpartition("\n")[2]
    behind = text[mark.end : mark.end + NEAR].partition("\n")[0]
    return before.rfind("[") > before.rfind("]") and "]" in behind and "[" not in behind.partition("]")[0]


def bare_sections(text: str) -> Reply:
    """Reasoning that words alone part from the reply: "analysis…assistantfinal…" where special tokens are dropped."""
    start = first_of(text)
    for begin, middle in SECTIONS:
        if (begun := begin.match(text, start)) and (parts := list(middle.finditer(text))):
            last = parts[-1]
            return Reply(text[begun.end() : last.start()].strip(BLANKS), text[last.end() :].strip(BLANKS))
    return Reply("", text)


def joined(parts: Sequence[str], by: str) -> str:
    """Parts without blanks at their ends, joined; empty parts are left out."""
    return by.join(part for part in (part.strip(BLANKS) for part in parts) if part)


def first_of(text: str, start: int = 0) -> int:
    """Where the first character stands that can be seen."""
    while start < len(text) and text[start] in BLANKS:
        start += 1
    return start
