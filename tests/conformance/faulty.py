"""Environments with exactly one fault each, for the checks to find, and some without; all else is Game of 24.

A class below makes the id "faulty:<its name>-v0". Those that end in Rules have the fault in the family.
"""

from __future__ import annotations

import json
import math
import os
import random
import string
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Text

from forethought.envs.game24 import Game24, State
from forethought.envs.gym import TextEnv

PUZZLES = ("4 5 6 10", "3 3 8 8", "4 4 4 4", "1 1 1 1", "1 5 5 5", "2 3 4 12")


class Healthy(TextEnv):
    """No fault at all."""

    rules = Game24

    def __init__(self, **options):
        super().__init__(self.rules(PUZZLES), **options)


# seeds


class DeafToSeed(Healthy):
    """Begins the same way whatever the seed."""

    def reset(self, *, seed=None, options=None):
        observation, info = super().reset(seed=seed, options={"task": 0})
        self.np_random.integers(5)
        return observation, info


class DrawsElsewhere(Healthy):
    """Takes its task from the generator that all the world shares."""

    def _choose(self, options):
        return random.randrange(len(self.family)) if "task" not in options else super()._choose(options)


class NoisyRules(Game24):
    """Shows a number from the generator that all the world shares."""

    def step(self, state, action):
        step = super().step(state, action)
        step.observation += f" {random.random()}"
        return step


# forks


class ForkBeginsAgain(Healthy):
    """A fork stands at the opening."""

    def fork(self):
        other = super().fork()
        other._state = self.family.initial(self._task)
        return other


class ForkForgetsTheWay(Healthy):
    """A fork stands where it should, and has lost the moves that led there."""

    def fork(self):
        other = super().fork()
        other._state = State(self._state.left)
        return other


class ForkDrawsAnew(Healthy):
    """A fork has a generator of its own choice."""

    def fork(self):
        other = super().fork()
        other.np_random = np.random.default_rng(0)
        return other


class ForkSharesGenerator(Healthy):
    """What a fork draws, its parent draws no more."""

    def fork(self):
        other = super().fork()
        self._borrowed = other._borrowed = False
        return other


class ForkSharesSpaces(Healthy):
    """The samples of a fork are missing in its parent."""

    def fork(self):
        other = super().fork()
        other.action_space = self.action_space
        return other


class ForkLooksLate(Healthy):
    """A fork takes its place from its parent only when it is first asked for it."""

    parent = None

    def fork(self):
        other = super().fork()
        other.parent = self
        return other

    def _here(self):
        if self.parent is not None:
            self._state, self.parent = self.parent._here(), None
        return super()._here()


class ForkSharesState(Healthy):
    """Parent and fork write into one cell."""

    def __init__(self, **options):
        self.cell = [None]
        super().__init__(**options)

    @property
    def _state(self):
        return self.cell[0]

    @_state.setter
    def _state(self, state):
        self.cell[0] = state


# bytes and keys


class HashedKeyRules(Game24):
    """Its keys hold the hash of a str, which no two processes agree on."""

    def key(self, state):
        return str(hash(str(state.left))).encode()


class UnorderedRules(Game24):
    """Lists its actions in the order of a set."""

    def actions(self, state):
        return tuple(set(super().actions(state)))


class LossyRules(Game24):
    """Its bytes lose the moves."""

    def to_json(self, state):
        return super().to_json(State(state.left))


class BytesAreText(Healthy):
    """Hands out a str."""

    def get_state(self):
        return super().get_state().decode()


class BytesStayHere(Healthy):
    """Its bytes are good for this process only."""

    def get_state(self):
        return json.dumps({**json.loads(super().get_state()), "process": os.getpid()}).encode()

    def set_state(self, data):
        if json.loads(data)["process"] != os.getpid():
            raise ValueError("not my process")
        super().set_state(data)


# rules that are not pure


class MutatingRules(Game24):
    """Plays in the state it was given."""

    def initial(self, index):
        return State(super().initial(index).left)

    def step(self, state, action):
        step = super().step(state, action)
        object.__setattr__(state, "left", step.state.left)
        object.__setattr__(state, "moves", step.state.moves)
        return step


class CountingRules(Game24):
    """Shows how many steps it has been asked for."""

    count = 0

    def step(self, state, action):
        step = super().step(state, action)
        self.count += 1
        step.observation += f" {self.count}"
        return step


class DriftingRules(Game24):
    """Remembers every position it led to, and leads elsewhere the second time."""

    def __init__(self, puzzles):
        super().__init__(puzzles)
        self.seen = set()

    def step(self, state, action):
        step = super().step(state, action)
        if step.illegal is None and step.state.moves in self.seen:
            step.state = State(step.state.left, (*step.state.moves[:-1], step.state.moves[-1] + " "))
        self.seen.add(step.state.moves)
        return step


# texts that are no actions


class RaisingRules(Game24):
    """Cannot bear what is not ASCII."""

    def step(self, state, action):
        action.encode("ascii")
        return super().step(state, action)


class RefusalsOnly(Game24):
    """What a text leads to that is refused; its subclasses change one thing about it."""

    def step(self, state, action):
        step = super().step(state, action)
        if step.illegal is not None:
            self.refuse(step)
        return step


