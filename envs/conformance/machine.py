"""A Hypothesis machine that forks, steps, restores and writes nonsense, and compares with replay.

TestMine = machine(Subject("mine:Mine-v0")).TestCase
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from forethought.envs.conformance.checks import Subject, filled, plain, try_text

TEXTS = st.text(st.characters(), max_size=60)  # surrogates and control characters included


@dataclass
class Line:
    """An environment, the seed and the actions that brought it where it is, and what it last returned."""

    env: Any
    seed: int
    actions: tuple[str, ...]
    info: dict[str, Any]
    ended: bool = False


def machine(subject: Subject) -> type[RuleBasedStateMachine]:
    """A machine class for the environment; its `TestCase` runs under pytest."""

    class EnvMachine(RuleBasedStateMachine):
        lines: Bundle[Line] = Bundle("lines")

        @initialize(target=lines, seed=st.integers(0, 2**31 - 1))
        def begin(self, seed: int) -> Line:
            env = subject.make()
            return Line(env, seed, (), env.reset(seed=seed)[1])

        @rule(line=lines, draw=st.randoms(use_true_random=False))
        def act(self, line: Line, draw: Any) -> None:
            if not line.ended:
                self.play(line, filled(draw.choice(line.info["actions"]), draw))

        @rule(line=lines, text=TEXTS)
        def write(self, line: Line, text: str) -> None:
            if not line.ended:
                try_text(line.env, text)
                self.play(line, text)

        @rule(target=lines, line=lines)
        def fork(self, line: Line) -> Line:
            return Line(line.env.fork(), line.seed, line.actions, line.info, line.ended)

        @rule(target=lines, line=lines)
        def restore(self, line: Line) -> Line:
            env = subject.make()
            env.set_state(line.env.get_state())
            return Line(env, line.seed, line.actions, line.info, line.ended)

        @rule(line=lines)
        def replay(self, line: Line) -> None:
            env = subject.make()
            env.reset(seed=line.seed)
            for action in line.actions:
                env.step(action)
            assert env.state_key() == line.env.state_key(), f"{line.actions} replayed leads elsewhere"
            assert env.get_state() == line.env.get_state(), f"{line.actions} replayed leads to another state"

        def play(self, line: Line, action: str) -> None:
            result = line.env.step(action)
            assert plain(result), "a step returns what can be written down"
            line.actions, line.info, line.ended = (*line.actions, action), result[4], bool(result[2])

    return EnvMachine
