"""Examples as a training set: apart by task, even in number, written to a file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

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
    """`count` examples in random order: an equal part of each depth, half of each part from its higher targets.

    Without that, a model learns which depth is good rather than which state. Higher is at least the
    depth's median target and at least 0.5; the scarcer half repeats what it has, and a depth that has
    only one half gives all of its part from that. Raises ValueError: targets are all high, or all low.
    """
    draw = random.Random(seed)
    depths: dict[int, list[Example]] = {}
    for example in examples:
        depths.setdefault(len(example.context.steps), []).append(example)
    chosen: list[Example] = []
    sides = [halves(group) for _, group in sorted(depths.items())]
    if not any(high for high, _ in sides) or not any(low for _, low in sides):
        raise ValueError(f"{len(examples)} examples have only high or only low targets; both are needed to learn from")
    for part, (high, low) in enumerate(sides):
        size = count * (part + 1) // len(sides) - count * part // len(sides)
        upper = 0 if not high else size if not low else size // 2
        chosen += [*cycle(high, upper, draw), *cycle(low, size - upper, draw)]
    draw.shuffle(chosen)
    return chosen


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Those of high target and the others."""
    limit = max(0.5, median(example.target for example in examples))
    return [e for e in examples if e.target >= limit], [e for e in examples if e.target < limit]


def cycle(examples: Sequence[Example], count: int, draw: random.Random) -> list[Example]:
    """`count` draws that use every example equally often, give or take one."""
    chosen: list[Example] = []
    while len(chosen) < count:
        chosen += draw.sample(examples, min(len(examples), count - len(chosen)))
    return chosen


def write(examples: Iterable[Example], path: Path) -> None:
    """Write examples as JSON lines."""
    path.write_text(
        "".join(json.dumps(example.to_json(), sort_keys=True) + "\n" for example in examples), encoding="ascii"
    )
