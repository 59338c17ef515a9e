"""Texts as tokens to continue: without an end mark after a prompt, with a start token for an empty one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PROBE = "a"
NO_START = (
    "the prompt is empty, and the tokenizer has neither a begin nor an end token to start from; "
    "give at least one character"
)


class Tokens:
    """A tokenizer for prompts and for continuations; it splits the two separately."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer

    def prompt(self, text: str) -> list[int]:
        """The tokens of a prompt, without the end mark of some tokenizers (T5, Llama with `add_eos_token`).

        Empty only if the text has no token and the tokenizer has no start token.
        """
        ids: list[int] = list(self.tokenizer(clean(text)).input_ids)
        if self._behind and ids[-len(self._behind) :] == self._behind:
            ids = ids[: -len(self._behind)]
        return ids or ([] if self.start is None else [self.start])

    def continuation(self, text: str) -> list[int]:
        """The tokens of a text that follows a prompt."""
        ids = self._plain(clean(text))
        return ids[:-1] if self._ends_plain_texts and ids[-1:] == [self.tokenizer.eos_token_id] else ids

    @property
    def start(self) -> int | None:
        """The token that begins a text; None for a tokenizer without one."""
        told = (getattr(self.tokenizer, name, None) for name in ("bos_token_id", "eos_token_id"))
        return next((int(token) for token in told if token is not None), None)

    def _plain(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    @cached_property
    def _behind(self) -> list[int]:
        """The marks at the end of every text."""
        whole, inner = list(self.tokenizer(PROBE).input_ids), self.continuation(PROBE)
        for begin in range(len(whole) - len(inner) + 1):
            if inner and whole[begin : begin + len(inner)] == inner:
                return whole[begin + len(inner) :]
        return []

    @cached_property
    def _ends_plain_texts(self) -> bool:
        end = getattr(self.tokenizer, "eos_token_id", None)
        return end is not None and self._plain(PROBE)[-1:] == [end]


def clean(text: str) -> str:
    """A text with lone surrogates replaced."""
    return text.encode("utf-8", "replace").decode()  # a lone surrogate has no token


def ends_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens that end a text: those of the tokenizer and of plain `generate`; there may be none."""
    told: Any = getattr(model.generation_config, "eos_token_id", None)
    if told is None:
        told = getattr(model.config, "eos_token_id", None)
    also = told if isinstance(told, list | tuple) else [told]
    own = getattr(tokenizer, "eos_token_id", None)
    return frozenset(int(token) for token in (own, *also) if token is not None)


def end_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The token at the end of a training text: the tokenizer's, else the model's first one; None: neither has one."""
    own = getattr(tokenizer, "eos_token_id", None)
    return int(own) if own is not None else min(ends_of(model, tokenizer), default=None)
