"""Fork an environment through its wrappers."""

from __future__ import annotations

import copy
from typing import Any

import gymnasium as gym

from forethought.envs.wrappers.gymnasium_private import cached_spec


def fork(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """A second, independent copy of a whole wrapper chain, at the same point of its episode.

    The core is forked by its own `fork()`; around it every wrapper is copied with its present
    counts (TimeLimit's steps, the statistics of RecordEpisodeStatistics). Specs are shared.

    Raises TypeError: the core has no `fork()`, or a wrapper holds an object that cannot be copied (a file, a process).
    """
    core = env.unwrapped
    if not callable(getattr(core, "fork", None)):
        raise TypeError(f"{core} cannot fork; expected an environment with fork(), such as forethought's own")
    if core is env:
        return core.fork()  # type: ignore[attr-defined, no-any-return]  # a capability of ours, checked above
    known: dict[int, Any] = {id(core): core.fork()}  # type: ignore[attr-defined]  # as above
    layer: gym.Env[Any, Any] = env
    while isinstance(layer, gym.Wrapper):
        for shared in (cached_spec(layer), layer.__dict__.get("spec")):
            if shared is not None:
                known[id(shared)] = shared
        layer = layer.env
    try:
        return copy.deepcopy(env, known)
    except Exception as error:  # the parts of a foreign wrapper may refuse to be copied with any error
        raise TypeError(f"a wrapper of {env} cannot be copied ({error}); fork before wrapping it") from error
