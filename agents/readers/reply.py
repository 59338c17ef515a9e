"""The first reader of every reply: the reasoning part set aside, and the text ended at its stops."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from forethought.agents.readers.reasoning import (
    BLANKS,
    ESCAPED,
    Mark,
    Reply,
    first_of,
    is_literal,
    separate_reasoning,
)
from forethought.agents.readers.tool_calls import is_unfinished, with_channel_as_json, with_json

THOUGHT = re.compile(
    r"[*_`#>\s]{0,8}(?:thoughts?|thinking|reasoning|rationale|analysis|explanation)\s{0,3}[0-9]{0,3}[*_`\s]{0,4}:",
    re.IGNORECASE,
)
PLAN = re.compile(
    r"[*_`#>\s]{0,8}(?:(?:my|the)\s)?(?:plan|goal|strategy|idea|approach|overall|to\s(?:reach|get|make)\s[0-9]{1,9})\b[^\[\]]{0,400}",
    re.IGNORECASE,
)  # its arithmetic is more than one move
FENCE = re.compile(r"(?:```|~~~)[\w+-]{0,20}|\$\$|\\[\[(]")
ARITHMETIC = re.compile(
    r"[0-9)]\s{0,3}(?:[-+*/×÷−·:]|x|times|plus|minus|divided\sby|multiplied\sby|over|\\\w)\s{0,3}[-−(\\]{0,3}[0-9]"
)
HEADING = re.compile(r"#{1,6}\s[^\[\]]{1,60}|\*\*[^\[\]*]{1,60}\*\*|\|[^\[\]0-9]{1,200}")  # or the head of a table
SENTENCE = re.compile(
    r"[^\[\]]{1,400}[.!?…]['\")”’]?|\(?(?:question|observation|input|left|numbers|plan|goal|task)\b[^\[\]]{0,400}",
    re.IGNORECASE,
)
LISTED = re.compile(r"[0-9./]{1,12}(?:[\s,]{1,3}[0-9./]{1,12}){1,20}")  # the numbers of a task, said again
WAITED = 4  # lines in front of an action that a model is given to write
JSON = json.JSONDecoder()
OBJECT = re.compile(r"\{|\[\s{0,4}[{\"]")
ACT = re.compile(
    r"^(?:[\s>*_`#|$-]|\\[\[(]|\\(?:boxed|(?:text|math)(?:bf|rm|tt)?)\{){0,8}"
    r"(?:[^\W\d_]{1,20}\s?\[[^\[\]\n]|(?:(?:next|final|first)\s)?(?:action|move|step|answer|first|next)s?\s?[0-9]{0,3}[*_`]{0,3}:"
    r"|\{\s?\"(?:name|action|tool|function)\""
    r"|\(?-?[0-9][0-9/.]{0,20}\)?\s{0,3}[-+*/×÷−]\s{0,3}[-−(]{0,3}[0-9])",
    re.IGNORECASE | re.MULTILINE,
)  # a line that surely acts
MOVE = re.compile(  # a line with the move itself, behind calculations and in front of another task
    r"^[\s>*_`#|-]{0,8}(?:(?:my|the|so|next|final|first|best)[\s,]{1,3}){0,3}move\s?[0-9]{0,3}[*_`]{0,3}\s?:[\s*_`]{0,6}(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
OTHER_TASK = re.compile(r"^[\s>*_`#]{0,8}(?:observation|input|left|question|task)\b", re.IGNORECASE | re.MULTILINE)
ONE_MOVE = re.compile(
    r"[\s>*_`#|$(-]{0,8}(?:[0-9]{1,2}[.)]\s|(?:step|action|answer)\s?[0-9]{0,3}:)?[\s*_`]{0,4}-?[0-9][0-9/.]{0,20}\)?\s{0,3}"
    r"[-+*/×÷−]\s{0,3}[-−(]{0,3}[0-9][0-9/.]{0,20}(?!\)?\s{0,3}[-+*/×÷−]\s{0,3}[-−(]{0,3}[0-9])",
    re.IGNORECASE,
)
CALCULATION = re.compile(r"[^\[\]]{0,400}")
# Of chat templates: ChatML, Llama 3, Gemma, Llama 2, DeepSeek, Cohere.
TURN = re.compile(
    r"\A(?:\s{0,20}(?:<\|im_start\|>|<start_of_turn>|<\|start_header_id\|>|<\|assistant\|>|<｜Assistant｜>"
    r"|<(?:s|bos|pad|unk)>|<\|begin_of_text\|>|<｜begin▁of▁sentence｜>)"
    r"(?:(?:assistant|model)(?=\s|<))?(?:<\|end_header_id\|>)?\s{0,20}){1,20}"
)
TURN_END = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|end_of_text|endoftext|end_of_turn|END_OF_TURN_TOKEN|user|start_header_id)\|>"
    r"|</s>(?=\s{0,20}(?:\Z|[<\n]))|<(?:eos|end_of_turn|start_of_turn)>|<｜end▁of▁sentence｜>|<｜User｜>|\s\[/?INST\]"
)
ROLE = re.compile(
    r"(?:assistant|model|json|python)\s?:?", re.IGNORECASE
)  # a line of its own: the rest of a mark or fence
TAG = re.compile(
    r"</?(?:(?:final|next)[_-])?(?:answer|action|output|response|move|step|solution|result|final|tool_call|p|code|pre|b"
    r"|strong|em|i|span|li|ul|div)>|<br\s?/?>\Z",
    re.IGNORECASE,
)  # a line of its own leads to the text, or ends it


def read_reply(raw: str, stops: Sequence[str] = ()) -> Reply:
    """The two parts of a reply as it came, the text ended at its stops."""
    rationale, text = separate_reasoning(ESCAPED.sub(r"<\1>", with_channel_as_json(without_turns(raw))))
    return Reply(rationale, cut(with_json(text), stops))


def without_turns(raw: str) -> str:
    """A reply without the marks of turns and without the text after its end, if a server hands them on as text."""
    if not any(mark in raw for mark in ("|>", "｜>", "s>", "<eo", "<end", "<pad>", "<unk>", "INST]")):
        return raw
    raw = TURN.sub("", raw, count=1)
    ends = (found for found in TURN_END.finditer(raw) if not is_literal(raw, Mark(*found.span(), "close", "")))
    return raw[: next((found.start() for found in ends), len(raw))]


def cut(text: str, stops: Sequence[str]) -> str:
    """A text without its reasoning, ended before the first of the stops, if there are any.

    White space before the first character is no end of a text: models that chat often begin with an empty line, which
    is dropped. Nor does a stop apply to a line that only leads to the text: "```", "Next action:", "Thought 1: …".
    """
    if not stops:
        return text
    first = first_of(text)
    return text[text.rfind("\n", 0, first) + 1 : end_by(stops, text, start_of(text))]


def end_by(stops: Sequence[str], text: str, start: int) -> int:
    """Where the first of the stops begins behind `start`, the begin of the text itself; its length where none does.

    A stop of several lines leads to the next example, and ends lines that lead to nothing too. "=" ends a move:
    in front of one, as in "6 = 10 - 4", it ends nothing.
    """
    first, ends = first_of(text), [len(text)]
    for stop in filter(None, stops):
        place = text.find(stop, start if stop in ("\n", "=") else first)
        while stop == "=" and place >= 0 and not ARITHMETIC.search(text, text.rfind("\n", 0, place) + 1, place):
            place = text.find(stop, place + 1)
        ends += [place] if place >= 0 else []
    return min(ends)


def is_ended(raw: str, stops: Sequence[str]) -> bool:
    """Whether a reply that is still being written has come to one of its stops: outside reasoning, behind blanks.

    A few lines that may lead to an action are waited for: "Let me think." ends no reply that goes on.
    """
    if not any(stop in raw for stop in stops):
        return False
    text = separate_reasoning(ESCAPED.sub(r"<\1>", with_channel_as_json(raw))).text
    if is_unfinished(text):
        return False
    text = with_json(text)
    return end_by(stops, text, start_of(text, waiting=WAITED)) < len(text)


def start_of(text: str, waiting: int = 0) -> int:
    """Where the text itself begins, behind the blanks and the lines that lead to it.

    So many lines that would lead to an action are taken to lead to one that is not written yet.
    """
    start, act = first_of(text), -1
    if OBJECT.match(text, start):
        return end_of_json(text, start, bool(waiting))
    move = labelled_move(text)
    while (end := text.find("\n", start)) >= 0:
        line = text[start:end].strip(BLANKS)
        if not announces(line) and not (end <= move and is_calculation(line)):
            if act < end:  # looked for once, not from every line
                found = ACT.search(text, end) if may_lead(line) else None
                act = found.end() if found else -1
            waiting -= act < end
            if not may_lead(line) or (act < end and (waiting < 0 or not leads(line))):
                break
        start = first_of(text, end)
        if OBJECT.match(text, start):
            return end_of_json(text, start, waiting > 0)
    return start


def labelled_move(text: str) -> int:
    """Where the line of the first labelled move begins, such as "Next move: 10 - 4", if no other task is before it."""
    found = MOVE.search(text)
    if found is None or OTHER_TASK.search(text, 0, found.start()):
        return -1
    return found.end()


def is_calculation(line: str) -> bool:
    """Whether a line calculates, and is neither labelled nor a single move: "One idea: (10 - 4) * 5 - 6 = 24"."""
    return bool(CALCULATION.fullmatch(line)) and not MOVE.match(line) and not ONE_MOVE.match(line)


def end_of_json(text: str, start: int, writing: bool) -> int:
    """Where an object that is written as JSON ends; one that does not is no JSON, unless it is still being written."""
    try:
        return JSON.raw_decode(text, start)[1]
    except (ValueError, RecursionError) as error:
        open_text = str(error).startswith("Unterminated string")
        torn = writing and (open_text or getattr(error, "pos", 0) >= len(text.rstrip()) - 1)
        return len(text) if torn else start


def announces(line: str) -> bool:
    """Whether a line announces a thought or an action."""
    return is_preface(line) or bool(THOUGHT.match(line))


def may_lead(line: str) -> bool:
    """Whether an action in a line behind this one is the action meant: in this one there is none."""
    return announces(line) or bool(PLAN.fullmatch(line)) or not (ARITHMETIC.search(line) or "[" in line)


def leads(line: str) -> bool:
    """Whether a line leads to an action if there is one behind it: a heading, or a sentence such as "Let me see."."""
    if ARITHMETIC.search(line):
        return bool(PLAN.fullmatch(line))
    return announces(line) or any(form.fullmatch(line) for form in (HEADING, SENTENCE, LISTED))


def is_preface(line: str) -> bool:
    """Whether a line only announces another: the fence of a code block, a tag alone, or an end in a colon."""
    return bool(FENCE.fullmatch(line) or ROLE.fullmatch(line) or TAG.fullmatch(line)) or line.rstrip("*_` ").endswith(
        ":"
    )
