"""JSON as files and command lines hold it: bounded in depth, and refused with one kind of error."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 100  # levels: deeper values could be read here, but not be written or compared again


def read_json(text: str | bytes) -> Any:
    """Raises ValueError: no JSON, or one that is nested too deeply."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    opened = text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    if opened > DEEPEST:  # fewer brackets nest no deeper, and most lines of a file have few
        check_depth(found)
    return found


def check_depth(value: Any) -> None:
    """Raises ValueError: lists and tables inside one another to more than DEEPEST levels."""
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    raise ValueError(f"it is nested deeper than {DEEPEST} levels")
