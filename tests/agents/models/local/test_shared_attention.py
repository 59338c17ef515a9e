"""Batches of a tiny model in this process: shared prefixes, mixed requests, limits of memory."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("transformers", reason="the extra [lm] is not installed")

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch.profiler import ProfilerActivity, profile
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedTokenizerFast

from forethought.agents import Request, Sampling, ScoreRequest
from forethought.agents.models.local.decoding import TextDecoder
from forethought.agents.models.local.model import Local
from forethought.agents.models.local.prefill import can_share

KINDS = {  # what cannot share is padded
    "llama": {},
    "qwen2": {},
    "qwen3": {},
    "granite": {"logits_scaling": 4.0},
    "olmo2": {},
    "smollm3": {"no_rope_layer_interval": 2},
    "mistral": {"sliding_window": None},
    "mistral with a window": {"sliding_window": 16},
    "gemma2": {"sliding_window": 16, "query_pre_attn_scalar": 8},
    "gpt2": {"n_embd": 48, "n_head": 6, "n_layer": 3, "n_positions": 256},
}


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """A token a byte, so that most letters beyond ASCII take several."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(["<end>", *letters])}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>")


def tiny(kind: str, memory: int | None = None, dtype: torch.dtype = torch.float32, *, exact: bool = False) -> Local:
    torch.manual_seed(0)
    config = CONFIG_MAPPING[kind.split()[0]](
        **{"vocab_size": 257, "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 3}
        | {"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 256}
        | {
            "bos_token_id": 0,
            "eos_token_id": 0,
            "pad_token_id": 0,
            "initializer_range": 0.3,
            "tie_word_embeddings": False,
        }
        | KINDS[kind]
    )
    model = AutoModelForCausalLM.from_config(config).to(dtype).eval()
    return Local.of(model, byte_tokenizer(), "tiny", kind, memory, exact)


@pytest.fixture(scope="module")
def lm():
    return tiny("llama")


def prompts_of(seed: int) -> list[str]:
    """Families of siblings, some with children of their own, some equal, and strangers."""
    draw = random.Random(seed)

    def text(longest: int) -> str:
        return "".join(draw.choices("abc é\n", k=draw.randint(0, longest)))

    prompts = [text(5) for _ in range(2)]
    for _ in range(draw.randint(1, 3)):
        family = text(60)
        for _ in range(draw.randint(1, 4)):
            child = family + text(9)
            prompts += [child, child + text(9)]
    return draw.sample(prompts, len(prompts))


def plain(lm: Local, request: Request) -> str:
    """What `generate` writes by itself, cut where the first of the stops is complete."""
    ids = lm.tokenizer(request.prompt).input_ids or [0]
    count = request.sampling.max_tokens
    told = lm.model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), max_new_tokens=count, do_sample=False
    )
    written = told[0, len(ids) :].tolist()
    stops = request.sampling.stop
    for end in range(1, len(written) + 1):
        if any(stop in lm.tokenizer.decode(written[:end]) for stop in stops):
            written = written[:end]
            break
    text = lm.tokenizer.decode(written, skip_special_tokens=True)
    for stop in stops:
        text = text.split(stop, 1)[0]
    return text


@pytest.mark.parametrize("seed", range(12))
def test_greedy_texts_are_those_of_plain_generate(lm, seed):
    draw = random.Random(seed)
    requests = [
        Request(prompt, Sampling(max_tokens=draw.randint(1, 12), stop=tuple(draw.sample(["a", "\n", "6", "Q]"], 1))))
        for prompt in prompts_of(seed)
    ]
    assert [done.text for done in lm.complete(requests)] == [plain(lm, request) for request in requests]


@pytest.mark.parametrize("kind", KINDS)
def test_so_they_are_for_models_that_share_and_for_those_that_cannot(kind):
    lm = tiny(kind)
    assert can_share(lm.model) == (kind not in ("mistral with a window", "gemma2", "gpt2"))
    requests = [Request(prompt, Sampling(max_tokens=6)) for prompt in prompts_of(1)]
    assert [done.text for done in lm.complete(requests)] == [plain(lm, request) for request in requests]
    asked = [ScoreRequest(prompt, ("a", "ab", "b c", "\n")) for prompt in prompts_of(1)]
    for request, scores in zip(asked, lm.score(asked), strict=True):
        likeliest = plain_log_probability(lm, request.prompt, "b c")
        assert scores.log_probabilities[2] == pytest.approx(likeliest, abs=1e-4)


