"""The number of a model's positions, and requests that need more."""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedModel

NAMES = ("max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "n_ctx")
STRETCHED = ("linear", "dynamic", "yarn")  # rotations with a factor on the trained positions


def positions_of(model: PreTrainedModel) -> int | None:
    """The number of positions; None without a bound (recurrences, biases by distance, windows of attention)."""
    config: Any = model.config.get_text_config()
    told = next((n for name in NAMES if type(n := getattr(config, name, None)) is int and n > 0), None)
    if told is None or getattr(config, "alibi", False):
        return None
    return max(told, stretched(config, told))


def stretched(config: Any, told: int) -> int:
    """The number of positions after rotary scaling."""
    rope = getattr(config, "rope_parameters", None) or {}
    factor = rope.get("factor")
    if rope.get("rope_type") not in STRETCHED or not isinstance(factor, int | float):
        return told
    return int(factor * (rope.get("original_max_position_embeddings") or told))


def too_long(name: str, tokens: int, positions: int, also: int = 0) -> str:
    """The reason of a refusal."""
    more = f" and needs room for {also} more" if also else ""
    return (
        f"the prompt has {tokens} tokens{more}, and {name} has positions for {positions}; "
        "shorten the prompt, or use a model with more positions"
    )
