"""Adapters swapped in one model's weights."""

from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from forethought.agents.models.local.model import Local

SHAPE = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": True}
IDS = torch.arange(12)[None]


def fresh(dtype=torch.float32, **kwargs):
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**SHAPE, **HEADS, **kwargs)).to(dtype).eval()


def write_adapter(folder, seed, *, base=None, **kwargs):
    made = get_peft_model(base or fresh(), LoraConfig(r=4, **{"target_modules": "all-linear", **kwargs}))
    draw = torch.Generator().manual_seed(seed)
    for name, weight in made.named_parameters():
        if "lora_" in name:
            weight.data = torch.randn(weight.shape, generator=draw) * 0.1
    made.save_pretrained(str(folder), safe_serialization=True)
    return folder


@pytest.fixture
def folders(tmp_path):
    return [write_adapter(tmp_path / name, seed) for seed, name in enumerate("ab")]


def local(dtype=torch.float32):
    return Local.of(fresh(dtype), None, "tiny", "base")


@torch.inference_mode()
def logits(lm):
    return lm.model(IDS).logits


def merged_alone(folder, dtype=torch.float32):
    """A fresh model with only this adapter, merged by PEFT."""
    model = PeftModel.from_pretrained(fresh(dtype), str(folder)).merge_and_unload().eval()
    return Local.of(model, None, "alone", "")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_swap_is_a_fresh_load_to_the_last_bit(folders, dtype):
    base = local(dtype)
    a, b = (base.adapted(folder) for folder in folders)
    expected = {a: merged_alone(folders[0], dtype), b: merged_alone(folders[1], dtype), base: local(dtype)}
    for lm in (a, b, base, b, a, a, base, a, base, b):
        assert torch.equal(logits(lm), logits(expected[lm]))
    assert not torch.equal(logits(a), logits(b))


def test_weights_are_in_memory_once_and_the_base_keeps_its_own(folders):
    base = local()
    before = {name: weight.data_ptr() for name, weight in base.model.named_parameters()}
    a = base.adapted(folders[0])
    inside = {name: weight.data_ptr() for name, weight in a.model.named_parameters()}
    changed = {name for name in before if before[name] != inside[name]}
    assert changed == {name for name in before if "_proj" in name}  # all linear layers, and nothing else
    assert {name: weight.data_ptr() for name, weight in base.model.named_parameters()} == before
    assert a.model is base.model


def test_weights_change_only_when_another_adapter_comes_into_use(folders, monkeypatch):
    merges = []
    from forethought.agents.models.local import adapters

    real = adapters.merge
    monkeypatch.setattr(adapters, "merge", lambda model, adapter: merges.append(adapter.folder) or real(model, adapter))
    base = local()
    a, again = base.adapted(folders[0]), base.adapted(folders[0])
    for lm in (a, again, base, a, base, again):
        logits(lm)
    assert merges == [str(folders[0])]
    assert a.content == again.content


def test_a_folder_that_was_written_anew_is_another_adapter(folders):
    base = local()
    old = base.adapted(folders[0])
    before = logits(old)
    shutil.copy(folders[1] / "adapter_model.safetensors", folders[0])
    new = base.adapted(folders[0])
    assert old.content != new.content == base.adapted(folders[1]).content
    assert torch.equal(logits(new), logits(merged_alone(folders[1])))
    assert torch.equal(logits(old), before)  # what was read, not what lies there now


def test_the_same_weights_at_another_strength_are_another_adapter(folders):
    base = local()
    weak = base.adapted(folders[0])
    settings = json.loads((folders[0] / "adapter_config.json").read_text())
    (folders[0] / "adapter_config.json").write_text(json.dumps({**settings, "lora_alpha": 99}))
    strong = base.adapted(folders[0])
    assert not torch.equal(logits(weak), logits(strong))


def test_other_kinds_of_adapters_come_out_again_too(tmp_path):
    base = local()
    clean = logits(base)
    for seed, settings in enumerate(
        ({"use_dora": True}, {"modules_to_save": ["norm"]}, {"target_modules": ["q_proj"]})
    ):
        folder = write_adapter(tmp_path / str(seed), seed, **settings)
        lm = base.adapted(folder)
        assert torch.equal(logits(lm), logits(merged_alone(folder)))
        assert torch.equal(logits(base), clean)


def test_an_adapter_of_another_model_is_refused_and_leaves_nothing(tmp_path, folders):
    base = local()
    clean = logits(base)
    other = LlamaForCausalLM(LlamaConfig(**{**SHAPE, "hidden_size": 32}, **HEADS))
    with pytest.raises(ValueError, match="was not made for this model"):
        base.adapted(write_adapter(tmp_path / "wide", 0, base=other))
    deep = LlamaForCausalLM(LlamaConfig(**{**SHAPE, "num_hidden_layers": 3}, **HEADS))
    with pytest.raises(ValueError, match="was not made for this model"):
        base.adapted(write_adapter(tmp_path / "deep", 0, base=deep))
    assert torch.equal(logits(base), clean)
    assert torch.equal(logits(base.adapted(folders[0])), logits(merged_alone(folders[0])))


def test_only_safetensors_are_read(tmp_path):
    (tmp_path / "adapter_model.bin").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"holds no adapter_model.safetensors; give a folder that training wrote"):
        local().adapted(tmp_path)
