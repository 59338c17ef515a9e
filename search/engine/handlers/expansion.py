"""Expand and ExpandAll: the policy proposes actions, the world plays them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import (
    bills_of_proposals,
    check_proposals,
    dump_proposals,
    load_proposals,
)
from forethought.search.engine.growth import grow, is_shut
from forethought.search.engine.handlers.handler import bounded
from forethought.search.engine.question_digest import about
from forethought.search.estimates import Proposal
from forethought.search.models import Policy, Query, is_remote
from forethought.search.node import Node
from forethought.search.requests import Expand, ExpandAll


class ExpandHandler:
    """Asks the policy for actions, and grows the children that they make."""

    name, plays = "expand", True
    dump, load = staticmethod(dump_proposals), staticmethod(load_proposals)
    bills, check = staticmethod(bills_of_proposals), staticmethod(check_proposals)

    def __init__(self, policy: Policy) -> None:
        self.ask, self.is_remote, self.bounded = policy.propose, is_remote(policy), bounded(policy)

    def needs_model(self, request: Expand | ExpandAll) -> bool:
        """Whether a node is no dead end by a refusal."""
        if type(request) is Expand:
            return not is_shut(request.node)
        return not all(map(is_shut, nodes_of(request)))

    def free_answer(self, request: Expand | ExpandAll) -> Any:
        """No children, for one node or for each."""
        return [] if type(request) is Expand else [[] for _ in nodes_of(request)]

    def queries(self, request: Expand | ExpandAll, seed: int) -> tuple[list[Query], int]:
        """One query for each open node, and the number of children that they allow together."""
        nodes, num_children = open_nodes(request), request.num_children
        if num_children is not None:
            check_num_children(num_children)
            return [Query(node, num_children, seed) for node in nodes], num_children * len(nodes)
        offered = [node.world.actions(node.state) for node in nodes]
        queries = [Query(node, len(actions), seed, actions) for node, actions in zip(nodes, offered, strict=True)]
        return queries, sum(map(len, offered))

    def question_digest(self, request: Expand | ExpandAll) -> str:
        """A digest of the open nodes, the number of children, and whether refused actions make children."""
        nodes, num_children = open_nodes(request), "all" if request.num_children is None else request.num_children
        shown = type(request) is Expand and request.refused
        return about(nodes, f"{len(nodes)}*{num_children}{', refusals shown' if shown else ''}")

    def apply(self, request: Expand | ExpandAll, answers: Sequence[Sequence[Proposal]], spent: Ledger) -> Any:
        """Grow the children; returns a list for one node, or a list for each node."""
        if type(request) is Expand:
            return grow(request.node, request.num_children, answers[0], spent, request.refused)
        closed = [is_shut(node) for node in nodes_of(request)]
        opened = open_nodes(request)
        grown = iter([grow(n, request.num_children, answer, spent) for n, answer in zip(opened, answers, strict=True)])
        return [[] if dead_end else next(grown) for dead_end in closed]


def nodes_of(request: Expand | ExpandAll) -> Sequence[Node]:
    """All nodes of the request."""
    return [request.node] if isinstance(request, Expand) else request.nodes


def open_nodes(request: Expand | ExpandAll) -> Sequence[Node]:
    """The nodes to expand: all but dead ends by a refusal."""
    if isinstance(request, Expand):
        return [request.node]
    return [node for node in request.nodes if not is_shut(node)]


def check_num_children(num_children: int) -> None:
    """Raises ValueError: no number of children."""
    if type(num_children) is not int or num_children < 0:
        raise ValueError(
            f"a search expands with num_children={num_children!r}; expected an integer of 0 or more, or None"
        )
