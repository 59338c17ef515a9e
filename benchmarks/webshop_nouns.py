"""How near the nouns that we find in titles come to spaCy's, and what that does to WebShop's reward.

    .venv/bin/python benchmarks/webshop_nouns.py data/webshop

The folder holds the official files of the small shop with title_nouns.json (spaCy's nouns of each title) and the
recorded purchases. The words that are no nouns were chosen with the products at even places of products_raw.json;
those at odd places show how the rule does on titles that nobody looked at.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from forethought.envs.webshop.goals import Goal, read_goal
from forethought.envs.webshop.nouns import title_nouns
from forethought.envs.webshop.products import NO_ATTRIBUTES, Product, is_listed, read_product
from forethought.envs.webshop.reward import categories, score, share_of_nouns, type_factor

REWARDS = ("rewards.jsonl", "rewards_human.jsonl", "rewards_targeted.jsonl")
EPISODES = ("episodes.jsonl", "quirks.jsonl")
Nouns = dict[str, tuple[str, ...]]


class Purchase(NamedTuple):
    source: str
    asin: str
    goal: Goal
    options: dict[str, str]
    price: float
    reward: float


def lines(file: Path) -> Iterator[dict]:
    with file.open(encoding="utf-8") as rows:
        yield from map(json.loads, rows)


def load(file: Path):
    return json.loads(file.read_text(encoding="utf-8"))


def products(folder: Path) -> list[Product]:
    attributes, prices = load(folder / "ins.json"), load(folder / "product_prices.json")
    return [
        read_product(
            record, tuple(attributes.get(record["asin"], {}).get("attributes", NO_ATTRIBUTES)), prices[record["asin"]]
        )
        for record in load(folder / "products_raw.json")
        if is_listed(record)
    ]


def purchases(folder: Path) -> Iterator[Purchase]:
    for name in REWARDS:
        for row in lines(folder / name):
            yield Purchase(name, row["asin"], read_goal(row["goal"]), row["options"], row["price"], row["reward"])
    for name in EPISODES:
        for row in lines(folder / name):
            for step in row.get("steps", ()):
                if bought := step.get("purchase"):
                    goal = read_goal(row["goal"])
                    yield Purchase(name, bought["asin"], goal, bought["options"], bought["price"], step["reward"])


def titles(name: str, asins: list[str], found: Nouns, spacy: Nouns) -> None:
    alike = sum(len({*found[a]} & {*spacy[a]}) / len({*found[a]} | {*spacy[a]} or {""}) for a in asins)
    shared = sum(sum((Counter(found[a]) & Counter(spacy[a])).values()) for a in asins)
    right, recalled = (shared / sum(len(nouns[a]) for a in asins) for nouns in (found, spacy))
    same = sum(found[a] == spacy[a] for a in asins) / len(asins)
    print(
        f"{name:26}{len(asins):8,} titles    Jaccard {alike / len(asins):.3f}  precision {right:.3f}  "
        f"recall {recalled:.3f}  identical {same:.1%}"
    )


def rewards(name: str, rows: list[Purchase], shop: dict[str, Product], found: Nouns) -> None:
    gaps = [
        abs(row.reward - score(
            shop[row.asin], row.goal, row.options, bought_nouns=found[row.asin], wanted_nouns=found[row.goal.asin],
            official=True, price=row.price,
        ).reward)
        for row in rows
    ]  # fmt: skip
    equal = sum(gap <= 1e-9 for gap in gaps)
    print(
        f"{name:26}{len(rows):8,} purchases equal {equal / len(rows):.1%} ({len(rows) - equal} differ)  "
        f"mean difference {sum(gaps) / len(rows):.5f}"
    )


def factors(name: str, shop: list[Product], found: Nouns, spacy: Nouns) -> None:
    """The type factor of every product against the title of every other one."""
    pairs = equal = 0
    for wanted in shop:
        for bought in shop:
            shared = len(categories(bought.product_category) & categories(wanted.product_category)) >= 2
            akin = bought.query == wanted.query or shared
            first, second = (
                type_factor(akin, share_of_nouns(nouns[bought.asin], nouns[wanted.asin])) for nouns in (found, spacy)
            )
            pairs += 1
            equal += first == second
    print(f"{name:26}{pairs:8,} pairs     equal type factor {equal / pairs:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    shop = products(folder)
    by_asin = {product.asin: product for product in shop}
    spacy = {asin: tuple(nouns) for asin, nouns in load(folder / "title_nouns.json").items()}
    found = {product.asin: title_nouns(product.title) for product in shop}
    rows = list(purchases(folder))
    halves = {"even places (chosen with)": shop[::2], "odd places (never seen)": shop[1::2]}
    for name, half in halves.items():
        titles(name, [product.asin for product in half], found, spacy)
    for name, half in halves.items():
        factors(name, half, found, spacy)
    for name in (*REWARDS, *EPISODES):
        rewards(name, [row for row in rows if row.source == name], by_asin, found)
    for name, half in halves.items():
        asins = {product.asin for product in half}
        rewards(name, [row for row in rows if {row.asin, row.goal.asin} <= asins], by_asin, found)
    rewards("all", rows, by_asin, found)


if __name__ == "__main__":
    main()
