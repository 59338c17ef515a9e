"""One face over pure rules and foreign environments, for search."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Discrete

from forethought.envs.family import Directed, Illegal, Json, Spelled, Step, TaskFamily, shorten
from forethought.envs.forking import fork
from forethought.envs.gym import TextEnv, text_env

S = TypeVar("S")


@runtime_checkable
class Simulator(Protocol[S]):
    """The interface of a world to search: the first state of a task, its actions, and their results.

    `root` and `step` return a Step; its state is to be handed back as it is. `shows_reward` says
    whether a last observation may show a reward, which then stays out of every context.
    """

    name: str
    world: str
    shows_reward: bool

    def root(self, index: int) -> Step[S]:
        """The first step of a task. Raises IndexError: no such task."""
        ...

    def instruction(self, state: S) -> str:
        """The instruction of the state's task."""
        ...

    def actions(self, state: S) -> tuple[str, ...]:
        """The admissible actions of a state."""
        ...

    def step(self, state: S, action: str) -> Step[S]:
        """The step of an action; a refused one is `illegal`."""
        ...

    def key(self, state: S) -> bytes:
        """Bytes that are equal for equal positions."""
        ...

    def metrics(self, state: S) -> dict[str, Json]:
        """The official figures of the state."""
        ...


class TaskSimulator(Generic[S]):
    """The pure path: a task family as it is, with no copies."""

    def __init__(self, family: TaskFamily[S]) -> None:
        self.family = family
        self.name = family.name
        self.world = family.world
        self.shows_reward = family.terminal_reward
        # Straight through: search calls these a hundred thousand times a second.
        self.instruction: Callable[[S], str] = family.instruction
        self.actions: Callable[[S], tuple[str, ...]] = family.actions
        self.step: Callable[[S, str], Step[S]] = family.step
        self.key: Callable[[S], bytes] = family.key
        self.metrics: Callable[[S], dict[str, Json]] = family.metrics
        self.canonical: Callable[[S, str], str] = family.canonical if isinstance(family, Spelled) else as_written
        self.leads_back: Callable[[S, str], bool] = family.leads_back if isinstance(family, Directed) else never_back

    def root(self, index: int) -> Step[S]:
        """The first step of a task. Raises IndexError: no such task."""
        if not 0 <= index < len(self.family):
            raise IndexError(f"no task {index} in {self.name}; expected 0 to {len(self.family) - 1}")
        state = self.family.initial(index)
        return Step(state, self.family.opening(state))


def as_written(state: object, action: str) -> str:
    """The action, unchanged: the speller of a family with one spelling."""
    return action


def speller(world: object) -> Callable[[Any, str], str]:
    """How a world spells an action of a state, so that equal actions are equal texts."""
    spell: Callable[[Any, str], str] = getattr(world, "canonical", as_written)
    return spell


def never_back(state: object, action: str) -> bool:
    """False: of a family that declares no action that leads back."""
    return False


def direction(world: object) -> Callable[[Any, str], bool]:
    """How a world tells whether an action of a state leads back, see `Directed`."""
    leads_back: Callable[[Any, str], bool] = getattr(world, "leads_back", never_back)
    return leads_back


@dataclass(slots=True, eq=False)
class Point:
    """A point of a foreign episode: the way there, the last observation, and a frozen copy if one is kept."""

    task: int
    path: tuple[str, ...]
    text: str
    info: dict[str, Any]
    env: gym.Env[Any, Any] | None
    ended: bool = False
    inner: Any = None  # the state of one of this suite's environments


