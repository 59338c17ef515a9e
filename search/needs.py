"""The needs of an algorithm: privileges, prompts, values. They stand on the algorithm, a user's own too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
STEP_SECONDS = 60.0
# The capabilities that a search has only where its run grants them; its row lists them.
PRIVILEGES = {"reward": "the true reward", "reflection": "a reflection on how an attempt truly ended"}


@dataclass(frozen=True)
class Needs:
    """The requests of a search beside proposals.

    Attributes:
        privileges: Names in PRIVILEGES; the user must grant each one (`--privilege`).
        prompts: The roles of its `Ask` and `Imagine` requests; each role is a prompt file of the family.
        values: Whether it asks for values.
        step_seconds: The seconds that the algorithm may run between two requests that a model answers.
        unless: By role, a setting that drops the role, and the privilege of that name, when the setting is 0.
    """

    privileges: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    values: bool = True
    unless: Mapping[str, str] = field(default_factory=dict)
    step_seconds: float = STEP_SECONDS

    def under(self, settings: Mapping[str, Any]) -> Needs:
        """The remaining needs under these settings."""
        dropped = {role for role, setting in self.unless.items() if settings.get(setting) == 0}
        return Needs(
            tuple(name for name in self.privileges if name not in dropped),
            tuple(role for role in self.prompts if role not in dropped),
            self.values,
            step_seconds=self.step_seconds,
        )


def needs(
    *,
    privileges: tuple[str, ...] = (),
    prompts: tuple[str, ...] = (),
    values: bool = True,
    unless: Mapping[str, str] | None = None,
    step_seconds: float = STEP_SECONDS,
) -> Callable[[Function], Function]:
    """A decorator that states the needs of an algorithm; see `Needs`.

    Raises:
        ValueError: an unknown privilege, a setting that the algorithm does not have, or a step of no time.
    """
    stated = Needs(tuple(privileges), tuple(prompts), values, dict(unless or {}), step_seconds)
    if not step_seconds > 0:
        raise ValueError(f"step_seconds is {step_seconds}; give the seconds that the longest step may take")
    if unknown := set(stated.privileges) - set(PRIVILEGES):
        raise ValueError(f"unknown privileges {sorted(unknown)}; expected {' or '.join(PRIVILEGES)}")

    def state(function: Function) -> Function:
        if missing := set(stated.unless.values()) - set(inspect.signature(function).parameters):
            raise ValueError(f"{function.__name__} has no setting {', '.join(sorted(missing))}")
        function.needs = stated  # type: ignore[attr-defined]  # of a function
        return function

    return state


def needs_of(function: Callable[..., Any]) -> Needs:
    """The stated needs; an algorithm that states none asks for values, and for nothing else."""
    while isinstance(function, partial):
        function = function.func
    found = getattr(function, "needs", None)
    return found if isinstance(found, Needs) else Needs()
