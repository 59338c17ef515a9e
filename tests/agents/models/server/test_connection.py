"""The line to a server: faults without the key, proxies, adapters by content, and what one odd reply may cost."""

import gzip
import json
import logging
import threading
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import adapter_files
import pytest
import stub_server
from stub_server import KEY

pytest.importorskip("aiohttp")

from forethought.agents.models.open_model import open_model
from forethought.agents.models.protocol import Request, Sampling, ScoreRequest
from forethought.agents.models.server import model as server_module
from forethought.agents.models.server.model import name_of
from forethought.agents.models.server.redaction import mask
from forethought.agents.models.server.responses import top_of
from forethought.agents.models.server.unclaimed import ServerError
from forethought.common.retry import RetryPolicy
from forethought.search.models import wasted_usage

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def retry_policy():
    return RetryPolicy(retries=1, timeout=5.0, deadline=10.0, first=0.01, longest=0.02)


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
def adapter(tmp_path):
    return adapter_files.write_adapter(tmp_path / "round-2")


def listing(*names, code=200):
    def get(handler):
        handler.answer(code, json.dumps({"data": [{"id": name} for name in names]}).encode())

    return get


def test_an_adapter_is_called_by_its_content_and_not_by_its_folder(adapter):
    name = name_of(adapter)
    assert len(name) == 16
    other = adapter.rename(adapter.with_name("elsewhere"))
    assert name_of(other) == name
    adapter_files.write_adapter(other, lora_alpha=99)
    assert name_of(other) != name
    with pytest.raises(ValueError, match=r"holds no adapter_model\.safetensors"):
        name_of(adapter)


def test_an_adapter_that_is_served_is_asked_for_by_its_name(stub, adapter, monkeypatch):
    monkeypatch.setattr(stub_server.StubHandler, "do_GET", listing("base", name_of(adapter)), raising=False)
    server = open_model(f"server:base@{stub.url}", adapter)
    server.complete([Request("p")])
    assert stub.seen[0].body["model"] == name_of(adapter)
    assert server.content != open_model(f"server:base@{stub.url}").content
    server.close()


@pytest.mark.parametrize("answer", [listing("base", code=500), listing()], ids=["an error", "none"])
def test_a_server_that_lists_nothing_is_asked_all_the_same(stub, adapter, monkeypatch, answer):
    monkeypatch.setattr(stub_server.StubHandler, "do_GET", answer, raising=False)
    server = open_model(f"server:base@{stub.url}", adapter)
    assert server.complete([Request("p")])[0].text
    server.close()


def test_an_adapter_that_is_not_served_is_told_with_how_to_and_never_asked_for(stub, adapter, monkeypatch):
    """llama.cpp would answer, with its own model."""
    monkeypatch.setattr(stub_server.StubHandler, "do_GET", listing("base", "other"), raising=False)
    server = open_model(f"server:base@{stub.url}", adapter)
    name = name_of(adapter)
    told = rf"lists base, other, and no adapter {name}; serve it, .* --lora-modules {name}={adapter} \(2 of 2"
    with pytest.raises(ServerError, match=told):
        server.complete([Request("p"), Request("q")])
    assert not stub.seen
    monkeypatch.setattr(stub_server.StubHandler, "do_GET", listing("base", name))
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
    line = server._connection

    async def fails():
        raise LookupError

    with pytest.raises(LookupError):
        line.run(fails())
    assert line.alive
    server.complete([Request("q")])
    assert server._connection is line


def test_a_line_is_closed_once_by_many_and_at_once_and_who_waits_is_told(stub, open_server, in_threads):
    for _ in range(5):
        server = open_server()
        stub.delay = lambda asked: 5.0
        before = len(stub.seen)
        asking = in_threads(lambda i, server=server: server.complete([Request(f"p {i}"), Request("q")]), range(3))
        wait_until(lambda before=before: len(stub.seen) == before + 6)
        line, together, began = server._connection, threading.Barrier(4), time.monotonic()

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


# Too much, from elsewhere, or meant for a terminal.


