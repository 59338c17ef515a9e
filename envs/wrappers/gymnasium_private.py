"""The private parts of Gymnasium in use, each behind one function that checks that it is there.

Tried with Gymnasium 1.1 to 1.4. A release that renames a part is refused by name, because a part that is gone would
be read as one that was never set: forks would share generators, and wrappers would lose their counts, in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs

TESTED = "gymnasium>=1.1,<1.5"  # as setup.cfg has it


def missing(part: str) -> RuntimeError:
    """The error for a version of Gymnasium without this part."""
    return RuntimeError(
        f"Gymnasium {gym.__version__} has no {part}; expected one from 1.1 to 1.4, which have: pip install '{TESTED}'"
    )


def generator_of(owner: gym.Env[Any, Any] | gym.Space[Any]) -> np.random.Generator | None:
    """The generator of an environment or a space, or None where nothing has been drawn yet."""
    part = "Env" if isinstance(owner, gym.Env) else "Space"
    if not hasattr(gym.Env if part == "Env" else owner, "_np_random"):
        raise missing(f"{part}._np_random")
    found: np.random.Generator | None = owner._np_random
    return found


def put_generator(owner: gym.Env[Any, Any] | gym.Space[Any], generator: np.random.Generator) -> None:
    """Give an environment or a space another generator."""
    generator_of(owner)
    owner._np_random = generator


def forget_seed(env: gym.Env[Any, Any]) -> None:
    """Mark the seed of the generator as unknown."""
    if not hasattr(gym.Env, "_np_random_seed"):
        raise missing("Env._np_random_seed")
    env._np_random_seed = -1


def cached_spec(wrapper: gym.Wrapper[Any, Any, Any, Any]) -> Any:
    """The spec that a wrapper has worked out, or None."""
    if "_cached_spec" not in common_names():
        raise missing("Wrapper._cached_spec")
    return vars(wrapper).get("_cached_spec")


def arguments_of(wrapper: gym.Wrapper[Any, Any, Any, Any]) -> dict[str, Any]:
    """The arguments that a wrapper was made with; empty where its class does not record them."""
    if not isinstance(wrapper, RecordConstructorArgs):
        return {}
    if "_saved_kwargs" not in common_names():
        raise missing("RecordConstructorArgs._saved_kwargs")
    return {name: value for name, value in vars(wrapper).get("_saved_kwargs", {}).items() if name != "env"}


def common_names() -> frozenset[str]:
    """The attributes that every wrapper has from its base classes: the environment, spaces, metadata, spec."""
    bare = gym.Wrapper(gym.Env())
    return frozenset({*vars(bare), *vars(RecordConstructorArgs())})


def zeros_of() -> Callable[..., Any]:
    """Gymnasium's function of the smallest element of a space, which dispatches by the space."""
    try:
        from gymnasium.wrappers.utils import create_zero_array
    except ImportError as error:
        raise missing("wrappers.utils.create_zero_array") from error
    if not hasattr(create_zero_array, "register"):
        raise missing("wrappers.utils.create_zero_array.register")
    found: Callable[..., Any] = create_zero_array
    return found
