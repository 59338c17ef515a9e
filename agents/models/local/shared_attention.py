"""Keys and values of a batch: those of prompts once for all rows, and those of each row's own text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from forethought.agents.models.local.library_versions import unlike

try:
    from transformers import AttentionInterface
    from transformers.cache_utils import Cache, DynamicLayer
except ImportError as error:
    raise ImportError(unlike("transformers", f"{error!s:.200}")) from error

SHARED = "forethought_shared"
# Models with an attention that is a softmax over all earlier tokens, through transformers' attention interface.
ARCHITECTURES = ("granite", "llama", "mistral", "olmo2", "qwen2", "qwen3", "smollm3")


def is_shared(model: PreTrainedModel) -> bool:
    """Whether `attend` can compute the model's attention."""
    config: Any = model.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    return (
        config.model_type in ARCHITECTURES
        and getattr(config, "sliding_window", None) is None
        and kinds == {"full_attention"}
        and rope in ("default", "linear", "llama3", "yarn")  # others turn with the longest prompt of the batch
    )


class KVLayer(DynamicLayer):
    """The keys and values of one layer, each `[rows, heads, places, width]`, in tensors of a fixed capacity."""

    keys_held: torch.Tensor
    values_held: torch.Tensor

    def __init__(self, capacity: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
        self.capacity, self.filled = capacity, 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append keys and values `[rows, heads, tokens, width]`; returns all of them."""
        if not self.filled:
            self.keys_held = key_states.new_empty(*key_states.shape[:2], self.capacity, key_states.shape[-1])
            self.values_held = value_states.new_empty(*value_states.shape[:2], self.capacity, value_states.shape[-1])
        begin, self.filled = self.filled, self.filled + key_states.shape[2]
        self.keys_held[:, :, begin : self.filled] = key_states
        self.values_held[:, :, begin : self.filled] = value_states
        return self.keys_held[:, :, : self.filled], self.values_held[:, :, : self.filled]

    def get_seq_length(self) -> int:
        """The number of tokens in the cache, as transformers asks for it."""
        return self.filled

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch alone."""
        if self.filled:
            self.keys_held, self.values_held = self.keys_held[rows], self.values_held[rows]


class KVCache(Cache):
    """One room for each layer; empty, or with some places of another cache at its beginning."""

    def __init__(
        self, model: PreTrainedModel, capacity: int, before: KVCache | None = None, places: Sequence[int] = ()
    ) -> None:
        self.rooms = [KVLayer(capacity) for _ in range(int(model.config.num_hidden_layers))]
        super().__init__(layers=[*self.rooms])
        if before is not None and places:
            at = torch.tensor(places, device=model.device)
            for room, old in zip(self.rooms, before.rooms, strict=True):
                room.update(old.keys_held[:, :, at], old.values_held[:, :, at])

    def of(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The keys and values of the one row of prompts, each `[heads, places, width]`."""
        return self.rooms[layer].keys_held[0], self.rooms[layer].values_held[0]


@dataclass(frozen=True)
class PrefixKV:
    """The keys and values of the prompts of one block, and the places that each row must not read."""

    rows: slice  # of the batch
    prompts: KVCache
    mask: torch.Tensor | None  # [rows, 1, places], 0 or -inf; None: every row reads all

    def kept(self, rows: Sequence[int], at: torch.Tensor) -> PrefixKV | None:
        """The context of some rows, in the given order (`at` is the tensor of them); None where no row is left."""
        start, stop = bisect_left(rows, self.rows.start), bisect_left(rows, self.rows.stop)
        if start == stop:
            return None
        mask = None if self.mask is None else self.mask[at[start:stop] - self.rows.start]
        return PrefixKV(slice(start, stop), self.prompts, mask)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    contexts: Sequence[PrefixKV],
    scaling: float,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of one new token in each row to its shared prompt and to its own text, in one softmax.

    `query` is `[rows, heads, 1, width]`, `key` and `value` are `[rows, key heads, written, width]`. The queries of all
    rows
    meet the shared keys in one matrix product, so a shared prefix is read once for each step.
    """
    count, heads, width = query.shape[0], query.shape[1], query.shape[3]
    groups, each = key.shape[1], heads // key.shape[1]
    layer: Any = module.layer_idx
    asked = query.reshape(count, groups, each, width) * scaling
    written = asked @ key.transpose(2, 3)
    answers = value.new_empty(count, groups, each, value.shape[-1])
    for context in contexts:
        keys, values = context.prompts.of(layer)  # [key heads, places, width]
        here = asked[context.rows].transpose(0, 1)  # [key heads, rows, heads a key head, width]
        rows, places = here.shape[1], keys.shape[1]
        shared = (here.reshape(groups, -1, width) @ keys.transpose(1, 2)).view(groups, rows, each, places)
        if context.mask is not None:
            shared = shared + context.mask
        scores = torch.cat([shared, written[context.rows].transpose(0, 1)], dim=-1)
        weights = scores.softmax(-1, dtype=torch.float32).to(value.dtype)
        read = weights[..., :places].reshape(groups, -1, places) @ values
        own = weights[..., places:].transpose(0, 1) @ value[context.rows]
        answers[context.rows] = own + read.view(groups, rows, each, -1).transpose(0, 1)
    return answers.reshape(count, 1, heads, -1), None


AttentionInterface.register(SHARED, attend)


@contextmanager
def sharing(model: PreTrainedModel) -> Iterator[None]:
    """Within this block the model's attention is `attend`; after it the model has its own attention again."""
    config: Any = model.config
    before = config._attn_implementation
    config._attn_implementation = SHARED
    try:
        yield
    finally:
        config._attn_implementation = before
