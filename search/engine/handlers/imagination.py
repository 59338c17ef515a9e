"""Propose and Imagine: a policy's actions that nobody plays, and a language model's account of their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forethought.common.seeds import seed_of
from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import (
    bills_of_proposals,
    bills_of_replies,
    check_proposals,
    check_replies,
    dump_proposals,
    dump_reply,
    load_proposals,
    load_reply,
    usage_of,
)
from forethought.search.engine.growth import note_refusal
from forethought.search.engine.handlers.expansion import check_num_children
from forethought.search.engine.handlers.handler import bounded
from forethought.search.engine.handlers.questions import AskHandler
from forethought.search.engine.question_digest import about, about_actions
from forethought.search.estimates import NO_USAGE, Proposal, Reply
from forethought.search.models import Policy, PromptRequest, Query, is_remote
from forethought.search.node import Node, add_children, imagined_child
from forethought.search.requests import Imagine, Propose

ROLE = "imagination"


class ProposeHandler:
    """Asks the policy for actions that the world does not play."""

    name, plays = "propose", False
    dump, load = staticmethod(dump_proposals), staticmethod(load_proposals)
    bills, check = staticmethod(bills_of_proposals), staticmethod(check_proposals)

    def __init__(self, policy: Policy) -> None:
        self.ask, self.is_remote, self.bounded = policy.propose, is_remote(policy), bounded(policy)

    def needs_model(self, request: Propose) -> bool:
        """Always: no proposal is free."""
        return True

    def free_answer(self, request: Propose) -> list[Proposal]:
        """Never called."""
        raise AssertionError("a policy is always asked for proposals")

    def queries(self, request: Propose, seed: int) -> tuple[list[Query], int]:
        """One query; no children."""
        check_num_children(request.num_children)
        return [Query(request.node, request.num_children, seed)], 0

    def question_digest(self, request: Propose) -> str:
        """A digest of the node and the number of proposals."""
        return about([request.node], f"1*{request.num_children}")

    def apply(self, request: Propose, answers: Sequence[Sequence[Proposal]], spent: Ledger) -> list[Proposal]:
        """The proposals, each action once, in its canonical spelling."""
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


class ImagineHandler:
    """Asks a language model for the result of each action, and grows imagined children from its replies."""

    name, plays = "imagine", False
    dump, load = staticmethod(dump_reply), staticmethod(load_reply)
    bills, check = staticmethod(bills_of_replies), staticmethod(check_replies)

    def __init__(self, asking: AskHandler) -> None:
        self.ask, self.is_remote, self.bounded = asking.ask, asking.is_remote, asking.bounded

    def needs_model(self, request: Imagine) -> bool:
        """Whether there is an action to imagine."""
        return len(request.proposals) > 0

    def free_answer(self, request: Imagine) -> list[Node]:
        """No children: there is no action."""
        return []

    def queries(self, request: Imagine, seed: int) -> tuple[list[PromptRequest], int]:
        """One prompt for each action; each can make one child."""
        node = request.node
        drawn = seed_of(seed, node.task, node.seed_path, node.num_queries, ROLE)
        asked = [PromptRequest(node.context, ROLE, drawn + k, p.action) for k, p in enumerate(request.proposals)]
        return asked, len(asked)

    def question_digest(self, request: Imagine) -> str:
        """A digest of the node and the actions."""
        actions = [proposal.action for proposal in request.proposals]
        return about_actions(request.node, str(len(actions)), actions)

    def apply(self, request: Imagine, answers: Sequence[Reply], spent: Ledger) -> list[Node]:
        """One child a reply; an empty one makes none."""
        node, children = request.node, []
        for proposal, answer in zip(request.proposals, answers, strict=True):
            if answer.usage is not NO_USAGE:
                spent.charge(ROLE, answer.usage)
            note_refusal(node, answer)
            if answer.text:
                children.append(imagined_child(node, answer.text, proposal.action, proposal.prior))
        node.num_queries += 1
        spent.nodes += len(children)
        add_children(node, children)
        node.dead = not node.children
        return children
