"""A language model in this process, through transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from forethought.agents.adapters import Adapter, Base
from forethought.agents.attention import can_share
from forethought.agents.lm import Completion, Request, ScoreRequest, Scores
from forethought.agents.memory import Limit, Need, Sizes, in_halves, packed, padded
from forethought.agents.plain import PlainRows
from forethought.agents.reading import SharedRows, spread_of
from forethought.agents.scoring import After, Reading, exclusive, read, total
from forethought.agents.weights import Weights, find_weights
from forethought.agents.writing import Rows, Writer, write
from forethought.search import Usage

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load(spec: str, device: str = "cpu") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer of a spec, in the fastest exact type of the device; safetensors only."""
    return load_weights(find_weights(spec), device)


def load_weights(weights: Weights, device: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves these untyped
    kwargs: dict[str, Any] = {"revision": weights.revision} if weights.revision else {}
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        weights.source, dtype=fastest_dtype(device), use_safetensors=True, trust_remote_code=False, **kwargs
    )
    model.to(torch.device(device))  # type: ignore[arg-type]  # a decorator hides the signature
    tokenizer = AutoTokenizer.from_pretrained(weights.source, trust_remote_code=False, **kwargs)
    model.eval()  # type: ignore[no-untyped-call]  # likewise
    return model, tokenizer


def fastest_dtype(device: str) -> torch.dtype:
    """bfloat16 where the hardware multiplies it (2.4 times faster there), else float32 (3 times faster there)."""
    if device != "cpu":
        return torch.bfloat16
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32


