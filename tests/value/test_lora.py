"""The training loop, on a tiny model made here and on the real one."""

from __future__ import annotations

import json
import math

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from forethought.agents import ScoreRequest
from forethought.agents.local import Local
from forethought.value.lora import IGNORE, Pair, TrainingConfig, collate, schedule, train


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A Llama of two layers that reads characters, as a folder."""
    folder = tmp_path_factory.mktemp("tiny")
    letters = ["<end>", "<unk>", *" abcdefghijklmnopqrstuvwxyz0123456789:"]
    tokenizer = Tokenizer(models.WordLevel({c: i for i, c in enumerate(letters)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", unk_token="<unk>").save_pretrained(folder)
    torch.manual_seed(0)
    shape = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    }
    shape["initializer_range"] = 0.3  # a wide start: the frozen head must be able to tell tokens apart
    LlamaForCausalLM(LlamaConfig(vocab_size=len(letters), eos_token_id=0, **shape)).save_pretrained(folder)
    return str(folder)


PAIRS = [Pair("good: ", "9"), Pair("bad: ", "1")] * 8
CONFIG = {"rank": 8, "alpha": 16, "learning_rate": 1e-2, "warmup": 2, "batch": 8, "epochs": 12, "seed": 1}


def test_training_teaches_the_completions(tiny, tmp_path):
    losses = train(TrainingConfig(tiny, **CONFIG), PAIRS, tmp_path)
    assert len(losses) == 24
    assert losses[-1] < losses[0] / 2
    trained = Local(tiny, tmp_path)
    good, bad = trained.score([ScoreRequest("good: ", ("9", "1")), ScoreRequest("bad: ", ("9", "1"))])
    assert good.log_probabilities[0] > good.log_probabilities[1]
    assert bad.log_probabilities[1] > bad.log_probabilities[0]


def test_training_repeats_itself_to_the_bit(tiny, tmp_path):
    config = TrainingConfig(tiny, **{**CONFIG, "epochs": 2})
    assert train(config, PAIRS, tmp_path / "a") == train(config, PAIRS, tmp_path / "b")
    weights = [(tmp_path / side / "adapter_model.safetensors").read_bytes() for side in "ab"]
    assert weights[0] == weights[1]


def test_the_base_model_stays_as_it_is(tiny, tmp_path):
    before = Local(tiny).score([ScoreRequest("good: ", ("9",))])
    train(TrainingConfig(tiny, **{**CONFIG, "epochs": 1}), PAIRS, tmp_path)
    assert Local(tiny).score([ScoreRequest("good: ", ("9",))]) == before


def test_an_adapter_is_named_by_its_content(tiny, tmp_path):
    for seed in (1, 2):
        train(TrainingConfig(tiny, **{**CONFIG, "epochs": 1, "seed": seed}), PAIRS, tmp_path / str(seed))
    names = {Local(tiny, tmp_path / str(seed)).content for seed in (1, 2)}
    assert len(names) == 2


def test_what_was_trained_is_kept_beside_the_adapter(tiny, tmp_path):
    seen = []
    losses = train(TrainingConfig(tiny, **{**CONFIG, "epochs": 1}), PAIRS, tmp_path, lambda *step: seen.append(step))
    record = json.loads((tmp_path / "training.json").read_text())
    assert record["losses"] == losses
    assert record["config"]["learning_rate"] == CONFIG["learning_rate"]
    assert [(step, steps) for step, steps, _ in seen] == [(1, 2), (2, 2)]
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".bin", ".pt", ".pkl")]


def test_only_completions_are_learnt():
    ids, mask, labels = collate([([5, 6, 7], [8, 0]), ([5], [9, 9, 0])], pad=0)
    assert ids.tolist() == [[5, 6, 7, 8], [5, 9, 9, 0]]
    assert mask.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert labels.tolist() == [[IGNORE, IGNORE, 8, 0], [9, 9, 0, IGNORE]]


def test_the_schedule_warms_up_and_ends_low():
    assert schedule(0, 100, 10) == pytest.approx(0.1)
    assert schedule(50, 100, 10) == pytest.approx(0.5)
    assert schedule(99, 100, 10) == pytest.approx(0.5 * (1 + math.cos(math.pi * 0.99)))
    assert schedule(0, 10, 0) == pytest.approx(1.0)


def test_no_pairs_are_refused(tmp_path):
    with pytest.raises(ValueError, match="nothing to train on"):
        train(TrainingConfig(), [], tmp_path)


def test_no_adapter_is_no_model(tiny, tmp_path):
    with pytest.raises(ValueError, match=r"holds no adapter_model.safetensors"):
        Local(tiny, tmp_path)
