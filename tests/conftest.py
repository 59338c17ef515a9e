"""For all tests: no network, and the data folder where there is one."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("again", max_examples=20)  # for the wheel: all has run once
os.environ.setdefault("HF_HUB_OFFLINE", "1")
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
