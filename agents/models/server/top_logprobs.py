"""Log-probabilities of short continuations from the likeliest next tokens alone.

There is no tokenizer, so a continuation is found only if it is one token, such as "7", or if it extends another one of
the list, as "10" extends "1": then the tokens after "1" are requested too. A continuation that is not among the
likeliest gets the floor: the lowest log-probability in the response, less 1.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from math import exp, log

from forethought.agents.models.server.failures import Failure
from forethought.common.sums import plain_sum

Top = Callable[[str], Awaitable["dict[str, float] | Failure"]]  # the likeliest tokens after a prompt


def asks_of(continuations: Sequence[str]) -> list[str]:
    """The continuations at the start of a longer one: all that is requested beside the prompt itself."""
    return [text for text in dict.fromkeys(continuations) if longer_than(text, continuations)]


def longer_than(text: str, continuations: Sequence[str]) -> list[str]:
    """The continuations that begin with this text and are longer."""
    return [other for other in dict.fromkeys(continuations) if other != text and other.startswith(text)]


async def score_from_top_logprobs(prompt: str, continuations: Sequence[str], top: Top) -> dict[str, float] | Failure:
    """See ScoreRequest. A fault: none is among the likeliest, or one seems to be several tokens."""
    if "" in continuations:
        return Failure("a continuation to score is empty; give at least one character")
    likeliest = await top(prompt)
    if isinstance(likeliest, Failure):
        return likeliest
    parts = [text for text in continuations if text not in likeliest and begun(text, likeliest, continuations)]
    if parts or not any(text in likeliest for text in continuations):
        told = f"{parts[0]!r} seems to be several tokens" if parts else "none is among the likeliest next tokens"
        return Failure(
            f"these continuations cannot be scored by a server: {told}; its likeliest are "
            f"{', '.join(map(repr, sorted(likeliest, key=lambda token: -likeliest[token])[:5]))}. "
            "Take lm-text for the value and the policy, or a local model"
        )
    return await resolve(prompt, continuations, likeliest, top)


def begun(text: str, likeliest: dict[str, float], continuations: Sequence[str]) -> bool:
    """Whether a likely token that is nothing by itself begins this one, as "click" does "click[Buy Now]"."""
    return any(token and text.startswith(token) and token not in continuations for token in likeliest)


async def resolve(
    prompt: str, continuations: Sequence[str], likeliest: dict[str, float], top: Top
) -> dict[str, float] | Failure:
    """Separate continuations with one beginning: P("10") = P("1") P("0" after "1"); P("1") gets the rest."""
    floor = min(likeliest.values()) - 1
    found = {text: likeliest.get(text, floor) for text in continuations}
    for root in asks_of(continuations):
        rest = [text for text in longer_than(root, continuations) if text not in likeliest]
        nested = any(root != other and root.startswith(other) for other in continuations)
        if nested or root not in likeliest or not rest:
            continue
        after = await top(prompt + root)
        if isinstance(after, Failure):
            return after
        ends = await resolve(prompt + root, [text[len(root) :] for text in rest], after, top)
        if isinstance(ends, Failure):
            return ends
        followed = plain_sum(map(exp, ends.values()))
        for text in rest:
            found[text] = found[root] + ends[text[len(root) :]]
        found[root] += log(max(1 - followed, 1e-300))
    return found
