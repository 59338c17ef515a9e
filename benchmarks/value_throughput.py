"""What values by a language model cost: siblings that share a long context, several samples each.

    python benchmarks/value_throughput.py                     # float32: goals 4 and 3 times
    python benchmarks/value_throughput.py --dtype bfloat16    # goals 2 and 1.3 times

Five siblings of about 600 tokens, equal but for their ends, are read and valued by five samples of 64 tokens
each, four ways: by this suite in one call; by transformers' `generate` one sample after the other; by
`generate(num_return_sequences=5)` one sibling after the other; and by score tokens, without decoding. No text
ends early, for the token that ends one gets no probability. The four take turns in every round, after a
warm-up; a ratio is the median of the rounds' own. Beside them stand the limits of this machine: how fast this
model reads a prompt of that length, and how fast it writes 1, 5 and 25 rows behind it.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from statistics import median

import torch

from forethought.agents import Request, Sampling, ScoreRequest
from forethought.agents.models.local.batching import MemoryLimit
from forethought.agents.models.local.model import Local, head_of, load
from forethought.agents.models.local.prefill import SharedRows
from forethought.agents.values import SCORES

SIBLINGS, SAMPLES, TOKENS, CONTEXT = 5, 5, 64, 600
GOALS = {"float32": {"sequential": 4.0, "generate": 3.0}, "bfloat16": {"sequential": 2.0, "generate": 1.3}}
GOAL_OF_SCORES = 20.0
TURNS = (
    "north over the bridge",
    "east by the mill",
    "south to the harbour",
    "west through the gate",
    "back to the inn",
)


def siblings(lm: Local) -> list[str]:
    """Prompts of about CONTEXT tokens that differ only in their last line."""
    lines: list[str] = []
    while lm.count("\n".join(lines)) < CONTEXT - 24:
        n = len(lines)
        lines.append(f"step {n}: at the crossing number {n * 37 % 101}, {n * 53 % 89} people stood by the road")
    return ["\n".join([*lines, f"next: the walker turns {turn}", "value:"]) for turn in TURNS[:SIBLINGS]]


def ours(lm: Local, prompts: list[str]) -> None:
    sampling = Sampling(temperature=1.0, max_tokens=TOKENS)
    done = lm.complete([Request(prompt, sampling, seed) for prompt in prompts for seed in range(SAMPLES)])
    assert sum(one.usage.completion for one in done) == SIBLINGS * SAMPLES * TOKENS


def generate(lm: Local, prompts: list[str], at_once: int) -> None:
    for prompt in prompts:
        ids = lm.tokenizer(prompt, return_tensors="pt").to(lm.model.device)
        for _ in range(SAMPLES // at_once):
            told = lm.model.generate(
                **ids,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                max_new_tokens=TOKENS,
                num_return_sequences=at_once,
                pad_token_id=lm.tokenizer.eos_token_id,
            )
            assert told.shape == (at_once, ids.input_ids.shape[1] + TOKENS)


def scores(lm: Local, prompts: list[str]) -> None:
    lm.score([ScoreRequest(prompt, SCORES) for prompt in prompts])


def never_ends(lm: Local) -> None:
    """The token that ends a text gets no probability, whoever reads the logits."""

    def hook(module: torch.nn.Module, inputs: object, logits: torch.Tensor) -> None:
        logits[..., lm.tokenizer.eos_token_id] = -torch.inf

    head_of(lm.model).register_forward_hook(hook)


def timed(work: Callable[[], object], lm: Local) -> float:
    began = time.perf_counter()
    work()
    if lm.model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def rounds(lm: Local, prompts: list[str], count: int) -> dict[str, list[float]]:
    """Seconds of each way in each round, the first one left out."""
    ways: dict[str, Callable[[], None]] = {
        "ours": lambda: ours(lm, prompts),
        "scores": lambda: scores(lm, prompts),
        "generate": lambda: generate(lm, prompts, SAMPLES),
        "sequential": lambda: generate(lm, prompts, 1),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    ours(lm, prompts)  # warms up
    scores(lm, prompts)
    generate(lm, prompts[:1], SAMPLES)
    for number in range(count):
        for name, way in ways.items():
            found[name].append(timed(way, lm))
        print(
            f"round {number + 1}: " + ", ".join(f"{name} {times[-1]:.2f} s" for name, times in found.items()),
            flush=True,
        )
    return found


@torch.inference_mode()
def limits(lm: Local, prompt: str, steps: int = 8) -> list[str]:
    """Tokens a second that this machine reads of one prompt, and writes in so many rows behind it."""
    ids, limit = lm.tokenizer(prompt).input_ids, MemoryLimit.of(None, lm.model.device)
    reads = [timed(lambda: SharedRows(lm.model, [ids], 1, limit), lm) for _ in range(3)]
    lines = [f"reading one prompt of {len(ids)} tokens: {len(ids) / median(reads):.0f} tokens a second"]
    for count in (1, 5, 25):
        rows = SharedRows(lm.model, [ids] * count, steps + 1, limit)
        tokens = rows.logits.argmax(-1)
        rows.step(tokens)
        each = median(timed(lambda rows=rows, tokens=tokens: rows.step(tokens), lm) for _ in range(steps))
        lines.append(
            f"writing {count:2} rows behind it: {count / each:.1f} tokens a second ({each * 1000:.0f} ms a step)"
        )
    return lines


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default="smollm2-135m")
    options.add_argument("--dtype", choices=tuple(GOALS), default="float32")
    options.add_argument("--device", default="cpu")
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    model, tokenizer = load(asked.model, asked.device)
    lm = Local.of(model.to(getattr(torch, asked.dtype)), tokenizer, asked.model, "")
    never_ends(lm)
    prompts = siblings(lm)
    lengths = [lm.count(prompt) for prompt in prompts]
    print(
        f"{asked.model} in {asked.dtype} on {asked.device}; prompts of {min(lengths)} to {max(lengths)} tokens, ",
        end="",
    )
    print(
        f"{SAMPLES} samples of {TOKENS} tokens each; {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.2f}"
    )
    found = rounds(lm, prompts, asked.rounds)
    print(f"\nmedians of {asked.rounds} interleaved rounds")
    for name, times in found.items():
        print(f"{name:12}{median(times):9.2f} s   (from {min(times):.2f} to {max(times):.2f})")
    for slower, faster, goal in (
        ("sequential", "ours", GOALS[asked.dtype]["sequential"]),
        ("generate", "ours", GOALS[asked.dtype]["generate"]),
        ("ours", "scores", None),
        ("generate", "scores", None),
        ("sequential", "scores", GOAL_OF_SCORES),
    ):
        ratio = median(a / b for a, b in zip(found[slower], found[faster], strict=True))
        print(f"{slower} / {faster}: {ratio:.1f}" + (f"   (goal {goal:g})" if goal else ""))
    print("\nlimits of this machine")
    print("\n".join(limits(lm, prompts[0])))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, ", end="")
    print(f"load average {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
