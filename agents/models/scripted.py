"""A language model with the replies of a test."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from forethought.agents.models.protocol import Completion, HeadValue, Request, ScoreRequest, Scores
from forethought.agents.readers.reply import is_ended, read_reply
from forethought.search import Usage


class Scripted:
    """Replies from a queue, or from a function of the request; `prompts` keeps the prompts of all requests.

    A queue is answered in the order of the calls; a function of (prompt, seed) answers alike at any concurrency. Tokens
    are words. Raises IndexError: more requests than replies in the queue.
    """

    name = "scripted"
    content = "scripted"

    def __init__(
        self,
        replies: Iterable[str] | Callable[[Request], str] = (),
        scores: Mapping[str, float] | Callable[[ScoreRequest], Sequence[float]] | None = None,
    ) -> None:
        self._reply = replies if callable(replies) else None
        self._queue = deque() if callable(replies) else deque(replies)
        self._scores = scores if scores is not None else {}
        self.prompts: list[str] = []

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The scripted completion of each request."""
        return [self._complete(request) for request in requests]

    def _complete(self, request: Request) -> Completion:
        self.prompts.append(request.prompt)
        if self._reply is None and not self._queue:
            raise IndexError(f"no scripted reply is left for the prompt {request.prompt[-80:]!r}")
        text = self._reply(request) if self._reply else self._queue.popleft()
        words, most, stops = text.split(" "), request.sampling.max_tokens, request.sampling.stop
        written = " ".join(words[:most])
        reply = read_reply(written, stops)
        count = len(" ".join(filter(None, reply)).split(" "))
        usage = Usage(1, self.count(request.prompt), 0, min(count, most))
        return Completion(reply.text, usage, reply.rationale, len(words) > most and not is_ended(written, stops))

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """The scripted log-probabilities of each request."""
        return [self._score(request) for request in requests]

    def _score(self, request: ScoreRequest) -> Scores:
        self.prompts.append(request.prompt)
        if callable(self._scores):
            found = tuple(self._scores(request))
        else:
            found = tuple(self._scores.get(text, -20.0) for text in request.continuations)
        return Scores(found, Usage(1, self.count(request.prompt)))

    head_prompt: str | None = None

    def head_values(self, prompts: Sequence[str]) -> list[HeadValue]:
        """The scripted score of "value" for each prompt, 0.5 where none is scripted."""
        self.prompts += prompts
        scores = {} if callable(self._scores) else self._scores
        return [HeadValue(scores.get("value", 0.5), Usage(1, self.count(prompt))) for prompt in prompts]

    def count(self, text: str) -> int:
        """The number of words."""
        return len(text.split())
