"""The hash of an adapter: equal for equal weights with equal meaning, and for nothing else."""

from __future__ import annotations

import json
import random

import adapter_files
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.agents.models.local.adapter_hash import content_of_adapter

SAME = {
    "another order of the modules": {"target_modules": ["v_proj", "q_proj"]},
    "a module named twice": {"target_modules": ["v_proj", "q_proj", "v_proj"]},
    "another folder of the base": {"base_model_name_or_path": "/elsewhere", "revision": "abc"},
    "a version": {"peft_version": "0.99.0"},
    "settings of training": {"lora_dropout": 0.1, "inference_mode": True, "task_type": "CAUSAL_LM"},
    "a start": {"init_lora_weights": "gaussian"},
    "defaults written out": {"bias": "none", "use_dora": False, "rank_pattern": {}, "layers_to_transform": None},
    "a number as a float": {"lora_alpha": 2.0},
    "none for a list": {"modules_to_save": None, "exclude_modules": []},
}
OTHER = {
    "alpha": {"lora_alpha": 4},
    "rsLoRA": {"use_rslora": True},
    "modules": {"target_modules": ["q_proj"]},
    "a pattern for a list": {"target_modules": "q_proj|v_proj"},
    "DoRA": {"use_dora": True},
    "the order of tokens": {"trainable_token_indices": [3, 1]},
    "tokens": {"trainable_token_indices": [1, 3]},
    "alpha of a layer": {"alpha_pattern": {"q_proj": 8}},
    "a start that changes the base": {"init_lora_weights": "pissa"},
    "a kind": {"peft_type": "LOHA"},
    "a setting of later versions": {"use_something": True},
}


@pytest.fixture
def adapter(tmp_path):
    write, plain = adapter_files.write_adapter, adapter_files.TENSORS
    return lambda tensors=plain, **settings: write(tmp_path / "adapter", tensors, **settings)


@pytest.mark.parametrize("settings", SAME.values(), ids=SAME)
def test_equal_meaning_is_equal_content(adapter, settings):
    assert content_of_adapter(adapter(**settings)) == content_of_adapter(adapter())


def test_other_meanings_are_other_contents(adapter):
    found = [content_of_adapter(adapter(**settings)) for settings in [{}, *OTHER.values()]]
    assert len(set(found)) == len(found)


@settings(deadline=None, max_examples=25)
@given(st.randoms())
def test_the_order_and_the_spaces_of_files_say_nothing(tmp_path_factory, draw: random.Random):
    folder, write_adapter = tmp_path_factory.mktemp("adapter"), adapter_files.write_adapter
    table = {"alpha_pattern": {"layers.0.q_proj": 1, "v_proj": 3, "k_proj": 4}}
    expected = content_of_adapter(write_adapter(folder, **table))
    settings = {**adapter_files.LORA, "alpha_pattern": shuffled(table["alpha_pattern"], draw)}
    (folder / "adapter_config.json").write_text(json.dumps(shuffled(settings, draw), indent=draw.randint(0, 4)))
    data = adapter_files.safetensors(shuffled(adapter_files.TENSORS, draw), format="pt", by=str(draw.random()))
    (folder / "adapter_model.safetensors").write_bytes(data)
    assert content_of_adapter(folder) == expected


def shuffled(table, draw):
    return dict(draw.sample(sorted(table.items()), len(table)))


@pytest.mark.parametrize("first", ["q_proj", "layers.*.q_proj"])
def test_patterns_that_may_fit_one_module_count_in_their_order(adapter, first):
    table = {first: 1, "layers.0.q_proj": 2}
    backwards = dict(reversed(table.items()))
    assert content_of_adapter(adapter(alpha_pattern=table)) != content_of_adapter(adapter(alpha_pattern=backwards))


def test_weights_names_and_shapes_count(adapter):
    plain = adapter_files.TENSORS
    name = next(iter(plain))
    found = [
        content_of_adapter(adapter(tensors))
        for tensors in (
            plain,
            {**plain, name: b"\0" * 8},
            {**plain, name: bytes(range(12))},
            {n.replace("layers.0", "layers.1"): data for n, data in plain.items()},
            {n: data for n, data in plain.items() if n != name},
        )
    ]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "data",
    [b"", b"weights", b"\xff" * 99, (9).to_bytes(8, "little") + b"[" * 9, b"\5" + b"\0" * 20],
)
def test_files_of_another_kind_are_refused(adapter, data):
    folder = adapter()
    (folder / "adapter_model.safetensors").write_bytes(data)
    with pytest.raises(ValueError, match="not safetensors, or was cut off"):
        content_of_adapter(folder)


def test_a_file_that_was_cut_off_is_refused(adapter):
    folder = adapter()
    (folder / "adapter_model.safetensors").write_bytes(adapter_files.safetensors(adapter_files.TENSORS)[:-1])
    with pytest.raises(ValueError, match="end behind the end of the file"):
        content_of_adapter(folder)


def test_what_is_missing_is_named(adapter):
    folder = adapter()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / name).unlink()
        with pytest.raises(ValueError, match=f"holds no {name}; give a folder that training wrote"):
            content_of_adapter(folder)


def test_peft_in_any_order_of_sets_writes_one_content(tmp_path):
    peft = pytest.importorskip("peft", reason="the extra [lm] is not installed")
    write_adapter = adapter_files.write_adapter
    folder = write_adapter(tmp_path / "a")
    settings = peft.LoraConfig(r=1, lora_alpha=2, target_modules=["v_proj", "q_proj"], task_type="CAUSAL_LM")
    settings.save_pretrained(str(tmp_path / "b"))
    told = json.loads((tmp_path / "b" / "adapter_config.json").read_text())
    told["target_modules"].reverse()
    assert content_of_adapter(write_adapter(tmp_path / "b", **told)) == content_of_adapter(folder)
