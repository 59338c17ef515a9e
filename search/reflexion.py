"""Reflexion: an attempt, its true reward, a reflection on it, and another attempt."""

from __future__ import annotations

from forethought.search.caps import up_to
from forethought.search.needs import needs
from forethought.search.node import Node
from forethought.search.react import react
from forethought.search.requests import Ask, Attempt, Offer, Reward, Search

IDLE_ATTEMPTS = 3


@needs(
    privileges=("reward", "reflection"),
    prompts=("reflection",),
    values=False,
    unless={"reflection": "max_reflections"},
)
def reflexion(
    root: Node,
    *,
    attempts: int | None = None,
    depth: int = 10,
    max_reflections: int = 3,
    success_threshold: float = 1.0,
) -> Search:
    """Verbal reinforcement: reflections are the memory of attempts (Shinn et al. 2023, arXiv:2303.11366).

    Needs the privilege `reward`: after each attempt the true reward decides whether another attempt follows.
    Needs `reflection` too, unless `max_reflections` is 0: attempts are then only repeated.
    The answer is the last attempt that came to an ending; without one, the newest attempt.

    Args:
        attempts: Most attempts. None: until the budget ends, or three attempts in a row took no step.
        depth: Most steps of an attempt.
        max_reflections: Newest reflections that stand in the contexts of an attempt. 0: none is asked for.
        success_threshold: True reward, in [0, 1], that ends the attempts.
    """
    lessons: list[str] = []
    idle = 0  # attempts in a row without a step: where the policy proposes nothing, no budget would end them
    start = end = root
    for number in up_to(attempts):
        end = yield from react(start, depth=depth)
        yield Attempt(end)
        yield Offer(end)
        if (yield Reward(end)) >= success_threshold:
            break
        idle = 0 if end is not start else idle + 1
        if number + 1 == attempts or (attempts is None and idle == IDLE_ATTEMPTS):
            root.capped = attempts is not None
            break
        if max_reflections:
            lessons.append((yield Ask(end, "reflection")))
        start = root.new_attempt(lessons[-max_reflections:])
    return end
