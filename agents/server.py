"""A language model behind an OpenAI-compatible endpoint: vLLM, llama.cpp, transformers serve, or a hosted one."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import logging
import random
import threading
import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from forethought.agents.adapter_content import content_of_adapter
from forethought.agents.endpoint import Address, Line, key_of
from forethought.agents.kept import Kept
from forethought.agents.lm import Completion, Request, ScoreRequest, Scores
from forethought.agents.recorded import digest
from forethought.agents.replies import TOP, text_of, top_of, usage_of
from forethought.agents.retrying import Fault, Patience, patiently
from forethought.agents.spread import asks_of, spread
from forethought.search import FREE, Usage
from forethought.search.seeds import seed_of

LOG = logging.getLogger(__name__)
PLAIN_TOKENS = 4  # that a server may put around a plain prompt: its beginning
CHAT_TOKENS = 128  # that a chat template may put around a message: roles, and the system prompt some bring along
OVERSHOOT = 3  # tokens beyond max_tokens with which llama.cpp ends a character that it has begun

Q = TypeVar("Q", Request, ScoreRequest)
A = TypeVar("A", Completion, Scores)


class Server:
    """Asks up to `concurrency` requests at a time, and each again while its fault may pass (see Patience).

    It may be asked from several threads at once (`waits` tells the driver so): the limit is one for all.

    Replies come in the order of the requests. If one request fails for good, the call raises ServerError,
    but the other requests are asked to their end and nothing that was paid is lost: the replies are kept,
    each for the next request that is equal (prompt, sampling and seed), and handed out once, so a driver that
    asks again task by task pays for no reply twice. The failed ones fail at once in a smaller call,
    where a server that is away would be waited for again task after task; a call as large asks them anew.
    Who does not ask again settles the error: it gives the bill of what was kept, and that is forgotten.

    Bills are the server's own counts, one call a reply however often it was tried; `attempts` counts the
    tries. A count that cannot be true, or is above the bounds (`bound_of_completion`, `bound_of_score`), is a
    ServerError, for it would break the budget. Such a reply is billed at its bound, and so is one without
    counts, which is counted in `assumed`.

    Nobody can verify the weights of a server: `content` is the hash of what was asked for (the model, the
    adapter, chat or not), not of what answered. The same seed need not give the same text again either.
    """

    waits = True

    def __init__(
        self,
        spec: str,
        *,
        adapter: str | None = None,
        adapter_folder: Path | None = None,
        concurrency: int = 16,
        retries: int = 6,
        timeout: float = 300.0,  # transformers serve answers one by one, also what was given up by then
        deadline: float = 1800.0,
        key_variable: str = "OPENAI_API_KEY",
        patience: Patience | None = None,
    ) -> None:
        """`spec` is server:MODEL@URL, or server+chat:MODEL@URL where a prompt is sent as a message of a user.

        `adapter` is asked for in place of the model, which is how vLLM serves LoRA adapters; `name_of` names it,
        and `adapter_folder` is told where the server must be given it. The key is read from the environment
        when the first request is sent, and goes to whatever server the spec names: `key_variable` says which
        key that is. `timeout` (one attempt) and `deadline` (one request, all attempts) are seconds; `patience`
        overrides them and `retries`.
        Raises ValueError: a spec that cannot be read, no openai library, a limit that cannot be.
        """
        if importlib.util.find_spec("openai") is None:
            raise ValueError(f"the model {spec!r} needs the openai library; install forethought[server]")
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; at least one request must be sent at a time")
        self.address = Address.parse(spec)
        self.name = self.address.name
        identity = ["server", self.address.model, adapter, self.address.chat]
        self.content = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        self.model = adapter or self.address.model
        self._hint = hint_of(self.address.model, adapter, adapter_folder) if adapter else ""
        self._adapted = adapter is None  # whether the server is known to serve the adapter
        self.key_variable, self.concurrency = key_variable, concurrency
        self.patience = patience or Patience(retries, timeout, deadline)
        self.attempts = 0  # requests sent, each try counted
        self.assumed = 0  # replies billed at their bound
        self._begin()

    def _begin(self) -> None:
        self._completions, self._scores = Kept[Completion](self.name), Kept[Scores](self.name)
        self._lock = threading.Lock()
        self._line: Line | None = None

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """Raises ServerError: see the class."""
        return self._answer(requests, self._completions, self._complete)

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """From the 20 likeliest next tokens, which the server must tell; see spread.py for what that can score.

        Raises ServerError: as the class says, or the server tells no log-probabilities or none that helps.
        """
        return self._answer(requests, self._scores, self._score)

    def count(self, text: str) -> int:
        """An upper bound, for no tokenizer is here: a token holds at least one byte.

        That holds for byte-level vocabularies and SentencePiece as language models use them, not for those
        that first write a character as many (NFKC). A constant is added for what the server puts around it.
        """
        return len(text.encode("utf-8", "replace")) + (CHAT_TOKENS if self.address.chat else PLAIN_TOKENS)

    def bound_of_completion(self, request: Request) -> Usage:
        """The most that a request can cost: a server may write a few tokens more than it was allowed."""
        return self._bound(request.prompt, request.sampling.max_tokens)

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        """The most that a score request can cost: its prompt once, and once more for each "1" of a "10"."""
        asked = [request.prompt, *(request.prompt + text for text in asks_of(request.continuations))]
        return sum((self._bound(prompt, 1) for prompt in asked), FREE)

    def _bound(self, prompt: str, max_tokens: int) -> Usage:
        return Usage(1, self.count(prompt), 0, max_tokens + OVERSHOOT)

    def close(self) -> None:
        """End the connections and their thread; the next request opens them again."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def __getstate__(self) -> dict[str, Any]:
        own = ("_line", "_lock", "_completions", "_scores")  # a copy, or one in another process, has its own
        return {name: part for name, part in self.__dict__.items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._begin()

    # A batch, of which only what is not kept is asked.

    def _answer(self, requests: Sequence[Q], kept: Kept[A], ask: Callable[[Line, Q], Awaitable[A | Fault]]) -> list[A]:
        def ask_all(found: list[A | Fault | None]) -> None:
            line = self._open()
            line.run(self._ask_all(line, requests, found, ask))

        return kept.answer([digest(request) for request in requests], ask_all)

    async def _ask_all(
        self,
        line: Line,
        requests: Sequence[Q],
        found: list[A | Fault | None],
        ask: Callable[[Line, Q], Awaitable[A | Fault]],
    ) -> None:
        """Fill in what was not found yet."""
        away = [fault] if (fault := await self._without_adapter(line)) else list[Fault]()

        async def one(place: int) -> None:
            reply: A | Fault
            async with line.gate:
                try:
                    reply = away[0] if away else await ask(line, requests[place])
                except Exception as error:  # none is known; it must not cost the replies to others
                    reply = Fault(f"its reply cannot be used ({line.clean(f'{type(error).__name__}: {error}')})")
            if isinstance(reply, Fault) and not reply.reached:
                away.append(reply)  # nobody listens there: those still in the queue need not find out each by itself
            found[place] = reply

        await asyncio.gather(*(one(place) for place, reply in enumerate(found) if reply is None))

    async def _without_adapter(self, line: Line) -> Fault | None:
        """Why the adapter cannot be asked. llama.cpp answers with its model, whatever it is asked for."""
        if self._adapted:
            return None
        listed = await patiently(line.models, self.patience, random.Random(self.model))
        if isinstance(listed, Fault):
            return listed
        if listed and self.model not in listed:
            return Fault(f"the server lists {', '.join(sorted(listed))}, and no adapter {self.model}{self._hint}")
        self._adapted = True
        return None

    def _open(self) -> Line:
        with self._lock:
            if self._line is None or not self._line.alive:
                key = key_of(self.key_variable)
                self._line = Line(self.address.url, key, self.key_variable, self.concurrency, self._hint)
                weakref.finalize(self, self._line.close)
            return self._line

    # One request, in the line's thread.

    async def _complete(self, line: Line, request: Request) -> Completion | Fault:
        sampling = request.sampling
        body: dict[str, Any] = {
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "seed": seed_of("server", request.seed),
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        found = await self._ask(line, request.prompt, body)
        if isinstance(found, Fault):
            return found
        reply, usage = found
        text = text_of(reply, self.address.chat)
        for stop in sampling.stop:  # not every server heeds them
            text = text.split(stop, 1)[0]
        return Completion(text, usage)

    async def _score(self, line: Line, request: ScoreRequest) -> Scores | Fault:
        if self.address.chat:
            return Fault(
                "scores need a prompt that the model continues, and a chat has none; "
                "ask server:MODEL@URL, or take the value lm-text"
            )
        bills: list[Usage] = []

        async def top(prompt: str) -> dict[str, float] | Fault:
            found = await self._ask(line, prompt, {"temperature": 1.0, "max_tokens": 1, "logprobs": TOP, "seed": 0})
            bills.append(found.usage if isinstance(found, Fault) else found[1])
            if isinstance(found, Fault):
                return found
            return top_of(found[0]) or Fault(
                "the server tells no log-probabilities; take the value lm-text, or a server that tells them"
            )

        scores = await spread(request.prompt, request.continuations, top)
        usage = sum(bills, FREE)
        if isinstance(scores, Fault):
            return replace(scores, usage=usage)
        return Scores(tuple(scores[text] for text in request.continuations), usage)

    async def _ask(self, line: Line, prompt: str, body: dict[str, Any]) -> tuple[dict[str, Any], Usage] | Fault:
        """The reply and its bill."""
        text = prompt.encode("utf-8", "replace").decode()  # JSON in UTF-8 has no lone surrogates
        whole = {"model": self.model, **body}
        path = "/chat/completions" if self.address.chat else "/completions"
        whole |= {"messages": [{"role": "user", "content": text}]} if self.address.chat else {"prompt": text}
        content = json.dumps(whole)

        async def attempt(timeout: float) -> dict[str, Any] | Fault:
            self.attempts += 1
            return await line.post(path, content.encode(), self.model, timeout)

        draws = random.Random(content)  # of the request alone: waits depend on no other
        reply = await patiently(attempt, self.patience, draws)
        if isinstance(reply, Fault):
            return reply
        bound = self._bound(prompt, body["max_tokens"])
        usage = usage_of(reply, bound)
        if isinstance(usage, Fault):
            return usage
        return reply, usage or self._assume(bound)

    def _assume(self, bound: Usage) -> Usage:
        if not self.assumed:
            LOG.warning("%s sends no counts of tokens; its replies are billed at their upper bound", self.name)
        self.assumed += 1
        return bound


def name_of(adapter: Path) -> str:
    """What a server must call an adapter: the first 16 hexadecimal digits of its content (see content_of_adapter).

    Another name might be given to another adapter later, and vLLM would go on with what it had cached of the
    first one (https://github.com/vllm-project/vllm/issues/30931). Raises ValueError: the folder holds none.
    """
    return content_of_adapter(adapter)[:16]


def hint_of(model: str, adapter: str, folder: Path | None) -> str:
    """How a server gets to know an adapter."""
    return f"; serve it, as in: vllm serve {model} --enable-lora --lora-modules {adapter}={folder or 'FOLDER'}"
