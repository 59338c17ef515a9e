"""Check JSON from a file against a schema, and name the place of a mismatch."""

from __future__ import annotations

from math import isfinite
from typing import Any

LARGEST = 1 << 62
TEXT, INTEGER, NUMBER, COUNT = (str,), (int,), (int, float), range(LARGEST)
OTHERS = "*"  # the name in a schema of all fields that it does not name


class Mismatch(ValueError):
    """A field that is missing, unknown, of the wrong type, or a number that cannot be."""


def check(value: Any, schema: Any, where: str) -> None:
    """Raises Mismatch, with the place.

    A schema is a tuple of types, a range of integers, [the schema of each item], or {field: its schema}: "x?" may be
    missing, and "*" is the schema of all fields with other names. Numbers are finite.
    """
    if isinstance(schema, dict):
        check_object(value, schema, where)
    elif isinstance(schema, range):
        if type(value) is not int or value not in schema:
            most = f" to {schema[-1]}" if schema.stop < LARGEST else ""
            raise Mismatch(f"{where} is {value!r:.60}; expected int, {schema.start}{most or ' or more'}")
    elif isinstance(schema, list):
        if not isinstance(value, list):
            raise Mismatch(f"{where} is {value!r:.60}; expected a list")
        for i, item in enumerate(value):
            check(item, schema[0], f"{where}[{i}]")
    else:
        allowed = schema if isinstance(schema, tuple) else (schema,)
        if not isinstance(value, allowed) or (isinstance(value, bool) and not {bool, object} & set(allowed)):
            raise Mismatch(f"{where} is {value!r:.60}; expected {' or '.join(kind.__name__ for kind in allowed)}")
        if float in allowed and type(value) in (int, float):
            check_number(value, where)


def check_object(value: Any, schema: dict[str, Any], where: str) -> None:
    """Check the fields of an object. Raises Mismatch: another type, a missing field, or an unknown one."""
    if not isinstance(value, dict):
        raise Mismatch(f"{where} is {value!r:.60}; expected an object")
    known = {name.rstrip("?"): inner for name, inner in schema.items() if name != OTHERS}
    needed = [name for name in schema if name != OTHERS and not name.endswith("?")]
    if missing := sorted(name for name in needed if name not in value):
        raise Mismatch(f"{where} lacks {', '.join(missing)}")
    if OTHERS not in schema and (unknown := sorted(set(value) - set(known))):
        raise Mismatch(f"{where} has unknown fields {', '.join(unknown)!s:.200}")
    for name, item in value.items():
        check(item, known[name] if name in known else schema[OTHERS], f"{where}.{name:.40}")


def check_number(value: float, where: str) -> None:
    """Raises Mismatch: infinity, NaN, or a number beyond LARGEST."""
    if isinstance(value, float) and not isfinite(value):
        raise Mismatch(f"{where} is {value!r}; expected a finite number")
    if not -LARGEST <= value <= LARGEST:
        raise Mismatch(f"{where} is {value!r:.30}; no number here is as large")
