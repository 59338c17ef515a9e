"""Adapters by the hash of their content: one base model in memory, one adapter in its weights at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel

from forethought.agents.weights import content_of

if TYPE_CHECKING:
    from peft import PeftConfig

FILE = "adapter_model.safetensors"


@dataclass(frozen=True, eq=False)
class Adapter:
    """What a PEFT folder held when it was read; what the folder holds later is another adapter."""

    folder: str
    content: str
    key: str  # of the content and the configuration
    config: PeftConfig
    tensors: dict[str, torch.Tensor]

    @classmethod
    def read(cls, folder: Path) -> Adapter:
        """Raises ValueError: no adapter in safetensors there, or one that is being written."""
        from peft import PeftConfig
        from safetensors.torch import load

        if not (folder / FILE).exists():
            raise ValueError(f"{folder} holds no {FILE}; give a folder that training wrote")
        before = content_of(folder)
        settings = (folder / "adapter_config.json").read_bytes()
        config = PeftConfig.from_pretrained(str(folder))
        config.inference_mode = True
        tensors = load((folder / FILE).read_bytes())
        if (content_of(folder), (folder / "adapter_config.json").read_bytes()) != (before, settings):
            raise ValueError(f"{folder} changed while it was read; wait until the adapter is written")
        return cls(str(folder), before, f"{before}:{hashlib.sha256(settings).hexdigest()}", config, tensors)


class Base:
    """A model, whose weights are swapped only when another adapter comes into use.

    An adapter is merged, since an unmerged one reads several times slower. The weights that it replaces are kept
    as they are, so that the base comes back to the last bit; so are the merged ones of the last adapter. More
    than these two sets is never in memory.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.in_use = ""  # the key of the adapter in the weights; "" is the base
        self._merged_key = ""
        self._replaced: dict[str, torch.Tensor] = {}  # by name, the base's own
        self._merged: dict[str, torch.Tensor] = {}

    def use(self, adapter: Adapter | None) -> PreTrainedModel:
        """The model with this adapter in its weights. Raises ValueError: it was not made for this model."""
        key = adapter.key if adapter else ""
        if key == self.in_use:
            return self.model
        self._put(self._replaced)
        self.in_use = ""
        if adapter and key == self._merged_key:
            self._put(self._merged)
        elif adapter:
            self._merged_key, self._replaced, self._merged = "", {}, {}  # two adapters' weights are never held at once
            self._replaced, self._merged = merge(self.model, adapter)
            self._merged_key = key
        self.in_use = key
        return self.model

    def _put(self, weights: dict[str, torch.Tensor]) -> None:
        for name, weight in weights.items():
            self.model.get_parameter(name).data = weight


def merge(model: PreTrainedModel, adapter: Adapter) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Fold an adapter into the model; returns the weights that were replaced, as they were, and as they are now."""
    from peft import PeftModel, set_peft_model_state_dict
    from peft.tuners.tuners_utils import BaseTunerLayer

    before = {name: weight.data for name, weight in model.named_parameters(remove_duplicate=False)}
    wrapped = PeftModel(model, adapter.config)
    try:
        loaded: Any = set_peft_model_state_dict(wrapped, adapter.tensors)
        missing = [name for name in loaded.missing_keys if "lora_" in name]
        if loaded.unexpected_keys or missing:
            raise ValueError(f"{len(loaded.unexpected_keys)} weights fit nowhere and {len(missing)} are missing")
    except (RuntimeError, ValueError) as error:
        wrapped.unload()
        raise ValueError(f"the adapter in {adapter.folder} was not made for this model: {error!s:.300}") from error
    for module in wrapped.modules():
        if isinstance(module, BaseTunerLayer):
            for weight in module.get_base_layer().parameters():
                weight.data = weight.data.clone()  # merging writes into it
    whole = wrapped.merge_and_unload()
    whole.eval()
    after = {name: weight.data for name, weight in model.named_parameters(remove_duplicate=False)}
    changed = [name for name in before if before[name].data_ptr() != after[name].data_ptr()]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}
