"""The requests of an algorithm to the driver. A list in one request is one batch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from forethought.search.estimates import Proposal
from forethought.search.node import Node


@dataclass(slots=True)
class Expand:
    """Make up to `num_children` children (None: all admissible). Answer: list[Node]; empty is a dead end.

    With `refused` an action that the world refuses makes a child too, of the same state, which shows the refusal.
    """

    node: Node
    num_children: int | None = None
    refused: bool = False


@dataclass(slots=True)
class ExpandAll:
    """Expand independent nodes in one batch. Answer: list[list[Node]], in the order of `nodes`."""

    nodes: Sequence[Node]
    num_children: int | None = None


@dataclass(slots=True)
class Evaluate:
    """Set `value` and `estimate` of each node. Answer: None."""

    nodes: Sequence[Node]


@dataclass(slots=True)
class Ask:
    """A question about a node; `role` names the prompt that puts it, such as "reflection". Answer: str."""

    node: Node
    role: str


@dataclass(slots=True)
class Propose:
    """The proposals of the policy, not played. Answer: list[Proposal], at most `num_children`; empty: a dead end."""

    node: Node
    num_children: int


@dataclass(slots=True)
class Imagine:
    """Make imagined children: a model writes each observation. Answer: list[Node]; no environment step."""

    node: Node
    proposals: Sequence[Proposal]


@dataclass(slots=True)
class Play:
    """Play one action in the environment, without a model. Answer: the child, or None where the action was refused."""

    node: Node
    action: str


@dataclass(slots=True)
class Reward:
    """The true reward of the path to this node: a privilege, refused unless the run grants it. Answer: float."""

    node: Node


@dataclass(slots=True)
class Offer:
    """The best answer so far, for a budget that ends here. Free. Answer: None.

    The newest offer stands, but an ending stands before an unfinished node, offered or returned.
    """

    node: Node


@dataclass(slots=True)
class Attempt:
    """Commits one attempt of an agent with several attempts. Free. Answer: None."""

    node: Node


Request: TypeAlias = "Expand | ExpandAll | Evaluate | Ask | Propose | Imagine | Play | Reward | Offer | Attempt"
# The type of an answer depends on its request, which Generator cannot say: hence the Any.
Search: TypeAlias = Generator[Request, Any, Node]
