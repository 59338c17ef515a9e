"""The kinds of paid answer: how each is asked for, journaled, and applied.

`apply` is the one function that uses an answer, be it live or replayed from the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from forethought.common.seeds import seed_of
from forethought.envs.simulator import speller
from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import (
    bill_of_estimate,
    bill_of_proposals,
    bill_of_reply,
    dump_estimate,
    dump_proposals,
    dump_reply,
    load_estimate,
    load_proposals,
    load_reply,
    usage_of,
)
from forethought.search.engine.question_digest import about
from forethought.search.estimates import NO_USAGE, Estimate, Proposal, Reply, Usage
from forethought.search.models import Bounded, Policy, PromptRequest, Query, Responder, Value, is_remote
from forethought.search.node import Node, visible
from forethought.search.requests import Ask, Evaluate, Expand, ExpandAll, Play

REFUSED = "Invalid action!"  # as ReAct's notebooks say it
Q = TypeVar("Q", Query, PromptRequest)  # what the model is asked
A = TypeVar("A")  # what it answers to one query


class RequestHandler(Protocol[Q, A]):
    """One kind of request. A request makes one or more queries; its answer has one part for each."""

    name: str
    is_remote: bool  # for a machine elsewhere: its model may be asked from several threads at once
    plays: bool  # its children are made by steps of the world, one each

    def queries(self, request: Any, seed: int) -> tuple[list[Q], int]:
        """The queries of a request, and how many children they can make at the most."""

    def ask(self, queries: Sequence[Q]) -> Sequence[A]: ...
    def question_digest(self, request: Any) -> str:
        """A digest of the question: see question_digest.py."""

    def bills(self, answers: Sequence[A]) -> Iterable[Usage]:
        """What each of the fresh answers cost, be they good or not. Raises TypeError: one is no answer at all."""

    def dump(self, answer: A) -> Any: ...
    def load(self, data: Any) -> A: ...
    def apply(self, request: Any, answers: Sequence[A], spent: Ledger) -> Any:
        """Use the answers; return what the search is sent."""


class Bounds(Generic[Q]):
    """What queries can cost at the worst."""

    def __init__(self, model: object) -> None:
        self.model = model if isinstance(model, Bounded) else None

    def __call__(self, queries: Sequence[Q]) -> Usage:
        return NO_USAGE if self.model is None else total(map(self.model.worst_case_usage, queries))


def total(usages: Iterable[Usage]) -> Usage:
    costly = [usage for usage in usages if usage is not NO_USAGE]
    return sum(costly, NO_USAGE) if costly else NO_USAGE


class Expanding:
    name, plays = "expand", True
    dump, load = staticmethod(dump_proposals), staticmethod(load_proposals)

    def __init__(self, policy: Policy) -> None:
        self.ask, self.is_remote = policy.propose, is_remote(policy)

    def queries(self, request: Expand | ExpandAll, seed: int) -> tuple[list[Query], int]:
        nodes, num_children = open_nodes(request), request.num_children
        if num_children is not None:
            check_num_children(num_children)
            return [Query(node, num_children, seed) for node in nodes], num_children * len(nodes)
        offered = [node.world.actions(node.state) for node in nodes]
        return [Query(n, len(acts), seed, acts) for n, acts in zip(nodes, offered, strict=True)], sum(map(len, offered))

    def question_digest(self, request: Expand | ExpandAll) -> str:
        nodes, num_children = open_nodes(request), "all" if request.num_children is None else request.num_children
        shown = type(request) is Expand and request.refused
        return about(nodes, f"{len(nodes)}*{num_children}{', refusals shown' if shown else ''}")

    def bills(self, answers: Sequence[Sequence[Proposal]]) -> Iterable[Usage]:
        return list(map(bill_of_proposals, answers))

    def apply(self, request: Expand | ExpandAll, answers: Sequence[Sequence[Proposal]], spent: Ledger) -> Any:
        if type(request) is Expand:
            return grow(request.node, request.num_children, answers[0], spent, request.refused)
        nodes = request.nodes  # type: ignore[union-attr]  # Expand was returned above
        closed = [shut(node) for node in nodes]
        opened = open_nodes(request)
        grown = iter([grow(n, request.num_children, answer, spent) for n, answer in zip(opened, answers, strict=True)])
        return [[] if dead_end else next(grown) for dead_end in closed]


def shut(node: Node) -> bool:
    """Whether a model has refused to say anything about this node for good: a dead end, which nobody is asked about."""
    return node.dead and node.refusal != ""


def open_nodes(request: Expand | ExpandAll) -> list[Node]:
    """The nodes to be expanded."""
    if type(request) is Expand:
        return [request.node]
    return [node for node in request.nodes if not shut(node)]  # type: ignore[union-attr]  # the other kind


def check_num_children(num_children: int) -> None:
    """Raises ValueError: no number of children."""
    if type(num_children) is not int or num_children < 0:
        raise ValueError(
            f"a search expands with num_children={num_children!r}; expected an integer of 0 or more, or None"
        )


def grow(
    node: Node, num_children: int | None, proposals: Sequence[Proposal], spent: Ledger, refused: bool = False
) -> list[Node]:
    """The children that the proposals make. Repeated ones, in whatever spelling, make none.

    Illegal ones are counted, and make one only where the family counts them as steps, or the search asked for the
    `refused` ones: an agent then sees the refusal.
    """
    world, children = node.world, []
    if (usage := usage_of(proposals)) is not NO_USAGE:
        spent.charge("policy", usage)
    node.num_queries += 1
    note_refusal(node, proposals)
    num_children = len(world.actions(node.state)) if num_children is None else num_children
    tried, spell = {child.action for child in node.children if not child.imagined}, speller(world)
    for proposal in proposals[:num_children]:
        action = spell(node.state, proposal.action)
        if action in tried:
            continue
        tried.add(action)
        step = world.step(node.state, action)
        seen = visible(step, world)
        spent.env_steps += 1
        spent.replayed_steps += step.replayed
        if step.illegal is not None:
            spent.illegal_actions += 1
            if not (step.counted or refused):
                continue
            if not step.counted:
                seen = f"{REFUSED} {seen or node.observation}"
        child = Node(step.state, seen, node, action, proposal.prior, step.terminated)
        if proposal.rationale:
            child.rationale = proposal.rationale
        children.append(child)
    spent.nodes += len(children)
    node.children = [*node.children, *children]
    node.dead = not node.children
    return children


def note_refusal(node: Node, answer: Sequence[Proposal] | Estimate | Reply) -> None:
    """Keep the reason why a model will never answer a question about this node."""
    if refusal := getattr(answer, "refusal", ""):
        node.refusal = refusal


def play(request: Play, spent: Ledger) -> Node | None:
    """The child that an action makes, whoever chose it; None where the world refuses it."""
    children = grow(request.node, 1, [Proposal(request.action)], spent)
    return children[0] if children else None


class Evaluating:
    name, plays = "evaluate", False
    dump, load = staticmethod(dump_estimate), staticmethod(load_estimate)

    def __init__(self, value: Value) -> None:
        self.ask, self.is_remote = value.evaluate, is_remote(value)

    def queries(self, request: Evaluate, seed: int) -> tuple[list[Query], int]:
        return [Query(node, None, seed) for node in request.nodes], 0

    def question_digest(self, request: Evaluate) -> str:
        return about(request.nodes, str(len(request.nodes)))

    def bills(self, answers: Sequence[Estimate]) -> Iterable[Usage]:
        return list(map(bill_of_estimate, answers))

    def apply(self, request: Evaluate, answers: Sequence[Estimate], spent: Ledger) -> None:
        for node, estimate in zip(request.nodes, answers, strict=True):
            if estimate.usage is not NO_USAGE:
                spent.charge("judge" if node.done else "value", estimate.usage)
            node.value, node.estimate = estimate.value, estimate
            if estimate.refusal:
                note_refusal(node, estimate)
                node.dead = not (node.done or node.children)
            node.num_queries += 1
        spent.evaluations += len(answers)


class Asking:
    name, plays = "ask", False
    dump, load = staticmethod(dump_reply), staticmethod(load_reply)

    def __init__(self, responder: Responder | None) -> None:
        self.responder, self.is_remote = responder, is_remote(responder)

    def queries(self, request: Ask, seed: int) -> tuple[list[PromptRequest], int]:
        node = request.node
        drawn = seed_of(seed, node.task, node.seed_path, node.num_queries, "ask")
        return [PromptRequest(node.context, request.role, drawn)], 0

    def ask(self, queries: Sequence[PromptRequest]) -> Sequence[Reply]:
        if self.responder is None:
            raise RuntimeError(
                "this search asks questions of its own, and the run has no model to answer them; give a responder"
            )
        return self.responder.respond(queries)

    def question_digest(self, request: Ask) -> str:
        return about([request.node], request.role)

    def bills(self, answers: Sequence[Reply]) -> Iterable[Usage]:
        return list(map(bill_of_reply, answers))

    def apply(self, request: Ask, answers: Sequence[Reply], spent: Ledger) -> str:
        request.node.num_queries += 1
        if answers[0].usage is not NO_USAGE:
            spent.charge(request.role, answers[0].usage)
        note_refusal(request.node, answers[0])
        return answers[0].text
