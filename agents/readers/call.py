"""An action that is written as JSON: {"thought": ..., "action": "10 - 4"}, or the call of a tool."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from forethought.agents.readers.reply import OBJECT
from forethought.common.json_text import check_depth

ACTIONS: tuple[str, ...] = (
    "action",
    "next_action",
    "final_action",
    "move",
    "next_move",
    "step",
    "next_step",
    "operation",
    "expression",
)
ACTIONS += ("equation", "command", "answer", "final_answer", "response", "output", "result")
CALLS = ("tool_calls", "function_call", "function", "tool_call")
NAMES = ("name", "tool", "tool_name", "type", "action", "action_name", "action_type", "verb", "function")
ARGUMENTS = ("arguments", "parameters", "args", "input", "action_input", "tool_input", "argument", "query", "value")
SIGNS = ("op", "operator", "operation", "sign", "operand", "name")  # beside two numbers
WORDS = {"add": "+", "plus": "+", "subtract": "-", "minus": "-", "multiply": "*", "times": "*", "divide": "/"}
PREFIX = re.compile(r"(?:functions?|tools?)[.:]")  # of the name of a tool
THOUGHTS = ("thought", "thoughts", "reasoning", "rationale", "explanation", "reflection", "thinking", "analysis")
DEPTH = 4  # of objects in one another
CALLED = re.compile(r"</?(?:tool_call|function_call|tool|call)>|<\|(?:tool_call|python_tag)\|>", re.IGNORECASE)
BEGIN = re.compile(rf"^(?:[^\n\[\]{{}}]{{0,40}}:)?[ \t]{{0,8}}(?={OBJECT.pattern})", re.MULTILINE)  # in no brackets
DECODER = json.JSONDecoder()


class Call(NamedTuple):
    """The thought and the action of a call in JSON or in tags."""

    thought: str
    action: str


def read_call(text: str, verbs: Mapping[str, str]) -> Call | None:
    """The action of the first object in a text; None where there is none. `verbs`: of the family, by small letters."""
    found = BEGIN.search(CALLED.sub("", text)[:100_000])
    if found is None:
        return None
    told = decoded(found.string, found.end())
    if told is None:
        return None
    action = action_in(told, verbs)
    return Call(thought_in(told), action.strip()) if action and "\n" not in action.strip() else None


def decoded(text: str, start: int) -> Any:
    """The object that begins here, in JSON or with the single quotes of Python; None for neither."""
    for written in (text, text.replace("'", '"')) if text.startswith("{'", start) else (text,):
        try:
            told, _ = DECODER.raw_decode(written, start)
            check_depth(told)
        except (ValueError, RecursionError):
            continue
        return told
    return None


def verb_of(name: str, verbs: Mapping[str, str]) -> str | None:
    """The family's verb for the name of a tool; "Final Answer" is that of an ending."""
    plain = PREFIX.sub("", name).casefold()
    return verbs.get("finish" if re.sub("[ _-]", "", plain) == "finalanswer" else plain)


def action_in(told: Any, verbs: Mapping[str, str], depth: int = 0) -> str:
    """Empty where there is none."""
    if isinstance(told, str):
        return told
    if isinstance(told, list) and len(told) == 2 and all(isinstance(part, str) for part in told):  # ["search", "X"]
        verb = verb_of(told[0], verbs)
        return f"{verb}[{told[1]}]" if verb else told[0]
    if isinstance(told, list) and told and depth < DEPTH:
        return action_in(told[0], verbs, depth + 1)
    if not isinstance(told, dict) or depth >= DEPTH:
        return ""
    told = {re.sub("[ -]", "_", str(name)).casefold(): part for name, part in told.items()}
    if not verbs and (move := move_in(told)):
        return move
    names = (verb_of(told[name], verbs) for name in NAMES if isinstance(told.get(name), str))
    verb = next(filter(None, names), None)
    inner = next((told[name] for name in ARGUMENTS if name in told), None)
    if verb is not None:
        others = {name: part for name, part in told.items() if name not in (*NAMES, *THOUGHTS, "id")}
        argument = argument_in(inner if inner is not None else others)
        if argument is not None:
            return f"{verb}[{argument}]"
    for name, part in told.items():
        if (own := verb_of(name, verbs)) and isinstance(part, str) and "[" not in part:
            return f"{own}[{part}]"
    lone = argument_in(inner) if depth or "name" in told else None  # of a tool that plays
    parts = [told[name] for name in (*ACTIONS, *CALLS) if name in told] + [inner, lone]
    return next((text for part in parts if (text := action_in(opened(part), verbs, depth + 1))), "")


def move_in(told: Mapping[str, Any]) -> str:
    """ "10 - 4" of two numbers with a sign beside them, as in {"a": 10, "op": "-", "b": 4}; else empty."""
    inner = opened(told.get("arguments", told.get("parameters", {})))
    parts = {**told, **(inner if isinstance(inner, dict) else {})}
    signs = (str(parts[name]).strip() for name in SIGNS if isinstance(parts.get(name), str))
    sign = next((WORDS.get(sign.casefold(), sign) for sign in signs if sign.casefold() in WORDS or len(sign) == 1), "")
    numbers = [str(part) for part in parts.values() if is_number(part)]
    return f"{numbers[0]} {sign} {numbers[1]}" if sign and len(numbers) == 2 else ""


def is_number(part: Any) -> bool:
    """Whether a part of an object is a number, or the text of one."""
    return type(part) in (int, float) or (isinstance(part, str) and bool(re.fullmatch(r"-?[0-9][0-9./]{0,40}", part)))


def argument_in(part: Any) -> str | None:
    """The only text among the arguments of a call."""
    part = opened(part)
    if isinstance(part, dict) and len(part) == 1:
        part = next(iter(part.values()))
    return part if isinstance(part, str) else None


def opened(part: Any) -> Any:
    """Arguments as OpenAI sends them, an object in a text, as that object."""
    if isinstance(part, str) and part.lstrip().startswith("{"):
        try:
            return json.loads(part)
        except (ValueError, RecursionError):
            return part
    return part


def thought_in(told: Any) -> str:
    """The thought among the arguments of a call; "" without one."""
    if not isinstance(told, dict):
        return ""
    return next((told[name] for name in THOUGHTS if isinstance(told.get(name), str)), "")
