"""Put records from elsewhere into a world being made: goals with their ceilings, and nouns of titles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from forethought.envs.downloads.json_stream import array_items, object_items
from forethought.envs.family import Json
from forethought.envs.webshop.building.builder import Stocked
from forethought.envs.webshop.goals import Goal, human_goal, read_goal, synthetic_goal
from forethought.envs.webshop.products import BadRecord, texts
from forethought.envs.webshop.stored import GOAL
from forethought.envs.webshop.world import GoalKind, parse_record
from forethought.envs.worlds.blobs import Blob, BlobWriter


def freeze_goals(folder: Path, stocked: list[Stocked], path: Path, kind: GoalKind) -> None:
    """Take the goals of a file, in its order and with its ceilings, instead of the ones that were drawn.

    Raises BadRecord: a goal that the world's own products and instructions do not make.
    """
    finder = (SyntheticFinder if kind == "synthetic" else HumanFinder)(folder, stocked)
    found = []
    for number, (record, _) in enumerate(array_items(path)):
        try:
            if not isinstance(record, dict):
                raise BadRecord("it is no object; expected a goal")
            goal = read_goal(record)
            found.append((*finder.find(goal), goal.price_upper, goal.weight))
        except BadRecord as error:
            raise BadRecord(f"{path.name}, record {number}: {error}") from None
    np.array(found, GOAL).tofile(folder / f"goals_{kind}.raw")


class SyntheticFinder:
    """Which row and which combination of its options a goal was made from."""

    def __init__(self, folder: Path, stocked: list[Stocked]) -> None:
        self.records = Blob(folder, "products")
        self.rows = {item.asin: row for row, item in enumerate(stocked)}

    def row(self, goal: Goal) -> int:
        """The row of a goal's product. Raises BadRecord: no such product."""
        if goal.asin not in self.rows:
            raise BadRecord(f"its product {goal.asin!r} is not among the products")
        return self.rows[goal.asin]

    def find(self, goal: Goal) -> tuple[int, int]:
        """The row and the combination number of a recorded goal. Raises BadRecord: the goal cannot be made."""
        row = self.row(goal)
        product, instruction, asked = parse_record(self.records[row])
        number = 0
        chosen = dict(zip(goal.option_names or (), goal.options, strict=False))
        for name, values in sorted(dict(product.options).items()):
            if chosen.get(name) not in values:
                raise BadRecord(f"{goal.asin} has no {name} {chosen.get(name)!r}")
            number = number * len(values) + values.index(chosen[name])
        if (
            instruction is None
            or synthetic_goal(product, instruction, asked, number, goal.price_upper, goal.weight) != goal
        ):
            raise BadRecord(f"it is not what {goal.asin} and its instruction make; the files belong to different shops")
        return row, number


class HumanFinder(SyntheticFinder):
    """Which row and which written instruction a goal was made from."""

    def __init__(self, folder: Path, stocked: list[Stocked]) -> None:
        super().__init__(folder, stocked)
        written = Blob(folder, "instructions")
        self.places: dict[str, list[int]] = {}
        for place in range(len(written)):
            self.places.setdefault(json.loads(written[place])[0], []).append(place)
        self.written = written

    def find(self, goal: Goal) -> tuple[int, int]:
        """The row and the instruction number of a recorded goal. Raises BadRecord: the goal cannot be made."""
        row = self.row(goal)
        product, _, _ = parse_record(self.records[row])
        for place in self.places.get(goal.asin, ()):
            if human_goal(product, json.loads(self.written[place])[1], goal.price_upper) == goal:
                return row, place
        raise BadRecord(f"nobody wrote it for {goal.asin}; the files belong to different shops")


def freeze_nouns(folder: Path, nouns: Iterable[Iterable[str]]) -> None:
    """Write the nouns of every title."""
    with BlobWriter(folder, "nouns") as written:
        for found in nouns:
            written.extend([json.dumps(list(found), ensure_ascii=False).encode()])


def given_nouns(path: Path, stocked: list[Stocked]) -> list[tuple[str, ...]]:
    """Raises BadRecord: a product without its list of nouns."""
    nouns: dict[str, Json] = {asin: value for asin, value, _ in object_items(path)}
    for item in stocked:
        if item.asin not in nouns:
            raise BadRecord(f"{path.name} has no nouns for {item.asin}; expected a list for each product")
    return [texts(nouns[item.asin], f"nouns of {item.asin}") for item in stocked]


def titles(folder: Path) -> Iterator[str]:
    """The products' titles; they may be written after this is called, and before the first is asked for."""
    records = Blob(folder, "products")
    for row in range(len(records)):
        yield parse_record(records[row])[0].title
