"""The space of all texts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from forethought.envs.template import is_template
from forethought.envs.wrappers.gymnasium_private import generator_of, put_generator

LETTERS = "abcdefghijklmnopqrstuvwxyz 0123456789"


class Unicode(gym.Space[str]):
    """Any str, of any length, surrogates included.

    Gymnasium's own `Text` is bounded in length and alphabet; a page of text is neither. Gymnasium's wrappers and
    vector environments take this space as they take `Text` (see `forethought.envs.wrappers.space_functions`).
    """

    def __init__(self, seed: int | None = None) -> None:
        self._borrowed = False  # the generator is shared with a copy until one of the two draws
        super().__init__(shape=None, dtype=str, seed=seed)

    def __copy__(self) -> Unicode:
        """An independent space that will draw the same."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        if generator_of(self) is not None:
            self._borrowed = other._borrowed = True
        return other

    @property
    def np_random(self) -> np.random.Generator:
        """The generator of Gymnasium; a copy of the space copies it when one of the two first draws."""
        if self._borrowed and (shared := generator_of(self)) is not None:
            put_generator(self, copy.deepcopy(shared))
            self._borrowed = False
        return super().np_random

    @property
    def is_np_flattenable(self) -> bool:
        """False: texts make no array of numbers."""
        return False

    def contains(self, x: Any) -> bool:
        """Whether a value is a text."""
        return isinstance(x, str)

    def sample(self, mask: Sequence[str] | None = None, probability: Sequence[float] | None = None) -> str:
        """One of the texts in `mask` (usually `info["actions"]`), each with its `probability`.

        The blanks of a `Template` are filled with random letters; any other text is taken as it is. Without a mask:
        up to 16 random letters.
        """
        if mask is None:
            if probability is not None:
                raise ValueError("probability was given without a mask; give the actions it belongs to as mask")
            return self._letters()
        if not len(mask):
            raise ValueError("the mask is empty; give at least one action, as in info['actions']")
        if probability is not None and len(probability) != len(mask):
            raise ValueError(f"{len(probability)} probabilities were given for {len(mask)} actions")
        chosen = mask[int(self.np_random.choice(len(mask), p=probability))]
        return chosen.fill(self._letters) if is_template(chosen) else chosen

    def _letters(self) -> str:
        return "".join(LETTERS[i] for i in self.np_random.integers(len(LETTERS), size=self.np_random.integers(1, 17)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unicode)

    __hash__ = None  # type: ignore[assignment]  # like Gymnasium's own spaces

    def __repr__(self) -> str:
        return "Unicode()"
