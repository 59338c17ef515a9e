"""How many connections a server may have at once, so that no crowd of silent ones keeps a visitor out."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

MOST = 1000  # connections, where the machine allows as many
WAITING = 128  # connections that wait to be taken, at most
SPARE = 8  # file descriptors left for the process's other business
PATIENCE = 30.0  # seconds that a connection may be silent
SELDOM = 10.0  # seconds between two lines of the log that say the same
SERVERS = ("asyncio", "uvicorn.error")  # the loggers that a flood of visitors fills

Protocol: TypeAlias = Callable[..., asyncio.Protocol]


def room() -> tuple[int, int]:
    """How many connections to hold, and how many may wait: together fewer than the process may open files."""
    free = max(files_allowed() - files_open() - SPARE, 2)
    waiting = min(max(free // 4, 1), WAITING)
    return min(max(free - 2 * waiting, 1), MOST), waiting


def files_allowed() -> int:
    """The number of files that the process may open."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return 512
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 2**16 if soft == resource.RLIM_INFINITY else soft


def files_open() -> int:
    """The number of files that the process has open."""
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return 32


class Connections:
    """At most `most` connections; where a new one needs room, the one that has been silent longest is closed."""

    def __init__(self, most: int, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.patience, self.clock = most, patience, clock
        self.heard: OrderedDict[asyncio.BaseTransport, float] = OrderedDict()  # when, the longest ago first

    def enter(self, transport: asyncio.BaseTransport) -> None:
        """Note a new connection; end the oldest one where there are too many."""
        if not self.heard:
            asyncio.get_running_loop().call_later(self.patience, self.sweep)
        while len(self.heard) >= self.most:
            end(self.heard.popitem(last=False)[0])
        self.heard[transport] = self.clock()

    def hear(self, transport: asyncio.BaseTransport) -> None:
        """Note that a connection has sent data."""
        if transport in self.heard:
            self.heard[transport] = self.clock()
            self.heard.move_to_end(transport)

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection that has ended."""
        self.heard.pop(transport, None)

    def sweep(self) -> None:
        """Close those that have been silent too long, and look again as long as there are others."""
        oldest = self.clock() - self.patience
        while self.heard and next(iter(self.heard.values())) <= oldest:
            end(self.heard.popitem(last=False)[0])
        if self.heard:
            asyncio.get_running_loop().call_later(self.patience / 4, self.sweep)


def end(transport: asyncio.BaseTransport) -> None:
    """End a connection at once."""
    transport.abort()  # type: ignore[attr-defined]  # transports of connections can, those of other event loops too


def bounded(protocol: type[asyncio.Protocol], connections: Connections) -> type[asyncio.Protocol]:
    """A protocol that does the same for connections that are counted."""

    class Bounded(protocol):  # type: ignore[misc, valid-type]  # a class that is known when the server starts
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.counted = transport
            super().connection_made(transport)
            connections.enter(transport)

        def data_received(self, data: bytes) -> None:
            connections.hear(self.counted)
            super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.leave(self.counted)
            super().connection_lost(exc)

    return Bounded


class Seldom(logging.Filter):
    """Lets the same message through once in a while, and then tells how often it came in between."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.clock = clock
        self.last: dict[str, float] = {}
        self.missed: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record: equal messages are logged once in a while, with their number."""
        message = record.getMessage().partition("\n")[0][:80]
        if len(self.last) > 1000:  # messages that are all different
            self.last.clear()
            self.missed.clear()
        now = self.clock()
        if now - self.last.get(message, -SELDOM) < SELDOM:
            self.missed[message] += 1
            return False
        self.last[message] = now
        if missed := self.missed.pop(message, 0):
            record.msg, record.args = f"{record.getMessage()} ({missed} more times in {SELDOM:.0f} s or more)", ()
        return True


@contextmanager
def seldom() -> Iterator[None]:
    """Keep the log of a running server short, for any requests of visitors."""
    quiet = Seldom()
    loggers = [logging.getLogger(name) for name in SERVERS]
    for logger in loggers:
        logger.addFilter(quiet)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(quiet)


def bind(config: Any, connections: Connections) -> None:
    """Make uvicorn count its connections. Raises RuntimeError: a uvicorn that has no such place."""
    config.load()
    protocol = getattr(config, "http_protocol_class", None)
    if not isinstance(protocol, type):
        raise RuntimeError("this uvicorn has no Config.http_protocol_class; install one that has: uvicorn>=0.30,<1")
    config.http_protocol_class = bounded(protocol, connections)
