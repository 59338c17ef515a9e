"""The bounds of requests to a server, its bills, and the tokens that its template adds, learnt from them.

Budgets reserve a bound before a request is sent. A server that adds more tokens to a prompt than its allowance raises
the allowance: requests with an earlier bound are then not sent, and the asker reserves anew.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from reprlib import repr as shown  # short, however long the value is
from typing import Any

from forethought.agents.models.server.parameters import MOST_TEMPLATE, RequestParameters, template_of
from forethought.agents.models.server.responses import SPARE, TOKEN_LENGTH, counts_of
from forethought.search import Usage

LOG = logging.getLogger(__name__)
PLAIN_TOKENS = 4  # that a server may put around a plain prompt: its beginning
CHAT_TOKENS = 128  # that a chat template may put around a message: roles, and the system prompt some bring along
OVERSHOOT = 3  # tokens beyond max_tokens with which llama.cpp ends a character that it has begun
MOST_PROMISES = 10_000  # bounds that are remembered


class Bills:
    """The bounds and bills of one server. `parameters` keeps a raised allowance."""

    def __init__(self, name: str, chat: bool, parameters: RequestParameters) -> None:
        self.name, self.parameters = name, parameters
        self.default = CHAT_TOKENS if chat else PLAIN_TOKENS
        self.fixed = parameters.template is not None  # by an option
        self.assumed = 0  # replies billed at their bound
        self._promised = OrderedDict[str, int]()  # requests, with the allowance that their bound was told by

    @property
    def allowance(self) -> int:
        """Tokens that the server may add to a prompt."""
        return self.default if self.parameters.template is None else self.parameters.template

    def bound(self, prompt: str, max_tokens: int) -> Usage:
        """The highest possible usage of a prompt with so many tokens to write."""
        return Usage(1, length_of(prompt) + self.allowance, 0, max_tokens + OVERSHOOT)

    def promise(self, key: str) -> None:
        """Note that a bound was told for a request."""
        if self.fixed:
            return
        self._promised[key] = self.allowance
        if len(self._promised) > MOST_PROMISES:
            self._promised.popitem(last=False)

    def is_promised(self, key: str) -> bool:
        """Whether a budget was told the bound of this request."""
        return key in self._promised

    def is_broken(self, key: str) -> bool:
        """Whether the bound of a request has risen since a budget was told it."""
        return self._promised.get(key, self.allowance) < self.allowance

    def settle(self, keys: Sequence[str]) -> None:
        """Forget the bounds of finished requests."""
        for key in keys:
            self._promised.pop(key, None)

    def of(self, reply: dict[str, Any], prompt: str, max_tokens: int, length: int) -> Usage:
        """The bill of a reply of so many characters: its own counts, or its bound where they cannot be true."""
        bound, told = self.bound(prompt, max_tokens), counts_of(reply)
        if told is None or (length and not told.completion):
            return self.assume(bound, reply.get("usage"))
        if (prompt and not told.prompt) or len(prompt) > TOKEN_LENGTH * (told.prompt + SPARE):
            return self.assume(bound, reply.get("usage"))
        if told.completion > bound.completion or length > TOKEN_LENGTH * (told.completion + SPARE):
            return self.assume(bound, reply.get("usage"))
        if told.prompt > bound.prompt and not self._raise_to(told.prompt, length_of(prompt)):
            return self.assume(bound, reply.get("usage"))
        return told

    def _raise_to(self, count: int, length: int) -> bool:
        """Learn the allowance from the count of a prompt; False where it cannot be a template."""
        template = template_of(count)
        if self.fixed or count - length > MOST_TEMPLATE or template > 2 * MOST_TEMPLATE:
            return False
        self.parameters.template = template
        LOG.warning(
            "%s counts %d tokens for a prompt of %d bytes: its template adds some, and %d are allowed for from now on; "
            "to reserve fewer, tell them with --model-option template_tokens=N",
            *(self.name, count, length, template),
        )
        self.parameters.tell()
        return True

    def assume(self, bound: Usage, told: Any) -> Usage:
        """The bound, as a bill."""
        if not self.assumed:
            if told is None:
                LOG.warning("%s sends no counts of tokens; its replies are billed at their upper bound", self.name)
            else:
                hint = "; if its template adds more tokens, use --model-option template_tokens=N" * self.fixed
                LOG.warning(
                    "%s sends counts of tokens that cannot be true (%s); their replies are billed at the upper bound%s",
                    *(self.name, ascii(shown(told)), hint),
                )
        self.assumed += 1
        return replace(bound, assumed=1)


def length_of(text: str) -> int:
    """The bytes of a text: at least as many as its tokens."""
    return len(text.encode("utf-8", "replace"))
