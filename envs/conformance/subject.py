"""The subject of the checks: an environment, and random walks in it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym

from forethought.envs.family import shorten
from forethought.envs.template import is_template

STEPS = 12  # at most, of one trajectory


class Broken(AssertionError):
    """A promise that the environment does not keep."""


@dataclass(frozen=True)
class Subject:
    """The environment under test: an id (also "module:Id-v0") with its options, made anew for every check."""

    env_id: str
    options: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    rewards: tuple[float, float] = (0.0, 1.0)

    def make(self) -> Any:
        """The bare environment: the promises are the core's, not its wrappers'."""
        return gym.make(self.env_id, disable_env_checker=True, **self.options).unwrapped

    def draw(self) -> random.Random:
        """A generator with the subject's seed."""
        return random.Random(self.seed)


def walk(
    env: Any, draw: random.Random, info: dict[str, Any], steps: int = STEPS
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Random admissible steps; yields each action with its result."""
    for _ in range(steps):
        action = chosen(info, draw)
        result = env.step(action)
        yield action, result
        info = result[4]
        if result[2] or result[3]:
            return


def chosen(info: dict[str, Any], draw: random.Random) -> str:
    """A random admissible action. Raises Broken: there is none, and the episode goes on."""
    if not info["actions"]:
        raise Broken(f"no action is admissible after {shorten(str(info))}, and the episode goes on")
    return filled(draw.choice(info["actions"]), draw)


def filled(action: str, draw: random.Random) -> str:
    """A template with words in its blanks."""
    return action.fill(lambda: draw.choice(("red shoes", "paris", "7"))) if is_template(action) else action


def plain(result: tuple[Any, ...]) -> str:
    """The result of a step, comparable over processes."""
    return json.dumps(result, sort_keys=True, default=repr)
