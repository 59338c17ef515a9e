"""How HotpotQA grows with the number of pages: import, open, memory, search; and steps a second on the default world.

    python benchmarks/hotpotqa_scale.py [--pages 2000 100000 5200000] [--workers 2] [--folder SCRATCH]

For each size the official files of a made encyclopedia are written (the dump of intros without `charoffset`, and 1,000
questions), then imported as a user's own would be. Then, in processes of their own: the time to open the world; the
latency of `search[title]` on pages not read before, and of searches that find no page and tell similar titles: for a
name close to a title, and for three words of a text (each once, no cache of ours, the map warmed by other queries); and
the private memory of four workers that search, look up and follow links side by side on the same map. Memory is read
from /proc (Linux): a worker's is what it wrote itself (pages of the files are the system's, and shared); the peak of an
import is the sum over its processes of the proportional set size, so shared pages count once. Worlds stay in the
folder, and are used again.

Steps are those of random walks in the made world of 2,000 pages, in one process: medians of rounds.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles

from measuring import Peak, apart, memory, size_of, table

from forethought.envs import TextEnv
from forethought.envs.hotpotqa.building.official_files import import_world
from forethought.envs.hotpotqa.default_world import default_world
from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.synthetic.official_format import WIKI, write_raw
from forethought.envs.hotpotqa.world import World

QUESTIONS, QUERIES, OPENINGS, WORKERS_AT_ONCE, STEPS, ROUNDS = 1000, 2000, 5, 4, 20_000, 5
COLUMNS = {
    "pages": ("pages", "{:,.0f}"),
    "text_mb": ("text MB", "{:,.0f}"),
    "raw_mb": ("files MB", "{:,.0f}"),
    "import_s": ("import s", "{:,.1f}"),
    "peak_mb": ("peak MB", "{:,.0f}"),
    "world_mb": ("world MB", "{:,.0f}"),
    "open_ms": ("open ms", "{:,.1f}"),
    "private_mb": ("private MB a worker", "{:,.0f}"),
    "title_p50": ("title hit p50 ms", "{:.3f}"),
    "title_p99": ("p99 ms", "{:.3f}"),
    "near_p50": ("similar name p50 ms", "{:.2f}"),
    "near_p99": ("p99 ms", "{:.2f}"),
    "words_p50": ("three words p50 ms", "{:.2f}"),
    "words_p99": ("p99 ms", "{:.2f}"),
}


def timed_import(raw: Path, world: Path, workers: int) -> dict[str, float]:
    with Peak() as peak:
        start = time.perf_counter()
        import_world(sorted(raw.glob("*.json")), world, wiki=raw / WIKI, workers=workers)
        seconds = time.perf_counter() - start
    return {"import_s": seconds, "peak_mb": peak.bytes / 1e6}


def timed_open(world: Path) -> float:
    start = time.perf_counter()
    World(world)
    return (time.perf_counter() - start) * 1e3


def timed(name: str, work: Callable[[str], object], queries: list[str]) -> dict[str, float]:
    """Milliseconds of the second half of the queries; the first warms the map."""
    taken = []
    for query in queries:
        start = time.perf_counter()
        work(query)
        taken.append((time.perf_counter() - start) * 1e3)
    half = taken[len(taken) // 2 :]
    return {f"{name}_p50": median(half), f"{name}_p99": quantiles(half, n=100)[98]}


def timed_searches(folder: Path) -> dict[str, float]:
    """Whole steps for titles; for similar ones the ranking alone, by names close to titles and by words of texts."""
    family = HotpotQA(World(folder))
    world, start = family.library.world, family.initial(0)
    draw = random.Random(0)
    pages = [world.read_page(draw.randrange(len(world))) for _ in range(4 * QUERIES)]  # not through the cache
    titles = [page.title for page in pages]
    names = [f"{title.split(' (')[0]} {draw.choice(titles).split()[-1]}" for title in titles]
    words = [" ".join(draw.sample("".join(page.sentences).split(), 3)) for page in pages]
    return {
        **timed("title", lambda title: family.step(start, f"search[{title}]"), titles[: 2 * QUERIES]),
        **timed("near", lambda name: world.rank(name, None), names[: 2 * QUERIES]),
        **timed("words", lambda text: world.rank(text, None), words[: 2 * QUERIES]),
    }


def walk(family: HotpotQA, seed: int, steps: int) -> Iterator[str]:
    """The actions of random episodes: titles, links, words of pages, names that no page has."""
    draw = random.Random(seed)
    world = family.library.world
    taken = 0
    while taken < steps:
        state = family.initial(draw.randrange(len(family)))
        while state.answer is None and taken < steps:
            links = family.actions(state)[4:]
            title = world.title(draw.randrange(len(world)))
            action = draw.choice(
                [f"search[{title}]", f"search[the {title}]", "lookup[the]", draw.choice(links or ("think[so]",))]
            )
            state, taken = family.step(state, action).state, taken + 1
            yield action


def work(folder: Path, seed: int) -> float:
    """The memory that a worker fills itself, in MB, beyond what it had before it opened the world."""
    before = memory("self", "Private_Dirty")
    for _ in walk(HotpotQA(World(folder)), seed, STEPS // 4):
        pass
    return (memory("self", "Private_Dirty") - before) / 1e6


def text_size(folder: Path) -> float:
    """MB of plain text, estimated from 10,000 pages."""
    world = World(folder)
    draw = random.Random(1)
    drawn = [draw.randrange(len(world)) for _ in range(min(10_000, len(world)))]
    sizes = [len("".join(world.read_page(row).sentences).encode()) for row in drawn]
    return sum(sizes) / len(sizes) * len(world) / 1e6


def measure(pages: int, folder: Path, workers: int) -> dict[str, float]:
    raw, world, facts = folder / f"raw-{pages}", folder / f"world-{pages}", folder / f"import-{pages}.json"
    if not (world / "manifest.json").exists():
        if not raw.exists():
            write_raw(raw, pages, 0, min(QUESTIONS, pages // 4), workers=workers)
        imported = {"raw_mb": size_of(raw), **apart(timed_import, raw, world, workers)}
        facts.write_text(json.dumps(imported))
        shutil.rmtree(raw)
    with multiprocessing.get_context("spawn").Pool(WORKERS_AT_ONCE) as pool:
        private = pool.starmap(work, [(world, seed) for seed in range(WORKERS_AT_ONCE)], chunksize=1)
    return {
        "pages": pages,
        **json.loads(facts.read_text()),
        "world_mb": size_of(world),
        "text_mb": apart(text_size, world),
        "open_ms": median(apart(timed_open, world) for _ in range(OPENINGS)),
        **apart(timed_searches, world),
        "private_mb": max(private),
    }


def steps_a_second(step: Callable[[str], object], actions: list[str]) -> float:
    start = time.perf_counter()
    for action in actions:
        step(action)
    return len(actions) / (time.perf_counter() - start)


def rates() -> dict[str, float]:
    """Steps a second of the rules alone, with the actions of each state, and of the Gymnasium environment."""
    found: dict[str, list[float]] = {"rules": [], "environment": []}
    for seed in range(ROUNDS):
        family = HotpotQA(default_world())
        env = TextEnv(family)
        start = time.perf_counter()
        count = sum(1 for _ in walk(family, seed, STEPS))
        found["rules"].append(count / (time.perf_counter() - start))
        actions = list(walk(family, seed, STEPS))
        env.reset(options={"task": 0})

        def step(action: str, env: TextEnv = env) -> None:
            if env.step(action)[2]:
                env.reset()

        found["environment"].append(steps_a_second(step, actions))
    return {name: median(values) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs="*", default=[2000, 100_000, 5_200_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [measure(pages, folder, given.workers) for pages in given.pages]
    if rows:
        print(table(rows, COLUMNS))
    steps = rates()
    print("2,000 pages: " + ", ".join(f"{rate:,.0f} steps/s ({name})" for name, rate in steps.items()))
    if given.json:
        given.json.write_text(json.dumps({"sizes": rows, "steps": steps}, indent=1) + "\n")


if __name__ == "__main__":
    main()
