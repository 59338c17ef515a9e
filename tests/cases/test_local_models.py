"""Public reports about models in this process: tokenizers without marks or with too many, limits, adapters."""

from __future__ import annotations

import warnings

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import torch
from peft import PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedTokenizerFast

from forethought.agents import Request, Sampling, ScoreRequest
from forethought.agents.models.local.model import Local
from forethought.agents.models.local.tokenization import Tokens, end_of
from forethought.agents.models.protocol import bound_of_completion, bound_of_score
from forethought.search import Usage
from forethought.value.lora import Pair, train
from forethought.value.training_config import TrainingConfig

KINDS = {
    "llama": {"max_position_embeddings": 64},  # shares what prompts have in common
    "gpt2": {"n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 64},  # learnt positions
    "mistral": {"max_position_embeddings": 64, "sliding_window": 8},
    "opt": {"max_position_embeddings": 64, "ffn_dim": 32, "word_embed_proj_dim": 16, "do_layer_norm_before": True},
}
HELLO = Request("hello", Sampling(max_tokens=4))


def tokenizer_of(before="", behind="", **marks) -> PreTrainedTokenizerFast:
    """A token a byte; `before` and `behind` are the marks that it puts around a text."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = ["<end>", "<begin>", *letters]
    inner = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    if before or behind:
        single = f"{before} $A {behind}".strip()
        inner.post_processor = processors.TemplateProcessing(
            single=single, special_tokens=[(mark, pieces.index(mark)) for mark in {before, behind} - {""}]
        )
    return PreTrainedTokenizerFast(tokenizer_object=inner, **marks)


def model_of(kind: str = "llama", **settings):
    torch.manual_seed(0)
    shape = {"vocab_size": 258, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "initializer_range": 0.3}
    marks = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
    config = CONFIG_MAPPING[kind](**{**shape, **heads, **marks, **KINDS[kind], **settings})
    return AutoModelForCausalLM.from_config(config).eval()


def local(kind="llama", tokenizer=None, **settings) -> Local:
    return Local.of(model_of(kind, **settings), tokenizer or tokenizer_of(eos_token="<end>"), "tiny", kind)


def save(folder, tokenizer, **settings):
    model_of(**settings).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


TRAINING = {"rank": 2, "batch": 2, "warmup": 1}


# Models without a special token.


def test_guidance_ai_llguidance_142(tmp_path):
    """A Llama folder whose tokenizer has no end token completes, scores, learns, and serves what it learnt."""
    folder = save(tmp_path / "model", tokenizer_of())
    lm = Local(folder)
    assert lm.tokenizer.eos_token_id is None
    (done,) = lm.complete([HELLO])
    assert done.usage.completion == 4  # to its length
    assert done.truncated
    assert len(lm.score([ScoreRequest("hello", ("1", "2"))])[0].log_probabilities) == 2
    losses = train(TrainingConfig(folder, **TRAINING), [Pair("a: ", "1"), Pair("b: ", "2")], tmp_path / "adapter")
    assert all(loss > 0 for loss in losses)
    assert Local(folder, tmp_path / "adapter").complete([HELLO])[0].usage.completion == 4


@pytest.mark.parametrize("told", [7, [3, 7]])
def test_without_an_end_token_those_of_the_generation_config_end_a_text(told):
    lm = local(tokenizer=tokenizer_of())
    (long,) = lm.complete([Request("hello", Sampling(max_tokens=9))])
    first = Tokens(lm.tokenizer).continuation(next(c for c in long.text[:-1] if c.isascii()))
    lm.model.generation_config.eos_token_id = [*told, *first] if isinstance(told, list) else first[0]
    (short,) = lm.complete([Request("hello", Sampling(max_tokens=9))])
    assert short.usage.completion < long.usage.completion
    assert not short.truncated
    assert end_of(lm.model, lm.tokenizer) == min(first + (told if isinstance(told, list) else []))


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_an_empty_prompt_without_a_token_to_start_from_is_refused_alone(kind):
    lm = local(kind, tokenizer_of())
    empty, done = lm.complete([Request("", Sampling(max_tokens=4)), HELLO])
    assert (empty.text, empty.usage) == ("", Usage(1))
    assert "prompt is empty" in empty.refusal
    assert done == lm.complete([HELLO])[0]
    nothing, scores = lm.score([ScoreRequest("", ("1",)), ScoreRequest("a", ("1",))])
    assert "prompt is empty" in nothing.refusal
    assert len(scores.log_probabilities) == 1
    assert lm.count("") == 0


@pytest.mark.parametrize("marks", [{"eos_token": "<end>"}, {"bos_token": "<begin>"}])
def test_an_empty_prompt_starts_from_the_token_that_there_is(marks):
    lm = local(tokenizer=tokenizer_of(**marks))
    (done,) = lm.complete([Request("", Sampling(max_tokens=4))])
    assert (done.refusal, done.usage.prompt) == ("", 1)


def test_an_empty_pair_is_refused_where_nothing_ends_it(tmp_path):
    folder = save(tmp_path / "model", tokenizer_of())
    for pair, reason in (
        (Pair("a", ""), "pair 1 has nothing to learn"),
        (Pair("", "a"), "pair 1: the prompt is empty"),
    ):
        with pytest.raises(ValueError, match=reason):
            train(TrainingConfig(folder, **TRAINING), [Pair("a", "b"), pair], tmp_path / "adapter")


# No limit of context for local models.


@pytest.mark.parametrize("kind", KINDS)
def test_unslothai_unsloth_1236(kind):
    """A prompt longer than the model's positions is refused by name, alone and before anything is computed."""
    lm = local(kind)
    long = "abcd" * 40
    alone = lm.complete([HELLO])[0]
    refused, done = lm.complete([Request(long, Sampling(max_tokens=4)), HELLO])
    assert done == alone
    assert (refused.text, refused.usage, refused.truncated) == ("", Usage(1), False)
    assert "the prompt has 160 tokens" in refused.refusal
    assert "tiny has positions for 64" in refused.refusal
    none, scores = lm.score([ScoreRequest(long, ("1", "2")), ScoreRequest("hello", ("1", "2"))])
    assert (none.log_probabilities, none.usage) == ((), Usage(1))
    assert "160 tokens" in none.refusal
    assert scores == lm.score([ScoreRequest("hello", ("1", "2"))])[0]
    assert lm.count(long) == bound_of_completion(lm, Request(long)).prompt == 160
    assert bound_of_score(lm, ScoreRequest(long, ("1",))).prompt == 160


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_computed_for_a_refused_prompt(kind):
    lm = local(kind)
    lm.model.forward = None
    assert lm.complete([Request("a" * 65, Sampling(max_tokens=1))])[0].refusal
    assert lm.score([ScoreRequest("a" * 65, ("1",))])[0].refusal


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [61, 62, 63, 64])
def test_a_text_ends_with_the_last_position(kind, length):
    lm = local(kind)
    request = Request("a" * length, Sampling(max_tokens=10))
    done, other = lm.complete([request, Request("b", Sampling(max_tokens=30))])
    if length == 64:
        assert "64 tokens and needs room for 1 more" in done.refusal
    else:
        assert (done.refusal, done.truncated, done.usage.completion) == ("", True, 64 - length)
    assert other.usage.completion == 30  # a row that ended at the last position stood beside it


