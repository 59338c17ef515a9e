"""Adapters of every kind, merged here and beside the weights in PEFT."""

from __future__ import annotations

import json
import warnings

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import peft
import torch
from peft import PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from forethought.agents.models.local.adapter_merging import KINDS
from forethought.agents.models.local.model import Local

SHAPE = {"vocab_size": 48, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": True, "initializer_range": 0.3}
IDS = torch.arange(12)[None]
TWO = ["q_proj", "v_proj"]


def lora(**kwargs):
    return {"kind": "Lora", "r": 4, "target_modules": TWO, **kwargs}


MERGED = {  # the embeddings of the model are tied
    "every linear layer": lora(target_modules="all-linear"),
    "embeddings": lora(target_modules=["q_proj", "embed_tokens"]),
    "the head": lora(target_modules=["q_proj", "lm_head"]),
    "embeddings and head": lora(target_modules=["q_proj", "lm_head", "embed_tokens"]),
    "embeddings, tied": lora(target_modules=["q_proj", "embed_tokens"], ensure_weight_tying=True),
    "both, tied": lora(target_modules=["embed_tokens", "lm_head"], ensure_weight_tying=True),
    "saved head": lora(modules_to_save=["lm_head"]),
    "saved embeddings": lora(modules_to_save=["embed_tokens"]),
    "saved both": lora(modules_to_save=["embed_tokens", "lm_head"]),
    "saved embeddings, tied": lora(modules_to_save=["embed_tokens"], ensure_weight_tying=True),
    "saved norm": lora(modules_to_save=["norm"]),
    "some tokens": lora(trainable_token_indices=[1, 3]),
    "some tokens of the head": lora(trainable_token_indices={"lm_head": [3, 1]}),
    "DoRA": lora(use_dora=True),
    "DoRA of embeddings": lora(target_modules=["embed_tokens"], use_dora=True),
    "rsLoRA": lora(use_rslora=True),
    "PiSSA, which changes the base too": lora(init_lora_weights="pissa"),
    "OLoRA, which does so too": lora(init_lora_weights="olora"),
    "patterns": lora(rank_pattern={"q_proj": 2}, alpha_pattern={"v_proj": 32}),
    "a parameter": lora(target_modules=[], target_parameters=["mlp.up_proj.weight"]),
    "AdaLoRA": {"kind": "AdaLora", "target_modules": TWO, "total_step": 10},
    "BOFT": {"kind": "BOFT", "target_modules": TWO, "boft_block_size": 4},
    "C3A": {"kind": "C3A", "target_modules": TWO, "block_size": 4},
    "DeLoRA": {"kind": "Delora", "target_modules": TWO},
    "FourierFT": {"kind": "FourierFT", "target_modules": TWO, "n_frequency": 10},
    "GraLoRA": {"kind": "Gralora", "target_modules": TWO},
    "HiRA": {"kind": "Hira", "target_modules": TWO},
    "HRA": {"kind": "HRA", "target_modules": TWO},
    "IA3": {"kind": "IA3", "target_modules": [*TWO, "down_proj"], "feedforward_modules": ["down_proj"]},
    "norms": {"kind": "LNTuning"},
    "LoHa": {"kind": "LoHa", "target_modules": TWO},
    "LoKr": {"kind": "LoKr", "target_modules": TWO},
    "MiSS": {"kind": "Miss", "target_modules": TWO, "r": 4},
    "OFT": {"kind": "OFT", "target_modules": TWO, "oft_block_size": 4},
    "PSOFT": {"kind": "Psoft", "target_modules": TWO, "r": 4},
    "RandLoRA": {"kind": "RandLora", "target_modules": TWO},
    "SHiRA": {"kind": "Shira", "target_modules": TWO, "r": 4},
    "tokens": {"kind": "TrainableTokens", "token_indices": [1, 3]},
    "VB-LoRA": {"kind": "VBLoRA", "target_modules": TWO, "num_vectors": 8, "vector_length": 4},
    "VeRA": {"kind": "Vera", "target_modules": TWO},
    "WaveFT": {"kind": "WaveFT", "target_modules": TWO, "n_frequency": 10},
}
REFUSED = {
    "prompt tuning": ({"kind": "PromptTuning", "num_virtual_tokens": 3}, "kind PROMPT_TUNING cannot be merged"),
    "prefix tuning": ({"kind": "PrefixTuning", "num_virtual_tokens": 3}, "kind PREFIX_TUNING cannot be merged"),
    "p-tuning": ({"kind": "PromptEncoder", "num_virtual_tokens": 3}, "kind P_TUNING cannot be merged"),
    "activated LoRA": (lora(alora_invocation_tokens=[5, 6]), "with alora_invocation_tokens cannot be merged"),
    "layers repeated": (lora(layer_replication=[(0, 2), (1, 2)]), "with layer_replication cannot be merged"),
    "a bias where the layer has none": (lora(lora_bias=True), "the base layer has no bias"),
}


def fresh(shape=SHAPE):
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**shape, **HEADS)).eval()


