"""Compare WebShop with recordings of the official environment, page by page.

    python benchmarks/webshop_parity.py FOLDER

FOLDER holds the official files and the recordings (episodes, quirks, compact, searches, lucene_golden, tokenizer_golden
and rewards*, as .jsonl, and porter_vocab.tsv); a world is imported from it into a scratch folder. Prints one line for
each kind of comparison and every mismatch; exits 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forethought.envs.ranking.analysis import terms
from forethought.envs.ranking.porter import stem
from forethought.envs.ranking.tokens import tokens
from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.goals import read_goal
from forethought.envs.webshop.pages import clickables
from forethought.envs.webshop.reward import score
from forethought.envs.webshop.world import World

MARKS = ("<r>", "<a>", "<c>", "<q>")
Mismatch = str


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def different(what: str, ours: object, theirs: object) -> Iterator[Mismatch]:
    if ours != theirs:
        yield f"{what}: ours {ours!r:.300} official {theirs!r:.300}"


def compare_steps(world: World, record: dict[str, Any]) -> Iterator[Mismatch]:
    """Replay one recorded episode; yields what differs."""
    plain, rich = (WebShop(world, observation=mode, official_quirks=True) for mode in ("text", "text_rich"))
    state = plain.initial(record["session"])
    name = f"{record.get('name', 'episode')} {record['session']}"
    yield from different(f"{name} goal", plain.goals[record["session"]], read_goal(record["goal"]))
    for place, step in enumerate(record["steps"]):
        where, reward, ended = f"{name} step {place} {step['action']!r:.60}", 0.0, False
        if step["action"] is not None:
            after = plain.step(state, step["action"])
            reward, ended, state = after.reward, after.terminated and not after.illegal, after.state
            yield from different(f"{where} observation of the step", after.observation, step["obs_text"])
            if "exception" in step:
                yield from different(f"{where} refused", after.illegal is not None, True)
        yield from different(f"{where} text", plain.show(state), step["obs_text"])
        yield from different(f"{where} text_rich", rich.show(state), step["obs_text_rich"])
        shown = plain.shop.page(state)
        yield from different(f"{where} clickables", list(clickables(shown)), step["available_actions"]["clickables"])
        search_bar = step["available_actions"]["has_search_bar"]
        yield from different(f"{where} search bar", state.kind == "index", search_bar)
        yield from different(f"{where} done", ended, step["done"])
        if abs(reward - step["reward"]) > 1e-9:
            yield from different(f"{where} reward", reward, step["reward"])
        if "verbose_info" in step:
            metrics = plain.metrics(state)
            yield from different(f"{where} parts", {k: metrics[k] for k in step["verbose_info"]}, step["verbose_info"])


def compare_compact(world: World, lines: list[dict[str, Any]]) -> Iterator[Mismatch]:
    family = WebShop(world, observation="compact", official_quirks=True)
    state = family.initial(0)
    for line in lines:
        where = f"compact {line['session']} step {line['t']} {line['action']!r:.60}"
        state = family.initial(line["session"]) if line["t"] == 0 else family.step(state, line["action"]).state
        yield from different(where, family.show(state), line["compact_page"])


def compare_words(folder: Path) -> Iterator[tuple[str, int, list[Mismatch], str]]:
    """The tokenizer and the stemmer."""
    lines = records(folder / "tokenizer_golden.jsonl")
    wrong = [
        m for line in lines for m in different(line["text"], [t.lower() for t in tokens(line["text"])], line["tokens"])
    ]
    yield "tokenizer: texts", len(lines), wrong, ""
    path = folder / "porter_vocab.tsv"
    pairs = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    yield "stemmer: words", len(pairs), [m for word, stemmed in pairs for m in different(word, stem(word), stemmed)], ""


def compare_search(world: World, line: dict[str, Any]) -> Iterator[Mismatch]:
    yield from different(f"terms of {line['query']!r:.60}", terms(line["query"]), line["tokens"])
    found = world.index.search(line["query"], 50)
    yield from different(
        f"order of {line['query']!r:.60}", [world.product(row).asin for row, _ in found], line["asins"]
    )
    for (_, ours), theirs in zip(found, line["scores"], strict=False):
        if abs(ours - theirs) > 1e-4:
            yield from different(f"score of {line['query']!r:.60}", ours, theirs)


def compare_reward(world: World, line: dict[str, Any]) -> Iterator[Mismatch]:
    bought, wanted = world.row_of(line["asin"]), world.row_of(line["goal"]["asin"])
    if bought is None or wanted is None:
        yield f"reward of {line['asin']} for {line['goal']['asin']}: not both are products of the world"
        return
    got = score(
        world.product(bought),
        read_goal(line["goal"]),
        line["options"],
        bought_nouns=world.nouns(bought),
        wanted_nouns=world.nouns(wanted),
        official=True,
        price=line["price"],
    )
    ours, theirs = {**line["info"], "reward": line["reward"]}, {k: getattr(got, k) for k in (*line["info"], "reward")}
    if any(abs(ours[k] - theirs[k]) > 1e-9 for k in ours):
        yield from different(f"reward of {line['asin']} for {line['goal']['asin']}", theirs, ours)


def compare(folder: Path, world: World) -> Iterator[tuple[str, int, list[Mismatch], str]]:
    """(what, how many, mismatches, what was left out) of each kind of recording in the folder."""
    for name in ("episodes", "quirks"):
        lines = records(folder / f"{name}.jsonl")
        played = [line for line in lines if "steps" in line]
        left = ", ".join(line["name"] for line in lines if "steps" not in line)
        mismatches = [found for line in played for found in compare_steps(world, line)]
        yield f"{name}: steps", sum(len(line["steps"]) for line in played), mismatches, left
    lines = records(folder / "compact.jsonl")
    yield "compact: pages", len(lines), list(compare_compact(world, lines)), ""
    for name in ("searches", "lucene_golden"):
        lines = records(folder / f"{name}.jsonl")
        ranked = [line for line in lines if line["query"].split(" ")[0] not in MARKS]
        left = ", ".join(line["query"] for line in lines if line not in ranked)
        yield f"{name}: queries", len(ranked), [m for line in ranked for m in compare_search(world, line)], left
    yield from compare_words(folder)
    for path in sorted(folder.glob("rewards*.jsonl")):
        lines = records(path)
        yield f"{path.stem}: purchases", len(lines), [m for line in lines for m in compare_reward(world, line)], ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        import_world(folder, Path(scratch) / "world")
        for what, count, mismatches, left in compare(folder, World(Path(scratch) / "world")):
            wrong += len(mismatches)
            print(f"{what:<28}{count:>7} compared {len(mismatches):>5} mismatches", end="")
            print(f"; out of scope: {left}" if left else "")
            for mismatch in mismatches:
                print(f"    {mismatch}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
