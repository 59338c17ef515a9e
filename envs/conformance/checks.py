"""The promises of a forkable text environment, one check for each.

Each check takes a Subject, draws only from its seed, and raises Broken with an example of the failure.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from forethought.envs.conformance.subject import STEPS, Broken, Subject, chosen, filled, plain, walk
from forethought.envs.conformance.texts import NASTY, mutated, try_text
from forethought.envs.family import shorten
from forethought.envs.template import is_template

OTHER_HASH_SEEDS = ("4242", "4243")


def trajectory(subject: Subject, seed: int) -> list[str]:
    """The texts of a random episode with this seed."""
    env, draw = subject.make(), random.Random(seed)
    opening, info = env.reset(seed=seed)
    return [plain((opening, info)), *(plain((action, *result)) for action, result in walk(env, draw, info))]


def same_seed_same_trajectory(subject: Subject) -> None:
    """The same seed makes the same episode."""
    for seed in range(subject.seed, subject.seed + 5):
        first, second = trajectory(subject, seed), trajectory(subject, seed)
        for step, (a, b) in enumerate(zip(first, second, strict=True)):
            if a != b:
                raise Broken(f"seed {seed}, step {step}: {shorten(a, 300)} once, and then {shorten(b, 300)}")


def different_seeds_differ(subject: Subject) -> None:
    """Twenty seeds make more than one opening."""
    env = subject.make()
    openings = {plain(env.reset(seed=seed)) for seed in range(subject.seed, subject.seed + 20)}
    if len(openings) == 1:
        raise Broken("twenty seeds gave one and the same opening; reset(seed=...) seems to ignore its seed")


def fork_equals_replay(subject: Subject) -> None:
    """A fork goes on as an environment that was brought there step by step, and draws the same tasks after it."""
    for seed in range(subject.seed, subject.seed + 5):
        env, other = subject.make(), subject.make()
        _, info = env.reset(seed=seed)
        other.reset(seed=seed)
        made = 0
        for made, (action, result) in enumerate(walk(env, random.Random(seed), info, steps=2), 1):  # noqa: B007
            info = result[4]
            other.step(action)
        if made and (result[2] or result[3]):
            continue
        fork = env.fork()
        what = f"a fork after {made} steps of seed {seed}"
        compare(fork, other, random.Random(seed + 1), info, what)
        drawn = [plain(fork.reset()) for _ in range(3)]
        if drawn != (expected := [plain(other.reset()) for _ in range(3)]):
            raise Broken(f"{what} draws other tasks: {shorten(drawn[0])}, and the replayed one {shorten(expected[0])}")


def compare(one: Any, two: Any, draw: random.Random, info: dict[str, Any], what: str) -> None:
    """Both must return the same for the same actions, and keep equal keys."""
    if one.state_key() != two.state_key():
        raise Broken(f"{what} has the key {one.state_key()!r:.80}, and the replayed one {two.state_key()!r:.80}")
    for action, result in walk(one, draw, info):
        if plain(result) != plain(again := two.step(action)) or one.state_key() != two.state_key():
            raise Broken(
                f"{what}: {shorten(action)} returned {shorten(plain(result), 300)}, "
                f"replayed {shorten(plain(again), 300)}"
            )


def forks_are_apart(subject: Subject) -> None:
    """Neither a fork nor its parent is changed by the other's actions, resets or draws."""
    for seed in range(subject.seed, subject.seed + 5):
        env = subject.make()
        _, info = env.reset(seed=seed)
        fork, before, key = env.fork(), env.get_state(), env.state_key()
        for _ in walk(fork, random.Random(seed), info):
            pass
        if env.get_state() != before or env.state_key() != key:
            raise Broken(f"seed {seed}: the steps of a fork changed its parent")
        resting, other = env.fork(), env.fork()
        for _ in walk(env, random.Random(seed + 1), info):
            pass
        if resting.get_state() != before:
            raise Broken(f"seed {seed}: the steps of a parent changed its fork")
        drawn = [plain(other.reset()), plain(other.reset())]
        if drawn != (expected := [plain(resting.reset()), plain(resting.reset())]):
            raise Broken(
                f"seed {seed}: two forks share one generator: {shorten(drawn[0])}, then {shorten(expected[0])}"
            )
        env.action_space.seed(seed)
        sampled = env.fork().action_space.sample()
        if sampled != (again := env.action_space.sample()):
            raise Broken(f"seed {seed}: a fork sampled {sampled!r:.60}, and its parent then {again!r:.60}")


