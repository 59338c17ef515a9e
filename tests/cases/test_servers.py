"""Cases from public reports of what real servers send, each named by its source."""

import json
import logging
import socket
import threading
import time
from contextlib import closing, suppress

import pytest
import stub_server

pytest.importorskip("aiohttp")

from forethought.agents.models.protocol import Completion, Request, Sampling, ScoreRequest
from forethought.agents.models.server.model import Server
from forethought.agents.models.server.unclaimed import ServerError
from forethought.agents.presets import complete
from forethought.agents.readers.action import read_action
from forethought.common.retry import retry_after, wait_of
from forethought.common.seeds import seed_of
from forethought.experiments import execute
from forethought.experiments.config import Experiment
from forethought.experiments.run_folder import Run
from forethought.search import Usage

CALL = '[{"function": {"name": "f", "arguments": "{}"}}]'
GAME24 = {"env": "Game24-v0", "tasks": "900:903", "budget": {"tokens": 100_000}}


@pytest.fixture
def run(stub, tmp_path):
    """Carries out an experiment against the stub; returns its results, its failures and its run."""
    made = []

    def carry_out(agent, model="server+chat:m", again=None, **told):
        if again is None:
            named = complete(
                agent, "Game24-v0", policy=told.pop("policy", None), value=told.pop("value", None), given={}
            )
            settings = {**named.settings, **told.pop("settings", {})}
            asked = Experiment(
                **{**GAME24, **told},
                algorithm=named.algorithm,
                agent=agent,
                policy=named.policy,
                value=named.value,
                settings=settings,
                terminal_value="rule" if named.value.startswith("lm-") else None,
                model=f"{model}@{stub.url}",
            )
            again = Run.create(tmp_path / f"run-{len(made)}", asked.config())
            made.append(again)
        execute.run(again)
        return again.results(), again.failures(), again

    return carry_out


def says(text="10 - 4", usage=None, finish="stop", **message):
    """A reply of a chat, or of completions, that heeds the stops it is sent."""

    def answer(handler, reply):
        handler.reply_text = text
        chat = "message" in reply["choices"][0]
        said = {"message": {"role": "assistant", "content": text, **message}} if chat else {"text": text}
        counts = usage if usage is not None else reply["usage"]
        stub_server.good(handler, {"choices": [{**said, "finish_reason": finish}], "usage": counts})

    return answer


def heeds(text):
    """A server of completions that ends its text before a stop that it is sent."""

    def fault(asked):
        return says(min((text.split(stop)[0] for stop in asked.body.get("stop", [])), key=len, default=text))

    return fault


def refuses(status, **error):
    return lambda handler, reply: handler.answer(status, json.dumps({"error": error}).encode())


def complete_one(server, **sampling):
    return server.complete([Request("p", Sampling(0.7, 32, ("\n",), **sampling))])[0]


# White space before the first character is no end of a line.


@pytest.mark.parametrize("model", ["server+chat:m", "server:m"])
@pytest.mark.parametrize("text", ["\n\n10 - 4", "\n10 - 4", " \n 10 - 4\n", "\r\n\t\n10 - 4\nleft: 4"])
def test_stanford_crfm_helm_3507(stub, run, model, text):
    stub.fault = heeds(text)
    rows, failures, _ = run("react", model=model)
    assert not failures
    assert sum(row["spent"]["nodes"] for row in rows) >= 1
    assert sum(row["spent"]["parse_failures"] for row in rows) == 0
    if model.startswith("server+chat"):
        assert not any("stop" in asked.body for asked in stub.seen)


def test_stops_are_sent_to_a_server_whose_text_they_do_not_empty(stub, open_server):
    server = open_server()
    stub.fault = heeds("10 - 4\nleft: 4")
    assert [complete_one(server).text for _ in range(2)] == ["10 - 4"] * 2
    assert [asked.body.get("stop") for asked in stub.seen] == [None, ["\n"]]
    stub.fault = heeds("\n10 - 4\n")
    assert [complete_one(server).text for _ in range(3)] == ["", "10 - 4", "10 - 4"]
    assert [asked.body.get("stop") for asked in stub.seen[2:]] == [["\n"], None, None]


# Replies without text, and reasoning beside it.


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking", "thinking_blocks", "reasoning_text"])
def test_ukgovernmentbeis_inspect_ai_5467(stub, open_server, name):
    stub.fault = lambda asked: says(None, finish="length", **{name: "let me think"})
    reply = complete_one(open_server("server+chat:m"))
    assert (reply.text, reply.rationale, reply.truncated) == ("", "let me think", True)


