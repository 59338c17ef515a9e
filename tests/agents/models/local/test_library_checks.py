"""Private parts of transformers and peft that are gone or changed: a sentence, and no answer."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import peft
import torch
from transformers import AttentionInterface, LlamaForCausalLM
from transformers.cache_utils import DynamicCache

from forethought.agents.models.local import loading, shared_attention
from forethought.agents.models.local.adapter_merging import fold, quiet
from forethought.agents.models.local.forward_pass import keep_rows
from forethought.agents.models.local.library_checks import prove_merging, prove_sharing
from forethought.agents.models.local.library_versions import unlike, version_of
from forethought.agents.models.local.prefill import read_tried
from forethought.agents.models.local.shared_attention import ARCHITECTURES, SHARED
from forethought.value import lora
from forethought.value.lora import train
from forethought.value.token_rows import Pair
from forethought.value.training_config import TrainingConfig

KNOWN = r"installed transformers is [\d.]+\w*, this package knows 5\.20 to 5\.x; install one of these"


@pytest.fixture(autouse=True)
def afresh():
    prove_sharing.cache_clear()
    prove_merging.cache_clear()
    yield
    prove_sharing.cache_clear()
    prove_merging.cache_clear()


def test_a_sentence_names_the_versions():
    assert re.search(KNOWN, unlike("transformers", "x"))
    assert unlike("peft", "a part is gone").startswith("a part is gone. The installed peft is")
    assert version_of("no-such-library") == "of no known version"


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_every_kind_that_shares_is_proven_with_the_installed_transformers(kind):
    state = torch.get_rng_state()
    prove_sharing(kind, read_tried)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_proof_is_made_once_a_process():
    made = []
    read = lambda *given: made.append(1) or read_tried(*given)  # noqa: E731
    prove_sharing("llama", read)
    prove_sharing("llama", read)
    assert made == [1]


def without_context(module, query, key, value, attention_mask, *, contexts, scaling, **rest):
    return shared_attention.attend(module, query, key, value, attention_mask, contexts=contexts[:0], scaling=scaling)


def test_an_attention_that_reads_no_prompt_is_found_out():
    AttentionInterface.register(SHARED, without_context)
    try:
        with pytest.raises(ValueError, match=f"llama models .* {KNOWN}"):
            prove_sharing("llama", read_tried)
    finally:
        AttentionInterface.register(SHARED, shared_attention.attend)


def test_masks_that_are_not_obeyed_are_found_out(monkeypatch):
    whole = LlamaForCausalLM.forward

    def forward(self, *args, attention_mask=None, **kwargs):
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(LlamaForCausalLM, "forward", forward)
    with pytest.raises(ValueError, match=f"share prompts.*{KNOWN}"):
        prove_sharing("llama", read_tried)


def test_an_attention_setting_of_another_name_is_found_out(monkeypatch):
    """As if transformers took no notice of `_attn_implementation` any more."""
    monkeypatch.setattr(shared_attention, "sharing", lambda model: quiet())
    monkeypatch.setattr("forethought.agents.models.local.prefill.sharing", lambda model: quiet())
    with pytest.raises(ValueError, match=f"share prompts.*{KNOWN}"):
        prove_sharing("llama", read_tried)


def test_a_cache_layer_of_another_interface_is_found_out(monkeypatch):
    monkeypatch.delattr(shared_attention.KVLayer, "get_seq_length")
    monkeypatch.setattr(shared_attention.DynamicLayer, "get_seq_length", lambda self: 0)
    with pytest.raises(ValueError, match=f"share prompts.*{KNOWN}"):
        prove_sharing("llama", read_tried)


def test_a_cache_that_cannot_drop_rows_is_refused(monkeypatch):
    cache = DynamicCache()
    cache.update(torch.zeros(3, 1, 2, 4), torch.zeros(3, 1, 2, 4), 0)
    keep_rows(cache, torch.tensor([0, 2]))
    assert len(cache.layers[0].keys) == 2
    monkeypatch.setattr(DynamicCache, "reorder_cache", lambda self, rows: None)
    with pytest.raises(ValueError, match=f"has 2 rows, not 1.*{KNOWN}"):
        keep_rows(cache, torch.tensor([0]))
    with pytest.raises(ValueError, match="cannot drop rows"):
        keep_rows(object(), torch.tensor([0]))


def test_merging_is_proven_with_the_installed_peft():
    with quiet():
        prove_merging(fold)


@pytest.mark.parametrize(
    "part",
    [
        lambda patch: patch.delattr(peft, "set_peft_model_state_dict"),
        lambda patch: (
            patch.delattr(peft.PeftModel, "unload", raising=False)
            or patch.setattr(peft.LoraModel, "merge_and_unload", lambda self: self.unload())
        ),
        lambda patch: patch.setattr(
            peft, "set_peft_model_state_dict", lambda model, tensors: model.load_state_dict({}, strict=False)
        ),
    ],
    ids=["gone", "merges nothing", "loads nothing"],
)
def test_a_peft_that_does_not_merge_is_found_out(part, monkeypatch):
    part(monkeypatch)
    with quiet(), pytest.raises(ValueError, match=r"installed peft is .*, this package knows 0\.17 to 0\.x"):
        prove_merging(fold)


def test_a_processor_that_cannot_tell_its_capabilities_computes_in_single_precision(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert loading.fastest_dtype("cpu") is torch.float32


def test_a_peft_that_would_learn_other_weights_is_refused(monkeypatch, tmp_path):
    shape = {"vocab_size": 16, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    model = LlamaForCausalLM(LlamaForCausalLM.config_class(**shape, num_attention_heads=1))
    tokenizer = lambda text, **_: type("Encoded", (), {"input_ids": [ord(c) % 16 for c in text]})()  # noqa: E731
    monkeypatch.setattr(lora, "load_weights", lambda weights, device: (model, tokenizer))
    monkeypatch.setattr(lora, "find_weights", lambda spec: None)
    monkeypatch.setattr(lora, "get_peft_model", lambda base, config: base)
    with pytest.raises(ValueError, match=r"other weights than its own.*installed peft is"):
        train(TrainingConfig(), [Pair("a", "b")], tmp_path)