ELSEWHERE = """
import json, random, sys
from forethought.envs.conformance.subject import Subject, plain, walk
from forethought.envs.template import Template
asked = json.loads(sys.stdin.read())
env = Subject(asked["env_id"], asked["options"]).make()
env.set_state(bytes.fromhex(asked["state"]))
found = {"key": env.state_key().hex(), "state": env.get_state().hex()}
actions = [Template(text) if marked else text for text, marked in asked["actions"]]
found["steps"] = [plain((a, *r)) for a, r in walk(env, random.Random(asked["seed"]), {"actions": actions})]
print(json.dumps(found))
"""


def bytes_restore_elsewhere(subject: Subject) -> None:
    """get_state() goes on alike in another process under another PYTHONHASHSEED, and here as well."""
    env = subject.make()
    _, info = env.reset(seed=subject.seed)
    for _, result in walk(env, subject.draw(), info, steps=1):
        info = result[4]
        if result[2] or result[3]:
            _, info = env.reset(seed=subject.seed)  # a task of one step: its opening will do
    here, key = env.get_state(), env.state_key()
    if not isinstance(here, bytes) or not isinstance(key, bytes):
        raise Broken(
            f"get_state() and state_key() return bytes; they returned {type(here).__name__} and {type(key).__name__}"
        )
    asked = {
        "env_id": subject.env_id,
        "options": subject.options,
        "state": here.hex(),
        "seed": 7,
        "actions": [[str(action), is_template(action)] for action in info["actions"]],
    }
    hash_seed = next(seed for seed in OTHER_HASH_SEEDS if seed != os.environ.get("PYTHONHASHSEED"))
    surroundings = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env=surroundings,
        check=False,
    )
    if done.returncode:
        raise Broken(f"another process cannot go on from these bytes: {done.stderr.strip()[-300:]}")
    there = json.loads(done.stdout)
    restored = subject.make()
    restored.set_state(here)
    steps = [plain((a, *r)) for a, r in walk(restored, random.Random(7), info)]
    for name, mine in (("key", key.hex()), ("state", here.hex()), ("steps", json.loads(json.dumps(steps)))):
        if there[name] != mine:
            raise Broken(f"in another process the {name} is {str(there[name])[:200]}, here {str(mine)[:200]}")


def step_never_mutates(subject: Subject) -> None:
    """The state a step began from is still the same after it, and leads to the same again."""
    env = subject.make()
    _, info = env.reset(seed=subject.seed)
    draw = subject.draw()
    family = getattr(env, "family", None)
    for _ in range(STEPS):
        before, action = env.get_state(), chosen(info, draw)
        if family is not None:
            state = env._here()
            written = plain(family.to_json(state))
            first = family.step(state, action)
            if plain(family.to_json(state)) != written:
                raise Broken(f"{shorten(action)} changed the state it was played from")
            if plain(family.to_json(family.step(state, action).state)) != plain(family.to_json(first.state)):
                raise Broken(f"{shorten(action)} from one state led to two different ones")
        result = env.step(action)
        env.set_state(before)
        if plain(env.step(action)) != plain(result):
            raise Broken(f"{shorten(action)} from one state, restored, led to two different results")
        if result[2]:
            return
        info = result[4]


