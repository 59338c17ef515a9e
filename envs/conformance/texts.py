"""Texts that no environment may stumble over."""

from __future__ import annotations

import random
from typing import Any

from forethought.envs.conformance.subject import Broken
from forethought.envs.family import shorten

NASTY = (
    "",
    " ",
    "\n",
    "\x00\x01\x1b[31m\x7f",
    "\u202e\ufeff\u200b",
    "🦊👩\u200d👩\u200d👧",
    "\ud800",
    "a\udfffb",
    "x" * 100_000,
    "[" * 5_000,
    "{{7*7}}",
    "__import__('os').getcwd()",
    "𝟙 + 𝟚",
    "null",
    "-1",
    "<query>",
    "search[",
    "]",
    "%s%n",
    "../../etc/passwd",
)


def try_text(env: Any, text: str) -> None:
    """Play one text on a fork. Raises Broken: it raises, or moves the state of the original."""
    fork = env.fork()
    key, here, actions = fork.state_key(), None, None
    if hasattr(fork, "family"):
        here = fork._here()
        actions = fork.family.actions(here)
    try:
        observation, _, terminated, _, info = fork.step(text)
    except Exception as error:
        raise Broken(f"the text {shorten(text)} raised {type(error).__name__}: {shorten(str(error))}") from error
    if not isinstance(observation, str):
        raise Broken(f"after {shorten(text)} the observation is {observation!r:.60}, no str")
    if info.get("illegal") is None:
        if text in NASTY:
            raise Broken(f"the text {shorten(text)} was taken for a legal action")
        return
    if not isinstance(info["illegal"], str) or not info["illegal"]:
        raise Broken(f"info['illegal'] after {shorten(text)} is {info['illegal']!r:.60}; it says why, or is None")
    counted = hasattr(fork, "family") and only_counted(fork.family, here, fork._here(), terminated)
    if (fork.state_key() != key and not counted) or (
        actions is not None and not terminated and fork.family.actions(fork._here()) != actions
    ):
        raise Broken(f"the refused text {shorten(text)} changed the state")


def only_counted(family: Any, before: Any, after: Any, ended: bool) -> bool:
    """Whether a refused text did no more than count: in JSON, `steps` went up by one.

    Where that ended the episode, a None may have become a value: an answer that the family forces.
    """
    old, new = family.to_json(before), family.to_json(after)
    if not isinstance(old, dict) or not isinstance(new, dict) or old.keys() != new.keys():
        return False
    changed = [name for name in old if old[name] != new[name] and not (ended and old[name] is None)]
    return changed == ["steps"] and type(old["steps"]) is type(new["steps"]) is int and new["steps"] == old["steps"] + 1


def mutated(actions: tuple[str, ...], draw: random.Random) -> list[str]:
    """Texts close to legal ones: cut, doubled, reversed, with odd characters in them."""
    close = []
    for action in draw.sample(list(actions), min(len(actions), 8)):
        spot = draw.randrange(len(action) + 1)
        close += [
            action[:spot],
            action + action,
            action[::-1],
            action[:spot] + "\x00" + action[spot:],
            f"{action} \ud83d",
        ]
    return close
