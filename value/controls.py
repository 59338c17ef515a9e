"""Controls of a training: the same states with shuffled labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from forethought.common.random import Generator
from forethought.value.targets import Example

Shuffle = Literal["all", "task"]


def shuffled(examples: Sequence[Example], how: Shuffle, seed: int = 0) -> list[Example]:
    """The examples with labels drawn anew among them.

    Args:
        examples: Examples.
        how: all: labels of all tasks change places, so that nothing can be learnt; task: labels change places within
            their task, so that only knowledge without the goal can be learnt.
        seed: Seed of the draws.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        groups[example.task if how == "task" else 0].append(place)
    rng, found = Generator(seed), list(examples)
    for places in groups.values():
        for place, other in zip(places, rng.ranked(places, len(places)), strict=True):
            found[place] = replace(examples[place], target=examples[other].target)
    return found