@pytest.mark.parametrize("agent", ["tot-bfs", "beam"])
def test_replies_that_are_all_empty_at_the_limit_are_counted(stub, run, agent):
    stub.fault = lambda asked: says(None, finish="length", reasoning_content="let me think")
    rows, failures, _ = run(agent, value="lm-text")
    assert not failures
    for row in rows:
        assert row["spent"]["truncated"] == row["spent"]["parse_failures"] == row["spent"]["lm_calls"] > 0


@pytest.mark.parametrize(
    ("message", "text", "rationale"),
    [
        ({"content": "<think>\n8 - 2 = 6\n</think>\n\n10 - 4"}, "10 - 4", "8 - 2 = 6"),
        ({"content": [{"type": "text", "text": "10 "}, {"type": "text", "text": "- 4"}]}, "10 - 4", ""),
        ({"content": [{"type": "output_text", "text": "10 - 4"}]}, "10 - 4", ""),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "10 - 4"},
                ]
            },
            "10 - 4",
            "hm",
        ),
        ({"content": "10 - 4", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, "10 - 4", "hm"),
        ({"content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, CALL, ""),
        ("10 - 4", "10 - 4", ""),
        ({"content": "10 - 4", "reasoning": {"content": "hm"}}, "10 - 4", "hm"),
        ({"content": [None, 7, {"type": "image_url"}, {"text": ["10", " - 4"]}]}, "10 - 4", ""),
        ({}, "", ""),
    ],
)
def test_forms_of_a_message_are_read(stub, open_server, message, text, rationale):
    stub.fault = lambda asked: stub_server.changed(choices=[{"message": message, "finish_reason": "stop"}])
    reply = complete_one(open_server("server+chat:m"))
    assert (reply.text, reply.rationale, reply.refusal) == (text, rationale, "")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"message": {"content": None, "refusal": "I can't"}, "finish_reason": "stop"}, "I can't"),
        ({"message": {"content": [{"type": "refusal", "refusal": "no"}]}}, "no"),
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, "content filter"),
        ({"message": {"content": "10"}, "finish_reason": "content_filter"}, "content filter"),
    ],
)
def test_a_reply_that_was_withheld_is_a_refusal(stub, open_server, choice, told):
    stub.fault = lambda asked: stub_server.changed(choices=[choice])
    reply = complete_one(open_server("server+chat:m"))
    assert reply.text == ""
    assert told in reply.refusal
    assert reply.usage.calls == 1


# Bills.


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 50, "completion_tokens": None, "total_tokens": 55},
        {"prompt_tokens": None, "completion_tokens": 5},
        {"prompt_tokens": 50, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 60}},
    ],
)
def test_openai_openai_python_1232(stub, run, usage):
    stub.fault = lambda asked: says(usage=usage)
    rows, failures, _ = run("react")
    assert not failures
    assert all(row["spent"]["assumed"] == row["spent"]["lm_calls"] > 0 for row in rows)


def test_microsoft_autogen_6352(stub, open_server):
    stub.fault = lambda asked: says("10 - 4", {"prompt_tokens": 50, "completion_tokens": None, "total_tokens": 55})
    server = open_server("server+chat:m")
    reply = complete_one(server)
    assert (reply.text, server.assumed) == ("10 - 4", 1)
    assert reply.usage.prompt == server.bound_of_completion(Request("p", Sampling(0.7, 32))).prompt


