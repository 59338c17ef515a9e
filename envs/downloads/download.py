"""One file from one address into `<file>.part`: resumed where it was cut, and tried again while a server is only busy.

Ranges and validators as in RFC 9110, sections 13 and 14.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError

from forethought.common.json_text import read_json
from forethought.common.random import Generator
from forethought.common.retry import GivenUp, RetryPolicy, retry_after

BLOCK = 1 << 20  # bytes
PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<head)", re.IGNORECASE)
TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

# Nothing but http and https: an opener without the usual handlers of ftp:, file: and data:.
OPENER = urllib.request.OpenerDirector()
for handler in (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.UnknownHandler,
):
    OPENER.add_handler(handler())


class MirrorError(Exception):
    """Why a mirror does not give the file."""


class Differs(MirrorError):
    """It gives another file than the one expected."""


class Busy(MirrorError):
    """It may give the file at the next attempt, after `wait` seconds if it named a time."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Stale(Busy):
    """The part on disk is no beginning of the file that the mirror gives now; the next attempt starts anew."""


@dataclass(frozen=True)
class Expected:
    """The size and sum that a file should have, as far as they are known beforehand."""

    size: int | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        size = "any size" if self.size is None else f"{self.size} bytes"
        return f"{size}, sha256 {self.sha256 or 'any'}"


@dataclass(frozen=True)
class Notes:
    """Notes on a part for the next attempt: its address, its version there, the length of the whole file."""

    url: str
    etag: str | None = None
    modified: str | None = None
    length: int | None = None

    @property
    def validator(self) -> str | None:
        """The validator for If-Range: a strong ETag or a date; a weak ETag says nothing about bytes."""
        return self.modified if self.etag is None or self.etag.startswith("W/") else self.etag