def plain_log_probability(lm: Local, prompt: str, text: str) -> float:
    start, rest = lm.tokenizer(prompt).input_ids or [0], lm.tokenizer(text).input_ids
    with torch.inference_mode():
        logits = lm.model(torch.tensor([[*start, *rest]])).logits[0].log_softmax(-1)
    return sum(float(logits[len(start) - 1 + i, token]) for i, token in enumerate(rest))


def test_a_mixed_batch_gives_every_request_what_it_gets_alone(lm):
    shared = "abc é\n" * 9
    requests = [
        Request(shared + "a", Sampling(max_tokens=9)),
        Request(shared + "a", Sampling(temperature=1.5, max_tokens=14), seed=1),
        Request(shared + "a", Sampling(temperature=1.5, max_tokens=14), seed=2),
        Request(shared + "a", Sampling(temperature=0.3, max_tokens=14, stop=("6", "é")), seed=1),
        Request(shared + "bc", Sampling(temperature=1.5, max_tokens=3), seed=1),
        Request(shared, Sampling(max_tokens=0)),
        Request("", Sampling(temperature=1.0, max_tokens=20, stop=("\n",)), seed=7),
        Request(shared + "a", Sampling(temperature=1.5, max_tokens=14), seed=1),
    ]
    together = lm.complete(requests)
    assert together == [lm.complete([request])[0] for request in requests]
    assert together[1] == together[7] != together[2]
    assert together[4].usage.completion == 3
    assert together[5].text == ""
    assert together[5].usage.prompt == len(shared.encode())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_an_exact_model_answers_to_the_bit_whatever_else_is_asked(kind, dtype):
    lm = tiny(kind, dtype=dtype, exact=True)
    draw, asked = random.Random(3), [ScoreRequest(p, ("0", "1", "10", "ab")) for p in prompts_of(3)]
    requests = [Request(p, Sampling(t, 8), seed=4) for p in prompts_of(3) for t in (0.0, 1.5)]
    scores, texts = [lm.score([one])[0] for one in asked], [lm.complete([one])[0] for one in requests]
    for count in (2, 5, len(asked)):
        some = draw.sample(range(len(asked)), count)
        assert lm.score([asked[i] for i in some]) == [scores[i] for i in some]
        some = draw.sample(range(len(requests)), count)
        assert lm.complete([requests[i] for i in some]) == [texts[i] for i in some]


def test_a_model_that_is_not_exact_does_not():
    lm = tiny("llama", dtype=torch.bfloat16)
    asked = [ScoreRequest(p, ("0", "1", "10", "ab")) for p in prompts_of(3)]
    assert lm.score(asked) != [lm.score([one])[0] for one in asked]


def test_what_prompts_share_passes_the_model_once(lm):
    shapes = []
    hook = lm.model.model.register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    try:
        siblings = ["abc" * 20 + tail for tail in ("x", "yy", "zzz")]
        lm.complete([Request(p, Sampling(1.0, 5), seed) for p in siblings for seed in range(4)])
        assert shapes == [(1, 60 + 1 + 2 + 3), (12, 1), (12, 1), (12, 1), (12, 1)]
        shapes.clear()
        lm.score([ScoreRequest(p, ("0", "1", "10")) for p in siblings])
        assert shapes == [(1, 60 + 1 + 2 + 3 + 3)]  # and the "1" after each
    finally:
        hook.remove()


def test_rows_that_have_ended_leave_the_batch(lm):
    shapes = []
    hook = lm.model.model.register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(kwargs["input_ids"].shape[0]), with_kwargs=True
    )
    try:
        requests = [Request("abc" + "d" * n, Sampling(1.0, 2 + 2 * n), n) for n in range(4)]
        together = lm.complete(requests)
        assert shapes[1:] == [4, 3, 3, 2, 2, 1, 1]
    finally:
        hook.remove()
    assert together == [lm.complete([request])[0] for request in requests]


def test_a_model_is_left_as_it_was(lm):
    before = lm.model.config._attn_implementation
    lm.complete([Request("a", Sampling(max_tokens=3))])
    assert lm.model.config._attn_implementation == before == "sdpa"


