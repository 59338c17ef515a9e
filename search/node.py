"""A node of a search tree, and the context a model may read of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, NoReturn

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


def read_only(name: str) -> Any:
    """An attribute that the engine alone writes, under the name with an underscore; a getter in C keeps it cheap."""

    def refuse(node: Node, value: object) -> NoReturn:
        raise AttributeError(
            f"node.{name} is read-only, given {value!r:.60}; a search writes `value`, `visits`, `total` and `capped` "
            "of a node, and grows its tree by requests such as Expand(node)"
        )

    return property(attrgetter(f"_{name}"), refuse)


class Node:
    """A state in a search tree. It holds no reward.

    `value` is the last estimate, in [0, 1]. `visits` and `total` belong to the algorithm (N and W of
    Monte Carlo tree search). `dead` is set where an expansion found no child. The place in the tree and the state
    are read-only: a search that could edit them could return an answer that nobody has played.
    """

    state: Any = read_only("state")
    observation: str = read_only("observation")
    parent: Node | None = read_only("parent")
    action: str = read_only("action")
    prior: float = read_only("prior")
    done: bool = read_only("done")
    world: Simulator[Any] = read_only("world")
    task: int = read_only("task")
    depth: int = read_only("depth")
    children: tuple[Node, ...] = read_only("children")
    estimate: Estimate | None = read_only("estimate")
    imagined: bool = read_only("imagined")  # a model wrote its observation; it has no state
    attempt: int = read_only("attempt")  # of a root: the number of roots before it
    attempts: tuple[Node, ...] = read_only("attempts")  # of the first root: the roots of later attempts

    # Defaults of the class: most nodes are leaves that never need more, and making one stays cheap.
    value: float = 0.0
    rationale: str = ""  # why the policy proposed it
    visits: int = 0
    total: float = 0.0
    num_queries: int = 0  # model queries about this node so far
    fingerprint: int = 0  # see question_digest.py; 0: not needed yet
    dead: bool = False
    capped: bool = False  # of the first root: a cap of the algorithm's own settings ended the search, not the budget
    refusal: str = ""  # the reason why a model will never answer a question about it
    memory: tuple[str, ...] = ()  # reflections on earlier attempts; part of its context
    _children: tuple[Node, ...] = ()
    _estimate: Estimate | None = None
    _imagined: bool = False
    _attempt: int = 0
    _attempts: tuple[Node, ...] = ()

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
        self._state = state
        self._observation = observation
        self._parent = parent
        self._action = action
        self._prior = prior
        self._done = done
        self._world: Simulator[Any]
        self._task: int
        self._depth: int
        if parent is not None:
            self._world, self._task, self._depth = parent._world, parent._task, parent._depth + 1
            if parent.memory:
                self.memory = parent.memory
        else:
            assert world is not None
            self._world, self._task, self._depth = world, task, 0

    @property
    def index(self) -> int:
        """The position among its siblings, from 0; 0 for a root."""
        return self.parent.children.index(self) if self.parent is not None else 0

    @property
    def ancestors(self) -> list[Node]:
        """From the root to this node, both included."""
        nodes = [self]
        while (parent := nodes[-1]._parent) is not None:
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
        root.memory, root._attempt = tuple(memory), 1 + len(self.attempts)
        self._attempts = (*self._attempts, root)
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


def add_children(node: Node, children: Iterable[Node]) -> None:
    """Append children to a node: of the engine, which has made them."""
    node._children = (*node._children, *children)


def set_estimate(node: Node, estimate: Estimate) -> None:
    """Give a node the answer of the value model: of the engine, which has asked for it."""
    node.value, node._estimate = estimate.value, estimate


def imagined_child(node: Node, observation: str, action: str, prior: float) -> Node:
    """A child with an observation by a model; for the engine. `Terminal State` is an imagined ending."""
    done = observation.rstrip(".") == TERMINAL
    child = Node(None, TERMINAL if done else observation, node, action, prior, done)
    child._imagined = True
    return child


def is_in_tree(node: Node, root: Node) -> bool:
    """Whether a path of children leads to the node from the root, or from the root of a later attempt."""
    while (parent := node._parent) is not None:
        if not any(child is node for child in parent._children):
            return False
        node = parent
    return node is root or (0 < node._attempt <= len(root._attempts) and root._attempts[node._attempt - 1] is node)


def by_value(node: Node) -> float:
    """Sort key: the value."""
    return node.value


def by_terminal_then_value(node: Node) -> tuple[bool, float]:
    """Sort key of answers: endings rank above unfinished nodes, then the value counts."""
    return node.done, node.value
