"""Adapters by the hash of their content: one base model in memory, one adapter in its weights at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import PreTrainedModel

from forethought.agents.models.local.adapter_hash import SETTINGS, TENSORS, content, read_settings, read_whole
from forethought.agents.models.local.adapter_merging import merged, quiet

if TYPE_CHECKING:
    from peft import PeftConfig


@dataclass(frozen=True, eq=False)
class Adapter:
    """The content of a PEFT folder at the time of reading; later content of the folder is another adapter."""

    folder: str
    content: str
    config: PeftConfig
    tensors: dict[str, torch.Tensor]

    @classmethod
    def read(cls, folder: Path) -> Adapter:
        """The adapter in a folder. Raises ValueError: no whole adapter in safetensors, or one that is being written."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        data, settings = read_whole(folder / TENSORS), read_settings(folder)
        try:
            found, config, tensors = content(data, settings), config_of(settings), load(data)
        except (ValueError, SafetensorError) as error:
            raise ValueError(f"the adapter in {folder} cannot be used: {error!s:.300}") from error
        if (read_whole(folder / TENSORS), read_settings(folder)) != (data, settings):
            raise ValueError(f"{folder} changed while it was read; wait until the adapter is written")
        return cls(str(folder), found, config, tensors)


def config_of(settings: dict[str, object]) -> PeftConfig:
    """The settings as PEFT's class. Raises ValueError: unknown settings, or settings of a wrong type."""
    from peft import PeftConfig
    from peft import __version__ as installed

    try:
        with quiet():
            config: PeftConfig = PeftConfig.from_peft_type(**settings)  # type: ignore[no-untyped-call]  # PEFT's own
    except Exception as error:  # the checks of a configuration may raise any error
        raise ValueError(
            f"{SETTINGS} does not suit peft {installed} ({type(error).__name__}: {error!s:.200}); "
            "install the version that wrote it"
        ) from error
    config.inference_mode = True
    return config


class Base:
    """A model; its weights are swapped only when another adapter comes into use.

    An adapter is merged, since an unmerged one reads several times slower. It is merged into a copy, so that the base
    comes back to the last bit after any adapter; the changed weights are kept for the last adapter. No more than these
    two
    sets are in memory, and a copy of the whole model during a merge.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.in_use = ""  # the content of the adapter in the weights; "" is the base
        self._merged_key = ""
        self._own = dict(model.named_parameters(remove_duplicate=False))
        self._merged: dict[str, torch.nn.Parameter] = {}

    def use(self, adapter: Adapter | None) -> PreTrainedModel:
        """The model with this adapter in its weights. Raises ValueError: an adapter of another model."""
        key = adapter.content if adapter else ""
        if key == self.in_use:
            return self.model
        self._put({name: self._own[name] for name in self._merged})
        self.in_use = ""
        if adapter and key != self._merged_key:
            self._merged_key, self._merged = "", {}  # two adapters' weights are never held at once
            self._merged = merge(self.model, adapter)
            self._merged_key = key
        if adapter:
            self._put(self._merged)
        self.in_use = key
        return self.model

    def _put(self, weights: dict[str, torch.nn.Parameter]) -> None:
        """Put weights into the layers themselves: two tied layers may differ with an adapter."""
        for name, weight in weights.items():
            layer, _, own = name.rpartition(".")
            setattr(self.model.get_submodule(layer), own, weight)


def merge(model: PreTrainedModel, adapter: Adapter) -> dict[str, torch.nn.Parameter]:
    """The weights that an adapter changes, by name, with the adapter in them."""
    try:
        changed = merged(model, adapter.config, adapter.tensors)
    except ValueError as error:
        raise ValueError(f"the adapter in {adapter.folder} was not made for this model: {error}") from error
    if wrong := [name for name, weight in changed.items() if not torch.isfinite(weight).all()]:
        raise ValueError(
            f"the adapter in {adapter.folder} makes weights that are no numbers ({len(wrong)}, the first {wrong[0]}); "
            "its training has failed, train it anew"
        )
    return {name: torch.nn.Parameter(weight, requires_grad=False) for name, weight in changed.items()}