class Part:
    """`<file>.part`, and its notes in `<file>.part.json`."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")
        self.notes_path = target.with_name(target.name + ".part.json")

    def size(self) -> int:
        """The bytes that are there already."""
        return self.path.stat().st_size if self.path.exists() else 0

    def notes(self) -> Notes | None:
        """The notes beside an unfinished download; None where they cannot be read."""
        try:
            return Notes(**read_json(self.notes_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # none, or none that helps
            return None

    def is_of(self, url: str) -> bool:
        """Whether the unfinished download is of this address."""
        notes = self.notes()
        return notes is not None and notes.url == url

    def begin(self, notes: Notes, start: int) -> None:
        """Ready to append at `start`. The old bytes go before the new notes come: never notes of other bytes."""
        with self.path.open("ab") as file:
            file.truncate(start)
        self.notes_path.write_text(json.dumps(asdict(notes)), encoding="utf-8")

    def drop(self) -> None:
        """Delete the unfinished download."""
        self.path.unlink(missing_ok=True)
        self.notes_path.unlink(missing_ok=True)


Report = Callable[[int, "int | None"], None]  # bytes so far, bytes in all


def download(url: str, part: Part, expected: Expected, policy: RetryPolicy, report: Report) -> bool:
    """Gets the whole file into `part.path`; True if it is put together from several answers.

    Attempts and the deadline of `policy` are counted from the last new byte on; its timeout is one of silence.

    Raises MirrorError: after the last attempt, or when no attempt can help. Raises OSError: the disk.
    """
    rng = Generator(url)
    most, failed, began = part.size(), 0, time.monotonic()
    while True:
        try:
            return transfer(url, part, expected, policy.timeout, report)
        except Busy as error:
            if isinstance(error, Stale):
                if not part.is_of(url):  # the mirror before may still go on with it
                    raise MirrorError(f"{error}: not the file of which a part is here") from error
                part.drop()
            if part.size() > most:  # further than ever: a server that starts anew each time gets no new credit
                most, failed, began = part.size(), 0, time.monotonic()
            failed += 1
            try:
                wait = policy.next_wait(failed, time.monotonic() - began, error.wait, rng.random())
            except GivenUp as end:
                raise MirrorError(f"{error} ({end})") from error
        time.sleep(wait)


def transfer(url: str, part: Part, expected: Expected, timeout: float, report: Report) -> bool:
    """One attempt; True if it went on from bytes that were there.

    Raises MirrorError. Bytes that are there are given up only for better ones: once the new answer has passed.
    """
    notes = part.notes()
    here = notes if notes is not None and notes.url == url else None
    vouched = notes is not None and (expected.sha256 or (here and here.validator))
    size = part.size() if vouched else 0  # else nothing tells whether the rest belongs to this part
    if notes is not None and size and size == notes.length:
        return True
    with ask(url, request_headers(size, here), timeout) as response:
        start = size if response.status == 206 else 0
        new = described(response, url, expected)
        blocks = read(response)
        first = next(blocks, b"")
        refuse(response, first if not start else b"", new, expected)
        if start and notes is not None and not continues(response, start, new, notes):
            raise Stale("the file changed while it came")
        part.begin(here if start and here else new, start)
        append(part, first, blocks, new.length, report)
    return start > 0


def request_headers(size: int, notes: Notes | None) -> dict[str, str]:
    """No If-Range where no validator is known: then the sum of the whole file decides."""
    asked = {"User-Agent": "forethought", "Accept-Encoding": "identity"}
    if size:
        asked["Range"] = f"bytes={size}-"
        if notes is not None and notes.validator:
            asked["If-Range"] = notes.validator
    return asked


def ask(url: str, headers: dict[str, str], timeout: float) -> HTTPResponse:
    """The answer 200 or 206. Raises MirrorError."""
    try:
        response: HTTPResponse = OPENER.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        with error:
            reason = f"{error.code} {error.reason}"
            if error.code == 416:  # the part is longer than the file
                raise Stale(reason) from error
            if error.code in (408, 429) or error.code >= 500:
                raise Busy(reason, retry_after(error.headers.get("Retry-After"))) from error
            raise MirrorError(reason) from error
    except URLError as error:  # no connection
        kind = Busy if isinstance(error.reason, (TimeoutError, ConnectionError)) else MirrorError
        raise kind(f"no connection ({error.reason})") from error
    except (OSError, HTTPException) as error:  # a connection, and no answer
        raise Busy(f"no answer ({error or type(error).__name__})") from error
    if response.status not in (200, 206):
        response.close()
        raise MirrorError(f"{response.status} {response.reason} instead of data")
    return response


def described(response: HTTPResponse, url: str, expected: Expected) -> Notes:
    """Notes on the whole file from the headers; a length that they leave out is the expected one."""
    _, _, total = response.headers.get("Content-Range", "").rpartition("/")
    text = total if response.status == 206 else response.headers.get("Content-Length", "")
    length = int(text) if text.isdecimal() else expected.size
    return Notes(url, response.headers.get("ETag"), response.headers.get("Last-Modified"), length)


def continues(response: HTTPResponse, start: int, new: Notes, old: Notes) -> bool:
    """Whether this is the rest, from `start`, of the file that `old` describes; not every server heeds If-Range."""
    if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        return False
    if None not in (old.length, new.length) and old.length != new.length:
        return False
    pairs = [(old.etag, new.etag), (old.modified, new.modified)] if old.url == new.url else []
    return all(before is None or now is None or before == now for before, now in pairs)


def refuse(response: HTTPResponse, opening: bytes, new: Notes, expected: Expected) -> None:
    """Raises MirrorError: no data, or data that cannot be checked; Differs: data of another size."""
    kind = response.headers.get_content_type() if "Content-Type" in response.headers else ""
    if kind in ("text/html", "application/xhtml+xml") or PAGE.match(opening):
        title = TITLE.search(opening)
        name = " ".join(title[1].decode("utf-8", "replace").split())[:80] if title else "without a title"
        raise MirrorError(f"an HTML page instead of data: {name}")
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise MirrorError(f"data encoded as {encoding}, which was not asked for")
    if expected.size is not None and new.length != expected.size:
        raise Differs(f"offers {new.length} bytes, expected {expected}")
    if new.length is None and not response.chunked:
        raise MirrorError("it does not say how long the file is, so that a cut would go unseen")


def read(response: HTTPResponse) -> Iterator[bytes]:
    """The body as it arrives. Raises Busy: cut."""
    while True:
        try:
            block = response.read1(BLOCK)
        except (OSError, HTTPException) as error:
            raise Busy(f"cut ({error or type(error).__name__})") from error
        if not block:
            return
        yield block


def append(part: Part, first: bytes, blocks: Iterator[bytes], length: int | None, report: Report) -> None:
    """Raises Busy: it ended before `length`; Differs: it went on after it."""
    done = part.size()
    with part.path.open("ab") as file:
        for block in itertools.chain([first], blocks):
            done += file.write(block)
            report(done, length)
            if length is not None and done > length:
                raise Differs(f"sends more than the {length} bytes expected")
        file.flush()
        os.fsync(file.fileno())
    if length is not None and done < length:
        raise Busy(f"cut after {done} of {length} bytes")
