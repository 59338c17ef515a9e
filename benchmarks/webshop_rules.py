"""How well rules shop: a policy and a value made of rules, with and without search, beside buying the first result.

    python benchmarks/webshop_rules.py [--world FOLDER] [--goals synthetic|human] [--tasks 0:100] [--spread]

Without --world a made shop of seed 7 is used. With --spread, of the goals of each product only the first is a task, and
products are left out whose goals were looked at when the rules' constants were chosen (LOOKED_AT, on the official
small set); --tasks then counts what is left. Prints mean reward and share of rewards of 1.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forethought.agents import RulePolicy, RuleValue
from forethought.envs import TaskSimulator
from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.synthetic.make_world import make_world
from forethought.envs.webshop.world import World
from forethought.experiments.config import parse_tasks
from forethought.search import Budget
from forethought.search.engine.driver import Driver
from forethought.search.engine.results import result
from forethought.search.registry import algorithm

LOOKED_AT = (range(13), range(200, 900), range(1500, 1700))
AGENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "policy alone": ("greedy", {"num_children": 1}),
    "greedy, num_children 4": ("greedy", {"num_children": 4}),
    "beam, num_children 4, beam_width 3": ("beam", {"num_children": 4, "beam_width": 3}),
    "mcts, num_children 3, exploration 0.2": ("mcts", {"num_children": 3, "exploration": 0.2}),
}


def first_result(family: WebShop, task: int) -> float:
    """The reward of searching the instruction and buying what comes first."""
    state = family.initial(task)
    state = family.step(state, f"search[{family.instruction(state)}]").state
    product = next((action for action in family.actions(state) if action.startswith("click[b0")), "click[next >]")
    return family.step(family.step(state, product).state, "click[buy now]").reward


def searched(family: WebShop, tasks: Sequence[int], name: str, settings: dict[str, Any]) -> list[float]:
    driver = Driver(TaskSimulator(family), RulePolicy(family.name), RuleValue(family.name), Budget(nodes=100))
    outcomes = list(driver.run(tasks, algorithm(name, {**settings, "depth": 15})))
    if failed := [outcome.error for outcome in outcomes if outcome.error]:
        raise failed[0]
    return [float(str(result(outcome)["score"])) for outcome in outcomes]


def spread(family: WebShop) -> list[int]:
    seen = {family.goals[task].asin for tasks in LOOKED_AT for task in tasks if task < len(family)}
    chosen = []
    for task in range(len(family)):
        if (asin := family.goals[task].asin) not in seen:
            seen.add(asin)
            chosen.append(task)
    return chosen


def show(name: str, rewards: Sequence[float]) -> None:
    solved = sum(reward == 1 for reward in rewards) / len(rewards)
    print(f"{name:<32}{sum(rewards) / len(rewards):.3f} / {solved:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path)
    parser.add_argument("--goals", default="synthetic")
    parser.add_argument("--tasks", default="0:100")
    parser.add_argument("--spread", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if given.world is None:
            given.world = Path(scratch) / "made-7"
            make_world(given.world, 1000, 7)
        family = WebShop(World(given.world), goals=given.goals)
        tasks = parse_tasks(given.tasks)
        if given.spread:
            left = spread(family)
            tasks = [left[task] for task in tasks]
        print(f"{family.world}, {len(tasks)} goals, mean reward / share of 1")
        show("first result", [first_result(family, task) for task in tasks])
        for name, (algorithm_name, settings) in AGENTS.items():
            show(name, searched(family, tasks, algorithm_name, settings))


if __name__ == "__main__":
    main()
