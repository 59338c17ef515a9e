"""Examples as a training set: apart by task, even in number, written to a file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from forethought.value.targets import Example


def split_tasks(tasks: Sequence[int], validation: float, seed: int = 0) -> tuple[list[int], list[int]]:
    """Training and validation tasks, no task in both. Raises ValueError: a share that leaves either side empty."""
    shuffled = random.Random(seed).sample(sorted(set(tasks)), len(set(tasks)))
    held = round(validation * len(shuffled))
    if not 0 < held < len(shuffled):
        raise ValueError(f"{validation} of {len(shuffled)} tasks leaves a side empty; give a larger or smaller share")
    return sorted(shuffled[held:]), sorted(shuffled[:held])


def distinct(examples: Iterable[Example]) -> list[Example]:
    """One example a state key and depth of look: the one that saw the most children, then the latest."""
    best: dict[bytes, Example] = {}
    for example in examples:
        if example.key not in best or example.seen >= best[example.key].seen:
            best[example.key] = example
    return list(best.values())


def balanced(examples: Sequence[Example], count: int, seed: int = 0) -> list[Example]:
    """`count` examples, half of them with a target of at least 0.5, in random order.

    The scarcer half repeats what it has. Raises ValueError: one of the halves has nothing to draw from.
    """
    draw = random.Random(seed)
    high = [example for example in examples if example.target >= 0.5]
    low = [example for example in examples if example.target < 0.5]
    if not high or not low:
        raise ValueError(f"{len(high)} examples have a target of 0.5 or more and {len(low)} less; both are needed")
    chosen = [*cycle(high, count // 2, draw), *cycle(low, count - count // 2, draw)]
    draw.shuffle(chosen)
    return chosen


def cycle(examples: Sequence[Example], count: int, draw: random.Random) -> list[Example]:
    """`count` draws that use every example equally often, give or take one."""
    chosen: list[Example] = []
    while len(chosen) < count:
        chosen += draw.sample(examples, min(len(examples), count - len(chosen)))
    return chosen


def write(examples: Iterable[Example], path: Path) -> None:
    path.write_text(
        "".join(json.dumps(example.to_json(), sort_keys=True) + "\n" for example in examples), encoding="ascii"
    )
