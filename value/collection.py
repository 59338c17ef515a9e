"""Collections: the examples of trees in a folder, with a card that says how they came about."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from forethought.agents.judges import MODEL, find_judge
from forethought.common.files import replace_file
from forethought.common.json_text import read_json
from forethought.envs import Json
from forethought.experiments.config import Experiment
from forethought.experiments.execute import replay, run
from forethought.experiments.run_folder import Run, RunError
from forethought.search import Node, Query, Value
from forethought.search.engine.task_search import episode_return
from forethought.value.diagnostics import auroc
from forethought.value.examples import write
from forethought.value.targets import Example, endings_targets, target

EXAMPLES, CARD = "examples.jsonl", "card.json"
Horizon = Literal["step", "endings"]


@dataclass(frozen=True)
class Look:
    """How the states of a tree are labelled.

    Attributes:
        horizon: step: by the value of the best child (the paper's look ahead); endings: by the best ending below.
        judge: The judge of endings, see agents/judges.py.
        gamma: Discount of a step, in (0, 1].
        unknown: With the horizon endings, the label of states that were not expanded; None: they are left out.
        truth: Whether the true return is noted beside each label, for evaluation alone.
    """

    horizon: Horizon = "step"
    judge: str = MODEL
    gamma: float = 1.0
    unknown: float | None = None
    truth: bool = False

    def examples(self, root: Node, env_id: str) -> list[Example]:
        """The examples of one tree."""
        if self.horizon == "step":
            return [example for node in root if (example := target(node, self.gamma)) is not None]
        truth = true_return if self.truth else None
        return endings_targets(root, ending_value(self.judge, env_id), self.gamma, self.unknown, truth)


def ending_value(judge: str, env_id: str) -> Callable[[Node], float | None]:
    """The value of an ending by its judge; by the recorded estimate of the model where it judges its own endings."""
    found = find_judge(judge, env_id)
    if found is None:
        return lambda node: node.value if node.estimate and node.estimate.parsed else None
    return lambda node: found(Query(node, None, 0))


def true_return(node: Node) -> float:
    """The true return of an ending, cut to [0, 1]."""
    return min(max(episode_return(node)[0], 0.0), 1.0)


@dataclass(frozen=True)
class Collection:
    """Examples and their card."""

    examples: tuple[Example, ...]
    card: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write the examples, then the card: where it is, all is there."""
        folder.mkdir(parents=True, exist_ok=True)
        write(self.examples, folder / EXAMPLES)
        replace_file(folder / CARD, (json.dumps(self.card, indent=1, sort_keys=True) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Collection:
        """The collection in a folder. Raises RunError: none, or a damaged one."""
        path = folder / EXAMPLES
        try:
            card = read_json((folder / CARD).read_text(encoding="utf-8"))
            with path.open(encoding="ascii") as file:
                examples = tuple(Example.from_json(read_json(line)) for line in file)
            if not isinstance(card, dict):
                raise ValueError(f"{CARD} holds no object")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{folder} holds no collection that can be read ({type(error).__name__}: {error!s:.160}); "
                "give a folder that `forethought value collect` has written"
            ) from error
        return cls(examples, card)


def grown(run_: Run, look: Look, value: Value | None = None) -> Collection:
    """The collection of a live run; its trees are grown now, or taken from its journal as far as it goes.

    Raises RunError: trees that could not be grown.
    """
    return labelled(run_, trees(run_, value), look)


def trees(run_: Run, value: Value | None = None) -> list[Node]:
    """The roots of a live run's trees. Raises RunError: trees that could not be grown."""
    outcomes = run(run_, value=value)
    if failed := [outcome for outcome in outcomes if outcome.error]:
        raise RunError(
            f"{len(failed)} of {len(outcomes)} trees could not be grown; the first: {failed[0].error}"
        ) from failed[0].error
    return [outcome.root for outcome in outcomes]


def replayed(run_: Run, look: Look) -> Collection:
    """The collection of a finished run, from its journal alone: no model is asked."""
    return labelled(run_, [outcome.root for outcome in replay(run_)], look)


def labelled(run_: Run, roots: Sequence[Node], look: Look) -> Collection:
    """The examples of trees, and the card of their run. Raises RunError: no state has a label."""
    env_id = Experiment.of(run_.config).env
    examples = [example for root in roots for example in look.examples(root, env_id)]
    if not examples:
        raise RunError(
            f"no state of {len(roots)} trees has a label: no ending was judged; give more tasks, a larger budget, or a "
            "policy that reaches endings, such as --policy forward"
        )
    return Collection(tuple(examples), card_of(run_, roots, look, examples))


def card_of(run_: Run, roots: Iterable[Node], look: Look, examples: Sequence[Example]) -> dict[str, Any]:
    """All that the labels depend on, and counts."""
    endings = [node for root in roots for node in root if node.done and not node.imagined]
    card: dict[str, Json] = {
        "format": 1,
        "config": run_.config,
        "content": run_.manifest()["content"],
        "look": asdict(look),
        "states": len(examples),
        "tasks": len({example.task for example in examples}),
        "endings": len(endings),
        "incomplete": sum(example.unseen > 0 for example in examples),
        "mean_target": fmean(example.target for example in examples),
        "depths": dict(sorted(Counter(str(len(e.context.steps)) for e in examples).items())),
    }
    if look.truth and endings:
        judge = ending_value(look.judge, Experiment.of(run_.config).env)
        pairs = [(value, true_return(node)) for node in endings if (value := judge(node)) is not None]
        found = auroc(*zip(*pairs, strict=True)) if pairs else float("nan")
        card["judge_auroc"] = None if isnan(found) else found
    return card