def peak(work) -> int:
    """The most bytes that tensors made in `work` took at any time."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    changes = [event.nbytes() for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate(changes, initial=0))


def test_a_limit_of_memory_is_kept_and_changes_no_text(lm):
    requests = [Request(p, Sampling(t, 6), seed) for p in prompts_of(5) for t in (0.0, 1.0) for seed in range(3)]
    asked = [ScoreRequest(p, ("a", "b c", "10", "1")) for p in prompts_of(5)]
    texts, scores = lm.complete(requests), lm.score(asked)
    small = Local.of(lm.model, lm.tokenizer, "tiny", "llama", memory=2**17)
    assert small.complete(requests) == texts
    for mine, theirs in zip(small.score(asked), scores, strict=True):
        assert mine.log_probabilities == pytest.approx(theirs.log_probabilities, abs=1e-4)
    assert peak(lambda: small.complete(requests)) <= 2**17 < peak(lambda: lm.complete(requests))
    assert peak(lambda: small.score(asked)) <= 2**17


def test_a_long_prompt_is_read_in_pieces_within_the_limit(lm):
    request = Request("abc é\n" * 30, Sampling(max_tokens=4))
    small = Local.of(lm.model, lm.tokenizer, "tiny", "llama", memory=400_000)
    shapes = []
    hook = lm.model.model.register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    try:
        done = small.complete([request])
    finally:
        hook.remove()
    assert len(shapes) > 4 + 1
    assert sum(shapes) == 210 + 3
    assert done == lm.complete([request])


def test_one_request_over_a_given_limit_is_refused(lm):
    small = Local.of(lm.model, lm.tokenizer, "tiny", "llama", memory=2**12)
    with pytest.raises(MemoryError, match=r"1 tokens that may write 64 more .* give a larger `memory`"):
        small.complete([Request("a")])


def test_a_batch_that_runs_out_of_memory_is_tried_in_halves(lm, monkeypatch):
    requests = [Request(p, Sampling(1.0, 6), seed=1) for p in prompts_of(2)]
    expected, forward = lm.complete(requests), lm.model.forward

    def narrow(input_ids, **kwargs):
        if len(input_ids) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(input_ids, **kwargs)

    monkeypatch.setattr(lm.model, "forward", narrow)
    assert lm.complete(requests) == expected
    monkeypatch.setattr(lm.model, "forward", lambda **kwargs: narrow([1] * 9))
    with pytest.raises(MemoryError, match="over a single request"):
        lm.complete(requests)


@pytest.mark.parametrize("seed", range(20))
def test_a_stop_is_seen_at_the_token_that_completes_it(seed):
    draw, tokenizer = random.Random(seed), byte_tokenizer()
    stops = tuple(draw.sample(["é", "aé", "🦊", "\n\n", "bb", "a\nb", "�"], 2))
    text = "".join(draw.choices(["a", "b", "\n", "é", "🦊"], k=60)).encode()
    tokens = tokenizer(text.decode()).input_ids
    for _ in range(6):  # bytes that begin a letter and do not end it
        tokens.insert(draw.randrange(len(tokens)), tokenizer("é").input_ids[0])
    ends = [n for n in range(1, len(tokens)) if any(stop in tokenizer.decode(tokens[:n]).lstrip() for stop in stops)]
    writer = TextDecoder(tokenizer, Sampling(max_tokens=len(tokens), stop=stops), 0, ())
    while writer.open:
        writer.add(tokens[len(writer.written)])
    assert len(writer.written) == (ends[0] if ends else len(tokens))


@pytest.mark.parametrize(
    ("text", "stops", "rationale", "read"),
    [
        ("\n\n10 - 4\nleft: 5", ("\n", "="), "", "10 - 4"),
        ("<think>\n4 * 6 = 24\n\n</think>\n\n10 - 4\nleft: 5", ("\n", "="), "4 * 6 = 24", "10 - 4"),
        ("<think>\n4 * 6 = 24\n\nand", ("\n", "="), "4 * 6 = 24\n\nand", ""),
        ("\n10 - 4", (), "", "\n10 - 4"),
    ],
)
def test_stops_leave_reasoning_and_leading_blanks_alone(text, stops, rationale, read):
    tokenizer = byte_tokenizer()
    tokens = tokenizer(text).input_ids
    writer = TextDecoder(tokenizer, Sampling(max_tokens=len(tokens), stop=stops), 0, ())
    while writer.open:
        writer.add(tokens[len(writer.written)])
    assert writer.reply() == (rationale, read)
    assert len(writer.written) == (text.index("left") if "left" in text else len(tokens))
