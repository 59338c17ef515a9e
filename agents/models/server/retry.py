"""Ask again while a fault may pass: full jitter under an exponential ceiling, and never before Retry-After.

Jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/. Retry-After: RFC 9110.
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import TypeVar

from forethought.agents.models.server.errors import Problem
from forethought.common.sums import plain_sum
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE

T = TypeVar("T")
NUMBER = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)")  # of a time such as 6m0s
TOLD = re.compile(
    r"\b(?:try again|retry(?:ing)?) (?:in|after) ((?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|[dhms])(?![a-z]))+"
    r"|[0-9]{1,9}(?:\.[0-9]{1,9})? (?:milliseconds?|seconds?|minutes?|hours?)\b)",
    re.IGNORECASE,
)
WORDS = {"milliseconds": "ms", "seconds": "s", "minutes": "m", "hours": "h"}
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no answer. `passing`: another attempt may get one, after `wait` seconds if a time was named.

    `usage` is what was paid all the same, as far as the server tells it; `problem` the error that the server told.
    """

    reason: str
    passing: bool = False
    wait: float | None = None
    reached: bool = True  # False: nobody listens there
    usage: Usage = NO_USAGE
    problem: Problem | None = None
    paid: bool = False  # a reply was written that cannot be read: it is billed at the bound of its request
    failed: bool = False  # the server itself failed at the request (a status of 500 and more, a reply without a text)

    @property
    def alone(self) -> bool:
        """Whether the fault is that of one reply: others to the same server may well come."""
        return self.reached and (self.paid or self.failed)


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
            asked = f", and asks to wait {result.wait:.6g} s" if result.wait else ""
            late = f"the {patience.deadline:g} s for one request would be over before another attempt"
            return replace(result, reason=f"{result.reason}{asked} (attempt {number + 1}; {late})")
        await asyncio.sleep(wait)
        number += 1


def wait_of(headers: Mapping[str, str], message: str = "") -> float | None:
    """Seconds that a server asks to wait, by the headers of its error; None if it says nothing that can be read.

    `retry-after-ms` counts before `retry-after`, both before the time at which a limit that is used up is new, and
    that before the words of the message, as in "Please try again in 1.2s".
    """
    milliseconds = number_in(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = retry_after(headers.get("retry-after"))
    if told is not None:
        return told
    waits = [
        duration_in(headers.get(f"x-ratelimit-reset-{kind}"))
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}", "").strip() == "0"
    ]
    return max((wait for wait in waits if wait is not None), default=wait_told(message))


def wait_told(message: str) -> float | None:
    """Seconds that the words of an error ask to wait, as in "try again in 6m0s" or "retry after 24 seconds"."""
    found = TOLD.search(message)
    if found is None:
        return None
    number, _, unit = found[1].lower().partition(" ")
    return duration_in(number + WORDS[unit.rstrip("s") + "s"] if unit else number)


def retry_after(header: str | None) -> float | None:
    """Seconds from a Retry-After header, which holds a number of seconds or a date; a date that is past is 0."""
    number = number_in(header)
    if number is not None:
        return number
    try:
        date = email.utils.parsedate_tz((header or "").strip())
        return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
    except (ValueError, OverflowError, TypeError, IndexError):  # a date beyond the calendar
        return None


def number_in(text: str | None) -> float | None:
    """A finite number of 0 or more, as in "2", "1.5" or "1e1"."""
    told = (text or "").strip()
    number = float(told) if len(told) < 400 and told.isascii() and NUMBER.fullmatch(told) else None
    return number if number is not None and isfinite(number) else None


def duration_in(text: str | None) -> float | None:
    """Seconds of a time such as "1s", "6m0s" or "120ms", or of a bare number."""
    told = (text or "").strip()[:40]
    parts = PART.findall(told)
    if told and "".join(number + unit for number, unit in parts) == told:
        return plain_sum(float(number) * SECONDS[unit] for number, unit in parts)
    return number_in(told)