def with_template(tokens):
    """Counts so many more tokens of a prompt, as a template with a long system prompt does."""

    def fault(asked):
        counts = {"prompt_tokens": len(asked.prompt) // 4 + 1 + tokens, "completion_tokens": 5}
        return says("10 - 4", counts)

    return fault


def paid(stub, fault):
    return sum(len(asked.prompt) // 4 + 1 + fault + 5 for asked in stub.seen)


@pytest.mark.parametrize("tokens", [600, 1500, 20_000])
@pytest.mark.parametrize("agent", ["react", "tot-bfs"])
def test_kekzl_imp_78(stub, run, tokens, agent, caplog):
    stub.fault = with_template(tokens)
    rows, failures, made = run(agent, budget={"lm_calls": 40})
    assert not failures
    assert sum(row["spent"]["tokens"] for row in rows) == paid(stub, tokens)
    assert all(row["spent"]["assumed"] == 0 for row in rows)
    assert "template_tokens=N" in caplog.text
    assert made.manifest()["learnt"]["template_tokens"] >= tokens


@pytest.mark.parametrize("model", ["server+chat:m", "server:m"])
@pytest.mark.parametrize("limit", [800, 3000, 6000, 20_000])
def test_a_template_that_is_learnt_exceeds_no_budget(stub, run, model, limit):
    """Every task's limit is above the first reply, which nobody can foresee."""
    stub.fault = with_template(600)
    rows, failures, _ = run("tot-bfs", model=model, budget={"tokens": limit}, concurrency=1)
    assert not failures
    assert all(row["spent"]["tokens"] <= limit for row in rows)
    assert sum(row["spent"]["tokens"] for row in rows) == paid(stub, 600)


def test_a_resume_knows_the_template_and_asks_nothing_twice(stub, run):
    stub.fault = with_template(600)
    rows, _, made = run("tot-bfs", budget={"lm_calls": 12})
    before = len(stub.seen)
    again, failures, _ = run("tot-bfs", again=made)
    assert (again, failures, len(stub.seen)) == (rows, [], before)


def test_template_tokens_are_told_by_an_option(stub, run, caplog):
    stub.fault = with_template(600)
    rows, failures, made = run("tot-bfs", budget={"tokens": 20_000}, model_options={"template_tokens": 700})
    assert not failures
    assert sum(row["spent"]["tokens"] for row in rows) == paid(stub, 600)
    assert "learnt" not in made.manifest()
    assert "template" not in caplog.text


# Parameters that a model refuses.

USE_OTHER = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
ONLY_ONE = (
    "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported."
)


def reasoning_model(asked):
    """As o-series models of OpenAI."""
    if "max_tokens" in asked.body:
        return refuses(
            400, message=USE_OTHER, type="invalid_request_error", param="max_tokens", code="unsupported_parameter"
        )
    if "temperature" in asked.body:
        return refuses(
            400, message=ONLY_ONE, type="invalid_request_error", param="temperature", code="unsupported_value"
        )
    if "stop" in asked.body:
        return refuses(400, message="Unsupported parameter: 'stop'", param="stop", code="unsupported_parameter")
    return says("10 - 4\n4 - 4")


@pytest.mark.parametrize("model", ["server+chat:o3-mini", "server:o3-mini"])
def test_openai_openai_python_2046(stub, run, model, caplog):
    stub.fault = reasoning_model
    rows, failures, made = run("react", model=model)
    assert not failures
    assert sum(row["spent"]["nodes"] for row in rows) > 0
    learnt = made.manifest()["learnt"]
    assert learnt["rename"] == {"max_tokens": "max_completion_tokens"}
    assert learnt["omit"] == (["stop", "temperature"] if model.startswith("server:") else ["temperature"])
    assert caplog.text.count("refuses max_tokens; it is sent as max_completion_tokens") == 1
    (made.folder / "results.jsonl").unlink()
    stub.seen.clear()
    run("react", again=made)
    assert not stub.seen


@pytest.mark.parametrize(
    ("error", "left"),
    [
        ({"message": "Unrecognized request argument supplied: seed", "type": "invalid_request_error"}, "seed"),
        ({"message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.', "code": 400}, "seed"),
        ({"message": "`temperature` is deprecated for this model.", "type": "invalid_request_error"}, "temperature"),
        ({"message": "property 'seed' is unsupported", "type": "invalid_request_error"}, "seed"),
        ({"message": "temperature: Extra inputs are not permitted", "type": "invalid_request_error"}, "temperature"),
        (
            {"message": "m does not support parameters: {'temperature': 0.7}", "type": "UnsupportedParamsError"},
            "temperature",
        ),
        ({"message": "no", "param": "seed", "code": "unknown_parameter"}, "seed"),
    ],
)
def test_a_refused_parameter_is_left_out_once_learnt(stub, open_server, error, left):
    stub.fault = lambda asked: refuses(400, **error) if left in asked.body else says()
    server = open_server("server+chat:m")
    assert [complete_one(server).text for _ in range(2)] == ["10 - 4"] * 2
    assert server.parameters.omit == {left}
    assert [left in asked.body for asked in stub.seen] == [True, False, False]


@pytest.mark.parametrize(
    "body",
    [
        {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}]},
        [{"error": {"code": 400, "message": 'Unknown name "seed": Cannot find field.', "status": "INVALID_ARGUMENT"}}],
        {"object": "error", "message": "seed is not supported", "type": "BadRequestError", "param": None, "code": 400},
    ],
)
def test_a_refused_parameter_is_found_in_every_shape_of_error(stub, open_server, body):
    data = json.dumps(body).encode()
    stub.fault = lambda asked: stub_server.raw(data, 422) if "seed" in asked.body else says()
    assert complete_one(open_server("server+chat:m")).text == "10 - 4"


def test_parameters_are_left_out_and_renamed_by_options(stub, open_server):
    options = {"omit": "temperature, stop,seed", "rename": "max_tokens:max_completion_tokens"}
    stub.fault = lambda asked: says("10 - 4\n")
    server = open_server(**options)
    for _ in range(2):
        assert complete_one(server).text == "10 - 4"
    assert [set(asked.body) for asked in stub.seen] == [{"model", "prompt", "max_completion_tokens"}] * 2


def test_a_parameter_that_cannot_be_left_out_is_told_with_what_to_do(stub, open_server):
    stub.fault = lambda asked: refuses(
        400, message="Unsupported parameter: 'max_completion_tokens'", code="unsupported_parameter"
    )
    server = open_server("server+chat:m", rename="max_tokens:max_completion_tokens")
    with pytest.raises(ServerError, match="--model-option omit=NAME"):
        complete_one(server)
    assert len(stub.seen) == 1


# Advice by what the server says.


@pytest.mark.parametrize(
    "told",
    ["Cannot request more than 5 logprobs.", "Requested sample logprobs of 20, which is greater than max allowed: 5"],
)
def test_eleutherai_lm_evaluation_harness_1735(stub, open_server, told):
    stub.top = lambda prompt: {"7": -0.5, "1": -1.5}
    stub.fault = lambda asked: refuses(400, message=told) if asked.body["logprobs"] > 5 else None
    server = open_server()
    assert server.score([ScoreRequest("p", ("7", "8"))])[0].log_probabilities[0] == -0.5
    assert [asked.body["logprobs"] for asked in stub.seen] == [20, 5]


def test_log_probabilities_that_are_not_told_are_said_so(stub, open_server):
    stub.fault = lambda asked: refuses(400, message="logprobs are not supported with this model")
    with pytest.raises(ServerError, match=r"does not tell so many log-probabilities .*take the value lm-text"):
        open_server().score([ScoreRequest("p", ("7", "8"))])


@pytest.mark.parametrize(
    ("model", "status", "error", "advice"),
    [
        ("m", 400, {"message": "some mismatch"}, "cannot take such a request"),
        ("default", 400, {"message": "Only the default value is possible here"}, "cannot take such a request"),
        ("model", 400, {"message": "the model is busy with 'other'"}, "cannot take such a request"),
        ("m", 404, {"message": "The model `m` does not exist."}, "its /models lists"),
        ("m", 404, {"message": "no", "code": "model_not_found"}, "its /models lists"),
        ("m", 400, {"message": "Server is pinned to 'x'; requested 'm'."}, "its /models lists"),
        ("m", 404, {"message": "Not Found"}, r"server that only chats is asked as server\+chat:"),
        (
            "m",
            404,
            {"message": "This is a chat model and not supported in the v1/completions endpoint."},
            r"only chats; ask it as server\+chat",
        ),
        (
            "m",
            400,
            {
                "message": "The completion operation does not work with the specified model",
                "code": "OperationNotSupported",
            },
            "only chats",
        ),
        (
            "m",
            429,
            {"message": "You exceeded your current quota", "code": "insufficient_quota"},
            "nothing left to spend",
        ),
        ("m", 402, {"message": "Insufficient Balance"}, "nothing left to spend"),
        ("m", 403, {"message": "Country not supported"}, "may not ask this model"),
        ("m", 407, {"message": "no"}, "the proxy that the environment names wants a user"),
        (
            "m",
            400,
            {
                "message": "max_tokens is too large: 32. This model supports at most 16 completion tokens",
                "param": "max_tokens",
            },
            "cannot take such",
        ),
    ],
)
def test_advice_follows_what_the_server_says(stub, open_server, model, status, error, advice):
    stub.fault = lambda asked: refuses(status, **error)
    with pytest.raises(ServerError, match=advice) as caught:
        complete_one(open_server(f"server:{model}"))
    assert len(stub.seen) == 1
    assert ("/models" in str(caught.value)) == (
        "models lists" in advice or (status == 404 and "Not" in error["message"])
    )


def test_a_base_model_that_is_asked_to_chat_is_told(stub, open_server):
    stub.fault = lambda asked: refuses(
        400, message="default chat template is no longer allowed, so you must provide a chat template"
    )
    with pytest.raises(ServerError, match="does not chat; ask it as server:MODEL@URL"):
        complete_one(open_server("server+chat:m"))


# Waits.


@pytest.mark.parametrize("header", ["1.5", "1.0", " 1.2 ", "1e0", "+1"])
def test_urllib3_urllib3_2861(stub, open_server, header):
    stub.fault = lambda asked: stub_server.status(429, Retry_After=header) if asked.tries == 1 else None
    began = time.monotonic()
    complete_one(open_server())
    assert time.monotonic() - began >= float(header)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2.0", 2), (".5", 0.5), ("1e1", 10), ("0", 0),
        ("nan", None), ("inf", None), ("-1.5", None), ("1_0", None), ("1,5", None), ("0x10", None), ("1e999", None),
        ("9" * 500, None), ("²", None), ("soon", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sunday, 06-Nov-94 08:49:37 GMT", 0), ("Sun Nov  6 08:49:37 1994", 0),
    ],
)  # fmt: skip
def test_a_wait_is_read_in_every_spelling(header, seconds):
    assert retry_after(header) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0.5s"}, 360.5),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1h"}, None),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"retry-after": "1m30s"}, 90),
        ({"retry-after": "500ms"}, 0.5),
        ({"retry-after": "2015-10-21T07:28:00Z"}, 0),
        ({"retry-after": "2015-10-21T07:28:00"}, None),  # of no zone
        ({"retry-after": "PT30S"}, None),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2015-10-21T07:28:00Z",
            },
            0,
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1445412480000"}, 0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1445412480"}, 0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 30),
        ({"ratelimit-remaining": "1", "ratelimit-reset": "30"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_read_of_every_header(headers, seconds):
    assert wait_of(headers) == seconds


# The environment of the shell.


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "SOCKS5", "ftp"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
def test_openhands_openhands_cli_632(stub, open_server, monkeypatch, scheme, variable):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv(variable, f"{scheme}://user:hunter2@127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(ServerError, match=rf"{variable} names .*set NO_PROXY=127\.0\.0\.1 to reach") as caught:
            complete_one(open_server())
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("no_proxy", "localhost, 127.0.0.0/8")
    assert complete_one(open_server()).usage.calls == 1


def test_a_proxy_that_refuses_is_named(stub, open_server, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{port}")
    with pytest.raises(ServerError, match=rf"no connection .*through the proxy '127\.0\.0\.1:{port}' of ALL_PROXY"):
        complete_one(open_server())


def test_openai_codex_1000(stub, open_server, monkeypatch):
    for name, value in {
        "OPENAI_ORG_ID": "org-private",
        "OPENAI_ORGANIZATION": "org-private",
        "OPENAI_PROJECT_ID": "proj-private",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/elsewhere",
        "OPENAI_CUSTOM_HEADERS": "X-Private: private",
        "OPENAI_ADMIN_KEY": "sk-private",
        "OPENAI_WEBHOOK_SECRET": "private",
        "OPENAI_LOG": "debug",
        "AZURE_OPENAI_API_KEY": "private",
        "HTTP_COOKIE": "private",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    for spec in ("server:m", "server+chat:m"):
        complete_one(open_server(spec))
    for asked in stub.seen:
        assert set(asked.headers) == {
            "host", "authorization", "accept", "accept-encoding", "user-agent", "content-type", "content-length",
        }  # fmt: skip
        assert asked.headers["authorization"] == "Bearer sk-0123456789"
        assert "private" not in str(asked)


# One request that can never be answered.

TOO_LONG = {
    "message": "This model's maximum context length is 8 tokens. However, you requested 9.",
    "code": "context_length_exceeded",
}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, TOO_LONG),
        (
            400,
            {"message": "This model's maximum context length is 2048 tokens. Reduce the length of the messages."},
        ),
        (400, {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}),
        (400, {"message": "prompt is too long: 210000 tokens > 200000 maximum", "type": "invalid_request_error"}),
        (422, {"message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096"}),
        (400, {"message": "The input token count (12) exceeds the maximum number of tokens allowed (10)."}),
        (413, {"message": "no"}),
        (400, {"message": "The response was filtered", "code": "content_filter"}),
        (
            400,
            {"message": "Your prompt was flagged as potentially violating our usage policy", "code": "invalid_prompt"},
        ),
        (403, {"message": "input was flagged by moderation", "code": 403}),
    ],
)
def test_a_request_that_is_never_answered_is_a_refusal_of_it_alone(stub, open_server, status, error):
    stub.fault = lambda asked: refuses(status, **error) if asked.prompt == "bad" else None
    server = open_server()
    good, bad = server.complete([Request("good"), Request("bad")])
    assert good.text
    assert isinstance(bad, Completion)
    assert bad.text == ""
    assert f"answered {status} ({error['message'][:20]}" in bad.refusal
    assert bad.usage == Usage(calls=1, prompt=0)
    stub.top = lambda prompt: {"7": -0.5}
    scores = server.score([ScoreRequest("bad", ("7",)), ScoreRequest("good", ("7",))])
    assert [bool(score.refusal) for score in scores] == [True, False]


def test_princeton_nlp_tree_of_thought_llm_58(stub, run):
    """The 20th of the requests for values is never answered; all others are, and none is asked twice."""
    lock, prompts = threading.Lock(), []

    def fault(asked):
        with lock:
            if asked.prompt not in prompts:
                prompts.append(asked.prompt)
            is_bad = len(prompts) >= 20 and asked.prompt == prompts[19]
        return refuses(400, **TOO_LONG) if is_bad else says("9/10")

    stub.fault = fault
    rows, failures, made = run("mcts", policy="all", value="lm-text", tasks="900:901", budget={"lm_calls": 300})
    assert not failures
    assert rows[0]["spent"]["refused"] >= 1
    assert rows[0]["spent"]["nodes"] > 20
    before = len(stub.seen)
    again, failures, _ = run("mcts", again=made)
    assert (again, failures, len(stub.seen)) == (rows, [], before)


# Samples that do not differ.


def test_equal_samples_of_different_seeds_are_said_once(stub, open_server, caplog):
    caplog.set_level(logging.WARNING)
    server = open_server()
    stub.fault = lambda asked: says("10 - 4")
    for prompt in "abc":
        server.complete([Request(prompt, Sampling(0.7), seed) for seed in range(5)])
    assert caplog.text.count("those of each prompt are equal") == 1
    assert "gave 10 samples with different seeds" in caplog.text


def test_samples_that_differ_or_are_greedy_are_no_news(stub, open_server, caplog):
    server = open_server()
    server.complete([Request("a", Sampling(0.7), seed) for seed in range(9)])
    stub.fault = lambda asked: says("10 - 4")
    server.complete([Request("a", Sampling(0.7), seed) for seed in range(9)])
    open_server().complete([Request("a", Sampling(0.0), seed) for seed in range(9)])
    assert not caplog.records


# Errors that come as replies, and replies that come as errors.


def replies(body):
    return lambda handler, reply: stub_server.good(handler, body)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Rate limit exceeded: free-models-per-min", "code": 429}, "user_id": "u"},
        {"error": {"message": "Provider returned error", "code": "502"}},
        {"error": "the model is starting"},
        {"choices": [{"error": {"code": 502, "message": "x"}, "finish_reason": "error", "message": {"content": ""}}]},
        {"choices": [], "error": {"message": "Internal Server Error", "code": 500}},
    ],
)
def test_an_error_inside_a_reply_that_may_pass_is_asked_again(stub, open_server, body):
    stub.fault = lambda asked: replies(body) if asked.tries == 1 else says()
    assert complete_one(open_server("server+chat:m")).text == "10 - 4"
    assert len(stub.seen) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": {"message": "This request requires more credits", "code": 402}}, "nothing left to spend"),
        ({"error": {"message": "m is not a valid model ID", "code": 400}}, "its /models lists"),
        ({"error": {"message": "No auth credentials found", "code": 401}}, "set the environment variable"),
        ({"error": "Unexpected endpoint or method. (POST /v1/x)"}, "expected an address such as"),
    ],
)
def test_an_error_inside_a_reply_that_stays_is_told_at_once(stub, open_server, body, told):
    stub.fault = lambda asked: replies(body)
    with pytest.raises(ServerError, match=rf"the reply is an error .*{told}"):
        complete_one(open_server("server+chat:m"))
    assert len(stub.seen) == 1


