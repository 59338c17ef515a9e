"""Golden playthroughs: what an agent reads, word by word, one file an environment.

A playthrough holds its own script, the lines that begin with `make` (options of the environment), `reset` (its
options) and `>` (an action), all as JSON. WebShopBrowser-v0 has no playthrough of its own: what it does is compared
with WebShop-v0 step by step. To record one anew, write these lines and run

    python tests/golden/test_golden.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import gymnasium as gym
import pytest

from forethought.envs import IDS, TextEnv

FOLDER = Path(__file__).parent
TOLD = [env_id for env_id in IDS if env_id != "WebShopBrowser-v0"]
LASTING = ("task", "instruction", "actions")  # told when they change; all else that is not None is told every time


def golden(env_id: str) -> Path:
    """ "Game24-v0" is told in game24.txt."""
    return FOLDER / f"{env_id.rpartition('-')[0].lower()}.txt"


def playthrough(env_id: str, script: str) -> str:
    """The lines of the script that are played, each with what it led to."""
    env = cast("TextEnv[Any]", gym.make(env_id).unwrapped)
    told, last = [env_id], {}
    for line in script.splitlines():
        if line.startswith("make "):
            env = cast("TextEnv[Any]", gym.make(env_id, **json.loads(line[5:])).unwrapped)
            told += ["", line]
        if line.startswith(("reset ", "> ")):
            now = played(env, *line.split(" ", 1))
            last = {} if line.startswith("reset") else last
            told += ["", line, *lines(now, last)]
            last = now
    return "\n".join([*told, ""])


def played(env: TextEnv[Any], kind: str, rest: str) -> dict[str, Any]:
    if kind == "reset":
        observation, info = env.reset(seed=0, options=json.loads(rest))
        return {"observation": observation, "key": key(env), **info}
    observation, reward, *ended, info = env.step(json.loads(rest))
    return {"observation": observation, "key": key(env), "reward": reward, "ended": ended, **info}


def key(env: TextEnv[Any]) -> str:
    return env.state_key().decode("latin-1")


def lines(now: dict[str, Any], last: dict[str, Any]) -> Iterator[str]:
    for name, value in now.items():
        if name == "page" and value == now["observation"]:
            continue
        if value is not None and not (name in LASTING and value == last.get(name)):
            yield f"{name:11} {json.dumps(value)}"


@pytest.mark.parametrize("env_id", TOLD)
def test_every_environment_has_a_playthrough_with_an_end_and_a_refusal(env_id):
    assert golden(env_id).exists(), f"{env_id} has no playthrough; see {__file__} on how to record one"
    recorded = golden(env_id).read_text(encoding="ascii")
    assert "\nmetrics " in recorded
    assert "\nillegal " in recorded


@pytest.mark.parametrize("env_id", [env_id for env_id in TOLD if golden(env_id).exists()])
def test_a_playthrough_goes_as_it_went(env_id):
    recorded = golden(env_id).read_text(encoding="ascii")
    assert playthrough(env_id, recorded) == recorded


if __name__ == "__main__":
    for each in TOLD:
        script = golden(each).read_text(encoding="ascii")
        golden(each).write_text(playthrough(each, script), encoding="ascii")
