"""The line to a server: faults without the key, proxies, adapters by content, counts that overshoot."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("openai")

from forethought.agents.kept import ServerError
from forethought.agents.lm import Request, Sampling
from forethought.agents.opening import open_model
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


# Adapters.


@pytest.fixture
def adapter(tmp_path):
    folder = tmp_path / "round-2"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return folder


def listing(*names, code=200):
    def get(handler):
        handler.answer(code, json.dumps({"data": [{"id": name} for name in names]}).encode())

    return get


def test_an_adapter_is_called_by_its_bytes_and_not_by_its_folder(adapter):
    name = name_of(adapter)
    assert len(name) == 16
    other = adapter.rename(adapter.with_name("elsewhere"))
    assert name_of(other) == name
    (other / "adapter_model.safetensors").write_bytes(b"other weights")
    assert name_of(other) != name
    with pytest.raises(ValueError, match=r"holds no \.safetensors"):
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


def test_a_few_tokens_too_many_are_billed_and_more_are_an_error(stub, open_server):
    server = open_server()
    stub.fault = lambda asked: stub_server.changed(usage={"prompt_tokens": 4, "completion_tokens": 12})
    assert server.complete([Request("a prompt", Sampling(max_tokens=9))])[0].usage.completion == 12
    with pytest.raises(ServerError, match="at most"):
        server.complete([Request("a prompt", Sampling(max_tokens=8))])
    stub.fault = lambda asked: stub_server.changed(usage={"prompt_tokens": 12, "completion_tokens": 12})
    with pytest.raises(ServerError, match="at most"):  # the prompt has its 12, and leaves nothing
        server.complete([Request("a prompt", Sampling(max_tokens=9))])
