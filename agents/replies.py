"""Read what an OpenAI-compatible server replied: the text, the bill, the likeliest next tokens.

A reply is input: whatever it holds is checked. Fields: https://platform.openai.com/docs/api-reference.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from forethought.agents.retrying import Fault
from forethought.search import Usage

OVERSHOOT = 3  # tokens beyond max_tokens with which llama.cpp ends a character that it has begun
TOP = 20  # likeliest tokens asked for; vLLM's and OpenAI's chat limit


def text_of(reply: dict[str, Any], chat: bool) -> str:
    """What was written; "" where the server withheld it."""
    choice = reply["choices"][0]
    message = choice.get("message") if chat else None
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    return text if isinstance(text, str) else ""


def usage_of(reply: dict[str, Any], bound: Usage) -> Usage | Fault | None:
    """The bill; None where the server sends none, a fault where it cannot be true or is beyond the bound.

    A few written tokens too many are no fault where the prompt has as many fewer than its bound.
    """
    told = reply.get("usage")
    if told is None:
        return None
    if not isinstance(told, dict):
        return Fault(f"the reply's usage is {told!r:.80}, expected an object")
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    counts: list[Any] = [told.get("prompt_tokens"), 0 if cached is None else cached, told.get("completion_tokens")]
    if any(type(count) is not int or count < 0 for count in counts) or counts[1] > counts[0]:
        return Fault(
            "the reply counts prompt_tokens={!r:.40}, cached_tokens={!r:.40}, completion_tokens={!r:.40}; ".format(
                *counts
            )
            + "expected whole numbers of 0 or more, and no more cached than in the prompt"
        )
    prompt, cached, completion = counts
    overshot = completion > bound.completion + OVERSHOOT or prompt + completion > bound.tokens
    if prompt > bound.prompt or overshot:
        return Fault(
            f"the reply counts {prompt} tokens of the prompt and {completion} written ones, and at most "
            f"{bound.prompt} and {bound.completion} can be; a budget cannot be held by such counts"
        )
    return Usage(1, prompt, cached, completion)


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
        first = {entry.get("token"): entry.get("logprob") for entry in first["top_logprobs"] if isinstance(entry, dict)}
    if not isinstance(first, dict):
        return None
    top: dict[str, float] = {}
    for text, found in first.items():
        if isinstance(text, str) and type(found) in (int, float) and isfinite(found):
            top[text] = min(float(found), 0.0)
    return top or None


def item(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None