def test_an_error_inside_a_reply_teaches_and_refuses_like_another(stub, open_server):
    inner = {"error": {"message": USE_OTHER, "param": "max_tokens", "code": "unsupported_parameter"}}
    raw = {"message": "Provider returned error", "code": 400, "metadata": {"raw": json.dumps(inner)}}
    stub.fault = lambda asked: replies({"error": raw}) if "max_tokens" in asked.body else says()
    server = open_server("server+chat:m")
    assert complete_one(server).text == "10 - 4"
    assert server.parameters.rename == {"max_tokens": "max_completion_tokens"}
    stub.fault = lambda asked: replies({"error": {**TOO_LONG}})
    assert "maximum context length" in complete_one(server).refusal


def test_a_page_and_a_stream_in_the_place_of_a_reply_are_told(stub, open_server):
    stub.fault = lambda asked: stub_server.raw(b"<!doctype html><title>Open WebUI</title>")
    with pytest.raises(ServerError, match="a page is no server of models: expected an address such as"):
        complete_one(open_server("server+chat:m"))
    stub.seen.clear()
    stub.fault = lambda asked: stub_server.raw(b'data: {"choices": []}\n\ndata: [DONE]\n\n')
    with pytest.raises(ServerError, match="it is a stream of events"):
        complete_one(open_server("server+chat:m"))
    assert len(stub.seen) == 1  # for it was paid


