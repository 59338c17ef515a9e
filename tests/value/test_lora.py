"""The training loop, on a tiny model made here and on the real one."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from forethought.agents import ScoreRequest
from forethought.agents.models.local.model import Local
from forethought.value import lora
from forethought.value.lora import IGNORE, Pair, collate, schedule, train
from forethought.value.training_config import TrainingConfig


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


def of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Stopped(Exception):
    pass


def stop_at(last):
    def watch(step, steps, loss):
        if step == last:
            raise Stopped

    return watch


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tiny, tmp_path, monkeypatch, dropout):
    shutil.copytree(tiny, tmp_path / "model")
    told = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps({**told, "attention_dropout": dropout}))
    config = TrainingConfig(str(tmp_path / "model"), **{**CONFIG, "epochs": 3})
    expected = train(config, PAIRS, tmp_path / "whole")
    monkeypatch.setattr(lora, "CHECKPOINT_SECONDS", 0)
    with pytest.raises(Stopped):
        train(config, PAIRS, tmp_path / "stopped", stop_at(2))
    assert not (tmp_path / "stopped" / "adapter_model.safetensors").exists()
    seen = []
    with pytest.raises(Stopped):
        train(config, PAIRS, tmp_path / "stopped", stop_at(5))
    assert train(config, PAIRS, tmp_path / "stopped", lambda *step: seen.append(step[0])) == expected
    assert seen == [6]
    assert of(tmp_path / "stopped") == of(tmp_path / "whole")


def test_so_does_one_that_was_killed_at_any_time(tiny, tmp_path):
    config = {**CONFIG, "epochs": 4}
    code = (
        "import os, signal, sys, threading\n"
        "from forethought.value import lora\n"
        "lora.CHECKPOINT_SECONDS = 0\n"
        f"config = lora.TrainingConfig({tiny!r}, **{config!r})\n"
        f"pairs = [lora.Pair(p, c) for p, c in {[(p.prompt, p.completion) for p in PAIRS]!r}]\n"
        "kill = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        "def watch(step, steps, loss):\n"
        "    if step == int(sys.argv[2]): threading.Timer(float(sys.argv[3]), kill).start()\n"
        "lora.train(config, pairs, lora.Path(sys.argv[1]), watch)\n"
    )

    def run(last, after=0.0):
        return subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "killed"), str(last), str(after)], timeout=300
        )

    codes = [run(3).returncode, run(7, 0.03).returncode]
    assert codes[0] == -signal.SIGKILL
    assert run(99).returncode == 0
    train(TrainingConfig(tiny, **config), PAIRS, tmp_path / "whole")
    assert of(tmp_path / "killed") == of(tmp_path / "whole")


@pytest.mark.parametrize("name", ["adapter_config.json", "training.json", "adapter_model.safetensors"])
def test_a_kill_between_two_files_leaves_a_training_that_goes_on(tiny, tmp_path, monkeypatch, name):
    config = TrainingConfig(tiny, **{**CONFIG, "epochs": 1})
    train(config, PAIRS, tmp_path / "whole")
    real = Path.replace

    def killed(self, target):
        if self.name == name:
            raise Stopped
        return real(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(Stopped):
        train(config, PAIRS, tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "adapter_model.safetensors").exists()
    monkeypatch.undo()
    seen = []
    train(config, PAIRS, tmp_path / "stopped", lambda *step: seen.append(step))
    assert seen == []  # all steps were done
    assert of(tmp_path / "stopped") == of(tmp_path / "whole")


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_not_gone_on_with(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(lora, "CHECKPOINT_SECONDS", 0)
    config = TrainingConfig(tiny, **{**CONFIG, "epochs": 2})
    file = tmp_path / "stopped" / ".training" / "checkpoint.safetensors"

    def steps_of(config, pairs):
        with pytest.raises(Stopped):
            train(config, PAIRS, tmp_path / "stopped", stop_at(2))
        return file

    def first_step(config, pairs):
        seen = []
        train(config, pairs, tmp_path / "stopped", lambda *step: seen.append(step[0]))
        return seen[0]

    steps_of(config, PAIRS)
    assert first_step(TrainingConfig(tiny, **{**CONFIG, "epochs": 2, "seed": 2}), PAIRS) == 1
    steps_of(config, PAIRS)
    assert first_step(config, PAIRS[::-1]) == 1
    steps_of(config, PAIRS).write_bytes(b"cut off")
    assert first_step(config, PAIRS) == 1


def test_an_adapter_is_the_same_to_the_byte_whatever_the_order_of_sets(tiny, tmp_path):
    code = (
        "import sys; from forethought.value import lora\n"
        f"config = lora.TrainingConfig({tiny!r}, rank=2, batch=2)\n"
        "lora.train(config, [lora.Pair('good: ', '9')], lora.Path(sys.argv[1]))\n"
    )
    for seed in "12":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / seed)], check=True, env=environment, timeout=300)
    assert of(tmp_path / "1") == of(tmp_path / "2")


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


def test_a_loss_that_is_no_number_ends_the_training_and_leaves_no_adapter(tiny, tmp_path):
    folder = tmp_path / "nan"
    model = LlamaForCausalLM.from_pretrained(tiny)
    torch.nn.init.constant_(model.model.norm.weight, 3e38)  # finite, and too large for a sum
    shutil.copytree(tiny, folder)
    model.save_pretrained(folder)
    with pytest.raises(ValueError, match=r"the loss of training step 1 is nan; give a lower learning rate"):
        train(TrainingConfig(str(folder), **CONFIG), PAIRS, tmp_path / "adapter")
    assert not (tmp_path / "adapter" / "adapter_model.safetensors").exists()


def test_no_pairs_are_refused(tmp_path):
    with pytest.raises(ValueError, match="nothing to train on"):
        train(TrainingConfig(), [], tmp_path)


def test_no_adapter_is_no_model(tiny, tmp_path):
    with pytest.raises(ValueError, match=r"holds no adapter_model.safetensors"):
        Local(tiny, tmp_path)
