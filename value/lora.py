"""Fine-tune a language model on completions only, with LoRA adapters (Hu et al. 2021, arXiv:2106.09685)."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy

from forethought.agents.local import head_of, load

IGNORE = -100  # positions whose token is not learnt


@dataclass(frozen=True, slots=True)
class Pair:
    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What is trained, and how. `model` is a spec of the base model; it is never changed."""

    model: str = "smollm2-135m"
    rank: int = 16
    alpha: int = 16
    learning_rate: float = 1e-3
    warmup: int = 10  # steps
    weight_decay: float = 0.01
    batch: int = 32  # pairs a step
    epochs: int = 1
    seed: int = 0
    device: str = "cpu"


def train(
    config: TrainingConfig, pairs: Sequence[Pair], folder: Path, watch: Callable[[int, int, float], None] | None = None
) -> list[float]:
    """Write a PEFT adapter to `folder`; returns the loss of every step. `watch` sees (step, steps, loss).

    Raises ValueError: no pairs.
    """
    if not pairs:
        raise ValueError("there is nothing to train on; give at least one pair of prompt and completion")
    torch.manual_seed(config.seed)
    base, tokenizer = load(config.model, config.device)
    lora = LoraConfig(r=config.rank, lora_alpha=config.alpha, lora_dropout=0.0, target_modules="all-linear")
    model = get_peft_model(base, lora).train()
    body, head = base.base_model, head_of(base)
    learnt = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=config.learning_rate, weight_decay=config.weight_decay)
    end = int(tokenizer.eos_token_id)
    rows = [
        (tokenizer(pair.prompt).input_ids, [*tokenizer(pair.completion, add_special_tokens=False).input_ids, end])
        for pair in pairs
    ]
    steps = config.epochs * math.ceil(len(rows) / config.batch)
    losses: list[float] = []
    for step, batch in enumerate(shuffled_batches(rows, config)):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * schedule(step, steps, config.warmup)
        ids, mask, labels = collate(batch, end)
        hidden = body(
            input_ids=ids.to(config.device), attention_mask=mask.to(config.device), use_cache=False
        ).last_hidden_state
        places = labels != IGNORE  # logits only where a token is learnt: the vocabulary is the widest matrix
        loss = cross_entropy(head(hidden[places.to(config.device)]).float(), labels[places].to(config.device))
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if watch:
            watch(step + 1, steps, losses[-1])
    model.save_pretrained(str(folder), safe_serialization=True)
    record = {"config": asdict(config), "pairs": len(pairs), "losses": losses}
    (folder / "training.json").write_text(json.dumps(record, indent=1), encoding="ascii")
    return losses


def shuffled_batches(
    rows: Sequence[tuple[list[int], list[int]]], config: TrainingConfig
) -> Iterator[list[tuple[list[int], list[int]]]]:
    draw = random.Random(config.seed)
    for _ in range(config.epochs):
        order = draw.sample(rows, len(rows))
        yield from (order[i : i + config.batch] for i in range(0, len(order), config.batch))


def collate(batch: Sequence[tuple[list[int], list[int]]], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, attention mask and labels, each `[batch, time]`; a label is the token that comes next."""
    longest = max(len(prompt) + len(completion) for prompt, completion in batch) - 1
    ids = torch.full((len(batch), longest), pad)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    labels = torch.full((len(batch), longest), IGNORE)
    for row, (prompt, completion) in enumerate(batch):
        tokens = [*prompt, *completion]
        ids[row, : len(tokens) - 1] = torch.tensor(tokens[:-1])
        mask[row, : len(tokens) - 1] = 1
        labels[row, len(prompt) - 1 : len(tokens) - 1] = torch.tensor(completion)
    return ids, mask, labels


def schedule(step: int, steps: int, warmup: int) -> float:
    """The share of the learning rate at a step: a linear warm-up under a half cosine down to 0."""
    return min(1.0, (step + 1) / max(warmup, 1)) * 0.5 * (1 + math.cos(math.pi * step / steps))