class Local:
    """A transformers model that completes and scores in batches.

    What prompts share, siblings or samples, is read once. The seed of a request alone decides its samples; the
    shape of a batch may still change the last bits of its probabilities, as with every floating-point matrix
    product. One thread at a time may use a model and what was adapted from it.
    """

    def __init__(self, spec: str, adapter: Path | None = None, device: str = "cpu", memory: int | None = None) -> None:
        """`adapter` is a PEFT folder.

        `memory` is a limit, in bytes, for all that is made beside the weights: requests are cut into batches that
        stay within it, and a single one that does not is refused. Without one it is 2 GiB on a CPU and 0.6 of
        what is free on a GPU, and a single request that needs more may have it.
        """
        weights = find_weights(spec)  # once: a branch may move
        model, tokenizer = load_weights(weights, device)
        self._set(Base(model), tokenizer, spec, weights.content, memory)
        if adapter is not None:
            self._wear(Adapter.read(adapter))

    @classmethod
    def of(
        cls,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        name: str,
        content: str,
        memory: int | None = None,
    ) -> Local:
        """Around a model that is already in memory."""
        lm = object.__new__(cls)
        lm._set(Base(model), tokenizer, name, content, memory)
        return lm

    def adapted(self, folder: Path) -> Local:
        """The same base model with a PEFT adapter, as the folder holds it now.

        The weights are in memory once: the adapter is merged into them when it comes into use, and taken out when
        the base or another one does. Raises ValueError: no adapter there.
        """
        lm = object.__new__(type(self))
        lm._set(self._base, self.tokenizer, self.name, self._base_content, self._memory)
        lm._wear(Adapter.read(folder))
        return lm

    def _set(self, base: Base, tokenizer: PreTrainedTokenizerBase, name: str, content: str, memory: int | None) -> None:
        self._base, self._base_content, self._memory = base, content, memory
        self._adapter: Adapter | None = None
        self.tokenizer, self.name, self.content = tokenizer, name, content

    def _wear(self, adapter: Adapter) -> None:
        self._adapter, self.content = adapter, f"{self._base_content}+{adapter.content}"
        self._base.use(adapter)  # one that does not fit is refused now

    @property
    def model(self) -> PreTrainedModel:
        """With this model's own adapter in its weights, until another one that shares the base is used."""
        return self._base.use(self._adapter)

    def count(self, text: str) -> int:
        return len(self._encode(text))

    def _encode(self, text: str) -> list[int]:
        clean = text.encode("utf-8", "replace").decode()  # a lone surrogate has no token
        ids: list[int] = self.tokenizer(clean).input_ids
        return ids or [int(self.tokenizer.eos_token_id)]  # an empty prompt needs a place to start from

    def _encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        known = {text: self._encode(text) for text in dict.fromkeys(texts)}
        return [known[text] for text in texts]

    @torch.inference_mode()
    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """See ScoreRequest. Prompt and continuation are split into tokens apart from one another."""
        prompts = self._encode_all([request.prompt for request in requests])
        plans = [[self._continue(text) for text in request.continuations] for request in requests]
        readings = [
            (i, reading)
            for i, (prompt, plan) in enumerate(zip(prompts, plans, strict=True))
            for reading in Reading.all_of(prompt, plan)
        ]
        model, limit = self.model, Limit.of(self._memory, self._base.model.device)
        after: list[After] = [{} for _ in requests]
        needs = [Need(reading.tokens) for _, reading in readings]
        for batch in packed(needs, Sizes.of(model), limit, spread_of(model.device)):
            found = in_halves(lambda part: read(model, [readings[i][1] for i in part], limit), batch)
            for i, values in zip(batch, found, strict=True):
                after[readings[i][0]] |= values
        return [
            Scores(exclusive(plan, [total(tokens, known) for tokens in plan]), Usage(1, len(prompt)))
            for plan, known, prompt in zip(plans, after, prompts, strict=True)
        ]

    def _continue(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        if not ids:
            raise ValueError("a continuation to score is empty; give at least one character")
        return ids

    @torch.inference_mode()
    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """All requests at once, within the limit of memory.

        Usage counts a prompt's tokens as if it were alone: how many were shared depends on what else was asked
        at the same time, and a ledger must not.
        """
        prompts = self._encode_all([request.prompt for request in requests])
        model, limit = self.model, Limit.of(self._memory, self._base.model.device)
        found = {i: Completion("", Usage(1, len(prompt))) for i, prompt in enumerate(prompts)}
        asked = [i for i, request in enumerate(requests) if request.sampling.max_tokens > 0]
        needs = [Need(prompts[i], requests[i].sampling.max_tokens) for i in asked]
        sizes, sharing = Sizes.of(model), can_share(model)
        cut = packed(needs, sizes, limit, spread_of(model.device)) if sharing else padded(needs, sizes, limit)
        for batch in cut:
            part = [asked[n] for n in batch]
            written = in_halves(
                lambda some: self._write(model, [prompts[i] for i in some], [requests[i] for i in some], limit), part
            )
            found |= zip(part, written, strict=True)
        return [found[i] for i in range(len(requests))]

    def _write(
        self, model: PreTrainedModel, prompts: list[list[int]], requests: list[Request], limit: Limit
    ) -> list[Completion]:
        ends = self._ends(model)
        writers = [Writer(self.tokenizer, request.sampling, request.seed, ends) for request in requests]
        room = max(request.sampling.max_tokens for request in requests)
        rows: Rows = SharedRows(model, prompts, room, limit) if can_share(model) else PlainRows(model, prompts)
        write(rows, writers)
        return [
            Completion(writer.text(), Usage(1, len(prompt), 0, len(writer.written)))
            for writer, prompt in zip(writers, prompts, strict=True)
        ]

    def _ends(self, model: PreTrainedModel) -> frozenset[int]:
        """The tokens that end a text: the tokenizer's, and those that plain `generate` ends at."""
        told = getattr(model.generation_config, "eos_token_id", None)
        also = told if isinstance(told, list) else [] if told is None else [told]
        return frozenset({int(self.tokenizer.eos_token_id), *map(int, also)})


def head_of(model: PreTrainedModel) -> torch.nn.Module:
    """The last layer, from hidden states to logits of tokens."""
    head: torch.nn.Module = model.get_output_embeddings()  # type: ignore[no-untyped-call]  # untyped in transformers
    return head