def endless(head, chunk):
    """Sends until nobody listens any more."""

    def send(handler, reply):
        handler.connection.settimeout(5)
        handler.sent = 0
        try:
            handler.connection.sendall(head)
            while handler.sent < 200_000_000:
                handler.connection.sendall(chunk)
                handler.sent += len(chunk)
        except OSError:
            pass
        handler.server.sent = handler.sent
        handler.close_connection = True

    return send


def encoded(data, name):
    return lambda handler, reply: handler.answer(200, data, {"Content-Encoding": name})


ZEROS = b'{"choices": [{"text": "' + b"0" * 60_000_000
LENGTH_UNTOLD = HEAD + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    "fault",
    [
        endless(LENGTH_UNTOLD, b'{"choices": [' + b" " * 60_000),
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"fffff\r\n" + b" " * 0xFFFFF + b"\r\n"),
        endless(HEAD + b"Content-Length: 999999999999\r\n\r\n", b" " * 60_000),
        encoded(gzip.compress(ZEROS, 1), "gzip"),
        encoded(zlib.compress(ZEROS, 1), "deflate"),
    ],
    ids=["close", "chunked", "length", "gzip", "deflate"],
)
def test_a_reply_that_is_too_long_is_left_billed_at_its_bound_and_not_asked_again(stub, open_server, fault):
    server, stub.sent = open_server(), 0
    stub.fault = lambda asked: fault
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(ServerError, match="longer than a reply to this request can be") as caught:
        server.complete([Request("p")])
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert time.monotonic() - began < 10
    assert stub.sent < 20_000_000
    assert server.attempts == 1
    assert wasted_usage(caught.value).tokens == server.bound_of_completion(Request("p")).tokens


@pytest.mark.parametrize(
    "fault",
    [
        endless(HEAD, b"X-A: b\r\n"),
        endless(HEAD + b"X-A: ", b"b" * 60_000),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(b"HTTP/1.1 200 ", b"OK" * 30_000),
    ],
    ids=["lines", "line", "continue", "reason"],
)
def test_headers_without_end_are_left(stub, open_server, fault):
    server, stub.sent = open_server(), 0
    server.retry_policy = RetryPolicy(0, 3.0, 3.0)
    stub.fault = lambda asked: fault
    began = time.monotonic()
    with pytest.raises(ServerError, match=r"connection broke|headers|no answer within"):
        server.complete([Request("p")])
    assert time.monotonic() - began < 6


def test_errors_are_read_to_their_beginning_alone(stub, open_server):
    stub.fault = lambda asked: endless(LENGTH_UNTOLD.replace(b"200 OK", b"400 Bad"), b"no " * 20_000)
    with pytest.raises(ServerError, match=r"answered 400 \((no )+no?\);"):
        open_server().complete([Request("p")])
    assert stub.sent < 20_000_000


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_a_reply_that_was_compressed_unasked_is_read(stub, open_server, name):
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}[name]
    stub.fault = lambda asked: lambda handler, reply: encoded(pack(json.dumps(reply).encode()), name)(handler, reply)
    assert open_server().complete([Request("p")])[0].usage.assumed == 0


@pytest.mark.parametrize(("data", "name"), [(b"x", "br"), (b"x", "zstd"), (b"no gzip", "gzip"), (b"x", "gzip, gzip")])
def test_an_encoding_that_cannot_be_read_is_said(stub, open_server, data, name):
    stub.fault = lambda asked: encoded(data, name)
    with pytest.raises(ServerError, match=r"no encoding was asked for|cannot be inflated"):
        open_server().complete([Request("p")])


