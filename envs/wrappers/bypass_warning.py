"""A warning for a core that was moved below wrappers that count."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from types import FrameType
from typing import Any

import gymnasium as gym

from forethought.envs.wrappers.attributes import Layer, counts

BETWEEN = 2  # helper functions that may stand between a wrapper's step and that of the environment it wraps


@dataclass(frozen=True, slots=True)
class Callers:
    """The wrappers that count, of those a step came through, and how many frames the step takes."""

    names: tuple[str, ...]
    depth: int

    def warn(self, core: str) -> None:
        """Warn that the core was moved and its wrappers were not."""
        warnings.warn(
            f"{core}.set_state() moved the environment and not its wrappers: {', '.join(self.names)} went on counting "
            "from another point. Save with forethought.envs.get_state(env), and restore with "
            "forethought.envs.set_state(env, data), which take the wrappers along",
            stacklevel=self.depth + 4,
        )


NOBODY = Callers((), 0)


def counting_callers(core: gym.Env[Any, Any], frame: FrameType | None) -> Callers:
    """The wrappers on the call stack of this frame of the core, innermost first.

    An environment does not know its wrappers; only the calls of a step under way do.
    """
    if not called_by_a_step(frame):
        return NOBODY
    found: list[Layer] = []
    inner, depth, last, between = core, 0, 0, 0
    while frame is not None and between <= BETWEEN:
        first = first_argument(frame)
        if isinstance(first, gym.Wrapper) and first.env is inner:
            found.append(first)
            inner = first
        if first is inner:
            last, between = depth, 0
        else:
            between += 1
        frame, depth = frame.f_back, depth + 1
    return Callers(tuple(type(layer).__name__ for layer in found if counts(layer)), last)


def called_by_a_step(frame: FrameType | None) -> bool:
    """Whether a step could have come through a wrapper; a search that steps the core alone pays for no more."""
    for _ in range(BETWEEN + 1):
        frame = frame.f_back if frame else None
        if frame is not None and frame.f_code.co_name == "step":
            return True
    return False


def first_argument(frame: FrameType) -> object:
    """The first argument of the function of a frame; None without one."""
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    return frame.f_locals.get(names[0]) if names else None


def here() -> FrameType | None:
    """The frame of the function that calls this one, where Python keeps frames."""
    frame = inspect.currentframe()
    return frame.f_back if frame else None