def any_text_is_safe(subject: Subject) -> None:
    """No text raises; one that is refused changes nothing but a count of steps, and info["illegal"] says why."""
    env = subject.make()
    _, info = env.reset(seed=subject.seed)
    for text in (*NASTY, *mutated(info["actions"], subject.draw())):
        try_text(env, text)


def admissible_is_legal(subject: Subject) -> None:
    """Everything in info["actions"] can be played, from every state on the way."""
    env, draw = subject.make(), subject.draw()
    _, info = env.reset(seed=subject.seed)
    for _ in range(STEPS):
        for action in info["actions"]:
            _, _, _, _, after = env.fork().step(filled(action, draw))
            if after.get("illegal") is not None:
                raise Broken(f"the admissible {shorten(action)} was refused: {after['illegal']}")
        _, _, terminated, _, info = env.step(chosen(info, draw))
        if terminated:
            return


def rewards_in_range(subject: Subject) -> None:
    """Rewards lie in the range of the subject."""
    low, high = subject.rewards
    for seed in range(subject.seed, subject.seed + 30):
        env = subject.make()
        _, info = env.reset(seed=seed)
        total = 0.0
        for action, (_, reward, terminated, _, after) in walk(env, random.Random(seed), info):
            if isinstance(reward, bool) or not isinstance(reward, int | float) or not math.isfinite(reward):
                raise Broken(f"seed {seed}: {shorten(action)} gave the reward {reward!r}; a reward is a finite number")
            total += reward
            if not low <= reward <= high or not low <= total <= high:
                raise Broken(
                    f"seed {seed}: {shorten(action)} gave the reward {reward} (sum {total}), outside {low} to {high}"
                )
            if terminated and not isinstance(after.get("metrics"), dict):
                raise Broken(f"seed {seed}: the episode ended without info['metrics']")


def misuse_is_refused(subject: Subject) -> None:
    """An action that is no text is a TypeError, a step before the first reset or after the end ResetNeeded."""
    env, draw = subject.make(), subject.draw()
    expect(env, "anything", ResetNeeded)
    _, info = env.reset(seed=subject.seed)
    for wrong in (None, 3, b"1 + 2", ["1 + 2"]):
        expect(env, wrong, TypeError)
    for _ in range(50):
        _, _, terminated, _, info = env.step(chosen(info, draw))
        if terminated:
            expect(env, "anything", ResetNeeded)
            return


def expect(env: Any, action: Any, error: type[Exception]) -> None:
    """Raises Broken: the step does not raise this error."""
    try:
        env.step(action)
    except error:
        return
    except Exception as other:
        raise Broken(f"step({action!r:.40}) raised {type(other).__name__}; expected {error.__name__}") from other
    raise Broken(f"step({action!r:.40}) went through; expected {error.__name__}")


def gymnasium_accepts_it(subject: Subject) -> None:
    """Gymnasium's own check_env, its warnings counted as faults."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check_env(subject.make(), skip_render_check=True)
        except Exception as error:
            raise Broken(f"gymnasium's check_env: {type(error).__name__}: {error}") from error


CHECKS: tuple[Callable[[Subject], None], ...] = (
    same_seed_same_trajectory,
    different_seeds_differ,
    fork_equals_replay,
    forks_are_apart,
    bytes_restore_elsewhere,
    step_never_mutates,
    any_text_is_safe,
    admissible_is_legal,
    rewards_in_range,
    misuse_is_refused,
    gymnasium_accepts_it,
)


def run_checks(subject: Subject) -> dict[str, str | None]:
    """Every check by name, with the failure found, or None. An error of the environment itself counts as a failure."""
    found: dict[str, str | None] = {}
    for check in CHECKS:
        try:
            check(subject)
            found[check.__name__] = None
        except Broken as broken:
            found[check.__name__] = str(broken)
        except Exception as error:
            found[check.__name__] = f"the environment raised {type(error).__name__}: {error}"
    return found
