"""Digests of the source that a run depends on, so that a resume notices edited code."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, resolve_name
from pathlib import Path


def digests(modules: Iterable[str], skip: Callable[[str], bool] = lambda name: False) -> dict[str, str]:
    """Digests by name: these modules, their imports from their own package, and so on, without the skipped names.

    The imports of a package's `__init__` are not followed: it imports everything, for its users. A digest is computed
    from the text with its line endings made equal, so it is the same for every Python and every kind of installation.
    A module without a source has no digest.
    """
    found: dict[str, str] = {}
    waiting = sorted(set(modules))
    while waiting:
        name = waiting.pop()
        if name not in found and not skip(name) and (source := source_of(name)) is not None:
            found[name] = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            waiting += imported(name)
    return dict(sorted(found.items()))


@cache
def source_of(name: str) -> str | None:
    """The text of a module, lines ended by a newline; None where there is none."""
    spec = spec_of(name)
    get_source = getattr(spec and spec.loader, "get_source", None)
    try:
        if get_source is not None:
            text = get_source(name)
        else:  # a script, or a module that was made by hand
            file = getattr(sys.modules.get(name), "__file__", None)
            text = Path(file).read_text(encoding="utf-8") if file else None
    except (ImportError, OSError, UnicodeDecodeError):
        return None
    return None if text is None else "\n".join(text.splitlines())


def spec_of(name: str) -> ModuleSpec | None:
    """The import spec of a module; None where there is no such module. Imports no module, but its parent packages."""
    if (module := sys.modules.get(name)) is not None:
        return getattr(module, "__spec__", None)
    try:
        return find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None


@cache
def imported(name: str) -> tuple[str, ...]:
    """The modules of its own package that a module imports, packages left out."""
    home = name.partition(".")[0]
    try:
        tree = ast.parse(source_of(name) or "")
    except SyntaxError:
        return ()
    named = dict.fromkeys(target for node in ast.walk(tree) for target in targets(node, name))
    return tuple(target for target in named if target.partition(".")[0] == home and is_module(target))


def targets(node: ast.AST, name: str) -> Iterator[str]:
    """The possible targets of an import: a module, and the names imported from it, which may be modules as well."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = name if is_package(name) else name.rpartition(".")[0]
        try:
            base = resolve_name("." * node.level + (node.module or ""), package)
        except ImportError:  # beyond the top
            return
        yield base
        if is_package(base):
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def is_package(name: str) -> bool:
    """Whether the name is a package."""
    spec = spec_of(name)
    return spec is not None and spec.submodule_search_locations is not None


@cache
def is_module(name: str) -> bool:
    """Whether the name is a module and no package."""
    return spec_of(name) is not None and not is_package(name)
