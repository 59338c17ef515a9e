"""The goals behind the instructions, made from products, in the official order.

Synthetic goals are every combination of a product's options; human ones are the instructions that
people wrote for it. Price ceilings are drawn once for ever, where the official shop draws them anew
at each start.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forethought.common.sums import plain_sum
from forethought.envs.family import Json, shorten
from forethought.envs.webshop.products import BadRecord, Product, fraction, text_of, texts

SHUFFLE_SEED = 233
CEILINGS = tuple(10.0 * step for step in range(1, 100))  # dollars
NO_CEILING = 1_000_000.0
MOST_DOLLARS = 1e12  # a higher price, or no number, is damage


@dataclass(frozen=True, slots=True)
class Goal:
    """One task: the instruction, and the hidden target that the reward compares with.

    `option_names` names the group of each option; it is None where the instruction gave bare values.
    """

    asin: str
    category: str
    query: str
    name: str
    product_category: str
    instruction: str
    attributes: tuple[str, ...]
    price_upper: float
    options: tuple[str, ...]
    option_names: tuple[str, ...] | None
    weight: float = 1.0


def draw_ceiling(price: float, *words: str) -> float:
    """The larger of two of the four ceilings next above the price: the draw of the official goals, made stable."""
    above = [ceiling for ceiling in CEILINGS if ceiling > price][:4]
    if len(above) < 2:
        return NO_CEILING
    point = fraction("ceiling", *words) * math.comb(len(above), 2)
    return above[next(top for top in range(1, len(above)) if point < math.comb(top + 1, 2))]


def ceiling_text(ceiling: float) -> str:
    """The end of an instruction with a highest price; "" without one."""
    return "" if ceiling == NO_CEILING else f", and price lower than {ceiling:.2f} dollars"


def combinations(product: Product) -> int:
    """How many synthetic goals a product with an instruction gives."""
    return math.prod(len(values) for _, values in product.options)


def combination(product: Product, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and values of a product's `number`-th combination of options, groups in alphabetical order."""
    groups = sorted(dict(product.options).items())
    chosen: list[str] = []
    for _, values in reversed(groups):
        number, place = divmod(number, len(values))
        chosen.append(values[place])
    return tuple(name for name, _ in groups), tuple(reversed(chosen))


def synthetic_goal(
    product: Product, instruction: str, attributes: tuple[str, ...], number: int, ceiling: float, weight: float = 1.0
) -> Goal:
    """The synthetic goal of a product with one combination of its options."""
    names, values = combination(product, number)
    wanted = ", and ".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
    text = f"{instruction}{' with ' + wanted if wanted else ''}{ceiling_text(ceiling)}"
    return goal_of(product, text, attributes, ceiling, values, names, weight)


def read_instruction(record: Json) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The text, attributes and options of a record of items_human_ins.json. Raises BadRecord."""
    if not isinstance(record, dict):
        raise BadRecord(f"an instruction is {shorten(str(record))}; expected an object")
    return (
        text_of(record, "instruction", filled=True).strip("."),
        texts(record.get("instruction_attributes"), "instruction_attributes"),
        texts(record.get("instruction_options"), "instruction_options"),
    )


def human_goal(product: Product, record: Json, ceiling: float) -> Goal:
    """The goal of an instruction that a person wrote. Raises BadRecord: a field of the wrong form."""
    text, attributes, options = read_instruction(record)
    return goal_of(product, text + ceiling_text(ceiling), attributes, ceiling, options, None, 1.0)


def goal_of(
    product: Product,
    instruction: str,
    attributes: tuple[str, ...],
    ceiling: float,
    options: tuple[str, ...],
    names: tuple[str, ...] | None,
    weight: float,
) -> Goal:
    """A goal from its parts."""
    return Goal(
        product.asin,
        product.category,
        product.query,
        product.title,
        product.product_category,
        instruction,
        attributes,
        ceiling,
        options,
        names,
        weight,
    )


def read_goal(record: Mapping[str, Json]) -> Goal:
    """A goal as the official environment writes it (goals.json).

    Raises BadRecord: a field is missing or of another kind.
    """
    options, ceiling, weight = record.get("goal_options"), record.get("price_upper"), record.get("weight", 1.0)
    if isinstance(ceiling, bool) or not isinstance(ceiling, int | float) or not abs(ceiling) < MOST_DOLLARS:
        raise BadRecord(f"'price_upper' is {shorten(str(ceiling))}; expected a number of dollars")
    names = tuple(options) if isinstance(options, dict) else None
    values = list(options.values()) if isinstance(options, dict) else options
    return Goal(
        text_of(record, "asin", filled=True),
        text_of(record, "category"),
        text_of(record, "query"),
        text_of(record, "name"),
        text_of(record, "product_category"),
        text_of(record, "instruction_text"),
        texts(record.get("attributes"), "attributes"),
        float(ceiling),
        texts(values, "goal_options"),
        names,
        float(weight) if isinstance(weight, int | float) else 1.0,
    )


def weights(goals: Sequence[tuple[tuple[str, ...], int]]) -> list[float]:
    """The official weight of each product's synthetic goals, from (attributes, number of goals) of each product.

    It is the mean over the attributes of one over the number of goals that ask for it.
    """
    asked: Counter[str] = Counter()
    for attributes, count in goals:
        for attribute in attributes:
            asked[attribute] += count
    return [plain_sum(1.0 / asked[attribute] for attribute in attributes) / len(attributes) for attributes, _ in goals]


def official_order(count: int) -> NDArray[np.uint32]:
    """Where each place of the official list of goals comes from: Python's shuffle after seed 233."""
    order = list(range(count))
    random.Random(SHUFFLE_SEED).shuffle(order)
    return np.fromiter(order, np.uint32, count)


def expand(counts: Iterable[int]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """(product, combination) of every synthetic goal before the shuffle, from the number of goals of each product."""
    repeats = np.fromiter(counts, np.int64)
    products = np.repeat(np.arange(len(repeats), dtype=np.uint32), repeats)
    starts = np.repeat(np.cumsum(repeats) - repeats, repeats)
    return products, (np.arange(len(products)) - starts).astype(np.uint32)
