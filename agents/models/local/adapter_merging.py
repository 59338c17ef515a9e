"""Adapters merged into copies of a model's weights; PEFT never changes the weights themselves."""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel

from forethought.agents.models.local.batching import ran_out
from forethought.agents.models.local.library_checks import prove_merging

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel

# Kinds of adapters that compute the same merged as unmerged: tests/agents/models/local/test_adapter_merging.py.
KINDS = frozenset(
    {"ADALORA", "BOFT", "C3A", "DELORA", "FOURIERFT", "GRALORA", "HIRA", "HRA", "IA3"}
    | {"LN_TUNING", "LOHA", "LOKR", "LORA", "MISS", "OFT", "PSOFT", "RANDLORA", "SHIRA"}
    | {"TRAINABLE_TOKENS", "VBLORA", "VERA", "WAVEFT"}
)
# Settings of LoRA that do more than to add to a weight, or that change the layers of the model.
NOT_MERGED = (
    *("alora_invocation_tokens", "arrow_config", "kasa_config", "layer_replication", "monteclora_config"),
    *("use_bdlora", "use_qalora", "velora_config"),
)


def refuse_unknown_kinds(config: PeftConfig) -> None:
    """Raises ValueError: an adapter with another effect than a change of weights."""
    kind = str(getattr(config.peft_type, "value", config.peft_type))
    if kind not in KINDS:
        raise ValueError(
            f"adapters of the kind {kind} cannot be merged into weights; expected one of {', '.join(sorted(KINDS))}"
        )
    if told := [name for name in NOT_MERGED if getattr(config, name, None)]:
        raise ValueError(f"adapters with {', '.join(told)} cannot be merged into weights; train one without")


def merged(model: PreTrainedModel, config: PeftConfig, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights that an adapter changes, by name, with the adapter in them; the model stays unchanged.

    Raises ValueError: the adapter does not fit the model, or cannot be merged.
    """
    refuse_unknown_kinds(config)
    with quiet():
        prove_merging(fold)
    try:
        with quiet():
            whole = fold(copy.deepcopy(model), copy.deepcopy(config), tensors)
    except Exception as error:  # PEFT passes on any error of its parts; the copy is dropped
        if isinstance(error, RuntimeError) and ran_out(error):
            raise ValueError(f"it needs more memory than there is ({error!s:.200})") from error
        raise ValueError(f"{error!s:.300}" or type(error).__name__) from error
    before, after = weights_of(model), weights_of(whole)
    if before.keys() != after.keys() or any(before[n].shape != after[n].shape for n in before):
        raise ValueError("it changes the layers of the model, not only their weights")
    return {name: weight for name, weight in after.items() if not torch.equal(weight, before[name])}


def fold(model: torch.nn.Module, config: PeftConfig, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The same model with an adapter in its weights."""
    from peft import PeftModel, set_peft_model_state_dict

    wrapped = PeftModel(model, config)
    loaded: Any = set_peft_model_state_dict(wrapped, tensors)
    missing = absent(wrapped, set(loaded.missing_keys))
    if loaded.unexpected_keys or missing:
        raise ValueError(f"{len(loaded.unexpected_keys)} weights fit nowhere and {len(missing)} are missing")
    untie(wrapped)
    whole: torch.nn.Module = wrapped.merge_and_unload()
    return whole


def absent(model: PeftModel, missing: set[str]) -> list[str]:
    """The names of the adapter without a tensor; other names may be second names of a tensor."""
    held = model.state_dict()
    came = {tensor.data_ptr() for name, tensor in held.items() if name not in missing}
    return [
        name
        for name in missing
        if "default" in name.split(".") and "ranknum" not in name and held[name].data_ptr() not in came
    ]  # "default" is the adapter; "ranknum" is a counter of AdaLoRA's training


def untie(model: PeftModel) -> None:
    """Give each layer its own weights: an adapter changes one layer, and no layer tied to it."""
    shared = Counter(id(weight) for _, _, weight in owned(model))
    for module, name, weight in owned(model):
        if shared[id(weight)] > 1:
            setattr(module, name, torch.nn.Parameter(weight.detach().clone(), requires_grad=False))


def owned(model: torch.nn.Module) -> list[tuple[torch.nn.Module, str, torch.nn.Parameter]]:
    """Every module with each of its own weights."""
    return [
        (module, name, weight)
        for module in model.modules()
        for name, weight in module.named_parameters(recurse=False, remove_duplicate=False)
    ]


def weights_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a model by name, tied ones under each of their names."""
    return {name: weight.detach() for name, weight in model.named_parameters(remove_duplicate=False)}


@contextmanager
def quiet() -> Iterator[None]:
    """Within this block PEFT does not warn about tied layers (untied here) and about settings (checked here)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
