"""Judges of endings: a readable rule, a verdict that the environment shows, or a function of the user's own.

A judge gives an ending its value from the texts that were shown, never from the reward. A value learnt from endings is
at most as good as their judge, so a run names it (`eval --terminal-value`, `value collect --judge`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any

from forethought.agents.heuristics.values import MARKOV, TERMINAL_RULES, find
from forethought.common.pieces import find_piece, is_known
from forethought.search import Estimate, Query, Usage, Value
from forethought.search.estimates import NO_USAGE
from forethought.search.models import Bounded, PromptRequest, is_remote

MODEL, RULE, VERDICT = "model", "rule", "verdict"
EXPECTED = (
    "rule (of the family), verdict (info['verdict'] of the environment), model (the value judges its own endings), "
    "or MODULE:NAME of a function of the context"
)


@dataclass(frozen=True)
class Judge:
    """A judge of endings.

    Attributes:
        name: The name in a config.
        judge: From the query of an ending to a value in [0, 1].
        source: The function that judges, for the digest of its module.
        markov: Whether it reads the position alone.
    """

    name: str
    judge: Callable[[Query], float]
    source: Callable[..., Any]
    markov: bool = False

    def __call__(self, query: Query) -> float:
        """The value of an ending. Raises ValueError: the judge gave no number in [0, 1]."""
        found = self.judge(query)
        try:
            value = float(found)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the judge {self.name} gave {found!r:.60}; expected a number in [0, 1]") from error
        if not isfinite(value) or not 0 <= value <= 1:
            raise ValueError(f"the judge {self.name} gave {value}; expected a number in [0, 1]")
        return value


def find_judge(name: str, env_id: str) -> Judge | None:
    """The judge of a name; None for `model`, where the value judges its own endings.

    Raises ValueError: an unknown name, or a family without a rule.
    """
    if name == MODEL:
        return None
    if name == VERDICT:
        return Judge(name, partial(verdict, env_id), verdict)
    if name == RULE:
        rule = find(TERMINAL_RULES, env_id, "rule for terminal states")
        return Judge(name, lambda query: rule(query.context), rule, env_id in MARKOV)
    check_name(name)
    function = find_piece("judge", name, {}, no_judge)
    return Judge(name, lambda query: function(query.context), function)


def check_name(name: str) -> None:
    """Raises ValueError: no judge can have this name. Imports nothing."""
    if name not in (MODEL, RULE, VERDICT) and not is_known("judge", name, {}):
        raise ValueError(f"unknown judge {name!r:.60}; expected {EXPECTED}")


def no_judge(found: Any) -> str | None:
    """The reason why an object is no judge."""
    return None if callable(found) else f"it is {found!r:.60}; expected a function from a context to a value in [0, 1]"


def verdict(env_id: str, query: Query) -> float:
    """`info["verdict"]` of an ending. Raises ValueError: the environment gives none."""
    info = getattr(query.node.state, "info", None)
    if not isinstance(info, dict) or "verdict" not in info:
        raise ValueError(
            f"{env_id} gives no info['verdict'] at the ending of task {query.task}; "
            "let its step() put a number in [0, 1] there, or name another judge"
        )
    found: float = info["verdict"]
    return found


class TerminalValue:
    """Another value, except for terminal states: a judge values these. No reward is read.

    Args:
        value: The value of unfinished and of imagined states.
        judge: The judge of endings.
    """

    def __init__(self, value: Value, judge: Judge) -> None:
        self.value, self.judge = value, judge
        self.markov = judge.markov and getattr(value, "markov", False)
        self.is_remote = is_remote(value)

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """Estimates of the judge for endings, and of the other value for all other nodes."""
        asked = iter(self.value.evaluate([query for query in queries if not query.proven]))
        return [Estimate(self.judge(query)) if query.proven else next(asked) for query in queries]

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        """The worst case of the other value; no usage for an ending."""
        assert isinstance(query, Query)
        return self.value.worst_case_usage(query) if isinstance(self.value, Bounded) and not query.proven else NO_USAGE


class EndingsValue:
    """A value of endings alone, by their judge; an unfinished state has the value 0.

    For searches that ask for the values of endings only, such as `look_ahead`.
    """

    needs_judge = True

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """0 for each unfinished or imagined state."""
        return [Estimate(0.0) for _ in queries]


def judged(value: Value, name: str, env_id: str) -> Value:
    """The value with a judge for its endings. Raises ValueError: see `find_judge`; `model` for a value without one."""
    judge = find_judge(name, env_id)
    if judge is None and getattr(value, "needs_judge", False):
        raise ValueError(f"the value endings has no model to judge endings; name a judge: {EXPECTED}")
    return value if judge is None else TerminalValue(value, judge)


def unwrapped(value: Value) -> Value:
    """The value without its judge of endings."""
    return value.value if isinstance(value, TerminalValue) else value
