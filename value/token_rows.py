"""Pairs of prompt and completion as tokens to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from forethought.agents.models.local.positions import positions_of
from forethought.agents.models.local.tokenization import NO_START, Tokens, end_of

NO_PAIRS = "there is nothing to train on; give at least one pair of prompt and completion"
Row = tuple[list[int], list[int]]  # the tokens of a prompt, and of what comes after it


@dataclass(frozen=True, slots=True)
class Pair:
    """A training pair of texts."""

    prompt: str
    completion: str


def rows_of(pairs: Sequence[Pair], model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[Row]:
    """As the model reads and writes them: a completion is ended where the model or its tokenizer has an end token.

    Raises ValueError: a pair with nothing to learn, nothing to start from, or more tokens than positions.
    """
    tokens, end, positions = Tokens(tokenizer), end_of(model, tokenizer), positions_of(model)
    ending = [] if end is None else [end]
    rows = [(tokens.prompt(pair.prompt), [*tokens.continuation(pair.completion), *ending]) for pair in pairs]
    for number, (prompt, completion) in enumerate(rows):
        length = len(prompt) + len(completion) - 1  # the last token is learnt and not read
        if not prompt:
            raise ValueError(f"pair {number}: {NO_START}")
        if not completion:
            raise ValueError(f"pair {number} has nothing to learn; give a completion of at least one character")
        if positions is not None and length > positions:
            raise ValueError(
                f"pair {number} has {length} tokens, and the model has positions for {positions}; shorten it, "
                "leave it out, or use a model with more positions"
            )
    return rows
