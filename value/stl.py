"""Self-taught lookahead: a value model learns from what it sees one step ahead, round after round.

Mendes & Ritter 2025, arXiv:2503.02878. Each round: grow search trees with the value V_k, turn every
looked-at node into an example, train V_{k+1} from the base model. No reward is read anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, TypeVar

from forethought.common.sums import plain_sum
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.run_folder import Run, replace
from forethought.search import Node, Value
from forethought.value.collection import trees
from forethought.value.diagnostics import spearman
from forethought.value.examples import balanced, distinct, write
from forethought.value.targets import Example, target, targets

if TYPE_CHECKING:  # a trainer of tables needs no torch
    from forethought.value.trainer import Trainer

Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True)
class STL:
    """What a self-taught lookahead depends on.

    `collect[k]` are the settings of round k + 1's walks (the last entry serves all later rounds), and
    `tasks[k]` its training tasks; `examples[k]` pairs are drawn for its training. With `carry`, examples that
    saw nothing but endings are carried over to later rounds: where a rule judges endings, their targets
    are those of every round. The round kept is the one whose value agrees best with its own look ahead
    on `validation`.
    Raises ValueError: rounds, tasks or settings that make no sense; a task in training and validation.
    """

    env: str
    tasks: tuple[str, ...]
    validation: str
    collect: tuple[Mapping[str, float], ...]
    look: Mapping[str, float]
    examples: tuple[int, ...]
    rounds: int = 2
    carry: bool = True
    gamma: float = 1.0
    seed: int = 0
    nodes: int = 100_000  # a bound on each tree, not a budget to be reached

    def __post_init__(self) -> None:
        if self.rounds < 1 or not self.collect or not self.tasks or not self.examples:
            raise ValueError("self-taught lookahead needs a round, and an entry each of collect, tasks and examples")
        train = {task for text in self.tasks for task in parse_tasks(text)}
        if shared := train & set(parse_tasks(self.validation)):
            raise ValueError(
                f"tasks {sorted(shared)[:5]} are in training and in validation; a task belongs to one of them"
            )


@dataclass(frozen=True)
class Round:
    """A value, and how well it agrees with its own look ahead on validation tasks (Spearman; NaN if constant)."""

    number: int  # 0 is the untrained value
    value: Value
    agreement: float
    examples: tuple[Example, ...]


def self_taught_lookahead(
    config: STL, trainer: Trainer, folder: Path, say: Say = print, ended: Say = lambda stage: None
) -> list[Round]:
    """All rounds, the untrained value first. Every stage is kept in the folder, and goes on where it was stopped.

    `ended` is told of each stage that ends.
    """
    value = trainer.initial()
    rounds = [Round(0, value, agreement(config, value, folder / "0", say), ())]
    ended("measuring the untrained model")
    for number in range(1, config.rounds + 1):
        here = folder / str(number)
        carried = [e for e in rounds[-1].examples if config.carry and e.ends == e.seen and not e.unseen]
        examples = distinct([*carried, *collect(config, number, rounds[-1].value, here / "collect", say)])
        write(examples, here / "examples.jsonl")
        count = of_round(config.examples, number)
        say(f"round {number}: {describe(examples)}; training on {count} draws")
        pairs = balanced(examples, count, config.seed + number)
        value = trainer.fit(pairs, here / "adapter")
        rounds.append(Round(number, value, agreement(config, value, here, say), tuple(examples)))
        ended(f"round {number} of training")
    kept = best(rounds)
    replace(folder / "rounds.json", json.dumps({"agreement": [r.agreement for r in rounds], "kept": kept.number}))
    return rounds


def collect(config: STL, number: int, value: Value, folder: Path, say: Say) -> list[Example]:
    """One round's examples, from trees grown on its training tasks with the value before."""
    roots = grow(config, of_round(config.tasks, number), of_round(config.collect, number), value, folder)
    say(f"round {number}: {sum(1 for root in roots for _ in root)} states seen in {len(roots)} trees")
    return targets(roots, config.gamma)


def of_round(settings: Sequence[T], number: int) -> T:
    """The entry of a round; the last one serves all later rounds."""
    return settings[min(number, len(settings)) - 1]


def grow(config: STL, tasks: str, settings: Mapping[str, float], value: Value, folder: Path) -> list[Node]:
    """The trees of walks on tasks, from the run folder if it is there already."""
    made = Experiment(config.env, tasks, "walk", {"nodes": config.nodes}, seed=config.seed, settings=settings)
    run_ = Run(folder) if (folder / "config.toml").exists() else Run.create(folder, made.config())
    return trees(run_, value)


def agreement(config: STL, value: Value, folder: Path, say: Say) -> float:
    """How well V(s) ranks validation states as max V(s') does: Spearman within each depth, averaged over their states.

    Within depths, because a value that only knows how far the end is would agree across them. NaN if no
    depth has values to rank.
    """
    roots = grow(config, config.validation, {**config.look, "evaluate_node": 1}, value, folder / "validation")
    depths: dict[int, list[tuple[float, float]]] = {}
    for node in (node for root in roots for node in root):
        if node.estimate and (ahead := target(node)):
            depths.setdefault(node.depth, []).append((node.value, ahead.target))
    found = [(spearman(*zip(*pairs, strict=True)), len(pairs)) for pairs in depths.values()]
    ranked = [(rho, count) for rho, count in found if not isnan(rho)]
    states = sum(count for _, count in ranked)
    mean = plain_sum(rho * count for rho, count in ranked) / states if states else nan
    say(f"round {folder.name}: agrees with its own look ahead at {mean:.3f} ({states} states)")
    return mean


def best(rounds: Sequence[Round]) -> Round:
    """The trained round of best agreement; the earlier of equals. A NaN (a constant value) loses to any number."""
    return max(rounds[1:], key=lambda r: (not isnan(r.agreement), r.agreement, -r.number))


def describe(examples: Sequence[Example]) -> str:
    """The count, the mean target and the incomplete examples, in words."""
    if not examples:
        return "no examples"
    partial = sum(example.unseen > 0 for example in examples)
    mean = fmean(example.target for example in examples)
    return f"{len(examples)} distinct examples, mean target {mean:.2f}, {partial} saw only a part of their children"
