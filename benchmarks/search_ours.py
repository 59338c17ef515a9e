"""Our side of search_overhead.py: every algorithm, on a tree of integers, with models that cost next to nothing.

A state has 5 children, 5 s + 1 to 5 s + 5, and a value that is a hash of it. To time another algorithm, give it an
entry in TIMED.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from search_peers import ACTIONS, SECONDS_TO_MICROSECONDS, WIDTH, worth

from forethought.envs import Json, Step
from forethought.search import Budget, Estimate, Proposal, Query
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal import Journal
from forethought.search.engine.scheduling import Algorithm
from forethought.search.estimates import Reply
from forethought.search.models import PromptRequest
from forethought.search.needs import PRIVILEGES
from forethought.search.registry import ALGORITHMS

REPEATS = 5  # of a single search, which takes milliseconds
NO_END = 10_000


@dataclass(frozen=True)
class Timed:
    """An algorithm's settings, chosen so that a search makes 150 to 600 nodes, and the depth where its world ends."""

    settings: Mapping[str, float]
    end: int = NO_END
    privileges: frozenset[str] = field(default_factory=frozenset)


GIVEN = frozenset(PRIVILEGES)
TIMED: dict[str, Timed] = {
    "react": Timed({"depth": 200}),  # integers of more digits would cost more than the search
    "reflexion": Timed({"attempts": 10, "depth": 50}, end=50, privileges=GIVEN),
    "greedy": Timed({"num_children": WIDTH, "depth": 100}),
    "restarts": Timed({"num_children": WIDTH, "depth": 25, "restarts": 3}),
    "best_of_n": Timed({"n": 5, "depth": 100}),
    "beam": Timed({"num_children": WIDTH, "beam_width": 5, "depth": 21}),
    "dvts": Timed({"n": 5, "num_children": WIDTH, "depth": 21}),
    "depth_first": Timed({"num_children": WIDTH, "max_expansions": 100, "depth": 1000}),
    "best_first": Timed({"num_children": WIDTH, "max_expansions": 100, "depth": 1000}),
    "mcts": Timed({"num_children": WIDTH, "num_simulations": 100, "depth": 1000}),
    "puct": Timed({"num_children": WIDTH, "num_simulations": 300, "depth": 1000}),
    "lats": Timed({"num_children": WIDTH, "num_simulations": 25, "depth": 7}, end=7, privileges=GIVEN),
    "rap": Timed({"num_children": WIDTH, "num_simulations": 10, "depth": 10, "horizon": 5}),
    "gumbel": Timed({"num_children": WIDTH, "num_simulations": 60, "depth": 1000}),
    "ab_mcts": Timed({"num_simulations": 100, "depth": 1000}),
    "look_ahead": Timed({"num_children": WIDTH, "level_width": 60, "depth": 6}),
    "walk": Timed({"num_children": WIDTH, "walks": 100, "min_depth": 1, "max_depth": 4}),
}


class Integers:
    """The world: endless, or ending at a depth, without reward."""

    name, world, shows_reward = "integers", "", False

    def __init__(self, end: int) -> None:
        self.ending = (WIDTH**end - 1) // (WIDTH - 1)  # the first integer of that depth

    def root(self, index: int) -> Step[int]:
        return Step(0, "")

    def instruction(self, state: int) -> str:
        return ""

    def actions(self, state: int) -> tuple[str, ...]:
        return ACTIONS

    def step(self, state: int, action: str) -> Step[int]:
        after = WIDTH * state + int(action)
        return Step(after, "", terminated=after >= self.ending)

    def key(self, state: int) -> bytes:
        return b"%d" % state

    def metrics(self, state: int) -> dict[str, Json]:
        return {}


class Models:
    """Policy, value and responder at once."""

    def propose(self, queries: Sequence[Query]) -> list[list[Proposal]]:
        """All actions, first those that were not tried at the node."""
        answers = []
        for query in queries:
            tried = len(query.node.children)
            actions = ACTIONS[tried:] + ACTIONS[:tried] if tried else ACTIONS
            answers.append([Proposal(action, 0.2) for action in actions])
        return answers

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        return [Estimate(worth(self.state(query))) for query in queries]

    def state(self, query: Query) -> int:
        """An imagined state is the number that was imagined."""
        state: int | None = query.node.state
        return int(query.node.observation) if state is None else state

    def respond(self, requests: Sequence[PromptRequest]) -> list[Reply]:
        return [Reply(str(request.seed)) for request in requests]


def microseconds(what: str) -> float:
    """Of one created node. `what` is NAME[@ITERATIONS]/SEARCHES AT ONCE/on or off, with or without the journal.

    A single search is timed five times, of which the median counts: the first one warms the interpreter.
    """
    name, at_once, journaled = what.split("/")
    name, _, iterations = name.partition("@")
    timed, tasks = TIMED[name], int(at_once)
    settings = {**timed.settings, **({"num_simulations": int(iterations)} if iterations else {})}
    algorithm = partial(ALGORITHMS[name], **settings)
    each = []
    for _ in range(REPEATS if tasks == 1 else 1):
        gc.collect()
        seconds, nodes = search(algorithm, timed, tasks, journaled == "on")
        each.append(seconds / nodes)
    return median(each) * SECONDS_TO_MICROSECONDS


def search(algorithm: Algorithm, timed: Timed, tasks: int, journaled: bool) -> tuple[float, int]:
    """The seconds that all searches took together, and how many nodes they made."""
    models = Models()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl") if journaled else None
        driver = Driver(
            Integers(timed.end),
            models,
            models,
            Budget(nodes=10**9),
            responder=models,
            journal=journal,
            privileges=timed.privileges,
        )
        began = time.perf_counter()
        outcomes = list(driver.run(range(tasks), algorithm))
        seconds = time.perf_counter() - began
        if journal:
            journal.close()
    assert all(outcome.error is None for outcome in outcomes), outcomes[0].error
    return seconds, sum(outcome.spent.nodes for outcome in outcomes)
