"""Pieces by name: of a table, of a user's module as MODULE:NAME, or of an installed package by its entry point."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

PLACE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
OBJECT = "object:"  # before the name of a piece that a Python program handed over


def is_place(name: str) -> bool:
    """Whether a name is MODULE:NAME."""
    return PLACE.fullmatch(name) is not None and not name.startswith(OBJECT)


def find_piece(kind: str, name: str, table: Mapping[str, Any], check: Callable[[Any], str | None]) -> Any:
    """The piece of this name.

    Args:
        kind: "algorithm", "policy", "value" or "model"; installed packages offer theirs as `forethought.<plural>`.
        name: a key of the table, MODULE:NAME, or the name of an entry point.
        table: the built-in pieces.
        check: the reason why an object is no such piece, or None.

    Raises:
        ValueError: nothing has this name, its module cannot be imported, or the object is no such piece.
    """
    if name in table:
        return table[name]
    if name.startswith(OBJECT):
        raise ValueError(
            f"the {kind} {name!r} was handed over by a Python program; go on there, by the same call of evaluate()"
        )
    if is_place(name):
        found = imported(kind, name)
    elif (entry := offered(kind).get(name)) is not None:
        found = loaded(kind, name, entry.load)
    else:
        others = sorted(offered(kind))
        raise ValueError(
            f"unknown {kind} {name!r:.100}; expected one of {', '.join([*table, *others])}, or MODULE:NAME of your own"
        )
    if (reason := check(found)) is not None:
        raise ValueError(f"{name} is no {kind}: {reason}")
    return found


def is_known(kind: str, name: str, table: Mapping[str, Any]) -> bool:
    """Whether a piece may have this name. Imports nothing."""
    return name in table or is_place(name) or name.startswith(OBJECT) or name in offered(kind)


def offered(kind: str) -> dict[str, EntryPoint]:
    """The pieces of installed packages, by name; nothing is imported."""
    plural = "policies" if kind == "policy" else f"{kind}s"
    return {entry.name: entry for entry in entry_points(group=f"forethought.{plural}")}


def imported(kind: str, name: str) -> Any:
    """The object of MODULE:NAME. Raises ValueError: the module cannot be imported, or has no such name."""
    module, _, path = name.partition(":")
    found = loaded(kind, name, lambda: importlib.import_module(module))
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise ValueError(f"the {kind} {name!r} is not there: {error}") from error
    return found


def loaded(kind: str, name: str, load: Callable[[], Any]) -> Any:
    """Raises ValueError: any error from the import of a user's module, with the place in that module."""
    try:
        return load()
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the {kind} {name!r} cannot be imported: {error}; "
            "modules are looked for in the current folder, on PYTHONPATH and among the installed packages"
        ) from error
    except (Exception, SystemExit) as error:
        raise ValueError(f"the {kind} {name!r} cannot be imported: {type(error).__name__}: {error}") from error
