"""Prompts in a model's cache, each shared prefix read once; the rows of a batch continue from there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
from transformers import PreTrainedModel

from forethought.agents.models.local.batching import GIB, MemoryLimit, Sizes
from forethought.agents.models.local.forward_pass import forward, hidden_states
from forethought.agents.models.local.library_checks import prove_sharing
from forethought.agents.models.local.positions import positions_of
from forethought.agents.models.local.prefix_tree import Block, PrefixTree
from forethought.agents.models.local.shared_attention import KVCache, PrefixKV, is_shared, sharing


def spread_of(device: torch.device) -> int:
    """Places of a block that a row may have to skip: on a CPU each place has a cost, on a GPU each block."""
    return 4096 if device.type == "cuda" else 512


def can_share(model: PreTrainedModel) -> bool:
    """Whether the rows of a batch may share prompts. Raises ValueError: the installed transformers fails the check."""
    if not is_shared(model):
        return False
    prove_sharing(str(model.config.model_type), read_tried)
    return True


def read_tried(model: PreTrainedModel, prompts: list[list[int]], behind: list[int]) -> torch.Tensor:
    """The logits after each prompt and one token after it, for a check."""
    order = sorted(range(len(prompts)), key=lambda i: prompts[i])
    rows = SharedRows(model, [prompts[i] for i in order], 2, MemoryLimit(GIB, firm=False))
    logits = rows.step(torch.tensor([behind[i] for i in order]))
    return logits[torch.tensor([order.index(i) for i in range(len(prompts))])]


class Prefill:
    """Reads blocks of a forest one after the other; each block inherits a prefix of the block before."""

    def __init__(self, model: PreTrainedModel, limit: MemoryLimit) -> None:
        self.model, self.limit, self.sizes = model, limit, Sizes.of(model)
        self.cache: KVCache | None = None  # of the block read last

    def read(self, block: Block, wanted: Sequence[int]) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Places of the block, in order, with the logits of the next token, `[places, vocabulary]`."""
        for start, stop, inputs in self._passes(block, wanted):
            asked = [place for place in wanted if start <= place < stop]
            kept = torch.tensor(asked, dtype=torch.long, device=self.model.device) - start
            assert self.cache is not None
            logits, _ = forward(self.model, self.cache, kept, **inputs)
            yield asked, logits[0]

    def read_states(self, block: Block, layers: Sequence[int]) -> torch.Tensor:
        """The hidden states of the block's places that were not inherited, `[places, layers, width]`."""
        passes = self._passes(block, ())
        found = [hidden_states(self.model, self.cache, layers, **inputs)[0] for _, _, inputs in passes]
        return torch.cat(found)

    def _passes(self, block: Block, wanted: Sequence[int]) -> Iterator[tuple[int, int, dict[str, torch.Tensor]]]:
        """The first and the last place of each forward pass, and its inputs; the cache is made for the block."""
        device = self.model.device
        self.cache = KVCache(self.model, len(block), self.cache, block.above)
        tokens, positions, ends = torch.tensor([block.tokens, block.positions, block.ends], device=device)
        places = torch.arange(len(block), device=device)
        for start, stop in self._pieces(block, wanted):
            here = places[start:stop, None]
            unread = (places[:stop] > here) | (here >= ends[:stop])
            mask = torch.zeros(unread.shape, dtype=self.model.dtype, device=device).masked_fill_(unread, -torch.inf)
            yield (
                start,
                stop,
                {
                    "input_ids": tokens[None, start:stop],
                    "position_ids": positions[None, start:stop],
                    "attention_mask": mask[None, None],
                },
            )

    def _pieces(self, block: Block, wanted: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Parts of the block, each as long as one forward pass within the limit."""
        start = block.inherited
        while start < len(block):
            stop = len(block)
            while stop - start > 1 and self._bytes(start, stop, wanted) > self.limit.passing:
                stop = start + (stop - start) // 2
            yield start, stop
            start = stop

    def _bytes(self, start: int, stop: int, wanted: Sequence[int]) -> int:
        return self.sizes.passing(stop - start, stop, sum(start <= place < stop for place in wanted))


class SharedRows:
    """Rows that continue their prompts. A prefix of several rows is in memory once."""

    def __init__(self, model: PreTrainedModel, prompts: Sequence[list[int]], room: int, limit: MemoryLimit) -> None:
        """`prompts` are sorted, one for each row, many of them equal; `room` is the most tokens of a row."""
        self.model = model
        forest, counts = PrefixTree(spread_of(model.device)), []
        for prompt, same in groupby(prompts):
            forest.add(prompt)
            counts.append(len(list(same)))
        reader, first = Prefill(model, limit), []
        self.contexts: list[PrefixKV] = []
        rows, prompt_count = 0, 0
        for block in forest.closed():
            wanted = [path[-1] for path in block.paths]
            first += [logits for _, logits in reader.read(block, wanted)]
            assert reader.cache is not None
            here = counts[prompt_count : prompt_count + len(wanted)]
            span = slice(rows, rows + sum(here))
            self.contexts.append(PrefixKV(span, reader.cache, mask_of(model, block, here)))
            rows, prompt_count = span.stop, prompt_count + len(wanted)
        self.logits = torch.cat(first).repeat_interleave(torch.tensor(counts, device=model.device), dim=0)
        self.positions = torch.tensor([len(prompt) for prompt in prompts], device=model.device)
        self.last = (positions_of(model) or sys.maxsize) - 1
        self.written = KVCache(model, room)

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits after one more token of each row, `[rows, vocabulary]`."""
        with sharing(self.model):
            logits, _ = forward(
                self.model,
                self.written,
                1,
                input_ids=tokens[:, None],
                position_ids=self.positions[:, None],
                contexts=self.contexts,
            )
        self.positions = (self.positions + 1).clamp(max=self.last)  # a row that has ended may stand there
        return logits[:, -1]

    def keep(self, rows: Sequence[int]) -> None:
        """Continue with some rows only, in the given order."""
        at = torch.tensor(rows, device=self.model.device)
        self.positions = self.positions[at]
        for room in self.written.rooms:
            room.keep(at)
        self.contexts = [left for context in self.contexts if (left := context.kept(rows, at))]


def mask_of(model: PreTrainedModel, block: Block, counts: Sequence[int]) -> torch.Tensor | None:
    """The places that each row of a block must not read, `[rows, 1, places]`; None for a block of one prompt."""
    if len(block.paths) == 1:
        return None
    mask = torch.full((len(block.paths), 1, len(block)), -torch.inf, dtype=model.dtype)
    for prompt, path in enumerate(block.paths):
        mask[prompt, 0, path] = 0.0
    return mask.repeat_interleave(torch.tensor(counts), dim=0).to(model.device)
