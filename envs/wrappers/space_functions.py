"""Functions on texts for Gymnasium's wrappers and vector environments, which it dispatches by space.

A text stays a text wherever Gymnasium flattens: a space that is "as flat as possible", like its own `Sequence`.
`iterate` is not among them: where it knows every part of a tuple, it takes the parts apart letter by letter.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from gymnasium import spaces
from gymnasium.spaces import utils
from gymnasium.vector import utils as vectors

from forethought.envs.space import Unicode
from forethought.envs.wrappers import shared_memory as sharing
from forethought.envs.wrappers.gymnasium_private import zeros_of


def no_text(space: Unicode) -> str:
    """The empty text."""
    return ""


def no_length(space: Unicode) -> int:
    """Raises ValueError: texts have no fixed length."""
    raise ValueError(
        f"{space} was given, whose texts have no fixed length and make no array of numbers; expected a space such as "
        "Box: encode the texts first, for instance with gymnasium.wrappers.TransformObservation and a tokenizer"
    )


def same_space(space: Unicode) -> Unicode:
    """The space itself."""
    return space


def same_text(space: Unicode, text: str) -> str:
    """The text itself."""
    return text


def both_texts(space: Unicode, other: object) -> bool:
    """Whether the other space holds texts too."""
    return isinstance(other, Unicode)


def side_by_side(found: Sequence[Unicode]) -> spaces.Tuple[Any]:
    """The space of a batch: a tuple of the spaces."""
    return spaces.Tuple([deepcopy(space) for space in found], seed=deepcopy(found[0].np_random))


def empty_texts(space: Unicode, n: int = 1, fn: object = None) -> tuple[str, ...]:
    """A batch of empty texts."""
    return ("",) * n


def create_memory(space: Unicode, n: int = 1, ctx: Any = multiprocessing) -> Any:
    """Shared memory for the texts of n environments."""
    return sharing.allot(n, ctx)


def read_memory(space: Unicode, shared_memory: Any, n: int = 1) -> sharing.Texts:
    """The texts in shared memory."""
    return sharing.Texts(shared_memory, n)


def write_memory(space: Unicode, index: int, value: str, shared_memory: Any) -> None:
    """Write the text of one environment into shared memory."""
    sharing.write(shared_memory, index, value)


def register_space() -> None:
    """Tell Gymnasium how texts are handled."""
    pairs: tuple[tuple[Any, Callable[..., Any]], ...] = (  # Gymnasium's are of many types, some wrong
        (zeros_of(), no_text),
        (utils.flatdim, no_length),
        (utils.flatten_space, same_space),
        (utils.flatten, same_text),
        (utils.unflatten, same_text),
        (utils.is_space_dtype_shape_equiv, both_texts),
        (vectors.batch_differing_spaces, side_by_side),
        (vectors.create_empty_array, empty_texts),
        (vectors.create_shared_memory, create_memory),
        (vectors.read_from_shared_memory, read_memory),
        (vectors.write_to_shared_memory, write_memory),
    )
    for function, ours in pairs:
        function.register(Unicode, ours)
