"""A search, a policy, a value, a model and an environment of a user's own; the tests copy it into a folder."""

import random

import gymnasium as gym

from forethought.envs import Unicode, is_template
from forethought.search import Estimate, Evaluate, Expand, Offer, Proposal


def climb(root, *, num_children: int = 3, restarts: int = 3, greedy: bool = True):
    """Descend to the best child, several times, each time from another child of the root.

    Args:
        num_children: children of a state.
        restarts: descents.
        greedy: go to the best child below the root; else to the last one.
    """
    best = root
    for number in range(restarts):
        node = root
        while not node.done:
            children = node.children or (yield Expand(node, num_children))
            if not children:
                break
            yield Evaluate([child for child in children if child.value is None])
            ranked = sorted(children, key=lambda child: child.value, reverse=True)
            node = ranked[min(number, len(ranked) - 1)] if node is root else ranked[0 if greedy else -1]
        if not best.done or (node.done and node.value > best.value):
            best = node
            yield Offer(best)
    return best


class Shuffled:
    """The admissible actions in random order, blanks filled with one word."""

    def __init__(self, *, word: str = "shirt"):
        self.word = word

    def propose(self, queries):
        return [self._propose(query) for query in queries]

    def _propose(self, query):
        actions = [a.split("[")[0] + f"[{self.word}]" if is_template(a) else a for a in query.actions]
        random.Random(query.seed).shuffle(actions)
        return [Proposal(action, 1 / len(actions)) for action in actions[: query.num_children]]


class Brevity:
    """A shorter observation is worth more."""

    def evaluate(self, queries):
        return [Estimate(1 / (1 + len(query.context.observation))) for query in queries]


class Count(gym.Env):
    """Reach 3 by steps of 1."""

    def __init__(self):
        self.observation_space = self.action_space = Unicode()

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.number = 0
        return "0", {"actions": ("up", "stay")}

    def step(self, action):
        self.number += action == "up"
        ended = self.number == 3
        return str(self.number), float(ended), ended, False, {"actions": ("up", "stay")}


gym.register("Count-v0", Count, max_episode_steps=6)
