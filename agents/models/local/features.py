"""Features of texts: hidden states of a frozen model, at the last token and as the mean over all tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from forethought.agents.models.local.batching import MemoryLimit
from forethought.agents.models.local.forward_pass import hidden_states
from forethought.agents.models.local.prefill import Prefill, can_share, spread_of
from forethought.agents.models.local.prefix_tree import PrefixTree


def read_features(
    model: PreTrainedModel, prompts: Sequence[list[int]], layers: Sequence[int], limit: MemoryLimit
) -> torch.Tensor:
    """The features of prompts in the order of their tokens, each different, `[prompts, layers, 2, width]` in float32.

    Of the two parts the first is the last token's hidden state, the second the mean over all tokens. Prefixes that
    prompts share are read once where the model allows it.
    """
    return (shared if can_share(model) else apart)(model, prompts, layers, limit)


def shared(
    model: PreTrainedModel, prompts: Sequence[list[int]], layers: Sequence[int], limit: MemoryLimit
) -> torch.Tensor:
    """Prompts that are read as a tree of their prefixes."""
    tree = PrefixTree(spread_of(model.device))
    for prompt in prompts:
        tree.add(prompt)
    prefill, found = Prefill(model, limit), list[torch.Tensor]()
    before: torch.Tensor | None = None  # hidden states of the block before
    for block in tree.closed():
        states = prefill.read_states(block, layers).float()
        if before is not None and block.inherited:
            states = torch.cat([before[torch.tensor(block.above, device=states.device)], states])
        found += [pooled(states[torch.tensor(path, device=states.device)]) for path in block.paths]
        before = states
    return torch.stack(found).cpu()


def apart(
    model: PreTrainedModel, prompts: Sequence[list[int]], layers: Sequence[int], limit: MemoryLimit
) -> torch.Tensor:
    """Prompts one by one, for models that cannot share."""
    found = []
    for prompt in prompts:
        ids = torch.tensor([prompt], device=model.device)
        found.append(pooled(hidden_states(model, None, layers, input_ids=ids)[0].float()))
    return torch.stack(found).cpu()


def pooled(states: torch.Tensor) -> torch.Tensor:
    """The last state and the mean state, `[places, layers, width] -> [layers, 2, width]`."""
    return torch.stack([states[-1], states.mean(dim=0)], dim=1)
