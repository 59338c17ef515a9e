"""Models with an attention that cannot be shared (windows, recurrences): every row holds its own prompt."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import Cache

from forethought.agents.models.local.forward_pass import check_places, forward, keep_rows
from forethought.agents.models.local.positions import positions_of


class PlainRows:
    """Rows that continue their prompts, padded on the left and read in one forward pass."""

    def __init__(self, model: PreTrainedModel, prompts: Sequence[list[int]]) -> None:
        self.model = model
        width, device = max(map(len, prompts)), model.device
        self.mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
        ids = torch.tensor([[0] * (width - len(p)) + p for p in prompts], device=device)  # the mask hides token 0
        self.positions = (self.mask.cumsum(-1) - 1).clamp(min=0)
        self.last = (positions_of(model) or sys.maxsize) - 1
        self.cache: Cache | None = None
        self.logits = self._read(ids)

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits after one more token of each row, `[rows, vocabulary]`."""
        self.mask = torch.cat([self.mask, torch.ones_like(tokens)[:, None]], dim=1)
        self.positions = (self.positions[:, -1:] + 1).clamp(max=self.last)  # a row that has ended may stand there
        return self._read(tokens[:, None])

    def _read(self, ids: torch.Tensor) -> torch.Tensor:
        logits, self.cache = forward(
            self.model, self.cache, 1, input_ids=ids, attention_mask=self.mask, position_ids=self.positions
        )
        return logits[:, -1]

    def keep(self, rows: Sequence[int]) -> None:
        """Continue with some rows only, in the given order."""
        at = torch.tensor(rows, device=self.model.device)
        self.mask, self.positions = self.mask[at], self.positions[at]
        assert self.cache is not None
        keep_rows(self.cache, at)


def read_alone(model: PreTrainedModel, tokens: list[int], start: int) -> torch.Tensor:
    """The logits of one sequence from a place on, `[places, vocabulary]`."""
    wanted = torch.arange(start, len(tokens), device=model.device)
    output = model(torch.tensor([tokens], device=model.device), use_cache=False, logits_to_keep=wanted)
    logits: torch.Tensor = output.logits
    check_places(model, logits, wanted)
    return logits[0]