def test_a_text_beyond_its_bill_is_cut_and_billed_at_its_bound(stub, open_server):
    counts = {"prompt_tokens": 1, "completion_tokens": 2}
    stub.fault = lambda asked: stub_server.changed(choices=[{"text": "9 " * 50_000}], usage=counts)
    server = open_server()
    (reply,) = server.complete([Request("p")])
    assert len(reply.text) <= 256 * (64 + 16)
    assert reply.usage.assumed == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_not_followed(stub, open_server, code):
    other = stub_server.Stub()
    try:
        stub.fault = lambda asked: stub_server.status(code, Location=f"{other.url}/completions?key={KEY}")
        with pytest.raises(ServerError, match=rf"answered {code} and points to .*write it into the model") as caught:
            open_server().complete([Request("p")])
    finally:
        other.close()
    assert not other.seen
    assert len(stub.seen) == 1
    assert KEY not in str(caught.value)


def test_a_key_that_a_reply_echoes_goes_nowhere(stub, open_server, caplog):
    caplog.set_level(logging.DEBUG)
    said = {"content": f"the key is {KEY}", "reasoning": f"hm {KEY}", "role": "assistant"}
    stub.fault = lambda asked: stub_server.changed(choices=[{"message": said}], usage={"prompt_tokens": KEY})
    (reply,) = open_server("server+chat:m").complete([Request("p", Sampling(max_tokens=64))])
    assert (reply.text, reply.rationale) == ("the key is ***", "hm ***")
    escaped = json.dumps({"choices": [{"text": KEY}]}).replace("sk-", "\\u0073k-").encode()
    stub.fault = lambda asked: stub_server.raw(escaped)
    assert open_server().complete([Request("q")])[0].text == "***"
    stub.fault = lambda asked: stub_server.changed(choices=[{"message": {"refusal": f"no {KEY}"}}])
    assert KEY not in open_server("server+chat:m").complete([Request("r")])[0].refusal
    stub.top = lambda prompt: {KEY: -1.0}
    stub.fault = lambda asked: None
    with pytest.raises(ServerError) as caught:
        open_server().score([ScoreRequest("p", ("1", "2"))])
    assert KEY not in str(caught.value) + caplog.text


def test_names_of_models_that_echo_the_key_or_command_a_terminal_are_shown_harmless(stub, adapter, monkeypatch):
    names = listing(f"base-{KEY}", "\x1b[2Jcleared", *(f"other-{i}" for i in range(999)))
    monkeypatch.setattr(stub_server.StubHandler, "do_GET", names, raising=False)
    server = open_model(f"server:base@{stub.url}", adapter)
    with pytest.raises(ServerError) as caught:
        server.complete([Request("p")])
    told = str(caught.value)
    assert KEY not in told
    assert told.isprintable()
    assert r"\x1b[2Jcleared" in told
    assert len(told) < 1000
    server.close()


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x9b31m", "a\rb\x08", "\u202egnp", "\x00"])
def test_errors_of_a_server_command_no_terminal(stub, open_server, text):
    for fault in (stub_server.status(400, text), stub_server.raw(text.encode()), stub_server.raw(text.encode(), 403)):
        stub.fault = lambda asked, fault=fault: fault
        with pytest.raises(ServerError) as caught:
            open_server().complete([Request("p")])
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", ["server", "server+chat"])
def test_a_server_sees_no_difference_to_the_openai_library(stub, open_server, kind):
    """Which is the reference of requests and of replies; not the client, see docs/decisions/servers.md."""
    openai = pytest.importorskip("openai")
    request = Request("žluť 🦊", Sampling(0.5, 7), 3)
    (reply,) = open_server(f"{kind}:org/model").complete([request])
    told = {"model": "org/model", "temperature": 0.5, "max_tokens": 7, "seed": stub.seen[0].body["seed"]}
    with openai.OpenAI(api_key=KEY, base_url=stub.url, max_retries=0) as client:
        if kind == "server":
            text = client.completions.create(prompt=request.prompt, **told).choices[0].text
        else:
            message = {"role": "user", "content": request.prompt}
            text = client.chat.completions.create(messages=[message], **told).choices[0].message.content
    ours, theirs = stub.seen
    assert (ours.path, ours.body) == (theirs.path, theirs.body)
    for name in ("authorization", "content-type", "accept", "host"):
        assert ours.headers[name] == theirs.headers[name]
    assert reply.text == text
