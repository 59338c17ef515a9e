"""Calls of tools in the forms of chat templates and agents, put into JSON: {"name": ..., "arguments": ...}.

No tool is offered, but models that were trained on tools write their actions so, and servers hand the text on:
<function=NAME><parameter=KEY>… (Qwen), <invoke name="NAME"> (Claude), <tool_call>NAME<arg_key>… (GLM),
<|tool_call_begin|>functions.NAME:0 (Kimi), <｜tool▁call▁begin｜>NAME<｜tool▁sep｜> (DeepSeek), [TOOL_CALLS]NAME[ARGS]
(Mistral), "commentary to=functions.NAME" (gpt-oss), and the two lines "Action: NAME", "Action Input: …" of LangChain.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, NamedTuple

NAME = r"(?:functions?\.|tools\.)?(?P<name>[A-Za-z_][\w.-]{0,60})"
HEADS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:<tool_call>\s{{0,9}})?<function={NAME}>",
        rf"(?:<(?:antml:)?function_calls>\s{{0,9}})?<(?:antml:)?invoke\s{{1,4}}name=[\"']{NAME}[\"']\s{{0,4}}>",
        rf"<tool_call>\s{{0,9}}{NAME}\s{{0,9}}(?=<arg_key>)",
        rf"(?:<\|tool_calls_section_begin\|>\s{{0,9}})?<\|tool_call_begin\|>\s{{0,9}}{NAME}(?::[0-9]{{1,4}})?"
        r"\s{0,9}<\|tool_call_argument_begin\|>",
        rf"(?:<｜tool▁calls▁begin｜>\s{{0,9}})?<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?{NAME}"
        r"(?:<｜tool▁sep｜>|\s{0,9}```json)",
        rf"\[TOOL_CALLS\]\s{{0,9}}{NAME}(?:\[CALL_ID\]\w{{1,20}})?\[ARGS\]",
    )
)
CHANNEL = re.compile(
    rf"(?:<\|start\|>)?(?:assistant)?(?:<\|channel\|>)?commentary\s{{1,4}}to={NAME}\s{{0,4}}(?:<\|constrain\|>)?"
    r"\s{0,4}(?:json)?\s{0,4}(?:<\|message\|>)?(?=\s{0,9}\{)"
)  # between two channels of reasoning and text
PARAMETER = re.compile(
    r"\s{0,9}(?:<(?:antml:)?parameter(?:=|\s{1,4}name=)[\"']?(?P<key>[\w.-]{1,60})[\"']?(?:\s[^<>]{0,80})?>"
    r"(?P<value>[^<]{0,4000}(?:<(?!/(?:antml:)?parameter>)[^<]{0,4000}){0,20})</(?:antml:)?parameter>"
    r"|<arg_key>(?P<arg>[^<]{1,60})</arg_key>\s{0,9}<arg_value>(?P<told>[^<]{0,4000})</arg_value>)"
)
TAIL = re.compile(
    r"(?:\s{0,9}(?:```|</(?:antml:)?(?:function|tool_call|invoke|function_calls)>|<\|call\|>"
    r"|<\|tool_calls?(?:_section)?_end\|>|<｜tool▁calls?▁end｜>)){1,4}"
)
BEGUN = re.compile(
    r"<function=|<(?:antml:)?invoke\s|<tool_call>|<\|tool_call(?:s_section)?_begin\|>|<｜tool▁calls?▁begin｜>"
    r"|\[TOOL_CALLS\]"
)
FRONT = r"^[ \t>*_`#-]{0,8}"
COLON = r"\s{0,3}[0-9]{0,3}\s{0,3}[*_]{0,2}:[*_`\[ \t]{0,6}"
ACTION = rf"{FRONT}action{COLON}(?P<name>[^\W\d_][\w-]{{0,40}}(?:\ answer)?)[*_`\] \t.]{{0,6}}\n\s{{0,9}}?"
TWO_LINES = re.compile(
    rf"{ACTION}{FRONT}(?:action[ _]?)?input{COLON}(?P<input>\S[^\n]{{0,4000}})", re.IGNORECASE | re.MULTILINE
)
ONE_LINE = re.compile(  # the first of the two lines, while the second is being written
    rf"{ACTION}\s{{0,9}}(?:{FRONT}(?:action[ _]?)?i?n?p?u?t?[^\n]{{0,20}})?\Z", re.IGNORECASE | re.MULTILINE
)
JSON = json.JSONDecoder()
MOST_TRIED = 20  # beginnings of one form
QUOTES = "\"'`“”"


class Found(NamedTuple):
    """A call, and its place in the text."""

    start: int
    end: int
    name: str
    arguments: Any


def with_json(text: str) -> str:
    """A text without reasoning, its first call of a tool as JSON on a line of its own."""
    return put(text, find_call(text))


def with_channel_as_json(raw: str) -> str:
    """A whole reply, with a call in a channel of its own as JSON behind the others."""
    found = read_call(raw, CHANNEL) if "commentary" in raw else None
    if found and raw.startswith("analysis"):  # special tokens are dropped
        raw = f"<think>{raw[len('analysis') : found.start]}</think>{raw[found.start :]}"
        found = read_call(raw, CHANNEL)
    return put(raw, found)


def put(text: str, found: Found | None) -> str:
    """The text with a call of it as JSON."""
    if found is None:
        return text
    before, behind = text[: found.start].rstrip(), text[found.end :]
    called = json.dumps({"name": found.name, "arguments": found.arguments}, ensure_ascii=False)
    called += f"\n{behind}" * bool(behind)
    return f"{before}\n{called}" if before else called


def is_unfinished(text: str) -> bool:
    """Whether a text that is still being written ends within such a call."""
    return bool(BEGUN.search(text) or ONE_LINE.search(text)) and find_call(text) is None


def find_call(text: str) -> Found | None:
    """The first complete call of a tool that is not written as JSON."""
    calls = [call for head in HEADS if BEGUN.search(text) and (call := read_call(text, head))]
    if (lines := TWO_LINES.search(text)) is not None:
        calls.append(Found(*lines.span(), lines["name"], lines["input"].strip().strip(QUOTES)))
    return min(calls, default=None, key=lambda call: call.start)


def read_call(text: str, head: re.Pattern[str]) -> Found | None:
    """The first call in one form: its head, and behind it parameters in tags or an object in JSON."""
    for begun in islice(head.finditer(text), MOST_TRIED):
        parameters, place = dict[str, str](), begun.end()
        while found := PARAMETER.match(text, place):
            parameters[found["key"] or found["arg"]] = (found["value"] or found["told"] or "").strip()
            place = found.end()
        arguments: Any = parameters
        if not parameters:
            try:
                fence = re.compile(r"\s{0,9}(?:```json)?\s{0,9}(?=\{)").match(text, place)
                arguments, place = JSON.raw_decode(text, fence.end() if fence else len(text))
            except (ValueError, RecursionError):
                continue
        tail = TAIL.match(text, place)
        return Found(begun.start(), tail.end() if tail else place, begun["name"], arguments)
    return None
