"""What an error means, in the words and shapes of many servers: see server_errors.jsonl."""

import json
from pathlib import Path

import pytest

from forethought.agents.models.server.errors import problem_of
from forethought.agents.models.server.parameters import RequestParameters

MODEL = "gpt-5-mini"
CHAT = {"model": MODEL, "temperature": 0.7, "max_tokens": 32, "seed": 5, "messages": []}
PLAIN = {"model": MODEL, "temperature": 0.7, "max_tokens": 32, "seed": 5, "prompt": "x", "stop": ["\n"]}
ERRORS = [json.loads(line) for line in Path(__file__).with_name("server_errors.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: f"{row['kind']}: {row['body']}"[:90])
def test_an_error_is_read_by_its_kind_and_teaches_what_helps(row):
    sent = PLAIN if row["plain"] else CHAT
    problem = problem_of(row["status"], json.dumps(row["body"]))
    assert problem.kind(MODEL, sent) == row["kind"]
    lesson = RequestParameters().learn(problem, row["kind"], sent)
    assert (row["learnt"] in lesson) if row["learnt"] else lesson == ""


def test_an_error_of_a_provider_stands_behind_that_of_its_gateway():
    raw = json.dumps({"error": {"message": "seed is not supported", "param": "seed"}})
    body = {"error": {"message": "Provider returned error", "metadata": {"raw": raw}}}
    problem = problem_of(400, json.dumps(body))
    assert (problem.message, problem.param) == ("Provider returned error: seed is not supported", "seed")


def test_a_copy_of_the_request_behind_an_error_names_no_parameter():
    problem = problem_of(400, "the context length is 8. " + " " * 3000 + "'stop': x, 'seed': 5")
    assert problem.parameter(PLAIN) == ""
    assert problem.kind(MODEL, PLAIN) == "context"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (
            "<!DOCTYPE html><html><head><title>Attention Required!</title></head>content was blocked",
            "Attention Required!",
        ),
        ("<html><body><h1>413 Request Entity\n Too Large</h1></body></html>", "413 Request Entity Too Large"),
        ("404 page not found", "404 page not found"),
    ],
)
def test_a_page_tells_its_title(page, told):
    assert problem_of(403, page).message == told
    assert problem_of(403, page).kind(MODEL, CHAT) == "forbidden"
