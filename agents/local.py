"""A language model in this process, through transformers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from forethought.agents.lm import Completion, Request, Sampling, ScoreRequest, Scores
from forethought.agents.weights import content_of, find_weights
from forethought.search import Usage

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH_TOKENS = 2048  # of one forward pass, padding included
T = TypeVar("T")


def load(spec: str, device: str = "cpu") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer of a spec, in the fastest exact type of the device; safetensors only."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves these untyped
    weights = find_weights(spec)
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

    The seed of a request alone decides its samples. The shape of a batch may still change the last
    bits of its probabilities, as with every floating-point matrix product.
    """

    def __init__(self, spec: str, adapter: Path | None = None, device: str = "cpu") -> None:
        """`adapter` is a PEFT folder; it is merged, since an unmerged one reads several times slower."""
        model, tokenizer = load(spec, device)
        content = find_weights(spec).content
        if adapter is not None:
            model = merged(model, adapter)
            content = f"{content}+{content_of(adapter)}"
        self._set(model, tokenizer, spec, content)

    @classmethod
    def of(cls, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str, content: str) -> Local:
        """Around a model that is already in memory."""
        lm = object.__new__(cls)
        lm._set(model, tokenizer, name, content)
        return lm

    def _set(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str, content: str) -> None:
        self.model, self.tokenizer, self.name, self.content = model, tokenizer, name, content

    def count(self, text: str) -> int:
        return len(self._encode(text))

    def _encode(self, text: str) -> list[int]:
        clean = text.encode("utf-8", "replace").decode()  # a lone surrogate has no token
        ids: list[int] = self.tokenizer(clean).input_ids
        return ids or [int(self.tokenizer.eos_token_id)]  # an empty prompt needs a place to start from

    # Scores: every continuation of a prompt is read from one or a few forward passes.

    @torch.inference_mode()
    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """See ScoreRequest. Prompt and continuation are split into tokens apart from one another."""
        rows: list[tuple[int, list[int], int]] = []  # request, tokens, length of its prompt
        plans: list[list[list[int]]] = []  # for each request the tokens of its continuations
        prompts = [self._encode(request.prompt) for request in requests]
        for i, (request, prompt) in enumerate(zip(requests, prompts, strict=True)):
            plans.append([self._continue(text) for text in request.continuations])
            rows += [(i, prompt + list(path), len(prompt)) for path in longest_paths(plans[-1])]
        read: list[dict[tuple[int, ...], torch.Tensor]] = [{} for _ in requests]  # path -> log-probabilities after it
        for batch in batches(rows, key=lambda row: len(row[1])):
            hidden = self._hidden([tokens for _, tokens, _ in batch])
            wanted, places = [], []
            for r, (i, tokens, start) in enumerate(batch):
                for end in range(start, len(tokens) + 1):
                    places.append((i, tuple(tokens[start:end])))
                    wanted.append((r, end - 1))
            at = torch.tensor(wanted, device=hidden.device).T
            logits = head_of(self.model)(hidden[at[0], at[1]])
            for (i, path), row in zip(places, logits.float().log_softmax(-1), strict=True):
                read[i][path] = row
        results = []
        for plan, after, prompt in zip(plans, read, prompts, strict=True):
            totals = [sum(float(after[tuple(p[:k])][token]) for k, token in enumerate(p)) for p in plan]
            results.append(Scores(exclusive(plan, totals), Usage(1, len(prompt))))
        return results

    def _continue(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        if not ids:
            raise ValueError("a continuation to score is empty; give at least one character")
        return ids

    def _hidden(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        """The last layer's states, [row, position, width]; rows are padded on the right."""
        longest = max(map(len, rows))
        pad = int(self.tokenizer.eos_token_id)
        ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=self.model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=self.model.device)
        hidden: torch.Tensor = self.model.base_model(
            input_ids=ids, attention_mask=mask, use_cache=False
        ).last_hidden_state
        return hidden

    # Texts: one batched decode for all requests of similar length.

    @torch.inference_mode()
    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        prompts = [self._encode(request.prompt) for request in requests]
        found: dict[int, Completion] = {}
        order = [(i, prompt) for i, prompt in enumerate(prompts)]
        for batch in batches(order, key=lambda row: len(row[1]) + requests[row[0]].sampling.max_tokens):
            texts = self._decode([prompt for _, prompt in batch], [requests[i] for i, _ in batch])
            for (i, prompt), (text, written) in zip(batch, texts, strict=True):
                found[i] = Completion(text, Usage(1, len(prompt), 0, written))
        return [found[i] for i in range(len(requests))]

    def _decode(self, prompts: list[list[int]], requests: list[Request]) -> list[tuple[str, int]]:
        """Continue each prompt by its own sampling and seed; returns texts and the number of tokens written."""
        width, device = max(map(len, prompts)), self.model.device
        end = int(self.tokenizer.eos_token_id)
        ids = torch.tensor([[end] * (width - len(p)) + p for p in prompts], device=device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
        generators = [torch.Generator().manual_seed(request.seed) for request in requests]
        written: list[list[int]] = [[] for _ in prompts]
        open_rows = [request.sampling.max_tokens > 0 for request in requests]
        cache = None
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        while any(open_rows):
            output = self.model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = output.past_key_values
            chosen = []
            for row, logits in enumerate(output.logits[:, -1].float().cpu()):
                token = pick(logits, requests[row].sampling, generators[row]) if open_rows[row] else end
                chosen.append(token)
                if not open_rows[row]:
                    continue
                written[row].append(token)
                text = self.tokenizer.decode(written[row]) if requests[row].sampling.stop else ""
                stopped = token == end or any(stop in text for stop in requests[row].sampling.stop)
                open_rows[row] = not stopped and len(written[row]) < requests[row].sampling.max_tokens
            ids = torch.tensor(chosen, device=device)[:, None]
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
            positions = positions[:, -1:] + 1
        return [
            (self._text(tokens, request.sampling), len(tokens))
            for tokens, request in zip(written, requests, strict=True)
        ]

    def _text(self, tokens: list[int], sampling: Sampling) -> str:
        text = str(self.tokenizer.decode(tokens, skip_special_tokens=True))
        for stop in sampling.stop:
            text = text.split(stop, 1)[0]
        return text


def head_of(model: PreTrainedModel) -> torch.nn.Module:
    """The last layer, from hidden states to logits of tokens."""
    head: torch.nn.Module = model.get_output_embeddings()  # type: ignore[no-untyped-call]  # untyped in transformers
    return head


def pick(logits: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """The next token: the likeliest at temperature 0, else one drawn from the generator."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    return int(torch.multinomial((logits / sampling.temperature).softmax(-1), 1, generator=generator))


def longest_paths(continuations: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """The fewest token paths after which every continuation's every next token can be read.

    For "0" to "10" that is one path: after the prompt all the first digits are read, after "1" the "0".
    """
    inner = {tuple(tokens[:-1]) for tokens in continuations}
    return sorted(p for p in inner if not any(len(q) > len(p) and q[: len(p)] == p for q in inner))


def exclusive(continuations: Sequence[Sequence[int]], totals: Sequence[float]) -> tuple[float, ...]:
    """Take from each log-probability what belongs to longer ones that begin alike: "1" is not "10"."""
    left = []
    for tokens, total in zip(continuations, totals, strict=True):
        longer = sum(
            exp(other)
            for q, other in zip(continuations, totals, strict=True)
            if len(q) > len(tokens) and q[: len(tokens)] == tokens
        )
        left.append(log(max(exp(total) - longer, 1e-300)) if longer else total)
    return tuple(left)


def batches(rows: Sequence[T], key: Any) -> Iterator[list[T]]:
    """Rows of similar length together, each batch within BATCH_TOKENS (or a single row)."""
    batch: list[T] = []
    for row in sorted(rows, key=key, reverse=True):
        if batch and (len(batch) + 1) * key(batch[0]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def merged(model: PreTrainedModel, adapter: Path) -> PreTrainedModel:
    """The model with a PEFT adapter folded into its weights. Raises ValueError: no adapter in safetensors there."""
    from peft import PeftModel

    if not (adapter / "adapter_model.safetensors").exists():
        raise ValueError(f"{adapter} holds no adapter_model.safetensors; give a folder that training wrote")
    whole: PreTrainedModel = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    whole.eval()  # type: ignore[no-untyped-call]  # of transformers
    return whole
