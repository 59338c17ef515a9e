"""The paid answers of a search that does nothing: what the policy would do, and what a model imagines comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from forethought.common.seeds import seed_of
from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import (
    bill_of_proposals,
    bill_of_reply,
    dump_proposals,
    dump_reply,
    load_proposals,
    load_reply,
    usage_of,
)
from forethought.search.engine.question_digest import about, about_actions
from forethought.search.engine.request_handlers import Asking, check_num_children, note_refusal
from forethought.search.estimates import NO_USAGE, Proposal, Reply, Usage
from forethought.search.models import Policy, PromptRequest, Query, is_remote
from forethought.search.node import TERMINAL, Node
from forethought.search.requests import Imagine, Propose

ROLE = "imagination"


class Proposing:
    name, plays = "propose", False
    dump, load = staticmethod(dump_proposals), staticmethod(load_proposals)

    def __init__(self, policy: Policy) -> None:
        self.ask, self.is_remote = policy.propose, is_remote(policy)

    def queries(self, request: Propose, seed: int) -> tuple[list[Query], int]:
        check_num_children(request.num_children)
        return [Query(request.node, request.num_children, seed)], 0

    def question_digest(self, request: Propose) -> str:
        return about([request.node], f"1*{request.num_children}")

    def bills(self, answers: Sequence[Sequence[Proposal]]) -> Iterable[Usage]:
        return list(map(bill_of_proposals, answers))

    def apply(self, request: Propose, answers: Sequence[Sequence[Proposal]], spent: Ledger) -> list[Proposal]:
        node, proposals = request.node, answers[0]
        if usage_of(proposals) is not NO_USAGE:
            spent.charge("policy", usage_of(proposals))
        node.num_queries += 1
        note_refusal(node, proposals)
        spell = Query(node, None, 0).canonical
        spelled = [replace(proposal, action=spell(proposal.action)) for proposal in proposals[: request.num_children]]
        distinct = {proposal.action: proposal for proposal in reversed(spelled)}
        node.dead = not distinct
        return [proposal for proposal in spelled if distinct.pop(proposal.action, None)]


class Imagining:
    name, plays = "imagine", False
    dump, load = staticmethod(dump_reply), staticmethod(load_reply)

    def __init__(self, asking: Asking) -> None:
        self.ask, self.is_remote = asking.ask, asking.is_remote

    def queries(self, request: Imagine, seed: int) -> tuple[list[PromptRequest], int]:
        node = request.node
        drawn = seed_of(seed, node.task, node.seed_path, node.num_queries, ROLE)
        asked = [PromptRequest(node.context, ROLE, drawn + k, p.action) for k, p in enumerate(request.proposals)]
        return asked, len(asked)

    def question_digest(self, request: Imagine) -> str:
        actions = [proposal.action for proposal in request.proposals]
        return about_actions(request.node, str(len(actions)), actions)

    def bills(self, answers: Sequence[Reply]) -> Iterable[Usage]:
        return list(map(bill_of_reply, answers))

    def apply(self, request: Imagine, answers: Sequence[Reply], spent: Ledger) -> list[Node]:
        """One child a reply; an empty one makes none. `Terminal State` is an imagined ending."""
        node, children = request.node, []
        for proposal, answer in zip(request.proposals, answers, strict=True):
            if answer.usage is not NO_USAGE:
                spent.charge(ROLE, answer.usage)
            note_refusal(node, answer)
            if answer.text:
                done = answer.text.rstrip(".") == TERMINAL
                child = Node(None, TERMINAL if done else answer.text, node, proposal.action, proposal.prior, done)
                child.imagined = True
                children.append(child)
        node.num_queries += 1
        spent.nodes += len(children)
        node.children = [*node.children, *children]
        node.dead = not node.children
        return children
