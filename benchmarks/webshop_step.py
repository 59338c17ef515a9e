"""Steps, forks and memory of WebShop, beside the official environment's known numbers.

    python benchmarks/webshop_step.py [--world FOLDER] [--rounds 5]

The walker draws each action from those that the page offers, and searches for its instruction where the page offers
only a search; an episode ends with a purchase or after 15 steps. The list of actions is asked for at every step.
Official numbers (1,000 products, quiet two-core machine): 61-67 steps a second in text with the call for the actions,
11.2 ms to expand a child by copying, 5.3 s and 680 MB to load. Medians of rounds that take the modes in turn.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from forethought.envs.webshop.default_world import default_world
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.text import OBSERVATIONS
from forethought.envs.webshop.world import World

OFFICIAL = {"steps": 64.0, "child_ms": 11.2, "load_s": 5.3, "load_mb": 680.0}
STEPS, EPISODE = 10_000, 15


def walk(family: WebShop, seed: int, steps: int) -> Iterator[State]:
    """The states of random episodes, one step after the other."""
    draw = random.Random(seed)
    taken = 0
    while taken < steps:
        state = family.initial(draw.randrange(len(family)))
        for _ in range(EPISODE):
            actions = family.actions(state)[1:]
            action = draw.choice(actions) if actions else f"search[{family.instruction(state)}]"
            step = family.step(state, action)
            state, taken = step.state, taken + 1
            yield state
            if step.terminated or taken == steps:
                break


def rate(family: WebShop, seed: int) -> float:
    start = time.perf_counter()
    for _ in walk(family, seed, STEPS):
        pass
    return STEPS / (time.perf_counter() - start)


def child_ms(family: WebShop, seed: int) -> float:
    """Milliseconds for each child of a node: all its actions, stepped from the one state that they share."""
    states = [state for state in walk(family, seed, 300) if not state.bought]
    children, start = 0, time.perf_counter()
    for state in states:
        for action in family.actions(state)[1:]:
            family.step(state, action)
            children += 1
    return (time.perf_counter() - start) * 1e3 / children


LOAD = """
import json, sys, time
from pathlib import Path
def megabytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if "VmRSS" in line) / 1024
bare, start = megabytes(), time.perf_counter()
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.world import World
imported = time.perf_counter()
family = WebShop(World(Path(sys.argv[1])))
family.opening(family.initial(0))
print(json.dumps([imported - start, time.perf_counter() - imported, megabytes() - bare]))
"""


def load(folder: Path) -> list[float]:
    """Of a fresh process: seconds to import, seconds to open and show a first page, MB beyond bare Python (Linux)."""
    done = subprocess.run([sys.executable, "-c", LOAD, folder], capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, help="a world folder; the made shop of 1,000 products if none")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    world = World(given.world) if given.world else default_world()
    modes = {mode: WebShop(world, observation=mode) for mode in OBSERVATIONS}
    rates: dict[str, list[float]] = {mode: [] for mode in modes}
    for round_ in range(given.rounds):
        for mode, family in modes.items():
            rates[mode].append(rate(family, round_))
    children = median(child_ms(modes["text"], round_) for round_ in range(given.rounds))
    imports, opens, megabytes = map(median, zip(*(load(world.folder) for _ in range(given.rounds)), strict=True))
    print(f"{len(world):,} products; medians of {given.rounds} rounds of {STEPS:,} steps; official in brackets")
    for mode in modes:
        known = (
            f"({OFFICIAL['steps']:.0f}; {median(rates[mode]) / OFFICIAL['steps']:,.0f} times)" if mode == "text" else ""
        )
        print(f"{mode:<12}{median(rates[mode]):>10,.0f} steps/s  {known}")
    times = OFFICIAL["child_ms"] / children
    print(f"expansion   {children:>10.4f} ms a child  ({OFFICIAL['child_ms']}; {times:,.0f} times)")
    print(f"import      {imports:>10.3f} s, then open and first page {opens:.3f} s  ({OFFICIAL['load_s']})")
    print(f"memory      {megabytes:>10.0f} MB beyond bare Python  ({OFFICIAL['load_mb']:.0f})")


if __name__ == "__main__":
    main()
