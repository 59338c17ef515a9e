"""Random episodes in WebShop-v0 and WebShopBrowser-v0 side by side: every difference, and the cost of a step.

    python benchmarks/webshop_browser.py [--episodes 50] [--seed 0]

Each step's action is drawn from those that the page offers; one in ten is a text that no page offers. Everything that
`reset` and `step` return is compared. Exits 1 if anything differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from typing import Any

import gymnasium as gym

import forethought.envs  # noqa: F401  # registers the ids

STEPS, STRAY = 15, 0.1
STRAYS = ("click[nothing]", "buy", "search[<a> solid wood]", "click[search]", "search[]", "")


def action_for(info: dict[str, Any], draw: random.Random) -> str:
    if draw.random() < STRAY:
        return draw.choice(STRAYS)
    clicks = info["actions"][1:]
    return draw.choice(clicks) if clicks else f"search[{info['instruction']}]"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    rules, browser = gym.make("WebShop-v0").unwrapped, gym.make("WebShopBrowser-v0").unwrapped
    steps = differences = bought = 0
    spent = {"rules": 0.0, "browser": 0.0}
    for _ in range(given.episodes):
        task = {"task": draw.randrange(len(rules.family))}  # type: ignore[attr-defined]  # an environment of ours
        result, info = None, rules.reset(options=task)[1]
        differences += browser.reset(options=task) != rules.reset(options=task)
        for _ in range(STEPS):
            action = action_for(info, draw)
            start = time.perf_counter()
            result = rules.step(action)
            middle = time.perf_counter()
            seen = browser.step(action)
            spent["rules"] += middle - start
            spent["browser"] += time.perf_counter() - middle
            steps, info = steps + 1, result[4]
            if seen != result:
                differences += 1
                print(f"differs after {action!r} in task {task['task']}:")
                print(f"  rules   {result!r:.300}\n  browser {seen!r:.300}")
            if result[2]:
                bought += 1
                break
    browser.close()
    print(f"{given.episodes} episodes, {steps} steps, {bought} purchases: {differences} differences")
    rules_ms, browser_ms = (seconds / steps * 1e3 for seconds in spent.values())
    print(f"a step takes {rules_ms:.3f} ms in rules, {browser_ms:.0f} ms in Chromium")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
