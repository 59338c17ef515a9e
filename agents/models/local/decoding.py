"""Choice of tokens and ends of texts: each row by its own temperature, seed, stops and length."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

import torch

from forethought.agents.models.protocol import Sampling
from forethought.agents.readers.reasoning import Reply, separate_reasoning
from forethought.agents.readers.reply import is_ended, read_reply

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BUCKET = 256  # tokens of the vocabulary that stand together in a draw
MARGIN = 8  # tokens more than a stop has bytes: characters cut at the first, and ids without a text


class Rows(Protocol):
    """A batch of texts that a model continues."""

    logits: torch.Tensor  # of the first token, [rows, vocabulary]

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits after one more token of each row."""

    def keep(self, rows: Sequence[int]) -> None:
        """Continue with some rows only, in the given order."""


class TextDecoder:
    """One text as it grows."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, sampling: Sampling, seed: int, ends: Collection[int]
    ) -> None:
        self.tokenizer, self.sampling, self.ends = tokenizer, sampling, ends
        self.generator = torch.Generator().manual_seed(seed)
        self.written: list[int] = []
        self.open = sampling.max_tokens > 0
        self.truncated = False  # the limit of tokens ended it
        self.tail = max((len(stop.encode("utf-8", "replace")) for stop in sampling.stop), default=0) + MARGIN

    def add(self, token: int) -> None:
        """Add a token to the text, and close the text at a stop, at its end or at its length."""
        self.written.append(token)
        full = len(self.written) >= self.sampling.max_tokens
        ended = token in self.ends or self._stopped()
        self.open = not (full or ended)
        self.truncated = full and not ended

    def _stopped(self) -> bool:
        """Whether a stop is complete: the last tokens decide whether to look at the whole text."""
        stops = self.sampling.stop
        if not stops:
            return False
        tail = str(self.tokenizer.decode(self.written[-self.tail :]))
        return any(stop in tail for stop in stops) and is_ended(str(self.tokenizer.decode(self.written)), stops)

    def reply(self) -> Reply:
        """The reasoning, if special tokens mark it, and the text without any special token."""
        whole = str(self.tokenizer.decode(self.written))
        if separate_reasoning(whole) == ("", whole):
            return read_reply(str(self.tokenizer.decode(self.written, skip_special_tokens=True)), self.sampling.stop)
        rationale, text = read_reply(whole, self.sampling.stop)
        for token in self.tokenizer.all_special_tokens:
            text = text.replace(token, "")
        return Reply(rationale, text)


def write(rows: Rows, writers: Sequence[TextDecoder]) -> None:
    """Let every writer, one a row, write to its end. Rows that have ended leave the batch, an eighth at a time."""
    here, logits = list(writers), rows.logits
    while True:
        tokens = choose(logits, here)
        for writer, token in zip(here, tokens.tolist(), strict=True):
            if writer.open:
                writer.add(token)
        left = [row for row, writer in enumerate(here) if writer.open]
        if not left:
            return
        if len(left) <= len(here) * 7 // 8:
            rows.keep(left)
            here, tokens = [here[row] for row in left], tokens[left]
        logits = rows.step(tokens)


def choose(logits: torch.Tensor, writers: Sequence[TextDecoder]) -> torch.Tensor:
    """The next token of each row: the likeliest at temperature 0, else one drawn by the row's generator."""
    hot = [row for row, writer in enumerate(writers) if writer.sampling.temperature != 0]
    if not hot:
        return logits.argmax(-1)
    heat = torch.tensor([writers[row].sampling.temperature for row in hot], device=logits.device)
    drawn = draw((logits[hot].float() / heat[:, None]).softmax(-1), [writers[row].generator for row in hot])
    if len(hot) == len(writers):
        return drawn
    chosen = logits.argmax(-1)
    chosen[hot] = drawn
    return chosen


def draw(probabilities: torch.Tensor, generators: Sequence[torch.Generator]) -> torch.Tensor:
    """One column of each row, by its probability.

    The least of exponential variates over probabilities falls on each column with its probability; so first a bucket of
    columns is drawn, then a column of it. That takes a few hundred variates for each row, where a race of the whole
    vocabulary takes one for each token, and unlike a point on the cumulated probabilities it is hardly ever moved by
    their
    last bits, which depend on the shape of a batch.
    """
    count, columns = probabilities.shape
    buckets = -(-columns // BUCKET)
    noise = torch.empty(count, buckets + BUCKET)
    for row, generator in zip(noise, generators, strict=True):
        row.exponential_(generator=generator)
    noise = noise.to(probabilities.device)
    within = torch.nn.functional.pad(probabilities, (0, buckets * BUCKET - columns)).view(count, buckets, BUCKET)
    bucket = (within.sum(-1) / noise[:, :buckets]).argmax(-1)
    column = (within[torch.arange(count, device=bucket.device), bucket] / noise[:, buckets:]).argmax(-1)
    return bucket * BUCKET + column