@pytest.mark.parametrize(
    ("body", "api"),
    [
        ({"model": "m", "message": {"content": "10 - 4"}, "done": True, "eval_count": 3}, "Ollama's /api/chat"),
        ({"model": "m", "response": "10 - 4", "done": True}, "Ollama's /api/generate"),
        ({"content": [{"type": "text", "text": "10 - 4"}], "stop_reason": "end_turn"}, "Anthropic's messages"),
        ({"content": "10 - 4", "stop": True}, "llama.cpp's /completion"),
        ([{"generated_text": "10 - 4"}], "TGI's /generate"),
        ({"output": [{"type": "message", "content": []}]}, "OpenAI's responses"),
        ({"candidates": [{"content": {"parts": [{"text": "10 - 4"}]}}]}, "Gemini's generateContent"),
    ],
)
def test_a_reply_by_another_interface_is_told_and_not_paid_again(stub, open_server, body, api):
    stub.fault = lambda asked: stub_server.raw(json.dumps(body).encode())
    with pytest.raises(ServerError, match=f"has the form of {api}, .*expected an address such as"):
        complete_one(open_server("server+chat:m"))
    assert len(stub.seen) == 1


@pytest.mark.parametrize("finish", ["insufficient_system_resource", "abort", "error", "network_error"])
def test_a_reply_that_the_server_broke_off_is_asked_again(stub, open_server, finish):
    stub.fault = lambda asked: says("10 -", finish=finish) if asked.tries == 1 else says("10 - 4")
    assert complete_one(open_server("server+chat:m")).text == "10 - 4"
    stub.fault = lambda asked: says("10 -", finish=finish)
    with pytest.raises(ServerError, match=rf"the server broke its reply off \({finish}\)"):
        complete_one(open_server("server+chat:m"))