class JunkMovesRules(RefusalsOnly):
    """A refused text costs a number."""

    def refuse(self, step):
        step.state = State(step.state.left[1:] or step.state.left, step.state.moves)


class JunkIsLegalRules(RefusalsOnly):
    """Whatever was written, it is fine."""

    def refuse(self, step):
        step.illegal = None


class MuteRules(RefusalsOnly):
    """Refuses without a reason."""

    def refuse(self, step):
        step.illegal = ""


@dataclass(frozen=True, slots=True)
class Counted(State):
    """A position, and how many texts were refused on the way."""

    refused: int = 0


class CountsRefusals(Game24):
    """No fault: a refused text counts, and changes nothing else. Its subclasses do something more."""

    def initial(self, index):
        return Counted(super().initial(index).left)

    def step(self, state, action):
        step = super().step(state, action)
        after = Counted(step.state.left, step.state.moves, state.refused)
        step.state = self.refuse(after) if step.illegal is not None else after
        return step

    def refuse(self, state):
        return Counted(state.left, state.moves, state.refused + 1)

    def key(self, state):
        return super().key(state) + b", %d" % state.refused

    def to_json(self, state):
        return {**super().to_json(state), "steps": state.refused}

    def from_json(self, data):
        state = super().from_json({name: data[name] for name in ("left", "moves")})
        return Counted(state.left, state.moves, data["steps"])


class CountsTwiceRules(CountsRefusals):
    """A refused text counts for two."""

    def refuse(self, state):
        return Counted(state.left, state.moves, state.refused + 2)


class CountsDownRules(CountsRefusals):
    """A refused text takes one from the count."""

    def refuse(self, state):
        return Counted(state.left, state.moves, state.refused - 1)


class CountsAndTakesRules(CountsRefusals):
    """A refused text counts, and costs a number as well."""

    def refuse(self, state):
        return Counted(state.left[1:] or state.left, state.moves, state.refused + 1)


class CountsAndHidesRules(CountsRefusals):
    """A refused text counts, and one action less is listed."""

    def actions(self, state):
        return super().actions(state)[min(state.refused, 1) :]


class NoTextRules(RefusalsOnly):
    """Shows nothing at all after a refused text."""

    def refuse(self, step):
        step.observation = None


# actions that are none


class OffersTooMuchRules(Game24):
    """Lists an action that it refuses."""

    def actions(self, state):
        return (*super().actions(state), "0 / 0")


class OffersNothingRules(Game24):
    """Lists no action after the first move."""

    def actions(self, state):
        return () if state.moves else super().actions(state)


# rewards and metrics


class TooMuchRules(Game24):
    """Pays 24 for 24, and 2 for anything else."""

    def step(self, state, action):
        step = super().step(state, action)
        if step.terminated:
            step.reward = 24.0 if step.reward else 2.0
        return step


class TooOftenRules(Game24):
    """Pays half a point for every move, three of them a task."""

    def step(self, state, action):
        step = super().step(state, action)
        step.reward = 0.0 if step.illegal else 0.5
        return step


class NotANumberRules(Game24):
    """Pays what is no number at the end."""

    def step(self, state, action):
        step = super().step(state, action)
        step.reward = math.nan if step.terminated else 0.0
        return step


class NoMetrics(Healthy):
    """Ends without a word about how it went."""

    def step(self, action):
        *result, info = super().step(action)
        info.pop("metrics", None)
        return (*result, info)


# misuse


class TakesAnything(Healthy):
    """Plays the spelling of what is no str."""

    def step(self, action):
        return super().step(str(action))


class WrongError(Healthy):
    """Refuses what is no str in its own way."""

    def step(self, action):
        if not isinstance(action, str):
            raise ValueError("a str, please")
        return super().step(action)


class PlaysOn(Healthy):
    """Steps beyond the end."""

    def step(self, action):
        self._ended = False
        return super().step(action)


class BeginsByItself(Healthy):
    """Steps before the first reset."""

    def step(self, action):
        if self._state is None:
            self.reset()
        return super().step(action)


# spaces


class ShortTexts(Healthy):
    """Its opening is not in its observation space."""

    def __init__(self, **options):
        super().__init__(**options)
        self.observation_space = Text(5, charset=string.printable)


class LongRefusals(Healthy):
    """Its opening is in its observation space, and its answer to nonsense is not."""

    class rules(RefusalsOnly):
        def refuse(self, step):
            step.observation *= 3

    def __init__(self, **options):
        super().__init__(**options)
        self.observation_space = Text(30, charset=string.printable)


def with_rules(family):
    """An environment with faulty rules and no fault of its own."""
    return type(family.__name__, (Healthy,), {"rules": family, "__module__": __name__})


NO_ENVIRONMENTS = {RefusalsOnly, Counted}
WITHOUT_FAULT = {"Healthy", "CountsRefusals"}
FAULTY = {
    thing.__name__: thing if issubclass(thing, Healthy) else with_rules(thing)
    for thing in list(globals().values())
    if isinstance(thing, type) and thing.__module__ == __name__ and thing not in NO_ENVIRONMENTS
}

for name, env_class in FAULTY.items():
    gym.register(f"{name}-v0", entry_point=env_class)
