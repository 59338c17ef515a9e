"""Evaluate: the value model judges nodes."""

from __future__ import annotations

from collections.abc import Sequence

from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import bills_of_estimates, check_estimates, dump_estimate, load_estimate
from forethought.search.engine.growth import note_refusal
from forethought.search.engine.handlers.handler import bounded
from forethought.search.engine.question_digest import about
from forethought.search.estimates import NO_USAGE, Estimate
from forethought.search.models import Query, Value, is_remote
from forethought.search.node import set_estimate
from forethought.search.requests import Evaluate


class EvaluateHandler:
    """Sends nodes to the value model, and keeps its estimates on them."""

    name, plays = "evaluate", False
    dump, load = staticmethod(dump_estimate), staticmethod(load_estimate)
    bills, check = staticmethod(bills_of_estimates), staticmethod(check_estimates)

    def __init__(self, value: Value) -> None:
        self.ask, self.is_remote, self.bounded = value.evaluate, is_remote(value), bounded(value)

    def needs_model(self, request: Evaluate) -> bool:
        """Whether there is a node to judge."""
        return len(request.nodes) > 0

    def free_answer(self, request: Evaluate) -> None:
        """No answer: there is no node."""
        return None

    def queries(self, request: Evaluate, seed: int) -> tuple[list[Query], int]:
        """One query for each node; no children."""
        return [Query(node, None, seed) for node in request.nodes], 0

    def question_digest(self, request: Evaluate) -> str:
        """A digest of the nodes and their number."""
        return about(request.nodes, str(len(request.nodes)))

    def apply(self, request: Evaluate, answers: Sequence[Estimate], spent: Ledger) -> None:
        """Keep each estimate on its node; the judge of endings has a role of its own in the ledger."""
        for node, estimate in zip(request.nodes, answers, strict=True):
            if estimate.usage is not NO_USAGE:
                spent.charge("judge" if node.done else "value", estimate.usage)
            set_estimate(node, estimate)
            if estimate.refusal:
                note_refusal(node, estimate)
                node.dead = not (node.done or node.children)
            node.num_queries += 1
        spent.evaluations += len(answers)