def test_the_only_part_of_a_stream_is_read(stub, open_server):
    stub.fault = lambda asked: stub_server.changed(choices=[{"delta": {"content": "10 - 4"}}])
    assert complete_one(open_server("server+chat:m")).text == "10 - 4"


@pytest.mark.parametrize(
    ("told", "tries", "advice"),
    [
        ({"status_code": 1008, "status_msg": "insufficient balance"}, 1, "nothing left to spend"),
        ({"status_code": 1002, "status_msg": "rate limit"}, 3, "rate limit"),
    ],
)
def test_an_error_beside_empty_choices_is_read(stub, open_server, told, tries, advice):
    stub.fault = lambda asked: stub_server.raw(json.dumps({"choices": None, "base_resp": told}).encode())
    with pytest.raises(ServerError, match=advice):
        complete_one(open_server("server+chat:m"))
    assert len(stub.seen) == tries


def test_blank_lines_and_a_mark_of_order_before_a_reply_are_skipped(stub, open_server):
    reply = json.dumps({"choices": [{"message": {"content": "10 - 4"}}]}).encode()
    for before in (b"\n\n\n", b"\xef\xbb\xbf"):
        stub.fault = lambda asked, before=before: stub_server.raw(before + reply)
        assert complete_one(open_server("server+chat:m")).text == "10 - 4"


