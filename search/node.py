"""A node of a search tree, and the context a model may read of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from forethought.envs import Simulator, Step
from forethought.search.estimates import Estimate

TERMINAL = "Terminal State"  # stands for a last observation that would show a reward


def visible(step: Step[Any], world: Simulator[Any]) -> str:
    """The text of a step for models: its observation, or TERMINAL in the place of one that would show a reward."""
    return TERMINAL if step.terminated and world.shows_reward else step.observation


class Context(NamedTuple):
    """All that a model ever reads: the instruction, the opening text, the steps so far, and earlier reflections."""

    instruction: str
    opening: str
    steps: tuple[tuple[str, str], ...]  # (action, observation), oldest first
    memory: tuple[str, ...] = ()

    @property
    def observation(self) -> str:
        """The newest text."""
        return self.steps[-1][1] if self.steps else self.opening


class Node:
    """A state in a search tree. It holds no reward.

    `value` is the last estimate, in [0, 1]. `visits` and `total` belong to the algorithm (N and W of
    Monte Carlo tree search). `dead` is set where an expansion found no child.
    """

    # Defaults of the class: most nodes are leaves that never need more, and making one stays cheap.
    children: Sequence[Node] = ()
    value: float = 0.0
    estimate: Estimate | None = None
    rationale: str = ""  # why the policy proposed it
    visits: int = 0
    total: float = 0.0
    num_queries: int = 0  # model queries about this node so far
    fingerprint: int = 0  # see question_digest.py; 0: not needed yet
    dead: bool = False
    capped: bool = False  # of the first root: a cap of the algorithm's own settings ended the search, not the budget
    refusal: str = ""  # why a model will never answer a question about it, such as a prompt beyond its context
    imagined: bool = False  # a model wrote its observation; it has no state
    memory: tuple[str, ...] = ()  # reflections on earlier attempts; part of its context
    attempt: int = 0  # of a root: the number of roots before it
    attempts: Sequence[Node] = ()  # of the first root: the roots of later attempts

    def __init__(
        self,
        state: Any,
        observation: str,
        parent: Node | None = None,
        action: str = "",
        prior: float = 1.0,
        done: bool = False,
        world: Simulator[Any] | None = None,
        task: int = 0,
    ) -> None:
        self.state = state
        self.observation = observation
        self.parent = parent
        self.action = action
        self.prior = prior
        self.done = done
        self.world: Simulator[Any]
        self.task: int
        self.depth: int
        if parent is not None:
            self.world, self.task, self.depth = parent.world, parent.task, parent.depth + 1
            if parent.memory:
                self.memory = parent.memory
        else:
            assert world is not None
            self.world, self.task, self.depth = world, task, 0

    @property
    def index(self) -> int:
        """The position among its siblings, from 0; 0 for a root."""
        return self.parent.children.index(self) if self.parent is not None else 0

    @property
    def ancestors(self) -> list[Node]:
        """From the root to this node, both included."""
        nodes = [self]
        while (parent := nodes[-1].parent) is not None:
            nodes.append(parent)
        return nodes[::-1]

    @property
    def path(self) -> list[int]:
        """The index of the child at each level, from the root to this node."""
        return [node.index for node in self.ancestors[1:]]

    @property
    def seed_path(self) -> list[int]:
        """The path of indices, for seeds; behind the negative number of the attempt if it is not the first."""
        attempt = self.ancestors[0].attempt
        return [-attempt, *self.path] if attempt else self.path

    def new_attempt(self, memory: Sequence[str]) -> Node:
        """Another root with the state of this first root, for an attempt; its contexts begin with `memory`."""
        assert self.parent is None, "an attempt begins at a root"
        assert not self.attempt, "attempts are counted at the first root"
        root = Node(self.state, self.observation, world=self.world, task=self.task, done=self.done)
        root.memory, root.attempt = tuple(memory), 1 + len(self.attempts)
        self.attempts = [*self.attempts, root]
        return root

    def set_memory(self, memory: Sequence[str]) -> None:
        """Replace the memory of this node and of all nodes below it."""
        for node in self:
            node.memory = tuple(memory)

    @property
    def actions(self) -> list[str]:
        """The actions from the root to this node."""
        return [node.action for node in self.ancestors[1:]]

    @property
    def context(self) -> Context:
        """All that a model may read of this node: instruction, opening text, steps, memory."""
        root, *rest = self.ancestors
        steps = tuple((node.action, node.observation) for node in rest)
        return Context(self.world.instruction(root.state), root.observation, steps, self.memory)

    def __iter__(self) -> Iterator[Node]:
        """This node and all of its descendants, parents first, in the order of their making."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def __repr__(self) -> str:
        seen, children = self.observation[:60], len(self.children)
        return f"Node({seen!r}, depth={self.depth}, value={self.value:.3f}, children={children})"


def by_value(node: Node) -> float:
    """Sort key: the value."""
    return node.value


def by_terminal_then_value(node: Node) -> tuple[bool, float]:
    """Sort key of answers: endings rank above unfinished nodes, then the value counts."""
    return node.done, node.value
