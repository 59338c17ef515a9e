"""Ask: a language model answers a question about a node in words."""

from __future__ import annotations

from collections.abc import Sequence

from forethought.common.seeds import seed_of
from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import bills_of_replies, check_replies, dump_reply, load_reply
from forethought.search.engine.growth import note_refusal
from forethought.search.engine.handlers.handler import bounded
from forethought.search.engine.privileges import require
from forethought.search.engine.question_digest import about
from forethought.search.estimates import NO_USAGE, Reply
from forethought.search.models import PromptRequest, Responder, is_remote
from forethought.search.needs import PRIVILEGES
from forethought.search.requests import Ask


class AskHandler:
    """Sends a prompt about one node to the responder."""

    name, plays = "ask", False
    dump, load = staticmethod(dump_reply), staticmethod(load_reply)
    bills, check = staticmethod(bills_of_replies), staticmethod(check_replies)

    def __init__(self, responder: Responder | None, granted: frozenset[str] = frozenset()) -> None:
        """`granted` are the privileges of the run: a role of the name of a privilege needs it."""
        self.responder, self.granted = responder, granted
        self.is_remote, self.bounded = is_remote(responder), bounded(responder)

    def needs_model(self, request: Ask) -> bool:
        """Always. Raises PrivilegeError: the role is a privilege that the run does not grant."""
        if request.role in PRIVILEGES:
            require(request.role, self.granted)
        return True

    def free_answer(self, request: Ask) -> str:
        """Never called."""
        raise AssertionError("a question always needs a model")

    def queries(self, request: Ask, seed: int) -> tuple[list[PromptRequest], int]:
        """One prompt; no children."""
        node = request.node
        drawn = seed_of(seed, node.task, node.seed_path, node.num_queries, "ask")
        return [PromptRequest(node.context, request.role, drawn)], 0

    def ask(self, queries: Sequence[PromptRequest]) -> Sequence[Reply]:
        """The replies of the responder. Raises RuntimeError: the run has none."""
        if self.responder is None:
            raise RuntimeError(
                "this search asks questions of its own, and the run has no model to answer them; give a responder"
            )
        return self.responder.respond(queries)

    def question_digest(self, request: Ask) -> str:
        """A digest of the node and the role."""
        return about([request.node], request.role)

    def apply(self, request: Ask, answers: Sequence[Reply], spent: Ledger) -> str:
        """The text of the reply; its usage is billed to the role."""
        request.node.num_queries += 1
        if answers[0].usage is not NO_USAGE:
            spent.charge(request.role, answers[0].usage)
        note_refusal(request.node, answers[0])
        return answers[0].text
