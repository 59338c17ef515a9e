"""A training as it stands after a step, in one file of safetensors that is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

if TYPE_CHECKING:
    from forethought.value.token_rows import Pair
    from forethought.value.training_config import TrainingConfig

FILE = "checkpoint.safetensors"
SCRATCH = "checkpoint.writing"
KEPT = ("step", "exp_avg", "exp_avg_sq")  # of AdamW, for each weight
CPU, GPU = "random.cpu", "random.gpu"


def told_by(config: TrainingConfig, pairs: Sequence[Pair], base: str) -> str:
    """The hash of all that a training depends on; a checkpoint of another one is not gone on with."""
    told = [asdict(config), base, [[pair.prompt, pair.completion] for pair in pairs]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


class Checkpoint:
    """The weights that are learnt, the optimizer's state of each, and the generators of random numbers."""

    def __init__(
        self, folder: Path, told: str, learnt: Mapping[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer
    ) -> None:
        self.folder, self.told, self.learnt, self.optimizer = folder, told, learnt, optimizer

    def save(self, losses: Sequence[float]) -> None:
        """Write the state of the training; the file is replaced in one step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / SCRATCH
        told = {"told": self.told, "losses": json.dumps(list(losses))}
        save_file(self._tensors(), scratch, metadata=told)
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
        scratch.replace(self.folder / FILE)

    def load(self) -> list[float]:
        """The losses of the steps done, after their state is put back; none where no checkpoint of this training is."""
        try:
            with safe_open(self.folder / FILE, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        except (OSError, SafetensorError):
            return []
        if metadata.get("told") != self.told or not self._names() <= tensors.keys():
            return []
        self._restore(tensors)
        losses: list[float] = json.loads(metadata["losses"])
        return losses

    def _tensors(self) -> dict[str, torch.Tensor]:
        tensors = {CPU: torch.get_rng_state()}
        if torch.cuda.is_available():
            tensors[GPU] = torch.cuda.get_rng_state()
        for name, weight in self.learnt.items():
            tensors[f"weight.{name}"] = weight.detach()
            for key in KEPT:
                tensors[f"optimizer.{key}.{name}"] = self.optimizer.state[weight][key]
        return {name: tensor.contiguous() for name, tensor in tensors.items()}

    def _names(self) -> set[str]:
        parts = ("weight", *(f"optimizer.{key}" for key in KEPT))
        return {CPU, *(f"{part}.{name}" for part in parts for name in self.learnt)}

    def _restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        state: dict[int, dict[str, Any]] = {number: {} for number in range(len(self.learnt))}
        for number, (name, weight) in enumerate(self.learnt.items()):
            weight.data.copy_(tensors[f"weight.{name}"])
            for key in KEPT:
                state[number][key] = tensors[f"optimizer.{key}.{name}"]
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        torch.set_rng_state(tensors[CPU])
        if torch.cuda.is_available() and GPU in tensors:
            torch.cuda.set_rng_state(tensors[GPU])
