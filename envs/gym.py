"""The one adapter that makes any task family a Gymnasium environment."""

from __future__ import annotations

import copy
import json
from typing import Any, Generic

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from forethought.common.json_text import read_json
from forethought.envs.family import S, Step, TaskFamily
from forethought.envs.space import Unicode
from forethought.envs.wrappers.bypass_warning import Callers, counting_callers, here
from forethought.envs.wrappers.gymnasium_private import forget_seed, generator_of, put_generator


class TextEnv(gym.Env[str, str], Generic[S]):
    """A task family under Gymnasium's five-tuple API, with forks.

    `info` carries `task`, `instruction`, `actions` and `illegal` (why the last text was refused, or
    None), and at the end `metrics`. Options of `reset`: `{"task": i}` is task i of all;
    `{"split": "test"}` draws one of that split; `{"split": "test", "task": i}` is its i-th.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012  # the name and form Gymnasium asks for
    pure = True  # `family.step` is all there is to a step, so search may leave the environment out

    def __init__(self, family: TaskFamily[S], *, render_mode: str | None = None) -> None:
        if render_mode not in (None, "ansi"):
            raise ValueError(f"unknown render_mode {render_mode!r}; expected None or 'ansi'")
        self.family = family
        self.render_mode = render_mode
        self.observation_space = Unicode()
        self.action_space = Unicode()
        self._task = -1
        self._state: S | None = None
        self._text = ""
        self._ended = False
        self._borrowed = False  # the generator is shared with a fork until one of the two draws
        self._left: tuple[int, S | None, str, bool] | None = None  # where `set_state` left its wrappers, if it did
        self._warned = False

    @property
    def np_random(self) -> np.random.Generator:
        """The generator of Gymnasium; a fork copies it when one of the two first draws."""
        if self._borrowed and (shared := generator_of(self)) is not None:
            put_generator(self, copy.deepcopy(shared))
            self._borrowed = False
        return super().np_random

    @np_random.setter
    def np_random(self, value: np.random.Generator) -> None:
        put_generator(self, value)
        forget_seed(self)
        self._borrowed = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """The opening text of a task, drawn from the generator unless `options` name one.

        Raises ValueError: an option, split or task that is not there.
        """
        super().reset(seed=seed)
        self._task = self._choose(options or {})
        self._state = self.family.initial(self._task)
        self._text = self._open(self._state)
        self._ended = False
        self._left = None
        return self._text, self._info(self._state, None)

    def _choose(self, options: dict[str, Any]) -> int:
        if unknown := sorted(map(str, set(options) - {"task", "split"})):
            raise ValueError(f"unknown reset options {unknown}; expected 'task' and 'split'")
        split = options.get("split")
        if split is not None and split not in tuple(self.family.splits):
            raise ValueError(
                f"unknown split {split!r} of {self.family.name}; expected one of {sorted(self.family.splits)}"
            )
        tasks = range(len(self.family)) if split is None else self.family.splits[split]
        if not len(tasks):
            raise ValueError(f"there is no task in {split or self.family.name}; give another split, or a larger world")
        task = options.get("task")
        if task is None:
            return tasks[int(self.np_random.integers(len(tasks)))]
        if isinstance(task, bool) or not isinstance(task, int | np.integer) or not 0 <= task < len(tasks):
            raise ValueError(
                f"no task {task!r} in {split or self.family.name}; expected an integer from 0 to {len(tasks) - 1}"
            )
        return tasks[int(task)]

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Play `action`. Of a text that the rules refuse, `info["illegal"]` says why, and `info["counted"]` whether it
        is a step all the same.

        Raises TypeError: the action is no str. ResetNeeded: before the first reset, or after the end.
        """
        if not isinstance(action, str):
            raise TypeError(f"an action is a str, {type(action).__name__} was given: {action!r}")
        if self._ended:
            raise ResetNeeded("this episode has ended; call reset() before the next step")
        if self._left is not None and not self._warned:
            self._look_for_wrappers(counting_callers(self, here()))
        step = self._play(self._here(), action)
        self._state, self._text, self._ended = step.state, step.observation, step.terminated
        return step.observation, step.reward, step.terminated, False, self._info(step.state, step.illegal, step.counted)

    def _open(self, state: S) -> str:
        """The first text of an episode; an environment that is more than its family overrides it, and `_play`."""
        return self.family.opening(state)

    def _play(self, state: S, action: str) -> Step[S]:
        return self.family.step(state, action)

    def _here(self) -> S:
        if self._state is None:
            raise ResetNeeded("no episode has begun; call reset() first")
        return self._state

    def _info(self, state: S, illegal: str | None, counted: bool = False) -> dict[str, Any]:
        info: dict[str, Any] = {
            "task": self._task,
            "instruction": self.family.instruction(state),
            "actions": () if self._ended else self.family.actions(state),
            "illegal": illegal,
        }
        if illegal is not None:
            info["counted"] = counted
        if self._ended:
            info["metrics"] = self.family.metrics(state)
        return info

    def fork(self) -> TextEnv[S]:
        """A second environment at the same point. Neither is changed by the actions of the other.

        States are frozen, so nothing is copied but references; generators are copied when one of the
        two draws. Wrappers stay behind (see `forethought.envs.fork`).
        """
        other = object.__new__(type(self))
        other.__dict__ = self.__dict__.copy()
        other.observation_space, other.action_space = copy.copy(self.observation_space), copy.copy(self.action_space)
        if generator_of(self) is not None:
            self._borrowed = other._borrowed = True
        return other

    def get_state(self) -> bytes:
        """This point of the episode as JSON bytes: world, task, state and last text."""
        return json.dumps(
            {
                "family": self.family.name,
                "world": self.family.world,
                "task": self._task,
                "state": self.family.to_json(self._here()),
                "text": self._text,
                "ended": self._ended,
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()

    def set_state(self, data: bytes) -> None:
        """Go to a point that `get_state` wrote, here or in another process. The generator stays as it is.

        Wrappers stay where they are, counts and all: `forethought.envs.set_state` takes them along. A step through
        one that counts, from a point where it has not been, is warned of.

        Raises ValueError: bytes that are no state, or one of another family or world; nothing changes then.
        """
        try:
            saved = read_json(data)
            family, world, task, text, ended = (saved[k] for k in ("family", "world", "task", "text", "ended"))
            if (family, world) != (self.family.name, self.family.world):
                raise ValueError(f"it belongs to {family!r}, world {world!r}")
            if type(task) is not int or not 0 <= task < len(self.family):
                raise ValueError(f"no task {task!r}")
            if type(text) is not str or type(ended) is not bool:
                raise ValueError("its text or its end is malformed")
            state = self.family.from_json(saved["state"])
            if not self._fits(state, task, ended):
                raise ValueError("its task or end is not that of its state")
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"these bytes are no state of {self.family.name}, world {self.family.world!r} ({error}); "
                "give what get_state() returned"
            ) from error
        self._left = self._left or self._point()
        self._task, self._state, self._text, self._ended = task, state, text, ended

    def _point(self) -> tuple[int, S | None, str, bool]:
        return self._task, self._state, self._text, self._ended

    def _look_for_wrappers(self, callers: Callers) -> None:
        """Of a step under way: where it came through wrappers that count, they should stand where the core stands."""
        if callers.names:
            self._warned = self._left != self._point()
            self._left = None
        if self._warned:
            callers.warn(type(self).__name__)

    def joined(self) -> None:
        """The wrappers have come to this point as well."""
        self._left = None

    def _fits(self, state: S, task: int, ended: bool) -> bool:
        """Whether a state belongs to a task and end that were saved with it; a family that can tell overrides it."""
        return True

    def state_key(self) -> bytes:
        """Stable bytes, equal for equal positions of one family in every process."""
        return self.family.key(self._here())

    def render(self) -> str | None:
        """The last text, in the mode "ansi"."""
        return self._text if self.render_mode == "ansi" else None


def text_env(env: gym.Env[Any, Any]) -> TextEnv[Any] | None:
    """The TextEnv at the core of a wrapper chain, or None: no TextEnv, or one with steps other than its family's."""
    core = env.unwrapped
    return core if isinstance(core, TextEnv) and core.pure else None
