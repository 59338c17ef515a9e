"""Features of prompts: shared prefixes and single prompts give the same numbers; heads on top of them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from forethought.agents.models.local.model import Local
from forethought.agents.models.local.value_head import FeatureChoice, Linear, ValueHead

SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}
PROMPTS = ["a b c d", "a b c e", "a b", "d", "a b c d", "e d c b a a a"]


def tiny(seed=0, **options):
    letters = ["<end>", *"abcde"]
    tokenizer = Tokenizer(models.WordLevel({c: i for i, c in enumerate(letters)}, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(letters), eos_token_id=0, max_position_embeddings=16, num_key_value_heads=2, **SHAPE
    )
    model = LlamaForCausalLM(config).eval()
    return Local.of(
        model, PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>"), "tiny", "tiny", **options
    )


def plainly(lm, prompt, layers):
    """The features of one prompt by a forward pass of transformers."""
    ids = torch.tensor([lm.tokenizer(prompt).input_ids])
    with torch.inference_mode():
        states = lm.model(ids, output_hidden_states=True).hidden_states
    chosen = torch.stack([states[layer][0] for layer in layers], dim=1)
    return torch.stack([chosen[-1], chosen.mean(dim=0)], dim=1).numpy()


@pytest.mark.parametrize("options", [{}, {"exact": True}, {"memory": 3_000_000}])
def test_features_are_those_of_each_prompt_alone(options):
    lm = tiny(**options)
    found, refused = lm.features(PROMPTS, (0, 1, 3))
    assert found.shape == (6, 3, 2, 32)
    assert refused == [""] * 6
    for prompt, states in zip(PROMPTS, found, strict=True):
        assert states == pytest.approx(plainly(lm, prompt, (0, 1, 3)), abs=1e-5)


def test_models_that_cannot_share_are_read_prompt_by_prompt(monkeypatch):
    from forethought.agents.models.local import features

    lm = tiny()
    shared = lm.features(PROMPTS, (2,))[0]
    monkeypatch.setattr(features, "can_share", lambda model: False)
    assert lm.features(PROMPTS, (2,))[0] == pytest.approx(shared, abs=1e-5)


def test_a_prompt_beyond_the_positions_is_refused_alone():
    found, refused = tiny().features(["a " * 20, "a b"], (1,))
    assert "16" in refused[0]
    assert refused[1] == ""
    assert not found[0].any()
    assert found[1].any()


def head(lm, base=None):
    width = 32
    linear = Linear("logistic", np.zeros(width), np.ones(width), np.linspace(-1, 1, width), 0.25)
    return ValueHead(linear, FeatureChoice((2,), "last"), base or lm._base_content, "prompt", {})


def test_a_head_is_an_adapter_by_its_content(tmp_path):
    lm = tiny()
    head(lm).write(tmp_path)
    worn = lm.adapted(tmp_path)
    assert worn.content == f"tiny+{head(lm).content}"
    assert worn.head_prompt == "prompt"
    values = [found.value for found in worn.head_values(PROMPTS)]
    states = lm.features(PROMPTS, (2,))[0][:, 0, 0]
    assert values == pytest.approx(head(lm).linear(states), abs=1e-6)
    assert [found.usage.prompt for found in worn.head_values(["a b c", "d"])] == [3, 1]


def test_a_head_of_another_model_is_refused(tmp_path):
    lm = tiny()
    head(lm, base="other").write(tmp_path)
    with pytest.raises(ValueError, match="was trained on another model"):
        lm.adapted(tmp_path)


def test_without_a_head_there_are_no_values():
    with pytest.raises(ValueError, match="has no value head; give --adapter"):
        tiny().head_values(["a"])
