"""The parts of a response of an OpenAI-compatible server: text, reasoning, bill, likeliest next tokens.

A response is input, and all of it is checked. Fields: https://platform.openai.com/docs/api-reference.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forethought.agents.readers.reply import is_ended, read_reply
from forethought.search import Usage

MOST = 1e300  # no number beyond is read; a whole one may be too large to be a float
MOST_TOKENS = 10**12  # that a reply may count
TOKEN_LENGTH = 256  # characters that a token holds at most; the longest of known vocabularies have 128
SPARE = 16  # tokens of text allowed beyond the bill
DEPTH = 8  # of lists in lists of parts
REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks", "reasoning_text")
THOUGHTS = ("thinking", "reasoning", "reasoning_text", "reasoning.text", "reasoning.summary", "summary_text")
CUT_OFF = (
    *("length", "max_tokens", "max_completion_tokens", "max_output_tokens", "model_length", "max_length"),
    *("model_context_window_exceeded", "context_length_exceeded", "context_length", "token_limit"),
)
FILTERED = (
    *("content_filter", "content_filtered", "contentfilter", "refusal", "safety", "recitation", "prohibited_content"),
    *("blocklist", "spii", "sensitive", "blocked", "guardrail_intervened", "moderation", "image_safety"),
)

BROKEN = ("error", "network_error", "insufficient_system_resource", "abort", "server_error")  # not by the model
OTHER_APIS = (  # the names in a reply by another interface of a server
    ({"message", "done"}, "Ollama's /api/chat"),
    ({"response", "done"}, "Ollama's /api/generate"),
    ({"content", "stop_reason"}, "Anthropic's messages"),
    ({"content", "stop"}, "llama.cpp's /completion"),
    ({"generated_text"}, "TGI's /generate"),
    ({"output"}, "OpenAI's responses"),
    ({"candidates"}, "Gemini's generateContent"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A reply. Its reasoning is still in the text if the server did not separate them."""

    text: str
    rationale: str = ""
    truncated: bool = False
    refusal: str = ""


def written(reply: dict[str, Any]) -> Written:
    """The written text, from the forms of completions and of chats."""
    choice = reply["choices"][0]
    message = choice.get("message", choice.get("delta"))  # of a stream's only part
    message = {"content": message} if isinstance(message, str) else message
    source = message if isinstance(message, dict) else choice
    said, thought, refused = list[str](), list[str](), list[str]()
    gather(
        source["content"] if isinstance(message, dict) and "content" in source else choice.get("text"),
        said,
        thought,
        refused,
    )
    if not any(said) and (calls := source.get("tool_calls") or source.get("function_call")):
        said.append(dumped(calls))
    aside = next((part for name in REASONING if (part := source.get(name))), None)
    gather(aside, thought, thought, thought)
    gather(source.get("refusal"), refused, refused, refused)
    finish = choice.get("finish_reason")
    reason = finish.lower().replace("-", "_") if isinstance(finish, str) else ""
    text = "".join(said)
    refusal = ""
    if reason.partition(":")[0] in FILTERED:  # "content_filter: SAFETY" of Google
        refusal = "the server withheld its reply: its content filter ended it" if not refused else "".join(refused)
    elif refused and not text.strip():
        refusal = "".join(refused)
    return Written("" if refusal else text, "\n".join(thought), reason in CUT_OFF, refusal)


def blocked(reply: dict[str, Any]) -> str:
    """The reason for a blocked prompt, in the forms of Google and Azure; "" without one."""
    feedback = next((told for name in ("promptFeedback", "prompt_feedback") if (told := reply.get(name))), None)
    if isinstance(feedback, dict):
        reason = feedback.get("blockReason") or feedback.get("block_reason")
        if isinstance(reason, str):
            return f"the server blocked the prompt: {reason}"
    results = reply.get("prompt_filter_results")
    for result in results if isinstance(results, list) else ():
        kinds = result.get("content_filter_results") if isinstance(result, dict) else None
        for kind, told in kinds.items() if isinstance(kinds, dict) else ():
            if isinstance(told, dict) and told.get("filtered") is True:
                return f"the server blocked the prompt: its content filter found {kind}"
    return ""


def other_api(data: Any) -> str:
    """The interface whose form a reply without choices has; "" for none that is known."""
    first = item(data) if isinstance(data, list) else data
    if not isinstance(first, dict):
        return ""
    return next((api for names, api in OTHER_APIS if names <= first.keys()), "")


def is_broken(choice: dict[str, Any]) -> bool:
    """Whether the server itself broke a reply off, as DeepSeek does without resources, and vLLM at its end."""
    return choice.get("finish_reason") in BROKEN


