"""Names that a shell completes."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def names_of(*tables: Iterable[str]) -> Callable[[str], list[str]]:
    """For the `autocompletion` of an option: the names of these tables that begin as the user has begun."""
    names = list(dict.fromkeys(name for table in tables for name in table))

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete
