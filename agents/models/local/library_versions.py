"""The known versions of transformers and peft, for messages about their private parts."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

KNOWN = {"transformers": "5.20 to 5.x", "peft": "0.17 to 0.x"}


def unlike(library: str, part: str) -> str:
    """The message for a missing or changed part of a library."""
    return (
        f"{part}. The installed {library} is {version_of(library)}, this package knows {KNOWN[library]}; "
        "install one of these"
    )


def version_of(library: str) -> str:
    """The version of an installed library, for messages."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "of no known version"
