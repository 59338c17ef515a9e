"""For all tests: no network, and the data folder where there is one."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest
import stub_server
from hypothesis import settings

from forethought.common.retry import RetryPolicy

settings.register_profile("again", max_examples=20)  # for the wheel: all has run once
os.environ.setdefault("HF_HUB_OFFLINE", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background of a shell, and inherited by children
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Connections to anything but this machine fail, loudly."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"a test tried to reach {address!r}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def data_folder():
    """The folder that FORETHOUGHT_DATA names."""
    home = os.environ.get("FORETHOUGHT_DATA")
    if not home:
        pytest.skip("FORETHOUGHT_DATA names no folder of official data")
    return Path(home)


@pytest.fixture
def stub(monkeypatch):
    """An OpenAI-compatible server that answers as the test tells it to; the shell names no proxy, and a key."""
    pytest.importorskip("aiohttp", reason="the extra [server] is not installed")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", stub_server.KEY)
    stub = stub_server.Stub()
    yield stub
    stub.close()


@pytest.fixture
def retry_policy():
    """Of `open_server`; a test file may have its own."""
    return RetryPolicy(retries=2, timeout=5.0, deadline=20.0, first=0.01, longest=0.02)


@pytest.fixture
def open_server(stub, retry_policy):
    """Opens a model behind the stub; all are closed at the end."""
    from forethought.agents.models.server.model import Server

    opened = []

    def make(spec="server:org/model", **options):
        opened.append(Server(f"{spec}@{stub.url}", **{"retry_policy": retry_policy, **options}))
        return opened[-1]

    yield make
    for server in opened:
        server.close()
