"""Requests that are never answered, bills that cannot be true, and blocked prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import stub_server

pytest.importorskip("aiohttp")

from forethought.agents.models.protocol import Request, Sampling
from forethought.agents.models.server.errors import problem_of

SENT = ("model", "messages", "max_tokens", "temperature", "seed", "stop")
MESSAGES = [json.loads(line) for line in Path(__file__).with_name("refusals.jsonl").read_text().splitlines()]


def kinds_of(status, message):
    shapes = (
        {"error": {"message": message, "code": None}},
        {"error": message},
        {"detail": message},
        {"message": message},
    )
    return {problem_of(status, json.dumps(body)).kind("m", SENT) for body in shapes}


@pytest.mark.parametrize("told", MESSAGES, ids=lambda told: told["message"][:60])
def test_an_error_is_a_refusal_of_one_prompt_or_not_by_its_words(told):
    """No kind: it is of the settings, the account or the moment, the same for every prompt, or passing."""
    kinds = kinds_of(told["status"], told["message"])
    if told["kind"]:
        assert kinds <= {told["kind"], *(["size"] if told["status"] == 413 else [])}
    else:
        assert not kinds & {"context", "size", "filter"}


def reply_to(server, prompt="p" * 40):
    return server.complete([Request(prompt, Sampling(0.7, 32))])[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"choices": [], "promptFeedback": {"blockReason": "SAFETY"}},
        {"choices": None, "prompt_feedback": {"block_reason": "OTHER"}},
        {"choices": [], "prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": True}}}]},
        *(
            {"choices": [{"message": {"content": None}, "finish_reason": reason}]}
            for reason in (
                "SAFETY",
                "content-filter",
                "sensitive",
                "BLOCKLIST",
                "guardrail_intervened",
                "contentFilter",
            )
        ),
    ],
)
def test_a_blocked_prompt_is_a_refusal_that_is_asked_once(stub, open_server, fields):
    stub.fault = lambda asked: stub_server.changed(**fields)
    reply = reply_to(open_server("server+chat:m"))
    assert reply.text == ""
    assert reply.refusal
    assert len(stub.seen) == 1


def test_a_filter_that_found_nothing_refuses_nothing(stub, open_server):
    found = [{"content_filter_results": {"hate": {"filtered": False}}}]
    stub.fault = lambda asked: stub_server.changed(prompt_filter_results=found)
    assert not reply_to(open_server("server+chat:m")).refusal


@pytest.mark.parametrize("reason", ["model_context_window_exceeded", "MAX_TOKENS", "max-tokens", "context_length"])
def test_a_reply_that_a_limit_ended_is_told_so(stub, open_server, reason):
    choices = [{"message": {"content": "10 -"}, "finish_reason": reason}]
    stub.fault = lambda asked: stub_server.changed(choices=choices)
    assert reply_to(open_server("server+chat:m")).truncated


def usage(prompt, completion, **more):
    return {"prompt_tokens": prompt, "completion_tokens": completion, **more}


@pytest.mark.parametrize(
    "told",
    [
        *(None, [], "12", 12, {}, {"total_tokens": 12}, {"input_tokens": 9, "output_tokens": 3}),
        *(usage(None, None), usage("9", "3"), usage(9.0, 3.0), usage(True, True), usage(-9, 3), usage(9, -3)),
        *(usage(0, 3), usage(9, 0), usage(10**30, 3), usage(9, 10**30), usage(9, 3000), usage(float("inf"), 3)),
        *(usage(9, 3, total_tokens=5), usage(9, 3, total_tokens=500)),
        *(usage(9, 3, prompt_tokens_details={"cached_tokens": count}) for count in (10, -1, "9", 9.5, True)),
        usage(9, 3, completion_tokens_details={"reasoning_tokens": 4}),
    ],
)
def test_counts_that_cannot_be_true_are_billed_at_the_bound(stub, open_server, told):
    stub.fault = lambda asked: stub_server.changed(usage=told)
    server = open_server("server+chat:m")
    bound = server.bound_of_completion(Request("p" * 40, Sampling(0.7, 32)))
    reply = reply_to(server)
    assert reply.text
    assert (reply.usage.prompt, reply.usage.completion, reply.usage.assumed) == (bound.prompt, bound.completion, 1)


@pytest.mark.parametrize(
    "told",
    [
        *(usage(9, 3), usage(9, 3, total_tokens=12), usage(9, 3, total_tokens=0), usage(9, 3, total_tokens=None)),
        *(usage(9, 3, prompt_tokens_details=details) for details in (None, {}, {"cached_tokens": None}, "none")),
        usage(9, 3, prompt_tokens_details={"cached_tokens": 9}),
        usage(9, 3, completion_tokens_details={"reasoning_tokens": 3}),
    ],
)
def test_counts_that_may_be_true_are_the_bill(stub, open_server, told):
    stub.fault = lambda asked: stub_server.changed(usage=told)
    reply = reply_to(open_server("server+chat:m"))
    assert (reply.usage.prompt, reply.usage.completion, reply.usage.assumed) == (9, 3, 0)


@pytest.mark.parametrize(
    ("more", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 4}}, 4),
        ({"prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}, 4),
        ({"cached_tokens": 4}, 4),
        ({"prompt_tokens_details": None, "cached_tokens": 4}, 4),
        ({"prompt_tokens_details": {"cached_tokens": 0}, "cached_tokens": None}, 0),
    ],
)
def test_cached_tokens_are_read_where_servers_tell_them(stub, open_server, more, cached):
    stub.fault = lambda asked: stub_server.changed(usage=usage(9, 3, **more))
    reply = reply_to(open_server("server+chat:m"))
    assert (reply.usage.cached, reply.usage.assumed) == (cached, 0)


@pytest.mark.parametrize("more", [{"prompt_cache_hit_tokens": 10}, {"cached_tokens": "4"}, {"cached_tokens": -1}])
def test_cached_tokens_that_cannot_be_true_are_billed_at_the_bound(stub, open_server, more):
    stub.fault = lambda asked: stub_server.changed(usage=usage(9, 3, **more))
    assert reply_to(open_server("server+chat:m")).usage.assumed == 1


def test_a_long_prompt_is_not_one_token(stub, open_server):
    stub.fault = lambda asked: stub_server.changed(usage=usage(1, 3))
    assert reply_to(open_server("server+chat:m"), "a longer prompt " * 1000).usage.assumed == 1


@pytest.mark.parametrize(
    ("status", "message", "kind", "name"),
    [
        (404, "model: m", "model", "model"),
        (404, "No endpoints found for m.", "path", ""),
        (404, "No endpoints found that support the requested parameters", "parameter", ""),
        (404, "No endpoints found matching your data policy.", "forbidden", ""),
        (404, "models/m is not found for API version v1main, or is not supported for generateContent.", "model", ""),
        (400, "The provided model identifier is invalid.", "model", ""),
        (400, "Invocation of model ID m with on-demand throughput isn’t supported.", "model", ""),
        (400, "LLM Provider NOT provided. You passed model=m", "model", "model"),
        (400, "Failed to deserialize the JSON body into the target type: seed: invalid type", "parameter", "seed"),
        (400, "Malformed input request: extraneous key [seed] is not permitted", "parameter", "seed"),
        (400, "invalid temperature: only 1 is allowed for this model", "parameter", "temperature"),
        (400, "deepseek-reasoner does not support the following parameters: temperature", "parameter", "temperature"),
        (412, "Account suspended", "quota", ""),
        (403, "error code: 1020", "forbidden", ""),
    ],
)
def test_an_error_of_the_settings_is_advised_by_its_kind(status, message, kind, name):
    problem = problem_of(status, json.dumps({"error": {"message": message}}))
    assert (problem.kind("m", SENT), problem.parameter(SENT)) == (kind, name)
