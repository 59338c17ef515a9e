"""Forward passes: the cache's name, and models that do not use it."""

from __future__ import annotations

import functools
import warnings

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("transformers", reason="the extra [lm] is not installed")

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, MambaConfig, MambaForCausalLM
from transformers.cache_utils import DynamicCache

from forethought.agents import Request, Sampling, ScoreRequest
from forethought.agents.models.local import forward_pass as forwarding
from forethought.agents.models.local.forward_pass import argument_of_cache, forward
from forethought.agents.models.local.model import Local
from forethought.agents.models.local.shared_attention import KVCache

SHAPE = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2, "num_key_value_heads": 1}
IDS = torch.arange(6)[None]


def llama():
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**SHAPE, **HEADS)).eval()


def gpt2():
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=16, n_head=2, n_layer=2, n_positions=64)).eval()


def mamba():
    torch.manual_seed(0)
    return MambaForCausalLM(MambaConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, state_size=4)).eval()


class Letters:
    """A tokenizer of one token a letter."""

    eos_token_id = 0

    def __call__(self, text, add_special_tokens=True):
        return type("Encoded", (), {"input_ids": [1 + ord(c) % 49 for c in text]})()

    def decode(self, tokens, skip_special_tokens=False):
        return "".join(chr(97 + t % 26) for t in tokens)


def local(model):
    return Local.of(model, Letters(), "tiny", "base")


def deaf_to(model, name):
    """The model, whose forward pass takes its cache under `name` with all other keywords, and drops it."""
    whole = model.forward

    @functools.wraps(whole)
    def passing(*args, **kwargs):
        kwargs.pop(name, None)
        return whole(*args, **kwargs)

    model.forward = passing
    return model


@pytest.mark.parametrize("make", [llama, gpt2, mamba])
@torch.inference_mode()
def test_two_passes_read_what_one_pass_reads(make):
    model = make()
    whole = model(IDS).logits
    first, cache = forward(model, None, 1, input_ids=IDS[:, :4])
    rest, again = forward(model, cache, 2, input_ids=IDS[:, 4:])
    assert again is cache
    assert torch.allclose(first[:, -1], whole[:, 3], atol=1e-5)
    assert torch.allclose(rest, whole[:, 4:], atol=1e-3)


@pytest.mark.parametrize("make", [llama, gpt2, mamba])
def test_rows_that_leave_a_batch_change_no_other(make):
    lm = local(make())
    requests = [Request("abc" * n, Sampling(max_tokens=2 + 3 * n)) for n in (3, 1, 2)]
    assert lm.complete(requests) == [lm.complete([request])[0] for request in requests]


def test_no_pass_warns():
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("error")
        _, cache = forward(llama(), None, 1, input_ids=IDS)
        forward(llama(), cache, 1, input_ids=IDS)


def test_the_name_is_the_one_that_forward_lists_else_that_of_the_version(monkeypatch):
    model = llama()
    model.forward = lambda input_ids=None, past_key_values=None, **kwargs: None
    assert argument_of_cache(model) == "past_key_values"
    model.forward = lambda input_ids=None, cache=None, **kwargs: None
    assert argument_of_cache(model) == "cache"
    model.forward = lambda **kwargs: None
    for version, name in {"5.20.2": "past_key_values", "5.23.0": "past_key_values", "5.24.0": "cache"}.items():
        monkeypatch.setattr(forwarding, "installed", version)
        assert argument_of_cache(model) == name
    monkeypatch.setattr(forwarding, "installed", "6.0.dev0")
    assert argument_of_cache(model) == "cache"


@pytest.mark.parametrize("make", [llama, gpt2, mamba])
def test_a_model_that_drops_its_cache_is_refused(make):
    lm = local(deaf_to(make(), argument_of_cache(make())))
    with pytest.raises(ValueError, match=r"did not use the cache .* installed transformers is .* knows 5\.20 to 5\.x"):
        lm.complete([Request("abc", Sampling(max_tokens=3))])


def test_a_model_that_drops_its_cache_scores_nothing_either():
    lm = local(deaf_to(llama(), argument_of_cache(llama())))
    with pytest.raises(ValueError, match="did not use the cache"):
        lm.score([ScoreRequest("abc", ("d", "e"))])


@torch.inference_mode()
def test_a_model_that_fills_no_cache_is_refused():
    model = llama()
    whole = model.forward
    model.forward = lambda use_cache=None, cache=None, past_key_values=None, **kwargs: whole(use_cache=False, **kwargs)
    with pytest.raises(ValueError, match="holds no cache"):
        forward(model, None, 1, input_ids=IDS)
    with pytest.raises(ValueError, match="did not use the cache"):
        forward(model, KVCache(model, 9), 1, input_ids=IDS)


@torch.inference_mode()
def test_a_cache_with_too_few_tokens_is_refused():
    model = llama()
    whole = model.forward

    def short(input_ids, **kwargs):
        return whole(input_ids[:, 1:], **kwargs)

    model.forward = functools.wraps(whole)(short)
    with pytest.raises(ValueError, match="holds one of 5 tokens"):
        forward(model, DynamicCache(config=model.config), 1, input_ids=IDS)


@torch.inference_mode()
def test_logits_of_places_not_asked_for_are_refused():
    model = llama()
    whole = model.forward
    model.forward = functools.wraps(whole)(lambda logits_to_keep=0, **kwargs: whole(**kwargs))
    with pytest.raises(ValueError, match="gave logits of 6 places where 1 were asked for"):
        forward(model, None, 1, input_ids=IDS)
