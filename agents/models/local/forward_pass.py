"""One forward pass through a model of transformers, and the check that it used its cache.

transformers renamed the argument of the cache once (5.24). A forward pass ignores unknown keywords in silence, and a
model without its cache answers as if it had read no prompt; so the cache is checked after each pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers import __version__ as installed
from transformers.cache_utils import Cache

from forethought.agents.models.local.library_versions import unlike

NAMES = ("cache", "past_key_values", "cache_params")  # from 5.24 on; before; before, of models of recurrences


def argument_of_cache(model: PreTrainedModel) -> str:
    """The name of the cache in the forward pass of this model; by the version if its signature lists neither name."""
    listed = inspect.signature(model.forward).parameters
    return next((name for name in NAMES if name in listed), NAMES[0 if since(5, 24) else 1])


def since(*version: int) -> bool:
    """Whether the installed transformers has this version or a later one."""
    return tuple(int(part) for part in installed.split(".")[:2]) >= version


def forward(
    model: PreTrainedModel, cache: Cache | None, wanted: torch.Tensor | int, **inputs: Any
) -> tuple[torch.Tensor, Cache]:
    """The logits at the wanted places (a number: so many last places), `[rows, places, vocabulary]`, and the cache.

    Without a cache the model makes one. Raises ValueError: the pass did not put its tokens into the cache.
    """
    name = argument_of_cache(model)
    before = length_of(cache) if cache is not None else 0
    output: Any = model(**inputs, **{name: cache}, use_cache=True, logits_to_keep=wanted)
    after: Any = getattr(output, name, None)
    check_filled(model, cache, before, after, inputs["input_ids"].shape[1])
    logits: torch.Tensor = output.logits
    check_places(model, logits, wanted)
    return logits, after


def hidden_states(model: PreTrainedModel, cache: Cache | None, layers: Sequence[int], **inputs: Any) -> torch.Tensor:
    """The hidden states after some layers (0: the embeddings), `[rows, places, layers, width]`; the cache is filled.

    Without a cache none is used. Raises ValueError: as `forward`, or a model that gives no hidden states.
    """
    given: dict[str, Any] = {"use_cache": False}
    if cache is not None:
        name = argument_of_cache(model)
        before = length_of(cache)
        given = {name: cache, "use_cache": True}
    output: Any = model(**inputs, **given, output_hidden_states=True, logits_to_keep=1)
    if cache is not None:
        check_filled(model, cache, before, getattr(output, name, None), inputs["input_ids"].shape[1])
    states = getattr(output, "hidden_states", None)
    if not states or len(states) <= max(layers):
        part = f"{type(model).__name__} gave {len(states or ())} hidden states where layer {max(layers)} was asked"
        raise ValueError(f"{unlike('transformers', part)}, or use another model")
    return torch.stack([states[layer] for layer in layers], dim=2)


def check_filled(model: PreTrainedModel, cache: Cache | None, before: int | None, after: Any, tokens: int) -> None:
    """Raises ValueError: the cache after a pass is not the given one plus the tokens of the pass."""
    grown = None if before is None or after is None else length_of(after)
    same = after is not None and (cache is None or after is cache)
    if not same or (before is not None and grown is not None and grown != before + tokens):
        held = "no cache" if after is None else "another cache" if not same else f"one of {grown} tokens"
        part = (
            f"{type(model).__name__} did not use the cache that it was given: after a pass of {tokens} tokens on top "
            f"of {before or 0} it holds {held}, so it would write without its prompt"
        )
        raise ValueError(f"{unlike('transformers', part)}, or use another model")


def check_places(model: PreTrainedModel, logits: torch.Tensor, wanted: torch.Tensor | int) -> None:
    """Raises ValueError: the logits are of other places than the wanted ones."""
    count = wanted if isinstance(wanted, int) else len(wanted)
    if logits.shape[1] != count:
        part = (
            f"{type(model).__name__} gave logits of {logits.shape[1]} places where {count} were asked for with "
            "logits_to_keep"
        )
        raise ValueError(f"{unlike('transformers', part)}, or use another model")


def length_of(cache: Cache) -> int | None:
    """The tokens in a cache; None for a cache of recurrent layers alone, which cannot tell."""
    try:
        return int(cache.get_seq_length())
    except ValueError:
        return None


def keep_rows(cache: Cache, rows: torch.Tensor) -> None:
    """Continue with some rows of a batch, in the given order. Raises ValueError: the cache cannot.

    `reorder_cache` is in every kind of layer; `batch_select_indices` is not, or leaves out the state of a recurrence.
    """
    if not hasattr(cache, "reorder_cache"):
        raise ValueError(unlike("transformers", f"{type(cache).__name__} cannot drop rows (no reorder_cache)"))
    cache.reorder_cache(rows)  # type: ignore[arg-type]  # any tensor of integers will do
    for layer in cache.layers:
        keys = getattr(layer, "keys", None)
        if keys is not None and keys.numel() and len(keys) != len(rows):
            raise ValueError(unlike("transformers", f"{type(cache).__name__} has {len(keys)} rows, not {len(rows)}"))
