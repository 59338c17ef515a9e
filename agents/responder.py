"""Prompt requests of a search, such as reflections, answered by a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forethought.agents.models.protocol import LM, Request, Sampling, bound_of_completion, unread
from forethought.agents.prompts import Prompt
from forethought.agents.readers.action import bare_text
from forethought.search import Query, Usage
from forethought.search.estimates import Reply
from forethought.search.models import PromptRequest, is_remote


class LMResponder:
    """The model's reply, one line, to the prompt file of the request's role.

    An empty reply is a parse failure. Raises ValueError: a role without a prompt.

    Args:
        temperature: Temperature of the sampling; 0 takes the likeliest token.
        max_tokens: Most tokens of a reply.
    """

    def __init__(
        self, lm: LM, prompts: Mapping[str, Prompt], *, temperature: float = 0.7, max_tokens: int = 64
    ) -> None:
        self.lm, self.prompts, self.is_remote = lm, prompts, is_remote(lm)
        self.sampling = Sampling(temperature, max_tokens, ("\n",))

    def respond(self, requests: Sequence[PromptRequest]) -> list[Reply]:
        """The reply to each request, from one batch of the model."""
        replies = self.lm.complete([self._request(request) for request in requests])
        return [
            Reply(text, reply.usage if text else reply.usage + unread(reply), reply.refusal)
            for reply in replies
            for text in [bare_text(reply.text)]
        ]

    def _request(self, question: PromptRequest) -> Request:
        if question.role not in self.prompts:
            raise ValueError(f"no prompt puts the question {question.role!r}; there are {', '.join(self.prompts)}")
        return Request(
            self.prompts[question.role].fill(question.context, action=question.action), self.sampling, question.seed
        )

    def worst_case_usage(self, question: Query | PromptRequest) -> Usage:
        """The highest possible usage of the reply to one request."""
        assert isinstance(question, PromptRequest)
        return bound_of_completion(self.lm, self._request(question))