@pytest.mark.parametrize("status", [200, 201, 203])
@pytest.mark.parametrize("note", [{"error": None}, {"error": {"code": 0, "message": "ok"}}, {"error": ""}, {}])
def test_a_reply_with_a_text_is_a_reply_whatever_its_status_and_notes(stub, open_server, status, note):
    body = json.dumps({"choices": [{"message": {"content": "10 - 4"}}], **note}).encode()
    stub.fault = lambda asked: stub_server.raw(body, status)
    assert complete_one(open_server("server+chat:m")).text == "10 - 4"


@pytest.mark.parametrize("choices", [[], [{}], [{"message": None}]])
def test_a_paid_reply_without_choices_is_empty_and_billed(stub, open_server, choices):
    stub.fault = lambda asked: stub_server.changed(choices=choices)
    reply = complete_one(open_server("server+chat:m"))
    assert (reply.text, reply.usage.calls, reply.usage.completion) == ("", 1, 1)
    assert len(stub.seen) == 1


@pytest.mark.parametrize("agent", ["tot-bfs", "react"])
def test_reasoning_that_took_all_tokens_is_an_empty_reply_though_the_server_calls_it_an_error(stub, run, agent):
    told = "Could not finish the message because max_tokens or model output limit was reached."
    stub.fault = lambda asked: refuses(400, message=told, type="invalid_request_error")
    rows, failures, _ = run(agent)
    assert not failures
    for row in rows:
        assert row["spent"]["truncated"] == row["spent"]["parse_failures"] == row["spent"]["lm_calls"] > 0
        assert row["spent"]["assumed"] == row["spent"]["lm_calls"]


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": 0, "completion_tokens": 5},
        {"prompt_tokens": 30, "completion_tokens": 0},
        {"prompt_tokens": 30, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 300}},
        {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 400},
        {"input_tokens": 30, "output_tokens": 5},
    ],
)
def test_counts_of_nothing_or_of_less_than_was_written_are_no_counts(stub, run, usage):
    stub.fault = lambda asked: says(usage=usage)
    rows, failures, _ = run("react")
    assert not failures
    assert all(row["spent"]["assumed"] == row["spent"]["lm_calls"] > 0 for row in rows)


