"""Crowds of silent connections: the shop goes on answering, and its log stays short."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")
resource = pytest.importorskip("resource")

from forethought.envs.webshop.synthetic.make_world import make_world  # noqa: E402
from forethought.envs.webshop.website import connections  # noqa: E402
from forethought.envs.webshop.website.app import listen  # noqa: E402
from forethought.envs.webshop.website.connections import Connections, Seldom, bind, bounded, room  # noqa: E402

SERVER = """
import resource, sys
from pathlib import Path
from forethought.envs.webshop.default_world import open_world
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.website.app import listen, make_app, serve
app = make_app(WebShop(open_world(Path(sys.argv[1]))))
with listen("127.0.0.1", 0) as listener:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), hard))
    if sys.argv[3]:
        from forethought.envs.webshop.website import app as site
        site.room = lambda: (1000, 128)  # as if there were more
    print(listener.getsockname()[1], flush=True)
    serve(app, listener)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds") / "world"
    make_world(folder, 30, 0)
    return folder


@contextmanager
def served(world, log, files=64, fooled=""):
    """A server that may open few files, its log in a file; gives its process and port."""
    with open(log, "wb") as said:
        command = [sys.executable, "-c", SERVER, str(world), str(files), fooled]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as server:
            try:
                yield server, int(server.stdout.readline())
            finally:
                server.kill()


def answers(port, timeout=20):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)) as connection:
        connection.request("GET", "/api")
        return json.loads(connection.getresponse().read())["name"] == "WebShop-v0"


def crowd(stack, port, count, said=b""):
    for _ in range(count):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        one.sendall(said)


BEGUN = (b"", b"GET /api HTTP/1.1\r\nHost: loc", b"POST /s HTTP/1.1\r\nContent-Length: 9\r\n\r\na")


@pytest.mark.parametrize("said", BEGUN, ids=["nothing", "half a head", "half a body"])
def test_a_visitor_gets_in_however_many_are_silent(world, tmp_path, said):
    with served(world, tmp_path / "log") as (_, port), ExitStack() as stack:
        assert answers(port)
        for _ in range(2):
            crowd(stack, port, 40, said)
            assert answers(port)
    assert (tmp_path / "log").stat().st_size < 2_000


def test_without_file_descriptors_the_log_stays_short_and_visitors_are_answered_when_they_are_back(world, tmp_path):
    with served(world, tmp_path / "log", files=32, fooled="yes") as (_, port):
        assert answers(port)
        with ExitStack() as stack:
            crowd(stack, port, 60)
            time.sleep(3)
        assert answers(port)
    log = (tmp_path / "log").read_text()
    assert "out of system resource" in log  # the case has been met
    assert len(log) < 20_000


def test_answers_are_sent_at_once():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as visitor:
        taken, _ = listener.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert visitor


class Transport(asyncio.Transport):
    def __init__(self, name):
        super().__init__()
        self.name, self.ended = name, False

    def abort(self):
        self.ended = True


def test_the_one_that_was_silent_longest_makes_room():
    async def scene():
        held = Connections(2)
        one, two, three = map(Transport, "123")
        held.enter(one)
        held.enter(two)
        held.hear(one)
        held.enter(three)
        return [transport.ended for transport in (one, two, three)], len(held.heard)

    assert asyncio.run(scene()) == ([False, True, False], 2)


def test_silence_ends_a_connection_and_words_do_not():
    async def scene():
        held = Connections(5, patience=0.2)
        silent, busy = map(Transport, "12")
        held.enter(silent)
        held.enter(busy)
        for _ in range(8):
            await asyncio.sleep(0.05)
            held.hear(busy)
        first = silent.ended, busy.ended
        await asyncio.sleep(0.5)
        return first, busy.ended, len(held.heard)

    assert asyncio.run(scene()) == ((True, False), True, 0)


def test_what_has_left_is_not_counted():
    async def scene():
        held = Connections(1)
        one, two = map(Transport, "12")
        held.enter(one)
        held.leave(one)
        held.leave(one)
        held.hear(one)
        held.enter(two)
        return one.ended, list(held.heard) == [two]

    assert asyncio.run(scene()) == (False, True)


def test_a_protocol_goes_on_as_before():
    class Spoken(asyncio.Protocol):
        def __init__(self):
            self.words = []

        def connection_made(self, transport):
            self.words.append("made")

        def data_received(self, data):
            self.words.append(data)

        def connection_lost(self, exc):
            self.words.append("lost")

    async def scene():
        held = Connections(1)
        one = bounded(Spoken, held)()
        one.connection_made(Transport("1"))
        counted = len(held.heard)
        one.data_received(b"x")
        one.connection_lost(None)
        return one.words, counted, len(held.heard)

    assert asyncio.run(scene()) == (["made", b"x", "lost"], 1, 0)


def test_fewer_connections_than_files(monkeypatch):
    monkeypatch.setattr(connections, "files_open", lambda: 20)
    for allowed in (24, 32, 64, 256, 1024, 2**16):
        monkeypatch.setattr(connections, "files_allowed", lambda allowed=allowed: allowed)
        most, waiting = room()
        assert most >= 1
        assert waiting >= 1
        assert most <= 1000
        assert most + waiting + 20 <= max(allowed, 31)
    assert connections.files_allowed() > 0


def test_files_that_are_open_are_counted():
    before = connections.files_open()
    with open(os.devnull), open(os.devnull):
        assert connections.files_open() == before + 2


def test_the_same_line_comes_seldom_and_says_how_often():
    now = [0.0]
    quiet = Seldom(lambda: now[0])

    def said(message, *words):
        record = logging.LogRecord("asyncio", logging.ERROR, "", 0, message, words, None)
        return record.getMessage() if quiet.filter(record) else None

    assert said("full: %s", 1) == "full: 1"
    assert [said("full: %s", 1) for _ in range(3)] == [None] * 3
    assert said("other") == "other"
    now[0] = 11.0
    assert said("full: %s", 1) == "full: 1 (3 more times in 10 s or more)"
    assert said("full: %s", 1) is None
    for number in range(3000):
        said(f"line {number}")
    assert len(quiet.last) <= 1001


def test_a_uvicorn_without_the_place_is_named():
    class Config:
        def load(self):
            pass

    with pytest.raises(RuntimeError, match=r"has no Config\.http_protocol_class; install one that has: uvicorn>=0\.30"):
        bind(Config(), Connections(1))