def dumped(calls: Any) -> str:
    """The calls of tools as a text; no tool is offered, and some servers read them out of the text."""
    try:
        return json.dumps(calls)
    except (ValueError, RecursionError):
        return ""


def gather(part: Any, said: list[str], thought: list[str], refused: list[str], depth: int = 0) -> None:
    """The texts of a content: a text, a part such as {"type": "text", "text": ...}, or a list of them."""
    if isinstance(part, str):
        if part:
            said.append(part)
    elif isinstance(part, list) and depth < DEPTH:
        for one in part:
            gather(one, said, thought, refused, depth + 1)
    elif isinstance(part, dict) and depth < DEPTH:
        kind, names = part.get("type"), tuple[str, ...]()
        if kind in THOUGHTS:
            into, names = thought, ("thinking", "reasoning", "text", "summary", "content")
        elif kind == "refusal":
            into, names = refused, ("refusal", "text")
        else:
            into, names = said, ("text", "content")
        inner = next((part[name] for name in names if part.get(name)), None)
        if kind in THOUGHTS:
            gather(inner, thought, thought, thought, depth + 1)
        else:
            gather(inner, into, thought, refused, depth + 1)


def read(found: Written, stops: Sequence[str], most: int) -> Written:
    """The reasoning parted from the text, and the text ended at its stops; neither longer than `most` characters."""
    parted = read_reply(found.text[:most], stops)
    whole = read_reply(found.text[:most]) if found.truncated else parted
    thought = "\n\n".join(part for part in (found.rationale[:most], parted.rationale) if part)
    return Written(parted.text, thought, found.truncated and whole.text == parted.text, found.refusal)


def is_same_with_stops(text: str, stops: Sequence[str]) -> bool | None:
    """Whether these stops on the server would leave the same text to read; None: the text does not show it."""
    if not text.strip():
        return None
    end = min((place for stop in stops if stop and (place := text.find(stop)) >= 0), default=len(text))
    return read_reply(text[:end], stops) == read_reply(text, stops)


def is_stopped(text: str, stops: Sequence[str]) -> bool:
    """Whether one of these stops would end this text: no empty text, and no stop in front of a move."""
    return bool(text.strip()) and any(is_ended(text + stop, stops) for stop in stops)


def most_of(max_tokens: int) -> int:
    """The most characters of so many tokens."""
    return TOKEN_LENGTH * (max_tokens + SPARE)


def counts_of(reply: dict[str, Any]) -> Usage | None:
    """The bill; None without one, or for counts that cannot be true."""
    told = reply.get("usage")
    if not isinstance(told, dict):
        return None
    details = told.get("prompt_tokens_details")
    places = [
        (details, "cached_tokens"),
        (told, "prompt_cache_hit_tokens"),
        (told, "cached_tokens"),
    ]  # DeepSeek, Moonshot
    cached = next((part[name] for part, name in places if isinstance(part, dict) and part.get(name) is not None), None)
    counts: list[Any] = [told.get("prompt_tokens"), 0 if cached is None else cached, told.get("completion_tokens")]
    if any(type(count) is not int or not 0 <= count <= MOST_TOKENS for count in counts) or counts[1] > counts[0]:
        return None
    whole = told.get("total_tokens")  # some count reasoning there alone, and some leave it at 0
    if type(whole) is int and whole and whole != counts[0] + counts[2]:
        return None
    details = told.get("completion_tokens_details")
    reasoning = details.get("reasoning_tokens") if isinstance(details, dict) else None  # a part of the completion
    if type(reasoning) is int and reasoning > counts[2]:
        return None
    return Usage(1, *counts)


def top_of(reply: dict[str, Any]) -> dict[str, float] | None:
    """The natural log-probabilities of the likeliest first tokens, by text; None where the server gives none.

    Read in both shapes that servers use: {"top_logprobs": [{TEXT: LOGPROB}]}, and that of chat completions,
    {"content": [{"top_logprobs": [{"token": TEXT, "logprob": LOGPROB}]}]}.
    """
    told = reply["choices"][0].get("logprobs")
    if not isinstance(told, dict):
        return None
    first = item(told.get("top_logprobs")) or item(told.get("content"))
    if isinstance(first, dict) and isinstance(first.get("top_logprobs"), list):
        entries = [entry for entry in first["top_logprobs"] if isinstance(entry, dict)]
        first = {text: entry.get("logprob") for entry in entries if isinstance(text := entry.get("token"), str)}
    if not isinstance(first, dict):
        return None
    numbers = {text: found for text, found in first.items() if type(found) in (int, float) and abs(found) < MOST}
    return {text: min(float(found), 0.0) for text, found in numbers.items()} or None


def item(value: Any) -> Any:
    """The first item of a list; None for anything else."""
    return value[0] if isinstance(value, list) and value else None
