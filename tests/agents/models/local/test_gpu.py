"""The local backend on a GPU, with the tiny models of its tests on the CPU.

FORETHOUGHT_TEST_DEVICE=cpu runs these tests without a GPU, which tells whether they are right, not whether a GPU is.
"""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from itertools import accumulate
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("transformers", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import torch
from torch.profiler import ProfilerActivity, profile

from forethought.agents import Request, Sampling, ScoreRequest
from forethought.agents.models.local.loading import fastest_dtype
from forethought.agents.models.local.model import Local

DEVICE = os.environ.get("FORETHOUGHT_TEST_DEVICE", "cuda")
pytestmark = pytest.mark.skipif(
    DEVICE != "cpu" and not torch.cuda.is_available(), reason="there is no GPU that PyTorch can use"
)
CONTINUATIONS = ("a", "ab", "b c", "10", "1")
NEAR = 1e-3  # of log-probabilities in float32, whose sums are made in another order


def load_beside(name):
    """Another file of tests; they are no package."""
    spec = importlib.util.spec_from_file_location(f"{name}_for_gpu", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


shared, adapters = load_beside("test_shared_attention"), load_beside("test_adapters")


def tiny(kind):
    """In float32, so that no tie of two tokens is decided by rounding."""
    made = shared.tiny(kind)
    return Local.of(made.model.to(DEVICE), made.tokenizer, "tiny", kind)


@pytest.fixture(scope="module", params=["llama", "qwen3", "mistral with a window"])  # the last cannot share
def lm(request):
    return tiny(request.param)


@pytest.fixture(scope="module")
def llama():
    return tiny("llama")


def ids_of(lm, text):
    return lm.tokenizer(text).input_ids or [0]


def plain(lm, request):
    """What `generate` writes by itself on the same device."""
    ids = torch.tensor([ids_of(lm, request.prompt)], device=DEVICE)
    settings = {"max_new_tokens": request.sampling.max_tokens, "do_sample": False}
    written = lm.model.generate(ids, attention_mask=torch.ones_like(ids), **settings)[0, ids.shape[1] :]
    text = lm.tokenizer.decode(written, skip_special_tokens=True)
    return min((text.split(stop, 1)[0] for stop in request.sampling.stop), key=len, default=text)


@torch.inference_mode()
def plain_log_probability(lm, prompt, text):
    """One sequence, one forward pass."""
    start, rest = ids_of(lm, prompt), ids_of(lm, text)
    logits = lm.model(torch.tensor([[*start, *rest]], device=DEVICE)).logits[0].float().log_softmax(-1)
    return sum(float(logits[len(start) - 1 + i, token]) for i, token in enumerate(rest))


def test_a_model_is_opened_on_the_device_in_its_fastest_type(tmp_path):
    made = shared.tiny("llama")
    made.model.save_pretrained(tmp_path)
    made.tokenizer.save_pretrained(tmp_path)
    lm = Local(str(tmp_path), device=DEVICE)
    assert (lm.model.device.type, lm.model.dtype) == (DEVICE, fastest_dtype(DEVICE))
    texts = [done.text for done in lm.complete([Request("abc", Sampling(1.0, 9), seed) for seed in range(9)])]
    assert len(set(texts)) > 1
    (scores,) = lm.score([ScoreRequest("abc", ("b c",))])
    assert scores.log_probabilities[0] == pytest.approx(plain_log_probability(lm, "abc", "b c"), rel=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_greedy_texts_are_those_of_plain_generate(lm, seed):
    stop = (random.Random(seed).choice("a\n6Q"),)
    requests = [Request(prompt, Sampling(max_tokens=10, stop=stop)) for prompt in shared.prompts_of(seed)]
    assert [done.text for done in lm.complete(requests)] == [plain(lm, request) for request in requests]


def test_samples_of_a_request_do_not_depend_on_its_neighbours(lm):
    requests = [
        Request(prompt, Sampling(temperature, 8), seed)
        for prompt in shared.prompts_of(3)
        for temperature, seed in ((0.7, 1), (1.5, 1), (1.5, 2))
    ]
    together = lm.complete(requests)
    assert together == [lm.complete([request])[0] for request in requests]
    assert together == lm.complete(requests[::-1])[::-1]
    assert len({done.text for done in together}) > len(requests) // 2


def test_scores_are_those_of_a_plain_forward_pass(lm):
    asked = [ScoreRequest(prompt, ("a", "b c", "\n", "10")) for prompt in shared.prompts_of(1)]
    for request, scores in zip(asked, lm.score(asked), strict=True):
        expected = [plain_log_probability(lm, request.prompt, text) for text in request.continuations]
        assert scores.log_probabilities == pytest.approx(expected, abs=NEAR)


def peak(work):
    """The most bytes that tensors made in `work` took at any time."""
    if DEVICE == "cpu":
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
            work()
        changes = [event.nbytes() for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
        return max(accumulate(changes, initial=0))
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


@pytest.fixture
def long_prompts():
    """Far more than a small limit holds at once: 24 strangers of 200 tokens, each with two siblings."""
    draw = random.Random(0)
    families = ["".join(draw.choices("abc\n", k=200)) for _ in range(24)]
    return [family + tail for family in families for tail in ("", "b", "cc")]


def test_the_limit_of_memory_is_kept_and_changes_no_answer(llama, long_prompts):
    requests = [Request(prompt, Sampling(t, 6), seed=1) for prompt in long_prompts for t in (0.0, 1.0)]
    asked = [ScoreRequest(prompt, CONTINUATIONS) for prompt in long_prompts]
    limit = 2**20
    small = Local.of(llama.model, llama.tokenizer, "tiny", "llama", memory=limit)
    texts, scores = llama.complete(requests), llama.score(asked)  # and libraries make their workspaces
    assert small.complete(requests) == texts
    for mine, theirs in zip(small.score(asked), scores, strict=True):
        assert mine.log_probabilities == pytest.approx(theirs.log_probabilities, abs=NEAR)
    assert peak(lambda: small.complete(requests)) <= limit < peak(lambda: llama.complete(requests))
    assert peak(lambda: small.score(asked)) <= limit


def test_one_request_over_a_given_limit_is_refused(llama):
    small = Local.of(llama.model, llama.tokenizer, "tiny", "llama", memory=2**12)
    with pytest.raises(MemoryError, match=r"1 tokens that may write 64 more .* give a larger `memory`"):
        small.complete([Request("a")])


def test_a_batch_over_the_limit_is_split_and_one_that_fits_is_not(llama, long_prompts):
    requests = [Request(prompt, Sampling(max_tokens=2)) for prompt in long_prompts]
    small = Local.of(llama.model, llama.tokenizer, "tiny", "llama", memory=2**20)
    rows = []  # of each step that writes

    def see(module, args, kwargs):
        if "contexts" in kwargs:
            rows.append(len(kwargs["input_ids"]))

    hook = llama.model.model.register_forward_pre_hook(see, with_kwargs=True)
    try:
        texts, whole = llama.complete(requests), rows.copy()
        rows.clear()
        assert small.complete(requests) == texts
    finally:
        hook.remove()
    assert whole == [len(requests)]
    assert len(rows) > 2
    assert sum(rows) == len(requests)


def test_a_batch_that_runs_out_of_memory_is_tried_in_halves(llama, monkeypatch):
    """Really, on a GPU: the forward pass over many rows asks for more than there is."""
    requests = [Request(prompt, Sampling(1.0, 6), seed=1) for prompt in shared.prompts_of(2)]
    expected, forward = llama.complete(requests), llama.model.forward
    failed = []

    def narrow(input_ids, **kwargs):
        if len(input_ids) > 3:
            failed.append(len(input_ids))
            if DEVICE == "cpu":
                raise torch.OutOfMemoryError("out of memory")
            torch.empty(2**50, dtype=torch.uint8, device=DEVICE)
        return forward(input_ids, **kwargs)

    monkeypatch.setattr(llama.model, "forward", narrow)
    assert llama.complete(requests) == expected
    assert failed


@torch.inference_mode()
def logits_of(lm):
    return lm.model(adapters.IDS.to(DEVICE)).logits


def test_adapters_are_swapped_and_the_base_comes_back_to_the_last_bit(tmp_path):
    folders = [adapters.write_adapter(tmp_path / name, seed) for seed, name in enumerate("ab")]
    base = Local.of(adapters.fresh().to(DEVICE), None, "tiny", "base")
    clean, places = logits_of(base), {weight.data_ptr() for weight in base.model.parameters()}
    worn = [base.adapted(folder) for folder in folders]
    alone = [adapters.merged_alone(folder) for folder in folders]
    for one in alone:
        one.model.to(DEVICE)
    for which in (0, 1, None, 1, 0, 0, None):
        found = logits_of(base if which is None else worn[which])
        if which is None:
            assert torch.equal(found, clean)
        else:
            torch.testing.assert_close(found, logits_of(alone[which]), atol=NEAR, rtol=NEAR)
            assert not torch.allclose(found, clean, atol=10 * NEAR)
    assert base.model.device.type == DEVICE
    assert {weight.data_ptr() for weight in base.model.parameters()} == places
    assert not torch.allclose(logits_of(worn[0]), logits_of(worn[1]), atol=10 * NEAR)
