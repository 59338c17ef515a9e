"""The attributes that a wrapper keeps from one step to the next: its counts, queues and statistics."""

from __future__ import annotations

import copy
import functools
import inspect
import logging
import time
import types
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import PassiveEnvChecker, RecordEpisodeStatistics

from forethought.envs.family import Json
from forethought.envs.wrappers.encoding import KINDS, Unwritable, decode, encode
from forethought.envs.wrappers.gymnasium_private import arguments_of, common_names

Layer: TypeAlias = "gym.Wrapper[Any, Any, Any, Any]"
Put: TypeAlias = Callable[[], None]
# How a wrapper is made, not the point where it stands.
SETTINGS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,  # such as str.upper
    types.WrapperDescriptorType,
    np.ufunc,
    types.ModuleType,
    functools.partial,
    type,
    gym.Space,
    EnvSpec,
    logging.Logger,
)
COMMON = common_names()
CLOCK = "episode_start_time"  # of RecordEpisodeStatistics: a clock of one process, which another does not share


def has_hook(layer: Layer) -> bool:
    """Whether a wrapper writes and reads its own state."""
    return callable(getattr(type(layer), "get_state", None)) and callable(getattr(type(layer), "set_state", None))


def kept(layer: Layer) -> dict[str, Any]:
    """The attributes of a wrapper that may change from step to step."""
    if isinstance(layer, PassiveEnvChecker):
        return {}  # it compares a step with the reset before it, and a restored point has none
    found = {
        name: value
        for name, value in vars(layer).items()
        if name not in COMMON and not isinstance(value, SETTINGS) and not belongs(layer, value)
    }
    if isinstance(layer, RecordEpisodeStatistics):
        found.pop(CLOCK, None)
    return found


def belongs(layer: Layer, value: object) -> bool:
    """Whether a value is a part of the chain below a wrapper."""
    below: gym.Env[Any, Any] = layer.env
    while below is not value and isinstance(below, gym.Wrapper):
        below = below.env
    return below is value


def write(layer: Layer) -> Json:
    """A wrapper's state.

    Raises TypeError: an attribute of a kind that has no JSON; its wrapper and name are told.
    """
    if has_hook(layer):
        return {"own": written(layer, "get_state", layer.get_state())}  # type: ignore[attr-defined]  # checked above
    return {"kept": {name: written(layer, name, value) for name, value in kept(layer).items()}}


def written(layer: Layer, name: str, value: Any) -> Json:
    """An attribute of a wrapper as JSON. Raises ValueError: it cannot be written."""
    try:
        if is_gymnasiums(value):
            return {"parts": {part: encode(item) for part, item in vars(value).items()}}
        return encode(value)
    except Unwritable as error:
        raise TypeError(
            f"the wrapper {type(layer).__name__} keeps {name!r}, {error}, which cannot be written; expected {KINDS}: "
            "keep these, or give the wrapper get_state() and set_state(data), whose data are of these kinds"
        ) from error


def is_gymnasiums(value: object) -> bool:
    """Whether a value is a small object of Gymnasium's own, such as the running mean of a normalising wrapper."""
    return type(value).__module__.startswith("gymnasium.") and hasattr(value, "__dict__")


def read(layer: Layer, data: Json) -> Put:
    """Check a wrapper's state; the answer puts it in place.

    Raises ValueError: data that are no state of this wrapper.
    """
    if not isinstance(data, dict) or data.keys() != {"own" if has_hook(layer) else "kept"}:
        raise ValueError(f"it holds no state of {type(layer).__name__}")
    if has_hook(layer):
        own = decode(data["own"])
        return lambda: layer.set_state(own)  # type: ignore[attr-defined]  # checked by has_hook
    attributes = data["kept"]
    if not isinstance(attributes, dict):
        raise ValueError(f"it holds no state of {type(layer).__name__}")
    values = {name: found(layer, name, value) for name, value in attributes.items()}
    return lambda: put(layer, values)


def found(layer: Layer, name: str, data: Json) -> Any:
    """The value of one attribute."""
    present = vars(layer).get(name)
    known = getattr(type(layer), name, None)
    if name in COMMON or isinstance(present, SETTINGS) or isinstance(known, (property, *SETTINGS)):
        raise ValueError(f"{type(layer).__name__} keeps no {name!r}")
    if isinstance(data, dict) and data.keys() == {"parts"}:
        return with_parts(layer, name, present, data["parts"])
    return decode(data)


def with_parts(layer: Layer, name: str, present: Any, parts: Json) -> Any:
    """A copy of one of Gymnasium's objects with these parts. Raises ValueError: another object is there."""
    if not is_gymnasiums(present) or not isinstance(parts, dict) or not parts.keys() <= vars(present).keys():
        raise ValueError(f"{type(layer).__name__} keeps another {name!r}")
    value = copy.copy(present)
    vars(value).update({part: decode(item) for part, item in parts.items()})
    return value


def put(layer: Layer, values: dict[str, Any]) -> None:
    """Set the attributes of a wrapper, and restart its clock."""
    vars(layer).update(values)
    if isinstance(layer, RecordEpisodeStatistics):
        setattr(layer, CLOCK, time.perf_counter())
    if isinstance(layer, PassiveEnvChecker):
        checked = {"checked_reset": True, "checked_step": True, "checked_data_reuse": True, "_previous_data": None}
        vars(layer).update({name: value for name, value in checked.items() if name in vars(layer)})


def made_with(layer: Layer) -> Json:
    """The arguments of a wrapper, as far as they can be compared."""
    told: dict[str, Json] = {}
    for name, value in arguments_of(layer).items():
        try:
            told[name] = encode(value)
        except Unwritable:
            told[name] = None
    return told


def counts(layer: Layer) -> bool:
    """Whether a wrapper keeps a number, queue or array that is none of its arguments."""
    arguments = inspect.signature(type(layer).__init__).parameters
    return has_hook(layer) or any(
        isinstance(value, int | float | list | deque | dict | set | np.ndarray) and not isinstance(value, bool)
        for name, value in kept(layer).items()
        if name.lstrip("_") not in arguments
    )
