"""What the tests of the environments share: a fresh interpreter, and one small Game of 24."""

from __future__ import annotations

import os
import subprocess
import sys

import gymnasium as gym
import pytest
from hypothesis import settings

import forethought.envs  # noqa: F401  # registers the ids

PUZZLES = ("4 5 6 10", "1 4 5 10", "3 3 8 8", "4 4 4 4", "1 1 1 1")

settings.register_profile("patient", deadline=None)  # the machine may be busy with something else
settings.load_profile("patient")


@pytest.fixture(scope="session")
def elsewhere():
    """Runs code in a fresh interpreter with another hash seed; returns what it printed."""

    def run(code, stdin="", hash_seed="4242"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def puzzles():
    return PUZZLES


@pytest.fixture(scope="session")
def make():
    """Makes a bare Game of 24 over a few puzzles."""
    return lambda **options: gym.make("Game24-v0", puzzles=PUZZLES, **options).unwrapped


@pytest.fixture
def env(make):
    """One that stands at the opening of "4 5 6 10"."""
    env = make()
    env.reset(seed=0, options={"task": 0})
    return env
