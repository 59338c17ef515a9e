"""The one retry policy: full jitter under an exponential ceiling, and never before the time that a server names.

Jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/. Retry-After: RFC 9110.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

NUMBER = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)")  # of a time such as 6m0s
SPOKEN = r"[0-9]{1,9}(?:\.[0-9]{1,9})? (?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b"
MESSAGE = re.compile(
    r"\b(?:(?:try again|retry(?:ing)?) (?:in|after)|please wait) "
    r"((?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|[dhms])(?![a-z]))+"
    rf"|{SPOKEN}(?:,? (?:and )?{SPOKEN}){{0,2}})",
    re.IGNORECASE,
)
UNIT = re.compile(r"([0-9.]+) (ms|milli|s|m|h)", re.IGNORECASE)
EPOCH = 1e9  # seconds since 1970; a number beyond is a time of the clock, in milliseconds beyond a thousand times that
LIMITS = (  # headers of the requests or tokens left, and of the time at which there are new ones
    *((f"x-ratelimit-remaining-{kind}", f"x-ratelimit-reset-{kind}") for kind in ("requests", "tokens")),
    *(
        (f"anthropic-ratelimit-{kind}-remaining", f"anthropic-ratelimit-{kind}-reset")
        for kind in ("requests", "tokens")
    ),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class GivenUp(Exception):
    """No further attempt is made; its text is the reason."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a request is tried. Times are in seconds.

    Attributes:
        retries: Attempts after the first.
        timeout: For one attempt.
        deadline: For all attempts of a request and the waits between them.
        first: The ceiling of the first wait, doubled for each further one.
        longest: No ceiling is higher.

    Raises:
        ValueError: a negative count or time, or a timeout or deadline of 0.
    """

    retries: int = 6
    timeout: float = 60.0
    deadline: float = 600.0
    first: float = 0.5
    longest: float = 30.0

    def __post_init__(self) -> None:
        if self.retries < 0 or not min(self.timeout, self.deadline) > 0 or min(self.first, self.longest) < 0:
            raise ValueError(f"{self} cannot be; give retries of 0 or more, and seconds above 0")

    def next_wait(self, failed: int, spent: float, asked: float | None, share: float) -> float:
        """Seconds to wait before the next attempt.

        Args:
            failed: Attempts that failed so far, 1 or more.
            spent: Seconds since the first of them began.
            asked: Seconds that the server asks to wait; None if it names no time.
            share: A random number from 0 to 1, the share of the ceiling that is waited beyond `asked`.

        Raises:
            GivenUp: it was the last attempt, or the deadline would be over before another one.
        """
        if failed > self.retries:
            raise GivenUp(f"attempt {failed}, the last")
        wait = (asked or 0.0) + share * min(self.first * 2.0 ** min(failed - 1, 60), self.longest)
        if spent + wait >= self.deadline:
            told = f"it asks to wait {asked:.6g} s; " if asked else ""
            late = f"the {self.deadline:g} s for one request would be over before another attempt"
            raise GivenUp(f"attempt {failed}; {told}{late}")
        return wait


def wait_of(headers: Mapping[str, str], message: str = "") -> float | None:
    """Seconds that a server asks to wait, by the headers of its error; None if it says nothing that can be read.

    `retry-after-ms` counts before `retry-after`, both before the time at which a limit that is used up is new, and
    that before the words of the message, as in "Please try again in 1.2s". Names of headers are in lower case.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = number_in(headers.get(name))
        if milliseconds is not None:
            return milliseconds / 1000
    named = retry_after(headers.get("retry-after"))
    if named is not None:
        return named
    waits = [reset_in(headers.get(reset)) for remaining, reset in LIMITS if headers.get(remaining, "").strip() == "0"]
    return max((wait for wait in waits if wait is not None), default=wait_in(message))


def wait_in(message: str) -> float | None:
    """Seconds that the words of an error ask to wait, as in "try again in 6m0s" or "retry after 24 seconds"."""
    found = MESSAGE.search(message)
    if found is None:
        return None
    if " " not in found[1]:
        return duration_in(found[1].lower())
    seconds = 0.0
    for number, unit in UNIT.findall(found[1]):
        seconds += float(number) * SECONDS[unit.lower().replace("milli", "ms")]
    return seconds


def reset_in(header: str | None) -> float | None:
    """Seconds until a limit is new, from a time such as "6m0s", a date, or a number of seconds or of the clock."""
    told = duration_in(header)
    if told is None:
        return retry_after(header)
    if told < EPOCH:
        return told
    return max(0.0, (told if told < EPOCH * 1000 else told / 1000) - time.time())


def retry_after(header: str | None) -> float | None:
    """Seconds from a Retry-After header, which holds a number of seconds or a date; a date that is past is 0.

    Gateways also write a time with its unit, as in "1m30s", and a date as ISO 8601 has it.
    """
    number = duration_in(header)
    if number is not None:
        return number
    with suppress(ValueError, OverflowError):
        date = datetime.fromisoformat((header or "").strip().upper().replace("Z", "+00:00"))
        return max(0.0, date.timestamp() - time.time()) if date.tzinfo else None
    try:
        parts = email.utils.parsedate_tz((header or "").strip())
        return None if parts is None else max(0.0, email.utils.mktime_tz(parts) - time.time())
    except (ValueError, OverflowError, TypeError, IndexError):  # a date beyond the calendar
        return None


def number_in(text: str | None) -> float | None:
    """A finite number of 0 or more, as in "2", "1.5" or "1e1"."""
    stripped = (text or "").strip()
    if len(stripped) >= 400 or not stripped.isascii() or not NUMBER.fullmatch(stripped):
        return None
    number = float(stripped)
    return number if isfinite(number) else None


def duration_in(text: str | None) -> float | None:
    """Seconds of a time such as "1s", "6m0s" or "120ms", or of a bare number."""
    stripped = (text or "").strip()
    parts = PART.findall(stripped[:40]) if stripped.isascii() else []
    if not stripped or "".join(number + unit for number, unit in parts) != stripped:
        return number_in(stripped)
    seconds = 0.0
    for number, unit in parts:
        seconds += float(number) * SECONDS[unit]
    return seconds
