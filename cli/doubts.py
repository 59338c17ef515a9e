"""Reasons to doubt a score: replies that were lost, moves that the rules refused, values that are all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PARTS = {"policy": "policy", "value": "value", "judge": "value"}  # by role; all others ask


def doubts(results: Sequence[Mapping[str, Any]], spent: Mapping[str, Any]) -> list[str]:
    """Parts of a sentence, from the lines of results and the ledger of a whole run."""
    return [text for text in (unread(spent), *unplayed(results, spent), *constant(results, spent)) if text]


def unread(spent: Mapping[str, Any]) -> str:
    """How many replies could not be read, and why as far as it is known; "" where all could."""
    if not spent.get("parse_failures"):
        return ""
    why = [
        f"{spent[name]} of them {word}"
        for name, word in (
            ("truncated", f"ended at the token limit ({raise_limit(spent)})"),
            ("refused", "were refused by the model"),
        )
        if spent.get(name)
    ]
    return ", ".join([f"{spent['parse_failures']} of {spent['lm_calls']} replies could not be read", *why])


def raise_limit(spent: Mapping[str, Any]) -> str:
    """The settings that raise the token limit, for each part with replies that ended at the limit."""
    roles = spent.get("roles") or {}
    cut = (PARTS.get(role, "reflection") for role, usage in roles.items() if usage.get("truncated"))
    return "raise it: " + " ".join(f"--set {part}.max_tokens=N" for part in sorted(set(cut)) or ["policy"])


def unplayed(results: Sequence[Mapping[str, Any]], spent: Mapping[str, Any]) -> list[str]:
    """Doubts about the actions: proposals that the rules refused, and tasks without a move."""
    found = []
    if refused := spent.get("illegal_actions"):
        found.append(f"{refused} of {spent['env_steps']} proposals were refused by the rules")
    if still := sum(not result["spent"]["nodes"] for result in results):
        found.append(f"{still} of {len(results)} tasks ended without a move")
    return found


def constant(results: Sequence[Mapping[str, Any]], spent: Mapping[str, Any]) -> list[str]:
    """A value that judges all states alike leads no search."""
    bounds = {value for result in results for value in result["values"] or ()}
    if len(bounds) != 1 or spent["evaluations"] < 2:
        return []
    return [f"all {spent['evaluations']} values were {bounds.pop():g}"]
