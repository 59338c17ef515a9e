"""A language model in this process, through transformers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from forethought.agents.models.local.adapters import Adapter, Base
from forethought.agents.models.local.batching import MemoryLimit, RequestSize, Sizes, packed, padded, split_on_oom
from forethought.agents.models.local.decoding import Rows, TextDecoder, write
from forethought.agents.models.local.features import read_features
from forethought.agents.models.local.loading import load_weights, rows_of
from forethought.agents.models.local.padded import PlainRows
from forethought.agents.models.local.positions import positions_of, too_long
from forethought.agents.models.local.prefill import SharedRows, can_share, spread_of
from forethought.agents.models.local.scoring import After, Plan, Reading, exclusive, read, total
from forethought.agents.models.local.tokenization import NO_START, Tokens, ends_of
from forethought.agents.models.local.value_head import ValueHead, is_head
from forethought.agents.models.local.weights import find_weights
from forethought.agents.models.protocol import Completion, HeadValue, Request, ScoreRequest, Scores
from forethought.search import Usage

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Local:
    """A transformers model that completes and scores in batches.

    Shared prefixes of prompts, of siblings or of samples, are read once. The seed of a request alone decides its
    samples;
    the shape of a batch may still change the last bits of its probabilities, as with every floating-point matrix
    product,
    unless the model is `exact`. One thread at a time may use a model and its adapted versions.
    """

    def __init__(
        self,
        spec: str,
        adapter: Path | None = None,
        device: str = "cpu",
        memory: int | None = None,
        exact: int | bool = False,
    ) -> None:
        """Load the weights of a spec, and merge an adapter into a copy of them.

        Args:
            spec: smollm2-135m, a folder, or hf:ORG/NAME@REV.
            adapter: A PEFT folder.
            device: A device of PyTorch, such as cpu or cuda.
            memory: Most bytes of all tensors beside the weights: requests are cut into batches within this limit, and
                a single request beyond it is refused. Without it the limit is 2 GiB on a CPU and 0.6 of the free
                memory of a GPU, and a single request may take more.
            exact: 1: each request is computed alone, to the same bits beside any other requests; 0: in batches.
        """
        weights = find_weights(spec)  # once: a branch may move
        model, tokenizer = load_weights(weights, device)
        self._set(Base(model), tokenizer, spec, weights.content, memory, bool(exact))
        if adapter is not None:
            self._attach_folder(adapter)

    @classmethod
    def of(
        cls,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        name: str,
        content: str,
        memory: int | None = None,
        exact: bool = False,
    ) -> Local:
        """A `Local` for a model that is already in memory."""
        lm = object.__new__(cls)
        lm._set(Base(model), tokenizer, name, content, memory, exact)
        return lm

    def adapted(self, folder: Path) -> Local:
        """The same base model with a PEFT adapter, as the folder holds it now.

        The weights are in memory once: the adapter is merged into them when it comes into use, and removed when the
        base or another adapter does. Raises ValueError: no adapter in the folder.
        """
        lm = object.__new__(type(self))
        lm._set(self._base, self.tokenizer, self.name, self._base_content, self._memory, self._exact)
        lm._attach_folder(folder)
        return lm

    def _set(
        self,
        base: Base,
        tokenizer: PreTrainedTokenizerBase,
        name: str,
        content: str,
        memory: int | None,
        exact: bool,
    ) -> None:
        self._base, self._base_content, self._memory, self._exact = base, content, memory, exact
        self._adapter: Adapter | None = None
        self._head: ValueHead | None = None
        self.tokenizer, self.name, self.content = tokenizer, name, content
        self._tokens = Tokens(tokenizer)

    def _attach_folder(self, folder: Path) -> None:
        if is_head(folder):
            self._attach_head(ValueHead.read(folder), str(folder))
        else:
            self._attach(Adapter.read(folder))

    def _attach_head(self, head: ValueHead, folder: str) -> None:
        """Raises ValueError: the head of another model."""
        width = len(head.features.layers) * (2 if head.features.pooling == "last+mean" else 1) * self.width
        if head.base != self._base_content or len(head.linear.weights) != width:
            raise ValueError(
                f"the value head in {folder} was trained on another model ({head.base:.30}, "
                f"{len(head.linear.weights)} features); {self.name} is {self._base_content:.30}"
            )
        self._head, self.content = head, f"{self._base_content}+{head.content}"

    def _attach(self, adapter: Adapter) -> None:
        self._adapter, self.content = adapter, f"{self._base_content}+{adapter.content}"
        self._base.use(adapter)  # one that does not fit is refused now

    @property
    def model(self) -> PreTrainedModel:
        """The model with this adapter in its weights, until another adapter of the same base is used."""
        return self._base.use(self._adapter)

    def count(self, text: str) -> int:
        """The number of tokens of a prompt."""
        return len(self._tokens.prompt(text))

    def _encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        known = {text: self._tokens.prompt(text) for text in dict.fromkeys(texts)}
        return [known[text] for text in texts]

    def _refusal(self, prompt: Sequence[int], also: int) -> str:
        """The reason why a prompt with so many more tokens can never be read; "" where it can."""
        if not prompt:
            return NO_START
        rows = rows_of(self._base.model)
        if (highest := max(prompt)) >= rows:
            return f"the prompt holds token {highest} of the tokenizer, and {self.name} has {rows} tokens"
        positions = positions_of(self._base.model)
        over = positions is not None and len(prompt) + also > positions
        return too_long(self.name, len(prompt), positions or 0, also) if over else ""

    @torch.inference_mode()
    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """The log-probabilities of continuations. Prompt and continuation are split into tokens separately.

        A prompt beyond the model's positions is refused; the other requests are not affected.
        """
        prompts = self._encode_all([request.prompt for request in requests])
        plans = [[self._continue(text) for text in request.continuations] for request in requests]
        refused = [
            self._refusal(prompt, max(map(len, plan), default=1) - 1)
            for prompt, plan in zip(prompts, plans, strict=True)
        ]
        asked = [([], []) if no else (prompt, plan) for prompt, plan, no in zip(prompts, plans, refused, strict=True)]
        after = self._read(asked)
        return [
            Scores((), Usage(1), no) if no else Scores(exclusive(plan, [total(t, known) for t in plan]), billed(prompt))
            for plan, known, prompt, no in zip(plans, after, prompts, refused, strict=True)
        ]

    def _read(self, asked: Sequence[tuple[list[int], Plan]]) -> list[After]:
        """The log-probabilities after each prompt, along its continuations."""
        readings = [(i, one) for i, (prompt, plan) in enumerate(asked) for one in Reading.all_of(prompt, plan)]
        model, limit = self.model, MemoryLimit.of(self._memory, self._base.model.device)
        after: list[After] = [{} for _ in asked]
        needs = [RequestSize(reading.tokens) for _, reading in readings]
        for batch in self._cut(needs, Sizes.of(model), limit, sharing=True):
            found = split_on_oom(lambda part: read(model, [readings[i][1] for i in part], limit), batch)
            for i, values in zip(batch, found, strict=True):
                after[readings[i][0]] |= values
        return after

    @property
    def head_prompt(self) -> str | None:
        """The digest of the prompt file that the value head was trained with; None without a head."""
        return self._head.prompt if self._head else None

    @property
    def layers(self) -> int:
        """The layers of the model, beside its embeddings."""
        return int(self._base.model.config.get_text_config().num_hidden_layers)

    @property
    def width(self) -> int:
        """The numbers of a hidden state."""
        return int(self._base.model.config.get_text_config().hidden_size)

    def head_values(self, prompts: Sequence[str]) -> list[HeadValue]:
        """The value of each prompt by the head. Raises ValueError: the model has none."""
        if self._head is None:
            raise ValueError(
                f"{self.name} has no value head; give --adapter FOLDER of a head that `forethought value train` has "
                "written"
            )
        choice = self._head.features
        states, refused = self.features(prompts, choice.layers)
        values = self._head.linear(choice.take(states, choice.layers))
        return [
            HeadValue(0.0, Usage(1), no) if no else HeadValue(float(value), Usage(1, self.count(prompt)))
            for prompt, value, no in zip(prompts, values, refused, strict=True)
        ]

    @torch.inference_mode()
    def features(self, prompts: Sequence[str], layers: Sequence[int]) -> tuple[NDArray[np.float32], list[str]]:
        """The hidden states of prompts after some layers, and the reasons of refused prompts ("" for a read one).

        Args:
            prompts: Texts.
            layers: Layers from 0 (the embeddings) to `self.layers`.

        Returns:
            Numbers `[prompts, layers, 2, width]`: of the last token, and the mean over all tokens; 0 where refused.
        """
        encoded = self._encode_all(prompts)
        refused = [self._refusal(prompt, 0) for prompt in encoded]
        found = np.zeros((len(prompts), len(layers), 2, self.width), dtype=np.float32)
        places: dict[tuple[int, ...], list[int]] = {}  # of each different prompt
        for place, (prompt, no) in enumerate(zip(encoded, refused, strict=True)):
            if not no:
                places.setdefault(tuple(prompt), []).append(place)
        different = sorted(map(list, places))
        model, limit = self.model, MemoryLimit.of(self._memory, self._base.model.device)
        for batch in self._cut([RequestSize(prompt) for prompt in different], Sizes.of(model), limit, sharing=True):
            part = sorted(different[number] for number in batch)
            states = split_on_oom(lambda some: list(read_features(model, some, layers, limit)), part)
            for prompt, state in zip(part, states, strict=True):
                found[places[tuple(prompt)]] = state.numpy()
        return found, refused

    def _continue(self, text: str) -> list[int]:
        ids = self._tokens.continuation(text)
        if not ids:
            raise ValueError("a continuation to score is empty; give at least one character")
        return ids

    @torch.inference_mode()
    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The completions of all requests, in batches within the limit of memory.

        Usage counts a prompt's tokens as if it were alone: the number of shared tokens depends on the other requests of
        the batch, and a ledger must not. A prompt beyond the model's positions is refused; the other requests are not
        affected. A
        text ends with the last position.
        """
        prompts = self._encode_all([request.prompt for request in requests])
        rooms = [min(r.sampling.max_tokens, self._left(p)) for r, p in zip(requests, prompts, strict=True)]
        found = {i: Completion("", billed(prompt)) for i, prompt in enumerate(prompts)}
        for i, prompt in enumerate(prompts):
            if no := self._refusal(prompt, min(requests[i].sampling.max_tokens, 1)):
                found[i], rooms[i] = Completion("", Usage(1), refusal=no), 0
        asked = [i for i, room in enumerate(rooms) if room > 0]
        model, limit = self.model, MemoryLimit.of(self._memory, self._base.model.device)
        needs = [RequestSize(prompts[i], rooms[i]) for i in asked]
        for batch in self._cut(needs, Sizes.of(model), limit, sharing=can_share(model)):
            part = [asked[n] for n in batch]
            written = split_on_oom(
                lambda some: self._write(model, [(prompts[i], rooms[i], requests[i]) for i in some], limit), part
            )
            found |= zip(part, written, strict=True)
        return [found[i] for i in range(len(requests))]

    def _cut(
        self, sizes: Sequence[RequestSize], model: Sizes, limit: MemoryLimit, *, sharing: bool
    ) -> Iterator[list[int]]:
        """The numbers of the requests in batches; one request each for an exact model."""
        if self._exact:
            yield from ([i] for i, size in enumerate(sizes) for _ in padded([size], model, limit))
        elif sharing:
            yield from packed(sizes, model, limit, spread_of(self._base.model.device))
        else:
            yield from padded(sizes, model, limit)

    def _left(self, prompt: Sequence[int]) -> int:
        """The positions left after a prompt."""
        positions = positions_of(self._base.model)
        return sys.maxsize if positions is None else max(positions - len(prompt), 0)

    def _write(
        self, model: PreTrainedModel, asked: Sequence[tuple[list[int], int, Request]], limit: MemoryLimit
    ) -> list[Completion]:
        ends = ends_of(model, self.tokenizer)
        writers = [
            TextDecoder(self.tokenizer, replace(request.sampling, max_tokens=room), request.seed, ends)
            for _, room, request in asked
        ]
        prompts = [prompt for prompt, _, _ in asked]
        room = max(room for _, room, _ in asked)
        rows: Rows = SharedRows(model, prompts, room, limit) if can_share(model) else PlainRows(model, prompts)
        write(rows, writers)
        return [
            Completion(reply.text, Usage(1, len(prompt), 0, len(writer.written)), reply.rationale, writer.truncated)
            for writer, prompt in zip(writers, prompts, strict=True)
            for reply in [writer.reply()]
        ]


def billed(prompt: Sequence[int]) -> Usage:
    """The usage of one request that writes no token."""
    return Usage(1, len(prompt))


def head_of(model: PreTrainedModel) -> torch.nn.Module:
    """The last layer, from hidden states to logits of tokens."""
    head: torch.nn.Module = model.get_output_embeddings()  # type: ignore[no-untyped-call]  # untyped in transformers
    return head
