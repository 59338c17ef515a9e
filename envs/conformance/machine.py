"""A Hypothesis machine that forks, steps, restores and writes nonsense, and compares with replay.

After every rule each environment must still stand where its own steps brought it.

TestMine = machine(Subject("mine:Mine-v0")).TestCase
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from forethought.envs.conformance.subject import Subject, chosen, plain
from forethought.envs.conformance.texts import try_text

TEXTS = st.text(st.characters(), max_size=60)  # surrogates and control characters included


@dataclass
class Line:
    """An environment, the seed and the actions that led to its state, and its last info."""

    env: Any
    seed: int
    actions: tuple[str, ...]
    saved: bytes
    info: dict[str, Any]
    ended: bool = False


def machine(subject: Subject) -> type[RuleBasedStateMachine]:
    """A machine class for the environment; its `TestCase` runs under pytest."""

    class EnvMachine(RuleBasedStateMachine):
        lines: Bundle[Line] = Bundle("lines")

        def __init__(self) -> None:
            super().__init__()
            self.known: list[Line] = []

        def known_from_now(self, line: Line) -> Line:
            self.known.append(line)
            return line

        @invariant()
        def nobody_moved_but_by_own_steps(self) -> None:
            for line in self.known:
                found = line.env.get_state()
                assert found == line.saved, f"{line.actions} led to {line.saved!r}, and it stands at {found!r}"

        @initialize(target=lines, seed=st.integers(0, 2**31 - 1))
        def begin(self, seed: int) -> Line:
            env = subject.make()
            _, info = env.reset(seed=seed)
            return self.known_from_now(Line(env, seed, (), env.get_state(), info))

        @rule(line=lines, draw=st.randoms(use_true_random=False))
        def act(self, line: Line, draw: Any) -> None:
            if not line.ended:
                self.play(line, chosen(line.info, draw))
                assert line.info.get("illegal") is None, f"{line.actions[-1]!r} was admissible, and is refused"

        @rule(line=lines, text=TEXTS)
        def write(self, line: Line, text: str) -> None:
            if not line.ended:
                try_text(line.env, text)
                self.play(line, text)

        @rule(target=lines, line=lines)
        def fork(self, line: Line) -> Line:
            return self.known_from_now(replace(line, env=line.env.fork()))

        @rule(target=lines, line=lines)
        def restore(self, line: Line) -> Line:
            env = subject.make()
            env.set_state(line.env.get_state())
            return self.known_from_now(replace(line, env=env))

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
            line.actions, line.saved = (*line.actions, action), line.env.get_state()
            line.info, line.ended = result[4], bool(result[2])

    return EnvMachine
