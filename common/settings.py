"""The settings of a function or class: its keyword-only parameters, with types, defaults and meanings."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from types import SimpleNamespace, UnionType
from typing import Any, TypeAlias

Setting: TypeAlias = "bool | int | float | str"  # as configs and command lines write one; ALL stands for None
ALL = "all"  # a limit that does not hold: all there are, or as long as the budget lasts
NAMES: dict[type, str] = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


@dataclass(frozen=True)
class SettingInfo:
    """One setting. `types` are those of a value, without None; `optional` where None is one; no default: required."""

    name: str
    types: tuple[type, ...]
    optional: bool
    default: Any
    meaning: str = ""

    @property
    def required(self) -> bool:
        """Whether a value must be given: the parameter has no default."""
        return self.default is inspect.Parameter.empty

    @property
    def written(self) -> Setting:
        """The default as a config writes it."""
        written: Setting = ALL if self.default is None else self.default
        return written

    @property
    def expected(self) -> str:
        """The accepted types in words, for messages and tables."""
        return " or ".join([*(NAMES[kind] for kind in self.types), *([ALL] if self.optional else [])])

    def check(self, name: str, value: object, least: float | None = None) -> None:
        """Raises ValueError: another type, no finite number, or one below `least`."""
        if value == ALL and self.optional:
            return
        kinds = (*self.types, int) if float in self.types else self.types
        fits = isinstance(value, bool) if isinstance(value, bool) and bool in kinds else type(value) in kinds
        if isinstance(value, int | float) and not isinstance(value, bool):
            fits = fits and isfinite(value) and (least is None or value >= least)
        if not fits:
            bound = f" of at least {least:g}" if least is not None and {int, float} & set(self.types) else ""
            wanted = self.expected.replace(NAMES[float], NAMES[float] + bound).replace(NAMES[int], NAMES[int] + bound)
            raise ValueError(f"{name}={value!r:.60}; expected {wanted}")


def settings_of(maker: Callable[..., Any]) -> dict[str, SettingInfo]:
    """The keyword-only parameters of a function, or of a class's constructor, by name."""
    meanings = meanings_of(maker)
    hints = hints_of(maker)
    found = {}
    for parameter in inspect.signature(maker).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            types, optional = types_of(hints.get(parameter.name), parameter.default)
            found[parameter.name] = SettingInfo(
                parameter.name, types, optional, parameter.default, meanings.get(parameter.name, "")
            )
    return found


def hints_of(maker: Callable[..., Any]) -> dict[str, Any]:
    """The annotations that can be resolved, each by itself: others may name types that only type checkers can see."""
    function = inspect.unwrap(maker.__init__ if inspect.isclass(maker) else maker)
    found: dict[str, Any] = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        holder = SimpleNamespace(__annotations__={name: annotation})
        with suppress(Exception):  # the default then tells the type
            found |= typing.get_type_hints(holder, globalns=getattr(function, "__globals__", {}))
    return found


def types_of(hint: Any, default: Any) -> tuple[tuple[type, ...], bool]:
    """The types of a setting, and whether it may be None; by its annotation, else by its default."""
    parts = typing.get_args(hint) if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union else (hint,)
    if typing.get_origin(hint) is typing.Literal:
        parts = tuple({type(choice) for choice in typing.get_args(hint)})
    types = tuple(kind for kind in (bool, int, float, str) if kind in parts)
    if not types:
        types = (type(default),) if type(default) in NAMES else (bool, int, float, str)
    return types, default is None or type(None) in parts


def meanings_of(maker: Callable[..., Any]) -> dict[str, str]:
    """The entries of the section `Args:` of a docstring, each on one line."""
    found: dict[str, str] = {}
    for text in (inspect.getdoc(maker), inspect.getdoc(maker.__init__) if inspect.isclass(maker) else None):
        section = re.search(r"^Args:\n((?:[ ]{2,}.*\n?|\n)+)", text or "", re.MULTILINE)
        entries = re.split(r"^ {4}(?=\w+(?: \([^)]*\))?:)", section[1] if section else "", flags=re.MULTILINE)
        for entry in entries:
            name, colon, meaning = entry.partition(":")
            if colon:
                found[name.partition(" ")[0]] = " ".join(meaning.split())
    return found


def as_written(text: str) -> Setting:
    """A value as a command line gives it: true, false, an integer, a number, else a text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def as_taken(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Settings as the function takes them: None for ALL."""
    return {name: None if value == ALL else value for name, value in settings.items()}
