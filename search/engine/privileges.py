"""Privileges: facts about the truth that a search may read only if its run grants them."""

from __future__ import annotations

from collections.abc import Collection

from forethought.search.needs import PRIVILEGES


class PrivilegeError(RuntimeError):
    """A search asked for something that its run does not grant."""


def require(privilege: str, granted: Collection[str]) -> None:
    """Raises PrivilegeError: the privilege is not granted."""
    if privilege not in granted:
        raise PrivilegeError(
            f"the search asks for {PRIVILEGES[privilege]}, which this run was not given; "
            f"run with --privilege {privilege}"
        )
