"""The ten titles given with a question: the two that it needs, and eight that look as if."""

from __future__ import annotations

from collections.abc import Sequence

from forethought.common.random import Generator
from forethought.envs.hotpotqa.synthetic.entity import Entity

DISTRACTORS = 8


def context(rng: Generator, needed: Sequence[Entity], entities: Sequence[Entity]) -> tuple[str, ...]:
    """Distractors share a title but for its brackets, then a name, then the kind; the rest is anything of the block."""
    bases = [one.base for one in needed]
    roots = [one.root for one in needed]
    alike = [one.kind for one in needed]
    ranks: tuple[list[Entity], ...] = ([], [], [], [])
    for other in rng.some(entities, len(entities)):
        if other in needed:
            continue
        rank = 0 if other.base in bases else 1 if other.root in roots else 2 if other.kind in alike else 3
        ranks[rank].append(other)
    near = [*ranks[0], *ranks[1][:4]]
    others = [*near, *ranks[2], *ranks[3], *ranks[1][4:]][:DISTRACTORS]
    return tuple(one.title for one in rng.some([*needed, *others], len(needed) + DISTRACTORS))
