"""Golden hashes: made worlds, states on fixed paths, trees and statistics, the same in every Python.

Trees of mcts, gumbel and ab_mcts take logarithms and exponentials, which are those of the C library: the hashes are
of glibc on a 64-bit processor. Where a change is meant, record them anew and say so in the commit:

    python tests/golden/test_hashes.py
"""

from __future__ import annotations

import atexit
import hashlib
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import gymnasium as gym
import pytest

from forethought.agents import AllActions, RulePolicy, RuleValue
from forethought.common.random import Generator
from forethought.common.seeds import seed_of
from forethought.envs import TextEnv, simulate
from forethought.envs.hotpotqa.synthetic import make_world as hotpotqa
from forethought.envs.webshop.synthetic import make_world as webshop
from forethought.leaderboards import bootstrap, mean_interval
from forethought.search import Budget, Estimate, Proposal, Query
from forethought.search.engine.driver import Driver
from forethought.search.engine.results import result
from forethought.search.engine.task_search import TaskSearch
from forethought.search.estimates import Reply
from forethought.search.models import PromptRequest
from forethought.search.needs import PRIVILEGES
from forethought.search.registry import ALGORITHMS, algorithm
from forethought.value import spearman

FILE = Path(__file__).with_name("hashes.json")
RECORDED: dict[str, str] = json.loads(FILE.read_text(encoding="ascii")) if FILE.exists() else {}
MAKERS = {"WebShop-v0": webshop.make_world, "HotpotQA-v0": hotpotqa.make_world}
WORLDS = {
    "WebShop-v0": [(1000, 0), (300, 7)],  # the first of each is the default world
    "HotpotQA-v0": [(2000, 0), (400, 7)],
}
FAMILIES = ("Game24-v0", *WORLDS)
TASKS = (3, 11)
GLIBC = platform.libc_ver()[0] == "glibc"


class Hashed:
    """Policy, value and responder: weights, values and replies that a hash of what is seen draws."""

    def propose(self, queries: Sequence[Query]) -> list[list[Proposal]]:
        return [self.ranked(query)[: query.num_children] for query in queries]

    def ranked(self, query: Query) -> list[Proposal]:
        actions = query.actions if not query.node.imagined else ("think[of it]", "10 - 4")
        weights = {action: 1 + seed_of(query.context.observation, action) % 997 for action in actions}
        return [Proposal(a, w / sum(weights.values())) for a, w in sorted(weights.items(), key=lambda one: -one[1])]

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        return [Estimate(seed_of(query.context.observation, "value") % 1009 / 1009) for query in queries]

    def respond(self, requests: Sequence[PromptRequest]) -> list[Reply]:
        return [Reply(f"{request.role} {request.seed % 7}") for request in requests]


@lru_cache
def made(env_id: str, number: int) -> tuple[Path, str]:
    """The folder and the hash of a made world, which no cache has kept from another Python."""
    scratch = Path(tempfile.mkdtemp(prefix="forethought-golden-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    folder = scratch / "world"
    return folder, MAKERS[env_id](folder, *WORLDS[env_id][number])


def options(env_id: str) -> dict[str, Any]:
    return {"world": str(made(env_id, 0)[0])} if env_id in MAKERS else {}


def outcomes(env_id: str, name: str, models: str) -> list[TaskSearch]:
    hashed = Hashed()
    policy: Any = hashed if models == "hashed" else AllActions() if env_id == "Game24-v0" else RulePolicy(env_id)
    driver = Driver(
        simulate(env_id, **options(env_id)),
        policy,
        hashed if models == "hashed" else RuleValue(env_id),
        Budget(nodes=60, env_steps=400),
        responder=hashed,
        privileges=frozenset(PRIVILEGES),
        seed=5,
    )
    return sorted(driver.run(TASKS, algorithm(name)), key=lambda outcome: outcome.task)


def world_hash(env_id: str, number: int) -> str:
    return made(env_id, number)[1]


def trees(env_id: str, name: str) -> str:
    """Of the results with both models: the scores, the answers and the digests of the trees."""
    told = []
    for outcome in (*outcomes(env_id, name, "rule"), *outcomes(env_id, name, "hashed")):
        if outcome.error:
            raise outcome.error
        told.append(json.dumps([result(outcome)[part] for part in ("task", "score", "answer", "stopped", "tree")]))
    return digest(told)


def states(env_id: str) -> str:
    """Of what is seen, the keys and the bytes of the states on the paths of the rules and on a random walk."""
    env = cast("TextEnv[Any]", gym.make(env_id, **options(env_id)).unwrapped)
    told: list[str] = []
    for outcome in outcomes(env_id, "greedy", "rule"):
        assert outcome.answer
        actions = iter(outcome.answer.actions)
        told += played(env, outcome.task, lambda _, actions=actions: next(actions, None))
    rng = Generator(f"golden {env_id}")
    told += played(env, 20, lambda listed: rng.pick([a for a in listed if "<" not in a] or ["search[blue shirt]"]))
    return digest(told)


def played(env: TextEnv[Any], task: int, choose: Callable[[Sequence[str]], str | None]) -> Iterator[str]:
    """A line a step, at most 8 of them."""
    observation, info = env.reset(seed=0, options={"task": task})
    for _ in range(8):
        yield repr((observation, info["actions"], env.state_key(), env.get_state()))
        action = choose(info["actions"])
        if action is None:
            return
        observation, _, terminated, _, info = env.step(action)
        if terminated:
            yield repr((observation, env.state_key(), env.get_state()))
            return


def statistics() -> str:
    """Of intervals and correlations of drawn numbers."""
    rng = Generator("golden statistics")
    scores = [rng.low() for _ in range(60)]
    others = [rng.high() for _ in range(60)]
    pairs = bootstrap(
        dict(enumerate(zip(scores, others, strict=True))), lambda rows: spearman(*zip(*rows, strict=True))
    )
    return digest([repr(mean_interval(scores)), repr(mean_interval([1.0, 0.0, 1.0])), repr(pairs)])


def digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


HASHES = {
    **{f"world {env_id} {WORLDS[env_id][n]}": partial(world_hash, env_id, n) for env_id in MAKERS for n in (0, 1)},
    **{f"states {env_id}": partial(states, env_id) for env_id in FAMILIES},
    **{f"trees {env_id} {name}": partial(trees, env_id, name) for env_id in FAMILIES for name in ALGORITHMS},
    "statistics": statistics,
}


@pytest.mark.skipif(not GLIBC or sys.maxsize < 2**32, reason="logarithms of another C library differ in the last bit")
@pytest.mark.parametrize("name", HASHES)
def test_a_hash_is_as_recorded(name):
    assert HASHES[name]() == RECORDED.get(name), f"{name} is another; see {__file__}"


def test_no_recorded_hash_is_left_over():
    assert list(RECORDED) == list(HASHES)


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: told() for name, told in HASHES.items()}, indent=1) + "\n", encoding="ascii")
