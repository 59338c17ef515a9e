"""Checks of private parts of transformers and peft, once a process.

Each check runs a model of a few numbers, so that a version with a renamed or changed part is refused in a sentence
before any of its answers counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedModel

from forethought.agents.models.local.library_versions import unlike

SHAPE = {"vocab_size": 16, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "head_dim": 8}
HEADS = {"num_attention_heads": 2, "num_key_value_heads": 1, "initializer_range": 0.5, "max_position_embeddings": 16}
MARKS = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
CLOSE = 1e-3


@cache
def prove_sharing(kind: str, read: Callable[[PreTrainedModel, list[list[int]], list[int]], torch.Tensor]) -> None:
    """Check the logits of `read` after several prompts, with one token after each, for one kind of model.

    Private parts in use: the register of attentions, `_attn_implementation`, masks of four dimensions, own layers of a
    cache. Raises ValueError: the logits are not those of one forward pass over each sequence.
    """
    prompts, behind = [[1, 2, 3, 4], [1, 2, 5], [6, 7]], [8, 9, 8]
    try:
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(0)
            model = tiny(kind)
            found = read(model, prompts, behind)
            whole = [model(torch.tensor([[*p, t]])).logits[0, -1] for p, t in zip(prompts, behind, strict=True)]
            right = bool(torch.allclose(found, torch.stack(whole), atol=CLOSE))
    except Exception as error:  # a missing part may raise any error
        raise ValueError(unlike("transformers", f"{kind} models cannot share prompts ({error!s:.200})")) from error
    if not right:
        raise ValueError(unlike("transformers", f"{kind} models that share prompts give other logits than alone"))


def tiny(kind: str) -> Any:
    """A model of one kind with few random weights."""
    config_class: Any = CONFIG_MAPPING[kind]
    auto: Any = AutoModelForCausalLM  # transformers leaves it untyped
    return auto.from_config(config_class(**SHAPE, **HEADS, **MARKS), dtype=torch.float32).eval()


class Line(torch.nn.Module):
    """A model of one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 2, bias=False)

    def forward(self, x: torch.Tensor) -> Any:
        """The output of the layer."""
        return self.layer(x)


@cache
def prove_merging(fold: Callable[[Any, Any, dict[str, torch.Tensor]], torch.nn.Module]) -> None:
    """Check the weights after `fold` has put an adapter into a model.

    Private parts in use: the names of an adapter's weights, the result and the omissions of
    `set_peft_model_state_dict`, merging. Raises ValueError: the weights are not W + (alpha / r) B A (Hu et al. 2021),
    or an adapter without one of its tensors is taken.
    """
    a, b = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[4.0], [5.0]])
    tensors = {"base_model.model.layer.lora_A.weight": a, "base_model.model.layer.lora_B.weight": b}
    try:
        from peft import LoraConfig

        with torch.random.fork_rng(devices=[]):
            model = Line()
        config = LoraConfig(r=1, lora_alpha=2, target_modules=["layer"])
        before = model.layer.weight.detach().clone()
        whole: Any = fold(model, config, tensors)
        right = bool(torch.allclose(whole.layer.weight, before + 2 * b @ a, atol=CLOSE))
    except Exception as error:  # likewise
        raise ValueError(unlike("peft", f"adapters cannot be merged ({error!s:.200})")) from error
    try:
        fold(Line(), config, {name: tensors[name] for name in list(tensors)[:1]})
    except ValueError:
        taken = False
    else:
        taken = True
    if not right or taken:
        raise ValueError(unlike("peft", "merged adapters give other weights than W + (alpha / r) B A"))
