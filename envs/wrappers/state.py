"""The state of an environment and of all its wrappers, as bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import gymnasium as gym
from gymnasium.error import ResetNeeded

from forethought.common.json_text import read_json
from forethought.envs.family import Json
from forethought.envs.gym import TextEnv
from forethought.envs.wrappers import attributes
from forethought.envs.wrappers.encoding import decode, encode


def get_state(env: gym.Env[Any, Any]) -> bytes:
    """This point of an episode as JSON bytes: the core's own state, and the counts of every wrapper around it.

    Saved are TimeLimit's steps, the statistics of RecordEpisodeStatistics, queues, and all else that a wrapper keeps
    in attributes of plain kinds; functions and spaces are how it was made, and stay. A wrapper that keeps anything
    else has `get_state()` and `set_state(data)` of its own. Generators of core and spaces are not part of a state.

    Raises TypeError: the core has no state, or a wrapper keeps a value that cannot be written.
    """
    layers, core = unwound(env)
    body: Json = {
        "wrappers": [
            {"name": type(layer).__name__, "made_with": attributes.made_with(layer), "state": attributes.write(layer)}
            for layer in layers
        ],
        "core": encode(core.get_state()),  # type: ignore[attr-defined]  # checked by unwound
    }
    return json.dumps({"chain": body, "digest": digest(body)}, sort_keys=True, separators=(",", ":")).encode()


def set_state(env: gym.Env[Any, Any], data: bytes) -> None:
    """Go to a point that `get_state` wrote, wrappers and all; no reset is needed before, in any process.

    Raises ValueError: bytes that are no state, or one of other wrappers or another core. TypeError: the core has no
    state. Nothing changes then.
    """
    layers, core = unwound(env)
    try:
        saved = read_json(data)
        body = saved["chain"]
        if saved["digest"] != digest(body):
            raise ValueError("they are damaged")
        check_chain(layers, body["wrappers"])
        steps = [attributes.read(layer, entry["state"]) for layer, entry in zip(layers, body["wrappers"], strict=True)]
        inner = decode(body["core"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"these bytes are no state of {env} ({error}); give what forethought.envs.get_state(env) returned for an "
            "environment with the same wrappers, or give env.unwrapped.set_state what env.unwrapped.get_state() did"
        ) from error
    put_all(layers, core, inner, steps)


def put_all(layers: list[attributes.Layer], core: gym.Env[Any, Any], inner: Any, puts: list[attributes.Put]) -> None:
    """Move the core, then the wrappers; where one of them refuses, all go back."""
    before = [(part, standing(part)) for part in (core, *(layer for layer in layers if attributes.has_hook(layer)))]
    core.set_state(inner)  # type: ignore[attr-defined]  # checked by unwound
    try:
        for _, put in sorted(zip(layers, puts, strict=True), key=lambda pair: not attributes.has_hook(pair[0])):
            put()  # the wrappers that may refuse first
    except Exception as error:  # a wrapper's own set_state may raise any error
        for part, state in before:
            if state is not None:
                part.set_state(state)  # type: ignore[attr-defined]  # has_hook, unwound
        raise ValueError(f"a wrapper of {core} refused its state ({error}); nothing has changed") from error
    if isinstance(core, TextEnv):
        core.joined()


def standing(part: gym.Env[Any, Any]) -> Any:
    """The state of a core or of a wrapper with one of its own, or None before the first reset."""
    try:
        return part.get_state()  # type: ignore[attr-defined]  # the callers have looked
    except ResetNeeded:
        return None


def unwound(env: gym.Env[Any, Any]) -> tuple[list[attributes.Layer], gym.Env[Any, Any]]:
    """The wrappers, outermost first, and the core."""
    layers: list[attributes.Layer] = []
    while isinstance(env, gym.Wrapper):
        layers.append(env)
        env = env.env
    if not callable(getattr(env, "get_state", None)) or not callable(getattr(env, "set_state", None)):
        raise TypeError(
            f"{env} has no state; expected an environment with get_state() and set_state(), such as forethought's own"
        )
    return layers, env


def check_chain(layers: list[attributes.Layer], saved: list[dict[str, Json]]) -> None:
    """Raises ValueError: the saved wrappers differ from those here."""
    here, there = [type(layer).__name__ for layer in layers], [str(entry["name"]) for entry in saved]
    if here != there:
        raise ValueError(f"it has the wrappers {' '.join(there) or 'none'}, and here are {' '.join(here) or 'none'}")
    for layer, entry in zip(layers, saved, strict=True):
        if attributes.made_with(layer) != entry["made_with"]:
            raise ValueError(
                f"{type(layer).__name__} was made with {json.dumps(entry['made_with'])}, "
                f"and here with {json.dumps(attributes.made_with(layer))}"
            )


def digest(body: Json) -> str:
    """The check sum of JSON data: 16 digits of its sha256."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
