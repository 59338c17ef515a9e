"""What search itself costs, models and rules being free: microseconds an iteration, beside llm-reasoners.

    make bench-venv                                   # once: the peer, in an environment of its own
    .venv/bin/python benchmarks/search_overhead.py    # interleaved pairs, medians and ratios

The tree is one of integers: a state has 5 children, 5 s + 1 to 5 s + 5, and a value that is a hash of it.
UCT runs 1,000 iterations that each expand a leaf, which makes 5,001 nodes with the root. The peer's rollouts
are switched off, so that it too expands one leaf an iteration and backs up its value; it even steps one
child where we step five. Its trace copies all paths, so that is timed over the first 100 iterations only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

WIDTH, ITERATIONS = 5, 1000
HERE = Path(__file__).resolve()
PEER = HERE.parent.parent / ".bench-venv" / "bin" / "python"
ACTIONS = tuple(str(n) for n in range(1, WIDTH + 1))


def worth(state: int) -> float:
    return (state * 7919 % 1009) / 1009


def ours(what: str) -> float:
    """Microseconds an iteration (mcts) or an expanded node (greedy, beam)."""
    from forethought.envs import Step
    from forethought.search import Budget, Driver, Estimate, Journal, Proposal, beam, greedy, mcts

    class Integers:
        name, world, shows_reward = "integers", "", False

        def root(self, index):
            return Step(0, "")

        def instruction(self, state):
            return ""

        def actions(self, state):
            return ACTIONS

        def step(self, state, action):
            return Step(WIDTH * state + int(action), "")

        def key(self, state):
            return b"%d" % state

        def metrics(self, state):
            return {}

    class Models:
        def propose(self, queries):
            return [[Proposal(action, 0.2) for action in query.actions] for query in queries]

        def evaluate(self, queries):
            return [Estimate(worth(query.node.state)) for query in queries]

    name, tasks, journaled = what.split("/")
    searches = {
        "mcts": (lambda root: mcts(root, width=WIDTH, iterations=ITERATIONS, depth=1000), ITERATIONS),
        "greedy": (lambda root: greedy(root, width=WIDTH, depth=200), 200),
        "beam": (lambda root: beam(root, width=WIDTH, keep=5, depth=201), 1001),
    }
    algorithm, expansions = searches[name]
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl") if journaled == "on" else None
        driver = Driver(Integers(), Models(), Models(), Budget(nodes=10**9), journal=journal)
        began = time.perf_counter()
        strands = list(driver.run(range(int(tasks)), algorithm))
        spent = time.perf_counter() - began
        if journal:
            journal.close()
    assert all(s.error is None and s.spent.nodes == WIDTH * expansions for s in strands), strands[0]
    return spent / int(tasks) / expansions * 1e6


def reasoners(what: str) -> float:
    from reasoners import SearchConfig, WorldModel
    from reasoners.algorithm import MCTS

    class World(WorldModel):
        def init_state(self):
            return 0

        def step(self, state, action):
            return WIDTH * state + int(action), {}

        def is_terminal(self, state):
            return False

    class Config(SearchConfig):
        def get_actions(self, state):
            return ACTIONS

        def fast_reward(self, state, action):
            return worth(WIDTH * state + int(action)), {}

        def reward(self, state, action, **kwargs):
            return worth(WIDTH * state + int(action)), {}

    class Expanding(MCTS):
        def _simulate(self, path):
            """No rollout: one expansion an iteration."""

    traced = what.endswith("trace")
    iterations = 100 if traced else ITERATIONS
    settings = {"depth_limit": 1000, "w_exp": 1.0, "cum_reward": lambda rewards: rewards[-1]}  # a leaf's own value
    search = Expanding(n_iters=iterations, output_trace_in_each_iter=traced, **settings)
    search.world_model, search.search_config = World(), Config()
    search.output_strategy = "none"  # the choice of an answer is not timed
    began = time.perf_counter()
    search.search()
    spent = time.perf_counter() - began
    assert not traced or len(search.trace_in_each_iter) == iterations
    return spent / iterations * 1e6


def measured(python: Path | str, side: str, what: str) -> float:
    """One measurement in a fresh process, on one core."""
    words = [str(python), str(HERE), "--side", side, "--what", what]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return float(json.loads(done.stdout.splitlines()[-1]))


OURS = (
    "mcts/1/off",
    "mcts/1/on",
    "mcts/64/off",
    "mcts/64/on",
    "greedy/1/off",
    "greedy/1/on",
    "beam/1/off",
    "beam/1/on",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=7)
    options.add_argument("--peer-python", type=Path, default=PEER)
    options.add_argument("--side", choices=("ours", "reasoners"), help=argparse.SUPPRESS)
    options.add_argument("--what", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.side:
        print(json.dumps({"ours": ours, "reasoners": reasoners}[asked.side](asked.what)))
        return
    if not asked.peer_python.exists():
        sys.exit(f"no peer at {asked.peer_python}; run `make bench-venv` first")
    found: dict[str, list[float]] = {}
    for _ in range(asked.pairs):
        for what in OURS:
            found.setdefault(what, []).append(measured(sys.executable, "ours", what))
        for what in ("mcts", "mcts/trace"):
            found.setdefault(f"llm-reasoners {what}", []).append(measured(asked.peer_python, "reasoners", what))
    print(
        f"median microseconds of {asked.pairs} interleaved rounds; mcts: an expanding iteration; else: an expanded node"
    )
    for what, times in found.items():
        print(f"{what:28} {median(times):10.1f}   (from {min(times):.1f} to {max(times):.1f})")
    for what, peer in (("mcts/1/off", "mcts"), ("mcts/1/on", "mcts"), ("mcts/1/on", "mcts/trace")):
        ratios = [b / a for a, b in zip(found[what], found[f"llm-reasoners {peer}"], strict=True)]
        print(f"llm-reasoners {peer} / {what}: {median(ratios):.1f}")
    print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
