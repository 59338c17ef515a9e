"""A model's folder that is damaged, incomplete or of another kind: refused in a sentence, never random weights."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("transformers", reason="the extra [lm] is not installed")

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from forethought.agents import Request, Sampling
from forethought.agents.models.local.loading import device_of, load
from forethought.agents.models.local.model import Local

WEIGHTS = "model.safetensors"
SIZES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
ENCODER = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def llama(**more):
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**{"vocab_size": 257, "bos_token_id": 0, "eos_token_id": 0, **SIZES, **more}))


@pytest.fixture
def folder(tmp_path):
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(["<end>", *letters])}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    llama().save_pretrained(tmp_path / "m")
    PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>").save_pretrained(tmp_path / "m")
    return tmp_path / "m"


def settings(**changes):
    def change(folder):
        file = folder / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return change


def text(name, content):
    return lambda folder: (folder / name).write_text(content)


def cut_off(folder):
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:-1000])


def without_tokenizer(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()


def encoder(folder):
    transformers.BertModel(transformers.BertConfig(vocab_size=257, **ENCODER)).save_pretrained(folder)


def without_head(folder):
    transformers.LlamaModel(llama().config).save_pretrained(folder)


def number(value, layer="model.layers.1.mlp.up_proj"):
    def change(folder):
        model = llama()
        model.get_submodule(layer).weight.data[1, 2] = value
        model.save_pretrained(folder)

    return change


DAMAGES = {
    "a weight that is no number": (number(float("nan")), r"1 weights with .* not finite \(model.layers.1.mlp.up_proj"),
    "an infinite weight": (number(-float("inf"), "lm_head"), r"not finite \(lm_head.weight\)"),
    "weights cut off": (cut_off, "cannot be loaded by transformers"),
    "weights of another format": (text(WEIGHTS, "garbage" * 100), "cannot be loaded by transformers"),
    "empty weights": (text(WEIGHTS, ""), "cannot be loaded by transformers"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), "holds no .safetensors file"),
    "settings that are no JSON": (text("config.json", "{"), "cannot be loaded by transformers"),
    "settings that are a list": (text("config.json", "[]"), "cannot be loaded by transformers"),
    "an unknown kind": (settings(model_type="hal9000"), "hal9000"),
    "another width": (settings(hidden_size=32), "cannot be loaded by transformers"),
    "more layers": (settings(num_hidden_layers=3), r"lack 9 of its weights \(model.layers.2"),
    "no head": (without_head, r"lack 1 of its weights \(lm_head.weight\)"),
    "an encoder": (encoder, r"lack \d+ of its weights"),
    "no tokenizer": (without_tokenizer, "cannot be loaded by transformers"),
    "an empty tokenizer": (text("tokenizer.json", "{}"), "cannot be loaded by transformers"),
    "the tokenizer of a larger model": (
        lambda folder: llama(vocab_size=50).save_pretrained(folder),
        "tokenizer of the model .* has 257 tokens, and the model has 50",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_refused_in_a_sentence(folder, damage, capsys):
    change, reason = DAMAGES[damage]
    change(folder)
    with pytest.raises(ValueError, match=reason) as refused:
        load(str(folder))
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "REPORT" not in capsys.readouterr().err


def test_a_whole_model_is_loaded_and_the_log_is_left_as_it_was(folder):
    before = transformers.logging.get_verbosity()
    model, tokenizer = load(str(folder))
    assert all(torch.equal(a.float(), b) for a, b in zip(model.parameters(), llama().parameters(), strict=True)) or (
        model.dtype == torch.bfloat16
    )
    assert tokenizer("ab").input_ids
    assert transformers.logging.get_verbosity() == before


def test_tied_weights_are_no_missing_ones(folder):
    llama(tie_word_embeddings=True).save_pretrained(folder)
    model, _ = load(str(folder))
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_finite_weights_whose_sum_is_none_are_loaded(folder):
    model = llama()
    model.lm_head.weight.data.fill_(3e38)
    model.save_pretrained(folder)
    assert load(str(folder))[0].lm_head.weight.min() > 1e38


def test_code_of_a_folder_is_not_run(folder, tmp_path):
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    settings(model_type="mine", auto_map={"AutoConfig": "mine.C", "AutoModelForCausalLM": "mine.M"})(folder)
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(str(folder))
    assert not (tmp_path / "ran").exists()


def test_a_token_beyond_the_models_is_refused_alone(folder):
    lm = Local(str(folder))
    lm.tokenizer.add_tokens(["<extra>"])
    sampling = Sampling(0.0, 2)
    good, bad = lm.complete([Request("ab", sampling), Request("a<extra>b", sampling)])
    assert not good.refusal
    assert "token 257 of the tokenizer" in bad.refusal
    assert "has 257 tokens" in bad.refusal


@pytest.mark.parametrize("name", ["cuda:99", "xpu:99", "nonsense"])
def test_a_device_that_is_not_here_is_told(name):
    with pytest.raises(ValueError, match=f"the device '{name}' cannot be used here .*; try --device cpu"):
        device_of(name)
