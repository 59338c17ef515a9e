"""Programs that a test or a benchmark starts, and a proxy that writes down what a server was asked and replied.

A program ends with whoever started it, however that ends: it reads the pipe that it was given until it breaks.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local_server import Handler, LocalServer

STARTER = """
import os, runpy, sys, threading
def watch():
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
del sys.argv[0]
if sys.argv[0] == "-m":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
HERE = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # two wait for one another where others compute too


class Program:
    """A Python program in a process of its own; `words` are a script or "-m" and a module, and its arguments."""

    def __init__(self, words: Sequence[str], log: Path, python: str = sys.executable, cwd: Path | None = None) -> None:
        self.words, self.log = words, log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [python, "-c", STARTER, *words],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **HERE, **ONE_THREAD},
            )

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, what: str, ready: Callable[[], bool], seconds: float) -> None:
        """Raises RuntimeError: the program ended before, or it took too long; with the end of what it said."""
        end = time.monotonic() + seconds
        while not ready():
            code = self.process.poll()
            if code is not None or time.monotonic() > end:
                why = f"ended with {code}" if code is not None else f"took more than {seconds:g} s"
                raise RuntimeError(f"{' '.join(self.words)} {why}, and no {what}: {self.said()[-2000:]}")
            time.sleep(0.02)

    def ended(self, seconds: float) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError, http.client.HTTPException):
        return False


# The proxy.


@dataclass
class Exchange:
    """What was asked, and what the server replied; status 0 while it has not."""

    body: str
    status: int = 0
    reply: Any = None


class ProxyHandler(Handler):
    server: Counted

    def do_POST(self) -> None:
        data = self.body()
        with self.server.changed:
            exchange = Exchange(data.decode())
            self.server.log.append(exchange)
            self.server.in_flight += 1
        try:
            status, kind, reply = self.forward("POST", data)
            exchange.status, exchange.reply = status, json.loads(reply) if status == 200 else reply.decode()
            self.tell(status, kind, reply)
        finally:
            with self.server.changed:
                self.server.in_flight -= 1
                self.server.changed.notify_all()

    def do_GET(self) -> None:
        self.tell(*self.forward("GET", b""))

    def forward(self, method: str, data: bytes) -> tuple[int, str, bytes]:
        upstream = self.server.upstream
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=600)
        try:
            path = upstream.path + self.path.removeprefix("/v1")
            connection.request(method, path, data, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.headers.get("Content-Type", "application/json"), reply.read()
        finally:
            connection.close()

    def tell(self, status: int, kind: str, reply: bytes) -> None:
        try:
            self.answer(status, reply, {"Content-Type": kind})
        except OSError:
            self.close_connection = True  # the client was killed; the log holds the reply all the same


class Counted(LocalServer):
    """Between a client and the server at `upstream`, an address as http://127.0.0.1:8000/v1."""

    def __init__(self, upstream: str) -> None:
        super().__init__(ProxyHandler)
        self.upstream = urlsplit(upstream)
        self.log: list[Exchange] = []
        self.in_flight = 0
        self.changed = threading.Condition()
        self.start()

    def drain(self, seconds: float) -> int:
        """How many requests came, once the server has answered all of them."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.in_flight == 0, seconds):
                raise RuntimeError(f"{self.in_flight} requests have no answer after {seconds:g} s")
            return len(self.log)


# What was spent, by calls, prompt and completion tokens: as the server counted, as a journal and as results tell it.


def counted(log: Iterable[Exchange]) -> Counter[str]:
    total: Counter[str] = Counter()
    for exchange in log:
        if exchange.status == 200:
            usage = exchange.reply["usage"]
            total += Counter(calls=1, prompt=usage["prompt_tokens"], completion=usage["completion_tokens"])
    return total


def journaled(journal: Path) -> Counter[str]:
    """Of the whole lines. An answer of a policy or a question is [.., usage], one of a value [.., .., usage, ..]."""
    total: Counter[str] = Counter()
    for line in journal.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            continue
        task, _, kind, answer, *_ = json.loads(line)
        if task < 0 or kind == "stop":
            continue
        if kind == "part":  # of a request that failed
            kind, answer = answer[0], [part for _, part in answer[1]]
        for part in answer:
            usage = (part[2] if kind == "evaluate" else part[1]) if isinstance(part, list) else 0
            if usage:
                total += Counter(calls=usage[0], prompt=usage[1], completion=usage[3])
    return total


def spent(run: Path) -> Counter[str]:
    """By the ledgers of all tasks, failed ones included."""
    total: Counter[str] = Counter()
    for name in ("results.jsonl", "failures.jsonl"):
        for line in (run / name).read_text(encoding="utf-8").splitlines():
            for usage in json.loads(line)["spent"]["roles"].values():
                total += Counter({kind: usage[kind] for kind in ("calls", "prompt", "completion")})
    return total