@pytest.mark.parametrize("finish", ["content_filter: SAFETY", "content_filter: PROHIBITED_CONTENT", "SAFETY"])
def test_a_filter_is_read_in_the_words_of_google(stub, open_server, finish):
    stub.fault = lambda asked: stub_server.changed(choices=[{"message": {"role": "x"}, "finish_reason": finish}])
    assert "content filter" in complete_one(open_server("server+chat:m")).refusal


def test_the_first_reason_of_a_refusal_is_said_once(stub, open_server, caplog):
    stub.fault = lambda asked: refuses(400, **TOO_LONG)
    server = open_server()
    assert [complete_one(server).usage for _ in range(3)] == [Usage(calls=1)] * 3
    assert caplog.text.count("will never answer a request (the server answered 400 (This model's maximum") == 1


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached for m. Please try again in 1.2s. Visit", 1.2),
        ("You exceeded your current quota. Please retry in 17.003s.", 17.003),
        ("have exceeded call rate limit. Please retry after 24 seconds.", 24),
        ("Please try again in 6m0s.", 360),
        ("Please try again in 120ms.", 0.12),
        ("Try again in 1 minute", 60),
        ("Please wait 20 seconds before retrying.", 20),
        ("Please try again in 1 minute and 5 seconds", 65),
        ("Try again in 500 ms", 0.5),
        ("Please try again in 2 min", 120),
        ("Please try again in 3 secs", 3),
        ("Please wait 20 sessions", None),
        ("try again in a while", None),
        ("retry in 5 short days", None),
    ],
)
def test_a_wait_is_read_of_the_words_of_an_error(message, seconds):
    assert wait_of({}, message) == seconds
    assert wait_of({"retry-after": "9"}, message) == 9


def test_a_wait_that_only_the_words_tell_is_waited(stub, open_server):
    stub.fault = lambda asked: refuses(429, message="Please try again in 0.7s.") if asked.tries == 1 else None
    began = time.monotonic()
    complete_one(open_server())
    assert time.monotonic() - began >= 0.7


@pytest.mark.parametrize(("status", "tries"), [(502, 3), (429, 3), (403, 1), (407, 1)])
def test_a_proxy_without_a_way_is_asked_again_and_told(stub, retry_policy, monkeypatch, status, tries):
    asked = []

    def serve(listener):
        while True:
            with suppress(OSError):
                line, _ = listener.accept()
                asked.append(line.recv(4096))
                line.sendall(f"HTTP/1.1 {status} no\r\nContent-Length: 0\r\n\r\n".encode())
                line.close()
            if listener.fileno() < 0:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("https_proxy", f"http://user:hunter2@127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with (
            closing(Server("server+chat:m@https://example.invalid/v1", retry_policy=retry_policy)) as server,
            pytest.raises(ServerError, match=f"of https_proxy answered {status}") as caught,
        ):
            complete_one(server)
    assert len(asked) == tries
    assert "hunter2" not in str(caught.value)


def test_a_lost_sample_costs_the_others_nothing(stub, open_server):
    """One reply of three fails at each try: the other two are used, and it counts as one that cannot be read."""
    server = open_server()
    bad = server_seed(1)
    stub.fault = lambda asked: stub_server.status(500) if asked.body["seed"] == bad else None
    requests = [Request("p", Sampling(0.7, 32, ("\n",)), seed) for seed in range(3)]
    replies = server.complete(requests)
    assert [bool(reply.text) for reply in replies] == [True, False, True]
    assert replies[1].usage.calls == 1
    with pytest.raises(ServerError):
        server.complete([requests[1]])  # no other sample of the prompt has come
    with pytest.raises(ServerError):
        server.complete([requests[1], Request("q", requests[0].sampling, 0)])


def server_seed(seed):
    return seed_of("server", seed)


def test_a_call_of_a_tool_is_the_text(stub, open_server):
    call = {"type": "function", "function": {"name": "play", "arguments": '{"action": "10 - 4"}'}}
    stub.fault = lambda asked: says(None, tool_calls=[call])
    reply = complete_one(open_server("server+chat:m"))
    assert read_action(reply.text, ["10 - 4"]).action == "10 - 4"