@pytest.mark.parametrize("kind", KINDS)
def test_scores_may_use_the_last_position(kind):
    lm = local(kind)
    fits, not_long, too_long = lm.score(
        [ScoreRequest("a" * 64, ("1", "2")), ScoreRequest("a" * 63, ("10",)), ScoreRequest("a" * 63, ("100",))]
    )
    assert (len(fits.log_probabilities), len(not_long.log_probabilities)) == (2, 1)
    assert "63 tokens and needs room for 2 more" in too_long.refusal


def test_a_window_of_attention_and_a_stretched_rotation_bound_no_prompt():
    (done,) = local("mistral").complete([Request("a" * 50, Sampling(max_tokens=4))])
    assert (done.refusal, done.usage.completion) == ("", 4)
    for rope in (
        {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4},
        {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4, "original_max_position_embeddings": 64},
    ):
        lm = local(rope_parameters=rope)
        (done,) = lm.complete([Request("a" * 200, Sampling(max_tokens=4))])
        assert done.refusal == ""
        assert "positions for 256" in lm.complete([Request("a" * 300)])[0].refusal


def test_pairs_beyond_the_positions_are_refused_before_training(tmp_path):
    folder = save(tmp_path / "model", tokenizer_of(eos_token="<end>"))
    with pytest.raises(ValueError, match="pair 1 has 81 tokens, and the model has positions for 64"):
        train(TrainingConfig(folder, **TRAINING), [Pair("a", "b"), Pair("a" * 80, "1")], tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


# Tokenizers that end a prompt.


@pytest.mark.parametrize("before", ["", "<begin>"])
def test_a_prompt_is_gone_on_from_where_its_text_ends(before, tmp_path):
    ending = tokenizer_of(before, "<end>", eos_token="<end>", bos_token="<begin>")
    plain = tokenizer_of(before, "", eos_token="<end>", bos_token="<begin>")
    assert ending("a").input_ids[-1] == ending.eos_token_id
    lm, expected = local(tokenizer=ending), local(tokenizer=plain)
    assert lm.complete([HELLO]) == expected.complete([HELLO])
    asked = [ScoreRequest("hello", ("1", "10")), ScoreRequest("", ("1",))]
    assert lm.score(asked) == expected.score(asked)
    assert lm.count("hello") == expected.count("hello") == 5 + bool(before)
    losses = [
        train(
            TrainingConfig(save(tmp_path / name, tokenizer, bos_token_id=1), **TRAINING),
            [Pair("a: ", "1"), Pair("b: ", "2")],
            tmp_path / f"{name}-adapter",
        )
        for name, tokenizer in (("ending", ending), ("plain", plain))
    ]
    assert losses[0] == losses[1]


def test_an_end_mark_that_a_user_wrote_stays():
    ending = tokenizer_of("", "<end>", eos_token="<end>")
    assert Tokens(ending).prompt("a<end>") == [*tokenizer_of(eos_token="<end>")("a").input_ids, 0]


def test_a_tokenizer_that_ends_even_plain_texts():
    class Stubborn:
        """Ends every text, as some slow tokenizers do whatever they are asked."""

        bos_token_id, eos_token_id = None, 0

        def __call__(self, text, add_special_tokens=True):
            return type("Encoded", (), {"input_ids": [*map(ord, text), 0]})()

    tokens = Tokens(Stubborn())
    assert tokens.continuation("ab") == tokens.prompt("ab") == [97, 98]
    assert tokens.prompt("") == [0]


# Replies that ended at their limit.


def test_a_reply_says_whether_its_limit_ended_it():
    lm = local()
    (open_,) = lm.complete([HELLO])
    assert open_.truncated
    (stopped,) = lm.complete([Request("hello", Sampling(max_tokens=4, stop=(open_.text[-1],)))])
    assert not stopped.truncated


# Adapters that are no LoRA.


@pytest.mark.parametrize("config", [PromptTuningConfig, PrefixTuningConfig, PromptEncoderConfig])
def test_peft_prompt_tuning(config, tmp_path):
    lm = local()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        get_peft_model(model_of(), config(task_type="CAUSAL_LM", num_virtual_tokens=3)).save_pretrained(tmp_path)
    before = lm.complete([HELLO])
    with pytest.raises(ValueError, match=r"was not made for this model: adapters of the kind \w+ cannot be merged"):
        lm.adapted(tmp_path)
    assert lm.complete([HELLO]) == before
