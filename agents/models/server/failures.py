"""Faults of requests, and further attempts while a fault may pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from forethought.agents.models.server.errors import Problem
from forethought.common.random import Generator
from forethought.common.retry import GivenUp, RetryPolicy
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason for a missing answer.

    `transient`: another attempt may succeed, after `wait` seconds if the server named them. `usage` is the usage that
    was paid nevertheless, as far as the server tells it; `problem` is the server's error.
    """

    reason: str
    transient: bool = False
    wait: float | None = None
    reached: bool = True  # False: nobody listens there
    usage: Usage = NO_USAGE
    problem: Problem | None = None
    paid: bool = False  # a reply was written that cannot be read: it is billed at the bound of its request
    failed: bool = False  # the server itself failed at the request (a status of 500 and more, a reply without a text)

    @property
    def alone(self) -> bool:
        """Whether the fault is that of one reply: other requests to the server may succeed."""
        return self.reached and (self.paid or self.failed)


async def with_retries(
    attempt: Callable[[float], Awaitable[T | Failure]], policy: RetryPolicy, rng: Generator
) -> T | Failure:
    """The first answer of `attempt`, a function of the seconds it may take; else the last fault.

    `rng` decides the waits. The number of attempts depends on the faults and on the deadline alone.
    """
    clock = asyncio.get_running_loop().time
    began, failed = clock(), 0
    while True:
        left = policy.deadline - (clock() - began)
        result = await attempt(max(min(policy.timeout, left), 0.001))
        if not isinstance(result, Failure) or not result.transient:
            return result
        failed += 1
        try:
            wait = policy.next_wait(failed, clock() - began, result.wait, rng.random())
        except GivenUp as end:
            return replace(result, reason=f"{result.reason} ({end})")
        await asyncio.sleep(wait)
