"""The line to a server: faults without the key, proxies, adapters by content, and what one odd reply may cost."""

import importlib.util
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("openai")

from forethought.agents import server as server_module
from forethought.agents.endpoint import mask
from forethought.agents.kept import ServerError
from forethought.agents.lm import Request, ScoreRequest
from forethought.agents.opening import open_model
from forethought.agents.replies import top_of
from forethought.agents.retrying import Patience
from forethought.agents.server import Server, name_of

KEY = "sk-secret-0123456789"
QUICK = Patience(retries=1, timeout=5.0, deadline=10.0, first=0.01, longest=0.02)
HEAD = b"HTTP/1.1 200 OK\r\n"


def load_stub():
    """Its file lies beside this one; the tests are no package."""
    spec = importlib.util.spec_from_file_location("stub_server", Path(__file__).with_name("stub_server.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["stub_server"] = module
    spec.loader.exec_module(module)
    return module


stub_server = load_stub()


@pytest.fixture
def stub(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    stub = stub_server.Stub()
    yield stub
    stub.close()


@pytest.fixture
def open_server(stub):
    opened = []

    def make(spec="server:org/model", **options):
        opened.append(Server(f"{spec}@{stub.url}", patience=QUICK, **options))
        return opened[-1]

    yield make
    for server in opened:
        server.close()


@pytest.mark.parametrize(
    ("fault", "told", "attempts"),
    [
        (stub_server.status(401, f"you sent {KEY}"), r"answered 401 \(you sent \*\*\*\); set the environment", 1),
        (stub_server.status(503, "busy"), r"answered 503 \(busy\) \(attempt 2", 2),
        (stub_server.cut, r"the connection broke \(.*attempt 2", 2),
        (stub_server.status(429, "slow down", Retry_After="3600"), "asks to wait 3600 s", 1),
    ],
)
@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_faults_are_told_without_the_key(stub, monkeypatch, open_server, way, fault, told, attempts):
    server = open_server()
    if way == "proxy":  # which is the stub itself
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", stub.url.removesuffix("/v1"))
    stub.fault = lambda asked: fault
    with pytest.raises(ServerError, match=told) as caught:
        server.complete([Request("p")])
    assert KEY not in str(caught.value)
    assert server.attempts == attempts
    assert stub.seen[0].path.startswith("http:" if way == "proxy" else "/v1")


@pytest.mark.parametrize(
    ("told", "masked"),
    [
        ("you sent sk-se***89", "you sent ***"),
        ("key: sk-secret-**** of org", "key: *** of org"),
        ("the key (...6789) is unknown", "the key *** is unknown"),
        ("ends in 6789.", "ends in ***"),
        ("s*****9 or sk-...89 or s\u20269", "*** or *** or ***"),
        ("[sk-secret]", "***"),
        ("a task... of 4096 tokens", "a task... of 4096 tokens"),
    ],
)
def test_parts_of_the_key_are_masked_too(stub, open_server, told, masked):
    stub.fault = lambda asked: stub_server.status(401, told)
    with pytest.raises(ServerError) as caught:
        open_server().complete([Request("p")])
    assert f"answered 401 ({masked}); set" in str(caught.value)


def test_masking_takes_no_long_time_and_a_short_key_hides_no_words():
    began = time.monotonic()
    assert mask("a" * 1_000_000 + KEY[-4:], KEY) == "***"
    assert time.monotonic() - began < 2
    assert mask("EMPTY is no MPTY or EMPT", "EMPTY") == "*** is no MPTY or EMPT"


# Adapters.


@pytest.fixture
def adapter(tmp_path, adapter_files):
    return adapter_files.write_adapter(tmp_path / "round-2")


def listing(*names, code=200):
    def get(handler):
        handler.answer(code, json.dumps({"data": [{"id": name} for name in names]}).encode())

    return get


def test_an_adapter_is_called_by_its_content_and_not_by_its_folder(adapter, adapter_files):
    name = name_of(adapter)
    assert len(name) == 16
    other = adapter.rename(adapter.with_name("elsewhere"))
    assert name_of(other) == name
    adapter_files.write_adapter(other, lora_alpha=99)
    assert name_of(other) != name
    with pytest.raises(ValueError, match=r"holds no adapter_model\.safetensors"):
        name_of(adapter)


def test_an_adapter_that_is_served_is_asked_for_by_its_name(stub, adapter, monkeypatch):
    monkeypatch.setattr(stub_server.Handler, "do_GET", listing("base", name_of(adapter)), raising=False)
    server = open_model(f"server:base@{stub.url}", adapter)
    server.complete([Request("p")])
    assert stub.seen[0].body["model"] == name_of(adapter)
    assert server.content != open_model(f"server:base@{stub.url}").content
    server.close()


@pytest.mark.parametrize("answer", [listing("base", code=500), listing()], ids=["an error", "none"])
def test_a_server_that_lists_nothing_is_asked_all_the_same(stub, adapter, monkeypatch, answer):
    monkeypatch.setattr(stub_server.Handler, "do_GET", answer, raising=False)
    server = open_model(f"server:base@{stub.url}", adapter)
    assert server.complete([Request("p")])[0].text
    server.close()


def test_an_adapter_that_is_not_served_is_told_with_how_to_and_never_asked_for(stub, adapter, monkeypatch):
    """llama.cpp would answer, with its own model."""
    monkeypatch.setattr(stub_server.Handler, "do_GET", listing("base", "other"), raising=False)
    server = open_model(f"server:base@{stub.url}", adapter)
    name = name_of(adapter)
    told = rf"lists base, other, and no adapter {name}; serve it, .* --lora-modules {name}={adapter} \(2 of 2"
    with pytest.raises(ServerError, match=told):
        server.complete([Request("p"), Request("q")])
    assert not stub.seen
    monkeypatch.setattr(stub_server.Handler, "do_GET", listing("base", name))
    assert len(server.complete([Request("p"), Request("q")])) == 2
    server.close()


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (404, b'{"object": "error", "message": "The model `NAME` does not exist.", "code": 404}'),
        (400, b"{\"detail\": \"Server is pinned to 'base'; requested 'NAME'.\"}"),
    ],
    ids=["vllm", "transformers"],
)
def test_a_server_that_does_not_know_the_adapter_is_told_how_to_serve_it(stub, adapter, code, body):
    server = open_model(f"server:base@{stub.url}", adapter)
    stub.fault = lambda asked: stub_server.raw(body.replace(b"NAME", server.model.encode()), code)
    told = rf"answered {code} \(\w.*/models lists; serve it, as in: vllm serve base --enable-lora"
    with pytest.raises(ServerError, match=told):
        server.complete([Request("p")])
    assert server.attempts == 1
    server.close()


# One odd reply, one line for all.


@pytest.mark.parametrize(
    ("entry", "read"),
    [
        ({"a": 10**400, "b": -(10**400), "c": -1}, {"c": -1.0}),
        ({"a": float("nan"), "b": float("-inf"), "c": True, "d": "-1"}, None),
        ({"top_logprobs": [{"token": ["a"], "logprob": -1}, {"token": "b", "logprob": -2}, 7]}, {"b": -2.0}),
        ({"a": 0.5}, {"a": 0.0}),
    ],
)
def test_only_numbers_are_read_as_log_probabilities(entry, read):
    assert top_of({"choices": [{"logprobs": {"top_logprobs": [entry]}}]}) == read


@pytest.fixture
def in_threads():
    with ThreadPoolExecutor(8) as pool:
        yield lambda work, items: [pool.submit(work, item) for item in items]


def wait_until(ready):
    end = time.monotonic() + 5
    while not ready() and time.monotonic() < end:
        time.sleep(0.01)
    assert ready()


def test_a_reply_that_nobody_foresaw_costs_no_other_request(stub, open_server, in_threads, monkeypatch):
    """Neither in its batch nor in other threads."""
    server = open_server()
    stub.delay = lambda asked: 0.5 if "slow" in asked.prompt else 0.0
    stub.top = lambda prompt: {"1": -1.0}
    slow = in_threads(lambda i: server.complete([Request(f"slow {i}")]), range(4))
    wait_until(lambda: stub.in_flight == 4)

    def odd(reply):
        raise ZeroDivisionError(f"{KEY} by zero")

    with monkeypatch.context() as patched:
        patched.setattr(server_module, "top_of", odd)
        with pytest.raises(ServerError, match=r"cannot be used \(ZeroDivisionError: \*\*\* by zero"):
            server.score([ScoreRequest("quick", ("1", "2"))])
    assert [len(replies.result()) for replies in slow] == [1] * 4
    assert set(stub.tries.values()) == {1}


def test_an_exception_of_one_work_leaves_the_line_open(stub, open_server, monkeypatch):
    server = open_server()
    server.complete([Request("p")])
    line = server._line

    async def fails():
        raise LookupError

    with pytest.raises(LookupError):
        line.run(fails())
    assert line.alive
    server.complete([Request("q")])
    assert server._line is line


def test_a_line_is_closed_once_by_many_and_at_once_and_who_waits_is_told(stub, open_server, in_threads):
    for _ in range(5):
        server = open_server()
        stub.delay = lambda asked: 5.0
        before = len(stub.seen)
        asking = in_threads(lambda i, server=server: server.complete([Request(f"p {i}"), Request("q")]), range(3))
        wait_until(lambda before=before: len(stub.seen) == before + 6)
        line, together, began = server._line, threading.Barrier(4), time.monotonic()

        def close(_, line=line, together=together):
            together.wait()
            line.close()

        for closing in in_threads(close, range(4)):
            closing.result()
        for replies in asking:
            with pytest.raises(ServerError, match=r"closed before the reply came \(2 of 2"):
                replies.result()
        assert time.monotonic() - began < 2
        assert not line.alive
        stub.delay = lambda asked: 0.0
        assert len(server.complete([Request("p"), Request("q"), Request("r")])) == 3
