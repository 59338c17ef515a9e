"""How WebShop grows with the number of products: import, open, memory and search.

    python benchmarks/webshop_scale.py [--products 1000 10000 100000 1180000] [--workers 2] [--folder SCRATCH]

For each size the official files of a made shop are written, then imported as a user's own would be. Then, in processes
of their own: the time to open the world; the latency of searches for instructions of its goals (each once, no cache);
and the private memory of four workers that search and walk side by side on the same map. Memory is read from /proc
(Linux): the peak of an import is the sum over its processes of the proportional set size, so shared pages count once.
Worlds stay in the folder, and are used again. Prints a table; --plot FILE writes it as an SVG too.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import tempfile
import time
from math import ceil, floor, log10
from pathlib import Path
from statistics import median, quantiles

from measuring import Peak, apart, memory, size_of, table

from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.synthetic.official_format import write_raw
from forethought.envs.webshop.world import World

QUERIES, OPENINGS, WORKERS_AT_ONCE, STEPS = 2000, 5, 4, 3000
COLUMNS = {
    "products": ("products", "{:,.0f}"),
    "raw_mb": ("files MB", "{:,.0f}"),
    "import_s": ("import s", "{:,.1f}"),
    "peak_mb": ("peak MB", "{:,.0f}"),
    "world_mb": ("world MB", "{:,.0f}"),
    "goals": ("goals", "{:,.0f}"),
    "open_ms": ("open ms", "{:,.1f}"),
    "private_mb": ("private MB a worker", "{:,.0f}"),
    "p50_ms": ("search p50 ms", "{:.2f}"),
    "p99_ms": ("p99 ms", "{:.2f}"),
    "terms": ("terms a query", "{:.1f}"),
    "steps": ("steps/s", "{:,.0f}"),
}


def timed_import(raw: Path, world: Path, workers: int) -> dict[str, float]:
    with Peak() as peak:
        start = time.perf_counter()
        import_world(raw, world, workers=workers)
        seconds = time.perf_counter() - start
    return {"import_s": seconds, "peak_mb": peak.bytes / 1e6}


def timed_open(world: Path) -> float:
    start = time.perf_counter()
    World(world)
    return (time.perf_counter() - start) * 1e3


def timed_searches(folder: Path) -> dict[str, float]:
    """Milliseconds of a search, without any cache of ours, the map warmed by other queries."""
    world = World(folder)
    goals = world.goals("synthetic")
    draw = random.Random(0)
    texts = [goals.make(draw.randrange(len(goals))).instruction.lower() for _ in range(2 * QUERIES)]
    for text in texts[:QUERIES]:
        world.index.search(text)
    taken = []
    for text in texts[QUERIES:]:
        start = time.perf_counter()
        world.index.search(text)
        taken.append((time.perf_counter() - start) * 1e3)
    words = [len(text.split()) for text in texts[QUERIES:]]
    return {"p50_ms": median(taken), "p99_ms": quantiles(taken, n=100)[98], "terms": sum(words) / len(words)}


def walk(folder: Path, seed: int) -> dict[str, float]:
    """A worker: random episodes, then its private memory beyond what it had before it opened the world."""
    before = memory("self", "Private_Clean", "Private_Dirty")
    family = WebShop(World(folder))
    draw = random.Random(seed)
    start, steps = time.perf_counter(), 0
    while steps < STEPS:
        state = family.initial(draw.randrange(len(family)))
        for _ in range(15):
            actions = family.actions(state)[1:]
            step = family.step(state, draw.choice(actions) if actions else f"search[{family.instruction(state)}]")
            state, steps = step.state, steps + 1
            if step.terminated:
                break
    rate = steps / (time.perf_counter() - start)
    return {"private_mb": (memory("self", "Private_Clean", "Private_Dirty") - before) / 1e6, "steps": rate}


def measure(products: int, folder: Path, workers: int) -> dict[str, float]:
    raw, world, facts = folder / f"raw-{products}", folder / f"world-{products}", folder / f"import-{products}.json"
    if not (world / "manifest.json").exists():
        if not raw.exists():
            write_raw(raw, products, 0, workers=workers)
        imported = {"raw_mb": size_of(raw), **apart(timed_import, raw, world, workers)}
        facts.write_text(json.dumps(imported))
        shutil.rmtree(raw)
    with multiprocessing.get_context("spawn").Pool(WORKERS_AT_ONCE) as pool:
        walked = pool.starmap(walk, [(world, seed) for seed in range(WORKERS_AT_ONCE)], chunksize=1)
    return {
        "products": products,
        **json.loads(facts.read_text()),
        "world_mb": size_of(world),
        "goals": len(World(world).goals("synthetic")),
        "open_ms": median(apart(timed_open, world) for _ in range(OPENINGS)),
        **apart(timed_searches, world),
        "private_mb": max(result["private_mb"] for result in walked),
        "steps": sum(result["steps"] for result in walked),
    }


LINES = {
    "import_s": ("import, s", "#2a6f97"),
    "p50_ms": ("search p50, ms", "#2f8f63"),
    "p99_ms": ("search p99, ms", "#c98a1b"),
}
LINES |= {"private_mb": ("private memory of a worker, MB", "#b94583"), "open_ms": ("open, ms", "#7a55c7")}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 420, 60, 20, 230, 50


def plot(rows: list[dict[str, float]]) -> str:
    """The growth as an SVG; both axes are logarithmic."""
    sizes = [row["products"] for row in rows]
    values = [row[name] for row in rows for name in LINES]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    first, last = log10(min(sizes)), max(log10(max(sizes)), log10(min(sizes)) + 1)

    def x(size: float) -> float:
        return LEFT + (log10(size) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (high - log10(value)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>']
    parts.append(f'<title>WebShop by number of products</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>')
    for power in range(low, high + 1):
        at = y(10**power)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for size in sizes:
        parts.append(f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,.0f}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">products</text>')
    for name, (title, colour) in LINES.items():
        points = " ".join(f"{x(row['products']):.1f},{y(row[name]):.1f}" for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end = y(rows[-1][name])
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{end + 4:.1f}" fill="{colour}">{title}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_180_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [measure(products, folder, given.workers) for products in given.products]
    print(table(rows, COLUMNS))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")
    if given.plot:
        given.plot.write_text(plot(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
