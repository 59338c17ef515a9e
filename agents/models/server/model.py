"""A language model behind an OpenAI-compatible endpoint: vLLM, llama.cpp, transformers serve, or a hosted one."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import logging
import threading
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from forethought.agents.models.local.adapter_hash import content_of_adapter
from forethought.agents.models.protocol import Completion, Request, Sampling, ScoreRequest, Scores
from forethought.agents.models.recorded import digest
from forethought.agents.models.server.address import Address, key_of
from forethought.agents.models.server.billing import Bills, length_of
from forethought.agents.models.server.connection import Connection
from forethought.agents.models.server.equal_samples import Samples
from forethought.agents.models.server.error_words import REFUSALS
from forethought.agents.models.server.failures import Failure, with_retries
from forethought.agents.models.server.parameters import TOP, RequestParameters
from forethought.agents.models.server.responses import (
    counts_of,
    is_same_with_stops,
    is_stopped,
    most_of,
    read,
    top_of,
    written,
)
from forethought.agents.models.server.top_logprobs import asks_of, score_from_top_logprobs
from forethought.agents.models.server.unclaimed import UnclaimedReplies
from forethought.common.random import Generator
from forethought.common.retry import RetryPolicy
from forethought.common.seeds import seed_of
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE

LOG = logging.getLogger(__name__)
LESSONS = 8  # times that one request is asked in another way
REPLY_LENGTH = 1 << 20  # bytes of a reply beside its texts

Q = TypeVar("Q", Request, ScoreRequest)
A = TypeVar("A", Completion, Scores)


class Server:
    """Sends up to `concurrency` requests at a time, and repeats each one while its fault may pass (see RetryPolicy).

    Several threads may use it at once (`is_remote` tells the driver so): the limit is one for all.

    Replies come in the order of the requests. If one request fails for good, the call raises ServerError, but the other
    requests are finished, and their replies are kept: each for the next equal request (prompt, sampling and seed), and
    handed out once. So a driver that repeats a batch task by task pays for no reply twice. The failed requests fail at
    once in a smaller call, without another wait for a server that is down; a call of the same size sends them anew. A
    caller that does not repeat takes the unbilled usage from the error, and the kept replies are forgotten.

    Bills are the server's own counts, one call for each reply; `attempts` counts all attempts. A reply without counts,
    or with counts that cannot be true, is billed at its bound, and counted in `assumed` of its usage. The tokens of a
    template are learnt from bills (see billing.py): the first request with a reserved bound is sent alone, and if the
    bound was too low, BoundRaised is raised before another request is sent.

    A request that the server will never answer (a prompt beyond its context, a content filter) is no error: its reply
    has
    no text, and the reason as its `refusal`; it counts as a call without tokens. Parameters that the server refuses are
    left out or renamed from then on (see parameters.py); `on_learnt` is called with them, `recall` takes those of an
    earlier process.

    The weights of a server cannot be verified: `content` is the hash of the request's fixed parts (the model, the
    adapter, chat or not, the parameters left out by option), not of the weights. Nor need the same seed give the same
    text again.
    """

    is_remote = True

    def __init__(
        self,
        spec: str,
        *,
        adapter: str | None = None,
        adapter_folder: Path | None = None,
        concurrency: int = 16,
        retries: int = 6,
        timeout: float = 300.0,  # transformers serve answers one request at a time, abandoned ones too
        deadline: float = 1800.0,
        key_variable: str = "OPENAI_API_KEY",
        retry_policy: RetryPolicy | None = None,
        omit: str = "",
        rename: str = "",
        template_tokens: int | None = None,
    ) -> None:
        """Read the spec and the options; no request is sent.

        Args:
            spec: server:MODEL@URL, or server+chat:MODEL@URL, where a prompt is sent as a message of a user.
            adapter: Name of a LoRA adapter, requested in the place of the model, as vLLM serves it; see `name_of`.
            adapter_folder: Folder of the adapter, for the message to users of a server without it.
            concurrency: Most requests at a time.
            retries: Most further attempts of one request, after a transient failure.
            timeout: Seconds of one attempt.
            deadline: Seconds of one request, all attempts included.
            key_variable: Environment variable of the key, read before the first request; the server of the spec gets
                the key.
            retry_policy: Replaces `retries`, `timeout` and `deadline`.
            omit: Parameters that are left out of requests, with commas, as in temperature,stop,seed.
            rename: Parameters that are sent under another name, as in max_tokens:max_completion_tokens.
            template_tokens: Most tokens that the server adds to a prompt. None: learnt from its bills.

        Raises:
            ValueError: a spec that cannot be read, no aiohttp, an option that cannot be.
        """
        if importlib.util.find_spec("aiohttp") is None:
            raise ValueError(f"the model {spec!r} needs aiohttp; run: pip install 'forethought[server]'")
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; at least one request must be sent at a time")
        self.address = Address.parse(spec)
        self.name = self.address.name
        identity: list[str | bool | None] = ["server", self.address.model, adapter, self.address.chat]
        if omit:
            identity.append(omit)
        self.content = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        self.model = adapter or self.address.model
        self._hint = hint_of(self.address.model, adapter, adapter_folder) if adapter else ""
        self._adapted = adapter is None  # whether the server is known to serve the adapter
        self.key_variable, self.concurrency = key_variable, concurrency
        self.retry_policy = retry_policy or RetryPolicy(retries, timeout, deadline)
        self.attempts = 0  # requests sent, each try counted
        self.parameters = RequestParameters.given(omit, rename, template_tokens)
        self.bills = Bills(self.name, self.address.chat, self.parameters)
        self._samples = Samples(self.name)
        self._stops: dict[Sampling, bool] = {}  # whether they are sent
        self._refused = False  # whether a request was refused for good; logged once
        self._begun = False  # whether a first bill has shown the tokens of the template
        self._begin()

    @property
    def assumed(self) -> int:
        """Replies billed at their bound."""
        return self.bills.assumed

    @property
    def on_learnt(self) -> Callable[[dict[str, Any]], None] | None:
        """The function that is called with the learnt parameters of the server."""
        return self.parameters.on_learnt

    @on_learnt.setter
    def on_learnt(self, told: Callable[[dict[str, Any]], None] | None) -> None:
        self.parameters.on_learnt = told

    def recall(self, told: Mapping[str, Any]) -> None:
        """Take over the parameters that an earlier process has learnt."""
        self.parameters.recall(told)

    def _begin(self) -> None:
        self._completions, self._scores = UnclaimedReplies[Completion](self.name), UnclaimedReplies[Scores](self.name)
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The completion of each request. Raises ServerError: see the class."""
        replies = self._answer(requests, self._completions, self._complete, self._without_lost_samples)
        self._samples.see(requests, replies)
        return replies

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Log-probabilities from the 20 likeliest next tokens of the server; see top_logprobs.py for the limits.

        Raises ServerError: as the class says, or the server tells no log-probabilities, or none of a continuation.
        """
        return self._answer(requests, self._scores, self._score)

    def count(self, text: str) -> int:
        """An upper bound without a tokenizer: a token holds at least one byte.

        This holds for byte-level vocabularies and for SentencePiece in language models, not for vocabularies that first
        write
        a character as several (NFKC). A constant is added for the tokens of the server's template.
        """
        return length_of(text) + self.bills.allowance

    def bound_of_completion(self, request: Request) -> Usage:
        """The highest possible usage of a request: a server may write a few tokens more than it was allowed."""
        self.bills.promise(digest(request))
        return self.bills.bound(request.prompt, request.sampling.max_tokens)

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        """The highest possible usage of a score request: its prompt once, and once more for each "1" of a "10"."""
        self.bills.promise(digest(request))
        asked = [request.prompt, *(request.prompt + text for text in asks_of(request.continuations))]
        return sum((self.bills.bound(prompt, 1) for prompt in asked), NO_USAGE)

    def close(self) -> None:
        """End the connections and their thread; the next request opens them again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __getstate__(self) -> dict[str, Any]:
        own = ("_connection", "_lock", "_completions", "_scores")  # a copy, or one in another process, has its own
        return {name: part for name, part in self.__dict__.items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._begin()

    # A batch; only requests without a kept reply are sent.

    def _answer(
        self,
        requests: Sequence[Q],
        kept: UnclaimedReplies[A],
        ask: Callable[[Connection, Q], Awaitable[A | Failure]],
        mend: Callable[[Sequence[Q], list[A | Failure | None]], None] = lambda requests, found: None,
    ) -> list[A]:
        keys = [digest(request) for request in requests]

        def ask_all(found: list[A | Failure | None]) -> None:
            connection = self._open()
            connection.run(self._ask_all(connection, requests, keys, found, ask))
            if any(map(self.bills.is_broken, keys)):
                self.bills.settle(keys)
                raise kept.raised(keys)
            mend(requests, found)

        replies = kept.answer(keys, ask_all)
        self.bills.settle(keys)
        return replies

    def _without_lost_samples(self, requests: Sequence[Request], found: list[Completion | Failure | None]) -> None:
        """An empty reply in place of a lost sample, if another sample of the same prompt came."""
        came = {(q.prompt, q.sampling) for q, reply in zip(requests, found, strict=True) if is_good(reply)}
        for place, (request, fault) in enumerate(zip(requests, found, strict=True)):
            if isinstance(fault, Failure) and fault.alone and (request.prompt, request.sampling) in came:
                LOG.warning("%s: one of several replies is lost (%s); the others are used", self.name, fault.reason)
                found[place] = Completion("", fault.usage if fault.usage != NO_USAGE else Usage(1))

    async def _ask_all(
        self,
        connection: Connection,
        requests: Sequence[Q],
        keys: Sequence[str],
        found: list[A | Failure | None],
        ask: Callable[[Connection, Q], Awaitable[A | Failure]],
    ) -> None:
        """Send the requests without a reply."""
        away = [fault] if (fault := await self._without_adapter(connection)) else list[Failure]()

        async def one(place: int) -> None:
            reply: A | Failure | None
            async with connection.gate:
                try:
                    reply = away[0] if away else await self._in_turn(connection, requests[place], keys[place], ask)
                except Exception as error:  # none is known; it must not cost the replies to others
                    reply = Failure(
                        f"its reply cannot be used ({connection.clean(f'{type(error).__name__}: {error}')})",
                        failed=True,
                    )
            if isinstance(reply, Failure) and not reply.reached:
                away.append(reply)  # nobody listens there: those still in the queue need not find out each by itself
            found[place] = reply

        await asyncio.gather(*(one(place) for place, reply in enumerate(found) if reply is None))

    async def _in_turn(
        self, connection: Connection, request: Q, key: str, ask: Callable[[Connection, Q], Awaitable[A | Failure]]
    ) -> A | Failure | None:
        """Send the first request with a reserved bound alone, for its bill tells the tokens of the template.

        None: the bound of the request was too low.
        """
        if not self._begun and self.bills.is_promised(key):
            async with connection.first:
                if not self._begun:
                    try:
                        return await ask(connection, request)
                    finally:
                        self._begun = True
        return None if self.bills.is_broken(key) else await ask(connection, request)

    async def _without_adapter(self, connection: Connection) -> Failure | None:
        """The reason why the adapter cannot be used; llama.cpp answers every request with its own model."""
        if self._adapted:
            return None
        listed = await with_retries(connection.models, self.retry_policy, Generator(self.model))
        if isinstance(listed, Failure):
            return listed
        if listed and self.model not in listed:
            names = connection.clean(", ".join(sorted(listed)))
            return Failure(f"the server lists {names}, and no adapter {self.model}{self._hint}")
        self._adapted = True
        return None

    def _open(self) -> Connection:
        with self._lock:
            if self._connection is None or not self._connection.alive:
                key = key_of(self.key_variable)
                self._connection = Connection(self.address.url, key, self.key_variable, self.concurrency, self._hint)
                weakref.finalize(self, self._connection.close)
            return self._connection

    # One request, in the connection's thread.

    async def _complete(self, connection: Connection, request: Request) -> Completion | Failure:
        sampling = request.sampling
        body: dict[str, Any] = {
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "seed": seed_of("server", request.seed),
        }
        if sampling.stop and self._stops.get(sampling):
            body["stop"] = list(sampling.stop)
        found = await self._ask(connection, request.prompt, body)
        if isinstance(found, Failure):
            return found
        if isinstance(found, Refused):
            return Completion("", found.usage, refusal=found.reason)
        told = written(found.reply)
        if told.refusal:
            reason = self._say_refused(connection.clean(told.refusal))
            return Completion("", found.usage, connection.hide(told.rationale), refusal=reason)
        reply = read(told, sampling.stop, most_of(sampling.max_tokens))
        self._note_stops(sampling, told.text, "stop" in body, told.truncated)
        return Completion(connection.hide(reply.text), found.usage, connection.hide(reply.rationale), reply.truncated)

    def _note_stops(self, sampling: Sampling, text: str, sent: bool, truncated: bool) -> None:
        """Send stops once a reply has shown that they leave the same text, and no more once they left none.

        A chat gets no stops: it ends by itself, and they would end its reasoning, or the empty lines at its beginning.
        """
        if self.address.chat or not sampling.stop:
            return
        if not sent and (same := is_same_with_stops(text, sampling.stop)) is not None:
            self._stops[sampling] = same and self._stops.get(sampling, True)
        elif sent and not truncated and not is_stopped(text, sampling.stop):
            self._stops[sampling] = False

    async def _score(self, connection: Connection, request: ScoreRequest) -> Scores | Failure:
        if self.address.chat:
            return Failure(
                "scores need a prompt that the model continues, and a chat has none; "
                "ask server:MODEL@URL, or take the value lm-text"
            )
        bills, refusals = list[Usage](), list[str]()

        async def top(prompt: str) -> dict[str, float] | Failure:
            found = await self._ask(
                connection, prompt, {"temperature": 1.0, "max_tokens": 1, "logprobs": TOP, "seed": 0}
            )
            bills.append(found.usage)
            if isinstance(found, Failure):
                return found
            if isinstance(found, Refused):
                refusals.append(found.reason)
                return Failure(found.reason)
            return top_of(found.reply) or Failure(
                "the server tells no log-probabilities; take the value lm-text, or a server that tells them"
            )

        scores = await score_from_top_logprobs(request.prompt, request.continuations, top)
        usage = sum(bills, NO_USAGE)
        if refusals:
            return Scores((), usage, refusals[0])
        if isinstance(scores, Failure):
            return replace(scores, usage=usage, reason=connection.hide(scores.reason))
        return Scores(tuple(scores[text] for text in request.continuations), usage)

    async def _ask(self, connection: Connection, prompt: str, body: dict[str, Any]) -> Replied | Refused | Failure:
        """The reply and its bill. The lesson of an error is used at once."""
        text = prompt.encode("utf-8", "replace").decode()  # JSON in UTF-8 has no lone surrogates
        whole = {"model": self.model, **body}
        path = "/chat/completions" if self.address.chat else "/completions"
        whole |= {"messages": [{"role": "user", "content": text}]} if self.address.chat else {"prompt": text}
        most = body["max_tokens"]
        limit = REPLY_LENGTH + 8 * most_of(most) + 8 * length_of(prompt)
        rng = Generator(json.dumps(whole))  # of the request alone: waits depend on no other
        for _ in range(LESSONS):
            sent = self.parameters.body(whole)

            async def attempt(timeout: float, sent: dict[str, Any] = sent) -> dict[str, Any] | Failure:
                self.attempts += 1
                return await connection.post(path, sent, limit, timeout)

            reply = await with_retries(attempt, self.retry_policy, rng)
            if not isinstance(reply, Failure) or (not self._learn(reply, sent) and self.parameters.body(whole) == sent):
                break
        if not isinstance(reply, Failure):
            told = written(reply)
            return Replied(reply, self.bills.of(reply, prompt, most, len(told.text) + len(told.rationale)))
        if reply.paid:
            return replace(reply, usage=self._bound_as_bill(prompt, most))
        kind = reply.problem.kind(self.model, sent) if reply.problem is not None else ""
        if kind == "cut":  # all tokens went into reasoning: such a reply is empty elsewhere, and an error of OpenAI
            return Replied({"choices": [{"text": "", "finish_reason": "length"}]}, self._bound_as_bill(prompt, most))
        if reply.problem is not None and kind in REFUSALS:
            bound, told_bill = self.bills.bound(prompt, most), counts_of(reply.problem.body)
            if told_bill is None or told_bill.prompt > bound.prompt or told_bill.completion > bound.completion:
                told_bill = Usage(1)
            return Refused(self._say_refused(reply.reason), told_bill)
        return reply

    def _say_refused(self, reason: str) -> str:
        """Log the first reason of a refusal; rows count the others."""
        if not self._refused:
            self._refused = True
            LOG.warning(
                "%s will never answer a request (%s); the search goes on without that answer", self.name, reason
            )
        return reason

    def _bound_as_bill(self, prompt: str, most: int) -> Usage:
        return self.bills.assume(self.bills.bound(prompt, most), None)

    def _learn(self, fault: Failure, sent: Mapping[str, Any]) -> bool:
        """Whether the fault has led to other parameters."""
        problem = fault.problem
        lesson = self.parameters.learn(problem, problem.kind(self.model, sent), sent) if problem is not None else ""
        if lesson:
            LOG.warning("%s %s", self.name, lesson)
            self.parameters.tell()
        return bool(lesson)


@dataclass(frozen=True, slots=True)
class Replied:
    """A response in JSON, with its usage."""

    reply: dict[str, Any]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never answer the request."""

    reason: str
    usage: Usage


def is_good(reply: Completion | Failure | None) -> bool:
    """Whether a reply is a completion, neither a fault nor a refusal."""
    return isinstance(reply, Completion) and not reply.refusal


def name_of(adapter: Path) -> str:
    """The name of an adapter on a server: the first 16 hexadecimal digits of its content (see content_of_adapter).

    Another name might later mean another adapter, and vLLM would continue with the cache of the first one
    (https://github.com/vllm-project/vllm/issues/30931). Raises ValueError: the folder holds no adapter.
    """
    return content_of_adapter(adapter)[:16]


def hint_of(model: str, adapter: str, folder: Path | None) -> str:
    """The advice for a server without the adapter."""
    return f"; serve it, as in: vllm serve {model} --enable-lora --lora-modules {adapter}={folder or 'FOLDER'}"
