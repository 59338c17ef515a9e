"""Read what an OpenAI-compatible server replied: the text, the bill, the likeliest next tokens.

A reply is input: whatever it holds is checked. Fields: https://platform.openai.com/docs/api-reference.
"""

from __future__ import annotations

from reprlib import repr as shown  # short, however long or deep the value is
from typing import Any

from forethought.agents.retrying import Fault
from forethought.search import Usage

MOST = 1e300  # no number beyond is read; a whole one may be too large to be a float
TOP = 20  # likeliest tokens asked for; vLLM's and OpenAI's chat limit


def text_of(reply: dict[str, Any], chat: bool) -> str:
    """What was written; "" where the server withheld it."""
    choice = reply["choices"][0]
    message = choice.get("message") if chat else None
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    return text if isinstance(text, str) else ""


def usage_of(reply: dict[str, Any], bound: Usage) -> Usage | Fault | None:
    """The bill; None where the server sends none.

    A fault where it cannot be true or is beyond the bound, which is then the bill, for more was not reserved.
    """
    told = reply.get("usage")
    if told is None:
        return None
    if not isinstance(told, dict):
        return Fault(f"the reply's usage is {shown(told)}, expected an object", usage=bound)
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    counts: list[Any] = [told.get("prompt_tokens"), 0 if cached is None else cached, told.get("completion_tokens")]
    if any(type(count) is not int or count < 0 for count in counts) or counts[1] > counts[0]:
        return Fault(
            "the reply counts prompt_tokens={}, cached_tokens={}, completion_tokens={}; ".format(*map(shown, counts))
            + "expected whole numbers of 0 or more, and no more cached than in the prompt",
            usage=bound,
        )
    prompt, cached, completion = counts
    if prompt > bound.prompt or completion > bound.completion:
        return Fault(
            f"the reply counts {shown(prompt)} tokens of the prompt and {shown(completion)} written ones, and at most "
            f"{bound.prompt} and {bound.completion} can be; a budget cannot be held by such counts",
            usage=bound,
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
        entries = [entry for entry in first["top_logprobs"] if isinstance(entry, dict)]
        first = {text: entry.get("logprob") for entry in entries if isinstance(text := entry.get("token"), str)}
    if not isinstance(first, dict):
        return None
    numbers = {text: found for text, found in first.items() if type(found) in (int, float) and abs(found) < MOST}
    return {text: min(float(found), 0.0) for text, found in numbers.items()} or None


def item(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None
