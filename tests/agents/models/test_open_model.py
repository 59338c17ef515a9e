"""Models opened by their specs, with the limits that are told on a command line."""

from __future__ import annotations

import pytest

from forethought.agents import open_model
from forethought.experiments.config import Experiment

SERVER = "server:base@http://127.0.0.1:9/v1"
GIVEN = {"concurrency": 64, "retries": 0, "timeout": 2.5, "deadline": 9}


def test_the_limits_of_a_server_reach_it_and_change_no_identity():
    pytest.importorskip("aiohttp")
    server = open_model(SERVER, options=GIVEN)
    policy = server.retry_policy
    assert (server.concurrency, policy.retries, policy.timeout, policy.deadline) == (64, 0, 2.5, 9.0)
    assert server.content == open_model(SERVER).content


def test_the_ways_of_a_server_reach_it():
    pytest.importorskip("aiohttp")
    given = {"omit": "temperature, stop", "rename": "max_tokens:max_completion_tokens", "template_tokens": 0}
    parameters = open_model(SERVER, options=given).parameters
    assert (parameters.omit, parameters.rename) == ({"temperature", "stop"}, {"max_tokens": "max_completion_tokens"})
    assert parameters.template == 0


def test_the_memory_of_a_model_in_this_process_reaches_it(monkeypatch):
    local = pytest.importorskip("forethought.agents.models.local.model")
    told = {}
    monkeypatch.setattr(local.Local, "__init__", lambda self, *words, **options: told.update(options))
    open_model("smollm2-135m", options={"memory": 4e9})
    assert told == {"memory": 4_000_000_000}


@pytest.mark.parametrize(
    ("spec", "given", "told"),
    [
        (SERVER, {"memory": 5}, "has no option 'memory'; expected concurrency or retries or timeout or deadline"),
        ("smollm2-135m", {"retries": 1}, "has no option 'retries'; expected memory"),
        ("recorded:FILE", {"memory": 5}, "expected none"),
        (None, {"memory": 5}, "the model None has no option"),
        (SERVER, {"concurrency": 0}, "concurrency=0; expected a number of at least 1"),
        (SERVER, {"concurrency": 2.5}, "concurrency=2.5; expected a whole number"),
        (SERVER, {"timeout": "all"}, "timeout='all'; expected a number"),
        (SERVER, {"timeout": float("nan")}, "timeout=nan; expected a number"),
        (SERVER, {"retries": True}, "retries=True; expected a number"),
        (SERVER, {"template_tokens": -1}, "template_tokens=-1; expected a number of at least 0"),
        (SERVER, {"template_tokens": 10**9}, "template_tokens=1000000000 cannot be"),
        (SERVER, {"omit": "max_tokens"}, "use rename=max_tokens:NAME"),
        (SERVER, {"omit": "prompt"}, "names 'prompt'; expected some of temperature, stop, seed"),
        (SERVER, {"rename": "max_tokens"}, "write OLD:NEW"),
        (SERVER, {"rename": "prompt:input"}, "OLD one of"),
        (SERVER, {"rename": "max_tokens:a b"}, "write OLD:NEW"),
    ],
)
def test_an_option_that_cannot_be_is_told_before_anything_is_opened(spec, given, told):
    with pytest.raises(ValueError, match=told):
        Experiment("Game24-v0", "0:1", "beam", {"nodes": 5}, model=spec, model_options=given)
