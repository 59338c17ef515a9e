"""The settings of a training."""

from __future__ import annotations

from dataclasses import dataclass


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
