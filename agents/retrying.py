"""Ask again while a fault may pass: full jitter under an exponential ceiling, and never before Retry-After.

Jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/. Retry-After: RFC 9110.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from forethought.envs.data.download import pause
from forethought.search import FREE, Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no answer. `passing`: another attempt may get one, after `wait` seconds if a time was named.

    `usage` is what was paid all the same, as far as the server tells it.
    """

    reason: str
    passing: bool = False
    wait: float | None = None
    reached: bool = True  # False: nobody listens there
    usage: Usage = FREE


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is tried. Raises ValueError: a count or a time that cannot be."""

    retries: int = 6  # attempts after the first
    timeout: float = 60.0  # seconds for one attempt, from its first byte sent to its last byte received
    deadline: float = 600.0  # seconds for all attempts of a request and the waits between them
    first: float = 0.5  # seconds; the ceiling of the first wait, doubled for each further one
    longest: float = 30.0  # seconds; no ceiling is higher

    def __post_init__(self) -> None:
        if self.retries < 0 or not min(self.timeout, self.deadline) > 0 or min(self.first, self.longest) < 0:
            raise ValueError(f"{self} cannot be; give retries of 0 or more, and seconds above 0")


async def patiently(
    attempt: Callable[[float], Awaitable[T | Fault]], patience: Patience, draws: random.Random
) -> T | Fault:
    """The first answer of `attempt`, which is given the seconds it may take; else the last fault.

    `draws` decides the waits. How often is asked depends on the faults and on the deadline alone.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + patience.deadline
    number = 0
    while True:
        result = await attempt(max(min(patience.timeout, end - clock()), 0.001))
        if not isinstance(result, Fault) or not result.passing:
            return result
        if number == patience.retries:
            return replace(result, reason=f"{result.reason} (attempt {number + 1}, the last)")
        ceiling = min(patience.first * 2 ** min(number, 60), patience.longest)
        wait = (result.wait or 0.0) + draws.uniform(0.0, ceiling)
        if clock() + wait >= end:
            asked = f", and asks to wait {result.wait:.0f} s" if result.wait else ""
            late = f"the {patience.deadline:g} s for one request would be over before another attempt"
            return replace(result, reason=f"{result.reason}{asked} (attempt {number + 1}; {late})")
        await asyncio.sleep(wait)
        number += 1


def retry_after(header: str | None) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date; None if it says nothing that can be read."""
    try:
        return pause(header)
    except (ValueError, OverflowError):  # a date beyond the calendar
        return None
