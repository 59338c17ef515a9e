"""How well rules answer: a policy and a value made of rules, with and without search, beside answering a title.

    python benchmarks/hotpotqa_rules.py [--world FOLDER] [--tasks 0:100] [--pages world|question]

Without --world a made encyclopedia of seed 7 is used. Prints exact match, F1, the share of the supporting facts whose
pages were opened, the share of empty answers, and the steps.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from forethought.agents import RulePolicy, RuleValue
from forethought.envs import TaskSimulator
from forethought.envs.family import Json
from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.synthetic.make_world import make_world
from forethought.envs.hotpotqa.world import World
from forethought.experiments.config import parse_tasks
from forethought.search import Budget
from forethought.search.engine.driver import Driver
from forethought.search.registry import algorithm

AGENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "policy alone": ("greedy", {"num_children": 1}),
    "greedy, num_children 4": ("greedy", {"num_children": 4}),
    "beam, num_children 4, beam_width 3": ("beam", {"num_children": 4, "beam_width": 3}),
    "mcts, num_children 4, exploration 0.2": ("mcts", {"num_children": 4, "exploration": 0.2}),
}
SHOWN = ("em", "f1", "fact_coverage", "empty_answer", "steps")
Metrics = dict[str, Json]


def first_titles(family: HotpotQA, task: int) -> Metrics:
    """The metrics of opening the two pages most like the question, and answering with the title of the first."""
    state, world = family.initial(task), family.library.world
    question, own = world.question(state.question)
    titles = [world.title(row) for row in world.similar(question.text, own if family.library.own else None)]
    for title in titles[:2]:
        state = family.step(state, f"search[{title}]").state
    return family.metrics(family.step(state, f"finish[{(*titles, 'unknown')[0]}]").state)


def searched(family: HotpotQA, tasks: Sequence[int], name: str, settings: dict[str, Any]) -> Iterator[Metrics]:
    driver = Driver(TaskSimulator(family), RulePolicy(family.name), RuleValue(family.name), Budget(nodes=100))
    for outcome in driver.run(tasks, algorithm(name, {**settings, "depth": family.library.max_steps})):
        if outcome.error:
            raise outcome.error
        assert outcome.answer is not None
        yield family.metrics(outcome.answer.state)


def number(metric: Json) -> float:
    return float(metric) if isinstance(metric, bool | int | float) else 0.0


def show(name: str, found: Sequence[Metrics]) -> None:
    means = [sum(number(metrics[key]) for metrics in found) / len(found) for key in SHOWN]
    print(f"{name:<32}" + "".join(f"{mean:>14.3f}" for mean in means), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path)
    parser.add_argument("--tasks", default="0:100")
    parser.add_argument("--pages", default="world", choices=("world", "question"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if given.world is None:
            given.world = Path(scratch) / "made-7"
            make_world(given.world, 2000, 7)
        family = HotpotQA(World(given.world), pages=given.pages)
        tasks = [task for task in parse_tasks(given.tasks) if task < len(family)]
        print(f"{family.world}, {len(tasks)} questions")
        print(" " * 32 + "".join(f"{key:>14}" for key in SHOWN))
        show("titles most like the question", [first_titles(family, task) for task in tasks])
        for name, (algorithm_name, settings) in AGENTS.items():
            show(name, list(searched(family, tasks, algorithm_name, settings)))


if __name__ == "__main__":
    main()
