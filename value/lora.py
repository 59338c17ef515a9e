"""Fine-tune a language model on completions only, with LoRA adapters (Hu et al. 2021, arXiv:2106.09685)."""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn.functional import cross_entropy

from forethought.agents.models.local.adapter_hash import SETS, SETTINGS, TENSORS
from forethought.agents.models.local.adapter_merging import quiet
from forethought.agents.models.local.library_versions import unlike
from forethought.agents.models.local.loading import load_weights
from forethought.agents.models.local.model import head_of
from forethought.agents.models.local.tokenization import end_of
from forethought.agents.models.local.weights import find_weights
from forethought.value.checkpoint import Checkpoint, told_by
from forethought.value.token_rows import NO_PAIRS, Pair, Row, rows_of
from forethought.value.training_config import TrainingConfig

IGNORE = -100  # positions whose token is not learnt
CHECKPOINT_SECONDS = 60.0
SCRATCH, RECORD = ".training", "training.json"


def train(
    config: TrainingConfig, pairs: Sequence[Pair], folder: Path, watch: Callable[[int, int, float], None] | None = None
) -> list[float]:
    """Write a PEFT adapter to `folder`; returns the loss of every step. `watch` sees (step, steps, loss).

    A training that was stopped goes on from its last checkpoint, to the same weights (on a CPU to the last bit).
    Raises ValueError: no pairs, one that cannot be learnt (see `rows_of`), or a loss that is no finite number.
    """
    if not pairs:
        raise ValueError(NO_PAIRS)
    weights = find_weights(config.model)
    base, tokenizer = load_weights(weights, config.device)
    rows = rows_of(pairs, base, tokenizer)
    torch.manual_seed(config.seed)
    lora = LoraConfig(r=config.rank, lora_alpha=config.alpha, lora_dropout=0.0, target_modules="all-linear")
    with quiet():
        model = get_peft_model(base, lora).train()
    body, head = base.base_model, head_of(base)
    learnt = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    if not learnt or any("lora_" not in name for name in learnt):
        raise ValueError(unlike("peft", "an adapter of LoRA is to learn nothing, or other weights than its own"))
    optimizer = torch.optim.AdamW(learnt.values(), lr=config.learning_rate, weight_decay=config.weight_decay)
    steps = config.epochs * math.ceil(len(rows) / config.batch)
    checkpoint = Checkpoint(folder / SCRATCH, told_by(config, pairs, weights.content), learnt, optimizer)
    losses, saved = checkpoint.load(), time.monotonic()
    for step, batch in islice(enumerate(shuffled_batches(rows, config)), len(losses), None):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * schedule(step, steps, config.warmup)
        ids, mask, labels = collate(batch, end_of(base, tokenizer) or 0)
        hidden = body(
            input_ids=ids.to(config.device), attention_mask=mask.to(config.device), use_cache=False
        ).last_hidden_state
        places = labels != IGNORE  # logits only where a token is learnt: the vocabulary is the widest matrix
        loss = cross_entropy(head(hidden[places.to(config.device)]).float(), labels[places].to(config.device))
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss of training step {step + 1} is {loss.item()}; give a lower learning rate, "
                "or a model whose weights are numbers"
            )
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if time.monotonic() - saved >= CHECKPOINT_SECONDS or step + 1 == steps:
            checkpoint.save(losses)
            saved = time.monotonic()
        if watch:
            watch(step + 1, steps, losses[-1])
    record = {"config": asdict(config), "pairs": len(pairs), "losses": losses}
    publish(model, record, folder)
    return losses


def publish(model: PeftModel, record: dict[str, Any], folder: Path) -> None:
    """Put an adapter into its folder, the weights last: where they are, the rest is. Then drop the checkpoint."""
    scratch = folder / SCRATCH
    model.save_pretrained(str(scratch), safe_serialization=True, save_embedding_layers=False)
    sort_sets(scratch / SETTINGS)
    (scratch / RECORD).write_text(json.dumps(record, indent=1), encoding="ascii")
    (folder / TENSORS).unlink(missing_ok=True)  # of an earlier training, which the new settings do not fit
    for name in (SETTINGS, RECORD, TENSORS):
        (scratch / name).replace(folder / name)
    shutil.rmtree(scratch)


def sort_sets(settings: Path) -> None:
    """PEFT writes sets in the order of their hashes, another one in each process."""
    told = json.loads(settings.read_text(encoding="utf-8"))
    told = {key: sorted(value) if key in SETS and isinstance(value, list) else value for key, value in told.items()}
    settings.write_text(json.dumps(told, indent=2, sort_keys=True), encoding="utf-8")


def shuffled_batches(rows: Sequence[Row], config: TrainingConfig) -> Iterator[list[Row]]:
    """The batches of all epochs, in an order drawn from the seed."""
    draw = random.Random(config.seed)
    for _ in range(config.epochs):
        order = draw.sample(rows, len(rows))
        yield from (order[i : i + config.batch] for i in range(0, len(order), config.batch))


def collate(batch: Sequence[Row], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
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
