"""Paragraphs and supporting facts as columns, which the library `datasets` makes of the official lists of pairs."""

from __future__ import annotations

from collections.abc import Mapping

from forethought.envs.family import Json, told
from forethought.envs.hotpotqa.pages import BadRecord

COLUMNS: Mapping[str, tuple[str, str]] = {"context": ("title", "sentences"), "supporting_facts": ("title", "sent_id")}


def pairs(record: Mapping[str, Json], name: str) -> list[Json]:
    """A list of pairs, whichever way it is written: `[["A", x], …]`, `{"title": ["A", …], "sent_id": [x, …]}`, or
    `[{"title": "A", "sent_id": x}, …]`. No field is an empty list.

    Raises BadRecord: none of these, or columns of different lengths.
    """
    value = record.get(name, [])
    keys = COLUMNS[name]
    if isinstance(value, dict) and value.keys() == set(keys):
        return [list(pair) for pair in zip(*columns(value, name, keys), strict=True)]
    if not isinstance(value, list):
        raise BadRecord(f"its {name} is {told(value)}; expected a list")
    return [pair_of(item, keys) for item in value]


def columns(value: Mapping[str, Json], name: str, keys: tuple[str, str]) -> tuple[list[Json], list[Json]]:
    """Two columns of the same length. Raises BadRecord: anything else."""
    first, second = value[keys[0]], value[keys[1]]
    if not isinstance(first, list) or not isinstance(second, list) or len(first) != len(second):
        sizes = [f"{key}: {len(part) if isinstance(part, list) else told(part)}" for key, part in value.items()]
        raise BadRecord(f"its {name} has the columns {', '.join(sizes)}; expected two lists of the same length")
    return first, second


def pair_of(item: Json, keys: tuple[str, str]) -> Json:
    """Anything but an object of just these keys stays as it is, for the reader of pairs to judge."""
    return [item[key] for key in keys] if isinstance(item, dict) and item.keys() == set(keys) else item