def write(folder, settings, base=None):
    """An adapter with weights drawn at random."""
    settings = dict(settings)
    name = f"{settings.pop('kind')}Config"
    if not hasattr(peft, name):
        pytest.skip(f"this PEFT has no {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = get_peft_model(base or fresh(), getattr(peft, name)(task_type="CAUSAL_LM", **settings))
        draw = torch.Generator().manual_seed(1)
        for weight in made.parameters():
            if weight.requires_grad:
                weight.data = weight.data + torch.randn(weight.shape, generator=draw) * 0.1
        made.save_pretrained(str(folder), safe_serialization=True, save_embedding_layers=False)
    return folder


def local():
    return Local.of(fresh(), None, "tiny", "base")


@torch.inference_mode()
def logits(lm):
    return lm.model(IDS).logits


@torch.inference_mode()
def unmerged(folder, base=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PeftModel.from_pretrained(base or fresh(), str(folder)).eval()(IDS).logits


@pytest.mark.parametrize("kind", MERGED)
def test_merged_here_is_unmerged_in_peft(kind, tmp_path):
    folder = write(tmp_path, MERGED[kind])
    base = local()
    clean, lm = logits(base), base.adapted(folder)
    expected = unmerged(folder)
    assert torch.allclose(logits(lm), expected, atol=1e-4)
    assert not torch.allclose(clean, expected, atol=1e-2)
    assert torch.equal(logits(base), clean)


def test_every_kind_that_is_merged_is_compared():
    made = {getattr(peft, f"{settings['kind']}Config", None) for settings in MERGED.values()} - {None}
    known = {kind.value: cls for kind, cls in peft.PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    assert {kind for kind, cls in known.items() if cls in made} == KINDS & known.keys()


def test_so_it_is_where_weights_lie_transposed(tmp_path):
    def gpt2():
        torch.manual_seed(0)
        return GPT2LMHeadModel(GPT2Config(vocab_size=48, n_embd=16, n_head=2, n_layer=2, n_positions=64)).eval()

    settings = lora(target_modules=["c_attn", "wte", "lm_head"], fan_in_fan_out=True)
    base = Local.of(gpt2(), None, "tiny", "base")
    folder = write(tmp_path, settings, gpt2())
    assert torch.allclose(logits(base.adapted(folder)), unmerged(folder, gpt2()), atol=1e-4)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_merged_is_refused_in_a_sentence(kind, tmp_path):
    settings, reason = REFUSED[kind]
    base = local()
    clean = logits(base)
    with pytest.raises(ValueError, match=f"was not made for this model: .*{reason}"):
        base.adapted(write(tmp_path, settings))
    assert torch.equal(logits(base), clean)


def cut_off(folder):
    file = folder / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def emptied(folder):
    (folder / "adapter_model.safetensors").write_bytes(b"")


def of_another_kind(folder):
    (folder / "adapter_model.safetensors").write_bytes(b"PK\x03\x04" * 100)


def changed(change):
    def damage(folder):
        tensors = load_file(folder / "adapter_model.safetensors")
        save_file(change(dict(sorted(tensors.items()))), folder / "adapter_model.safetensors")

    return damage


def told(**settings):
    def damage(folder):
        file = folder / "adapter_config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    return damage


def without_settings(folder):
    (folder / "adapter_config.json").unlink()


def settings_of(text):
    return lambda folder: (folder / "adapter_config.json").write_text(text)


def first(tensors):
    return next(iter(tensors))


DAMAGES = {
    "cut off": cut_off,
    "empty": emptied,
    "no safetensors": of_another_kind,
    "a tensor of another shape": changed(lambda t: {**t, first(t): torch.zeros(3, 5)}),
    "a tensor of another rank": changed(lambda t: {n: w[:2].clone() if "lora_A" in n else w for n, w in t.items()}),
    "a tensor missing": changed(lambda t: {n: w for n, w in t.items() if n != first(t)}),
    "a tensor of no layer": changed(lambda t: {**t, "base_model.model.nowhere.lora_A.weight": torch.zeros(2)}),
    "no tensor at all": changed(lambda t: {}),
    "weights that are no numbers": changed(lambda t: {n: w * float("nan") for n, w in t.items()}),
    "an infinite strength": told(lora_alpha=float("inf")),
    "a rank beyond any memory": told(r=10**12),
    "tokens out of range": told(trainable_token_indices=[1_000_000]),
    "layers that are not there": told(target_modules=["nowhere"]),
    "a rank of no number": told(r="four"),
    "a rank of zero": told(r=0),
    "an unknown kind": told(peft_type="TELEPATHY"),
    "kinds that are none": told(peft_type=7),
    "no settings": without_settings,
    "settings that are no JSON": settings_of("{"),
    "settings that are a list": settings_of("[]"),
    "settings nested deeply": settings_of("[" * 100_000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_adapter_is_refused_and_the_base_keeps_its_weights(damage, tmp_path):
    base = local()
    clean, good = logits(base), write(tmp_path / "good", lora())
    before = {name: weight.clone() for name, weight in base.model.named_parameters()}
    bad = write(tmp_path / "bad", lora())
    DAMAGES[damage](bad)
    with pytest.raises(ValueError, match=str(bad)):
        base.adapted(bad)
    assert all(torch.equal(weight, before[name]) for name, weight in base.model.named_parameters())
    assert torch.equal(logits(base), clean)
    served = logits(base.adapted(good))
    assert torch.allclose(served, unmerged(good), atol=1e-4)
    with pytest.raises(ValueError, match=str(bad)):  # and with a good one in the weights
        base.adapted(bad)
    assert torch.equal(logits(base.adapted(good)), served)
    assert torch.equal(logits(base), clean)