class EnvSimulator:
    """Drives any Gymnasium environment, of this suite or another. A task is a seed.

    restore="snapshot" keeps a copy at every point (the wrappers' counters and the generators too): a fork
    where the environment has forks, else a deep copy.
    restore="replay" keeps one environment and plays the actions again from `reset(seed=task)`; every
    step played again is billed in `Step.replayed`. Replay needs an environment that repeats itself
    under one seed; one that ends or shows something else when played again is a RuntimeError.

    A task of one of this suite's environments is that task, and not a seed.

    Actions are texts: `info["actions"]` where the environment gives them, else the numbers of a
    Discrete space (those its `info["action_mask"]` allows). `describe` writes an observation as text.
    """

    shows_reward = True

    def __init__(
        self,
        make: Callable[[], gym.Env[Any, Any]],
        *,
        restore: Literal["snapshot", "replay"] = "snapshot",
        describe: Callable[[Any], str] | None = None,
    ) -> None:
        if restore not in ("snapshot", "replay"):
            raise ValueError(f"unknown restore {restore!r}; expected 'snapshot' or 'replay'")
        self._env = make()
        self._at: Point | None = None  # where the environment stands, when replaying
        self.restore = restore
        self.describe = describe or plain
        self.name = self._env.spec.id if self._env.spec else type(self._env.unwrapped).__name__
        self.core = core = self._env.unwrapped
        self._family: TaskFamily[Any] | None = core.family if isinstance(core, TextEnv) else None
        self.world = self._family.world if self._family else ""
        self._spell = speller(self._family) if plays_as_told(self._env) else as_written

    def root(self, index: int) -> Step[Point]:
        """The first step of an episode; of a foreign environment the index is the seed."""
        observation, info = self._begin(index)
        text = self.describe(observation)
        info = measured(self._env, info)
        self._at = point = Point(index, (), text, info, self._keep(self._env), inner=inner_of(self._env))
        return Step(point, text)

    def _begin(self, task: int) -> tuple[Any, dict[str, Any]]:
        return self._env.reset(seed=task, options={"task": task} if self._family else None)

    def instruction(self, state: Point) -> str:
        """The instruction in the `info` of the environment; "" without one."""
        return str(state.info.get("instruction", ""))

    def actions(self, state: Point) -> tuple[str, ...]:
        """The admissible actions in the `info` of the environment, or of its action space."""
        if state.ended:
            return ()
        if "actions" in state.info:
            return tuple(state.info["actions"])
        space = self._env.action_space
        if not isinstance(space, Discrete):
            raise TypeError(
                f"{self.name} lists no info['actions'] and its {space} is not Discrete: search cannot know its actions"
            )
        mask = state.info.get("action_mask", np.ones(int(space.n)))
        return tuple(str(int(space.start) + i) for i in range(int(space.n)) if mask[i])

    def canonical(self, state: Point, action: str) -> str:
        """The family's spelling of an action; of a foreign environment the action itself."""
        return action if state.inner is None else self._spell(state.inner, action)

    def leads_back(self, state: Point, action: str) -> bool:
        """Whether the family says so of an action; of a foreign environment False."""
        return state.inner is not None and direction(self._family)(state.inner, action)

    def step(self, state: Point, action: str) -> Step[Point]:
        """The step of an action, by snapshot or by replay; a refused one is `illegal`."""
        try:
            if state.ended:
                raise Illegal("the episode has ended")
            played = self._encode(action)
        except Illegal as error:
            return Step(state, "", illegal=str(error), terminated=state.ended)
        env, replayed = self._restore(state)
        observation, reward, terminated, truncated, info = env.step(played)
        text = self.describe(observation)
        ended, info = bool(terminated or truncated), measured(env, info)
        point = Point(state.task, (*state.path, action), text, info, self._keep(env), ended, inner_of(env))
        self._at = point if env is self._env else None
        illegal = info.get("illegal")
        counted = illegal is not None and bool(info.get("counted"))
        return Step(point, text, float(reward), point.ended, illegal, replayed, counted)

    def _encode(self, action: str) -> Any:
        space = self._env.action_space
        if not isinstance(space, Discrete):
            return action
        allowed = {str(int(space.start) + i): int(space.start) + i for i in range(int(space.n))}
        if action not in allowed:
            raise Illegal(f"no action {action[:40]!r}; expected one of {' '.join(allowed)}")
        return allowed[action]

    def _keep(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any] | None:
        return copied(env) if self.restore == "snapshot" else None

    def _restore(self, state: Point) -> tuple[gym.Env[Any, Any], int]:
        """An environment that stands at `state`, and how many steps it took to bring it there."""
        if state.env is not None:
            return copied(state.env), 0
        at, self._at = self._at, None  # it stands nowhere known until the next step is through
        if at is state:
            return self._env, 0
        observation, _ = self._begin(state.task)
        for done, action in enumerate(state.path, 1):
            observation, _, terminated, truncated, _ = self._env.step(self._encode(action))
            if terminated or truncated:
                raise self._no_repetition(state, f"ended after {done} of {len(state.path)} replayed steps")
        if (text := self.describe(observation)) != state.text:
            shown = f"showed {shorten(text)} after {len(state.path)} replayed steps, and {shorten(state.text)} before"
            raise self._no_repetition(state, shown)
        return self._env, len(state.path)

    def _no_repetition(self, state: Point, what: str) -> RuntimeError:
        return RuntimeError(f"{self.name} does not repeat itself: task {state.task} {what}; use restore='snapshot'")

    def key(self, state: Point) -> bytes:
        """Of the path, not of the position: a foreign environment cannot say which positions are equal."""
        return hashlib.sha256(json.dumps([state.task, *state.path]).encode()).digest()

    def metrics(self, state: Point) -> dict[str, Json]:
        """The metrics in the `info` of the environment."""
        found = state.info.get("metrics", {})
        return dict(found) if isinstance(found, dict) else {}


def measured(env: gym.Env[Any, Any], info: dict[str, Any]) -> dict[str, Any]:
    """One of our own environments can be measured at any point, not at the end alone."""
    core = env.unwrapped
    return {**info, "metrics": core.family.metrics(core._here())} if isinstance(core, TextEnv) else info


def inner_of(env: gym.Env[Any, Any]) -> Any:
    """The state of this suite's environment inside the wrappers; None for a foreign one."""
    core = env.unwrapped
    return core._here() if isinstance(core, TextEnv) else None


def plays_as_told(env: gym.Env[Any, Any]) -> bool:
    """Whether no wrapper makes another action of the one it is given."""
    while isinstance(env, gym.Wrapper) and not isinstance(env, gym.ActionWrapper):
        env = env.env
    return env is env.unwrapped


def copied(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """A fork of an environment, or a deep copy where it has no fork."""
    return fork(env) if callable(getattr(env.unwrapped, "fork", None)) else copy.deepcopy(env)


def plain(observation: Any) -> str:
    """A text as it is; numbers and arrays in their shortest form."""
    if isinstance(observation, str):
        return observation
    if isinstance(observation, np.ndarray):
        return np.array2string(observation, separator=", ", floatmode="unique")
    return str(observation.item() if isinstance(observation, np.generic) else observation)


def simulate(env_id: str, **kwargs: Any) -> Simulator[Any]:
    """The fastest simulator for a registered environment: pure for ours, snapshots for any other."""
    env = gym.make(env_id, **kwargs)
    core = text_env(env)
    return TaskSimulator(core.family) if core else EnvSimulator(lambda: env)
