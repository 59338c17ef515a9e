"""The server backend against a stub on this machine: order, retries, what is paid once, counts, keys, interrupts."""

import logging
import os
import pickle
import signal
import threading
import time
import traceback
from email.utils import formatdate
from math import exp, log

import pytest
import stub_server
from stub_server import KEY

pytest.importorskip("aiohttp")

from forethought.agents.models.prices import prices
from forethought.agents.models.protocol import Request, Sampling, ScoreRequest
from forethought.agents.models.server.address import Address
from forethought.agents.models.server.billing import OVERSHOOT, PLAIN_TOKENS
from forethought.agents.models.server.model import Server
from forethought.agents.models.server.unclaimed import ServerError
from forethought.agents.policies import AllActions
from forethought.agents.values import SCORES
from forethought.common.retry import RetryPolicy, retry_after
from forethought.common.seeds import seed_of
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Budget, Estimate, Evaluate, Expand, Usage
from forethought.search.engine.driver import Driver

status, raw, changed = stub_server.status, stub_server.raw, stub_server.changed


@pytest.fixture
def retry_policy():
    return RetryPolicy(retries=2, timeout=5.0, deadline=10.0, first=0.01, longest=0.02)


@pytest.fixture
def server(open_server):
    return open_server()


def requests(count, **sampling):
    return [Request(f"prompt {i} of some length", Sampling(**sampling), seed=i) for i in range(count)]


def expected(asked):
    return [stub_server.text_for(request.prompt, seed_of("server", request.seed)) for request in asked]


# Replies.


def test_replies_come_in_the_order_of_the_requests_whatever_they_take(stub, server):
    stub.delay = lambda asked: 0.004 * (asked.body["seed"] % 7)
    asked = requests(40, temperature=0.5)
    first = server.complete(asked)
    assert [reply.text for reply in first] == expected(asked)
    assert first[7].usage == Usage(1, len(asked[7].prompt) // 4 + 1, 1, 1)
    assert server.complete(asked[::-1]) == first[::-1]
    assert len(stub.seen) == server.attempts == 80


def test_the_seed_and_the_sampling_are_sent(stub, server):
    sampling = Sampling(0.25, 9, ("\n", "="))
    low, high = [server.complete([Request("p \ud800", sampling, seed)])[0] for seed in (1, 2**70)]
    rest = {"model": "org/model", "prompt": "p ?", "temperature": 0.25, "max_tokens": 9}
    first, second = (asked.body for asked in stub.seen)
    assert first == {**rest, "seed": seed_of("server", 1)}  # how its replies begin is not known yet
    assert second == {**rest, "seed": seed_of("server", 2**70), "stop": ["\n", "="]}
    assert low.text != high.text
    assert {asked.path for asked in stub.seen} == {"/v1/completions"}


def test_a_chat_sends_one_message_and_an_adapter_its_name(stub, open_server):
    server = open_server("server+chat:org/model", adapter="sha-1234")
    assert [reply.text for reply in server.complete(requests(1))] == expected(requests(1))
    assert (stub.seen[0].path, stub.seen[0].body["model"]) == ("/v1/chat/completions", "sha-1234")
    assert stub.seen[0].body["messages"] == [{"role": "user", "content": requests(1)[0].prompt}]
    assert server.content != open_server("server+chat:org/model").content
    assert server.name == f"server+chat:org/model@{stub.url}"


def test_a_text_ends_before_a_stop_that_the_server_did_not_heed_and_none_is_empty(stub, server):
    text = stub_server.text_for("p", seed_of("server", 0))
    assert server.complete([Request("p", Sampling(stop=(text[5:8],)))])[0].text == text[:5]
    stub.fault = lambda asked: changed(choices=[{"text": None, "finish_reason": "content_filter"}])
    assert server.complete([Request("p")])[0].text == ""


def test_as_many_requests_as_allowed_are_in_flight_and_no_more(stub, open_server):
    server = open_server(concurrency=5)
    stub.delay = lambda asked: 0.03
    server.complete(requests(20))
    assert stub.peak == 5


def test_sixteen_requests_take_less_than_three_times_as_long_as_one(stub, server):
    stub.delay = lambda asked: 0.1

    def seconds(count):
        began = time.perf_counter()
        server.complete(requests(count))
        return time.perf_counter() - began

    seconds(16)  # opens the connections
    assert any(seconds(16) < 3 * seconds(1) for _ in range(6))  # one by one it is 16 times, however busy the machine


# Faults that pass.


@pytest.mark.parametrize(
    "fault",
    [
        *(status(code) for code in (408, 409, 429, 500, 503)),
        stub_server.cut,
        raw(b"<html>busy</html>"),
        raw(b"[" * 100_000),
        raw(b'{"choices": []}'),
        raw(b'{"error": {"message": "try later"}}'),
        raw(b"null"),
    ],
    ids=["408", "409", "429", "500", "503", "cut", "html", "deep", "empty choices", "error", "null"],
)
def test_a_fault_that_passes_is_asked_again(stub, server, fault):
    stub.fault = lambda asked: fault if asked.tries <= 2 else None
    asked = requests(3)
    assert [reply.text for reply in server.complete(asked)] == expected(asked)
    assert server.attempts == 9
    stub.fault = lambda asked: fault
    with pytest.raises(ServerError, match=r"attempt 3, the last\) \(2 of 2 requests failed\)"):
        server.complete(asked[:2])
    assert server.attempts == 15


@pytest.mark.parametrize("fault", [stub_server.hang, stub_server.drip])
def test_a_server_that_hangs_or_drips_is_left_and_asked_again(stub, open_server, fault):
    server = open_server(retry_policy=RetryPolicy(2, timeout=0.2, first=0.01))
    stub.fault = lambda asked: fault if asked.tries == 1 else None
    began = time.monotonic()
    assert [reply.text for reply in server.complete(requests(4))] == expected(requests(4))
    assert 0.2 < time.monotonic() - began < 2
    assert server.attempts == 8


def test_all_attempts_together_have_a_deadline(stub, open_server):
    server = open_server(retry_policy=RetryPolicy(1000, timeout=5.0, deadline=0.3, first=0.05, longest=0.05))
    stub.fault = lambda asked: status(500)
    with pytest.raises(ServerError, match=r"\(attempt \d+; the 0.3 s for one request"):
        server.complete(requests(1))
    stub.fault = lambda asked: stub_server.hang
    began = time.monotonic()
    with pytest.raises(ServerError, match="no answer within 0"):
        server.complete(requests(1))
    assert time.monotonic() - began < 2


def test_retry_after_is_heeded_in_seconds_and_as_a_date(stub, server):
    def dated(handler, reply):
        date = formatdate(time.time() + 1.5, usegmt=True)  # whole seconds: between 0.5 and 1.5 from now
        status(503, Retry_After=date)(handler, reply)

    faults = {requests(2)[0].prompt: status(429, Retry_After="1"), requests(2)[1].prompt: dated}
    stub.fault = lambda asked: faults[asked.prompt] if asked.tries == 1 else None
    server.complete(requests(2))
    times = {prompt: [asked.time for asked in stub.seen if asked.prompt == prompt] for prompt in faults}
    waits = [second - first for first, second in times.values()]
    assert waits[0] >= 1.0
    assert waits[1] >= 0.4
    stub.fault = lambda asked: status(429, "slow down", Retry_After="3600")
    with pytest.raises(ServerError, match=r"429 \(slow down\) \(attempt 1; it asks to wait 3600 s; the 10 s"):
        server.complete(requests(1))


@pytest.mark.parametrize("header", [None, "", "soon", "-1", "Fri, 31 Dec 999999 23:59:59 GMT"])
def test_a_retry_after_that_says_nothing_is_none(header):
    assert retry_after(header) is None


def test_a_server_that_is_away_is_not_waited_for_by_everyone(stub, open_server):
    server = open_server(concurrency=2)
    stub.close()
    with pytest.raises(ServerError, match=r"no connection .*\(64 of 64 requests failed\)"):
        server.complete(requests(64))
    assert server.attempts == 6
    for request in requests(64):  # as the driver does, task by task
        with pytest.raises(ServerError, match="no connection"):
            server.complete([request])
    assert server.attempts == 6
    with pytest.raises(ServerError, match="no connection"):
        server.complete(requests(1))
    assert server.attempts == 9


# What is paid once.


def test_what_came_before_one_failed_is_not_paid_again(stub, server):
    asked = requests(16)
    bad = asked[11].prompt
    stub.fault = lambda one: status(400, "too long") if one.prompt == bad else None
    for _ in range(2):
        with pytest.raises(ServerError, match=r"server:org/model@.* 400 \(too long\); the server cannot .*1 of 16"):
            server.complete(asked)
    replies = []
    for request in asked[:11] + asked[12:]:
        replies += server.complete([request])
    assert [reply.text for reply in replies] == expected(asked[:11] + asked[12:])
    assert {prompt: tries for prompt, tries in stub.tries.items() if tries != 1} == {bad: 2}
    server.complete(asked[:1])  # handed out once
    assert stub.tries[asked[0].prompt] == 2


def test_equal_requests_get_a_reply_each(stub, server):
    stub.fault = lambda one: status(400) if one.prompt == "bad" else None
    twice = [Request("same"), Request("same")]
    with pytest.raises(ServerError):
        server.complete([*twice, Request("bad")])
    assert len(server.complete(twice)) == 2
    assert stub.tries["same"] == 2
    server.complete(twice)
    assert stub.tries["same"] == 4


class Judge:
    """A value that is the server's: one request a node."""

    def __init__(self, lm):
        self.lm = lm

    def evaluate(self, queries):
        replies = self.lm.complete([Request(f"judge {query.node.observation}") for query in queries])
        return [Estimate(0.5, usage=reply.usage) for reply in replies]

    def worst_case_usage(self, query):
        return Usage(1, 10_000, 0, 64)


def test_in_a_driver_one_task_fails_and_the_others_pay_once(stub, server):
    puzzles = ["4 5 6 10", "1 1 4 6", "2 3 5 12", "3 3 8 8"]
    stub.fault = lambda one: status(400) if "3 3 8 8" in one.prompt else None

    def look(root):
        yield Expand(root, 1)
        yield Evaluate([root])
        return root

    driver = Driver(TaskSimulator(Game24(puzzles)), AllActions(), Judge(server), Budget(tokens=100_000))
    outcomes = sorted(driver.run(range(4), look), key=lambda outcome: outcome.task)
    assert [type(outcome.error) for outcome in outcomes] == [type(None)] * 3 + [ServerError]
    assert sorted(stub.tries.values()) == [1, 1, 1, 1]
    assert [outcome.spent.usage.calls for outcome in outcomes] == [1, 1, 1, 0]


# Faults that stay.


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (400, "another attempt would be refused"),
        (401, "set the environment variable OPENAI_API_KEY"),
        (403, "may not ask this model"),
        (404, "expected an address such as http"),
        (422, "cannot take such a request"),
    ],
)
def test_what_cannot_heal_is_told_at_once(stub, server, code, advice):
    stub.fault = lambda asked: status(code, "because")
    with pytest.raises(ServerError, match=rf"answered {code} \(because\); .*{advice}"):
        server.complete(requests(1))
    assert server.attempts == 1


UNTRUE = [
    {"prompt_tokens": -1, "completion_tokens": 1},
    {"prompt_tokens": 3, "completion_tokens": 1.0},
    {"prompt_tokens": 3.5, "completion_tokens": 1},
    {"prompt_tokens": True, "completion_tokens": 1},
    {"prompt_tokens": "3", "completion_tokens": 1},
    {"completion_tokens": 1},
    {"prompt_tokens": 3},
    {"prompt_tokens": 3, "completion_tokens": None, "total_tokens": 4},
    {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 4}},
    {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": -1}},
    {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 9},
    {"prompt_tokens": 3, "completion_tokens": 68},
    {"prompt_tokens": 10**4000, "completion_tokens": 1},
    {"prompt_tokens": 10**9, "completion_tokens": 1},
    {},
    [3, 1],
    "none",
]


@pytest.mark.parametrize("usage", UNTRUE, ids=lambda usage: f"{usage}"[:60])
def test_a_reply_whose_counts_cannot_be_is_used_and_billed_at_its_bound(stub, server, usage, caplog):
    stub.fault = lambda asked: changed(usage=usage)
    (reply,) = server.complete([Request("a prompt of 22 letters")])
    assert reply.text == stub_server.text_for("a prompt of 22 letters", seed_of("server", 0))
    assert reply.usage == Usage(1, 22 + PLAIN_TOKENS, 0, 64 + OVERSHOOT, assumed=1)
    assert (server.attempts, server.assumed) == (1, 1)
    assert "counts of tokens that cannot be true" in caplog.text


def test_a_reply_without_counts_is_billed_at_the_bound_and_said(stub, server, caplog):
    stub.fault = lambda asked: changed(usage=None)
    for reply in server.complete([Request("žluť", Sampling(max_tokens=7), seed) for seed in range(2)]):
        assert reply.usage == Usage(1, 6 + PLAIN_TOKENS, 0, 7 + OVERSHOOT, assumed=1)
    assert server.assumed == 2
    assert [record.getMessage() for record in caplog.records if "upper bound" in record.getMessage()] == [
        f"{server.name} sends no counts of tokens; its replies are billed at their upper bound"
    ]


# Scores.


def test_scores_of_numbers_take_ten_from_one(stub, server):
    told = {"7": 0.5, "1": 0.25, "8": 0.125, " ": 0.0625}
    after = {"0": 0.5, ".": 0.25}
    stub.top = lambda prompt: {text: log(p) for text, p in (after if prompt.endswith("1") else told).items()}
    asked = ScoreRequest("the score is ", SCORES)
    scores = server.score([asked])[0]
    floor = exp(-1) / 16
    by_hand = [floor, 0.125, *[floor] * 5, 0.5, 0.125, floor, 0.125]
    assert [exp(found) for found in scores.log_probabilities] == pytest.approx(by_hand)
    assert sorted(stub.tries) == ["the score is ", "the score is 1"]
    assert scores.usage == Usage(2, 8, 2, 2)
    bound = server.bound_of_score(asked)
    assert bound == Usage(2, server.count("the score is ") + server.count("the score is 1"), 0, 2 * (1 + OVERSHOOT))


def test_ten_that_is_a_token_needs_no_second_request(stub, server):
    stub.top = lambda prompt: {"10": log(0.5), "1": log(0.25)}
    scores = server.score([ScoreRequest("p", ("1", "10"))])[0]
    assert [exp(found) for found in scores.log_probabilities] == pytest.approx([0.25, 0.5])
    assert scores.usage.calls == 1


def test_log_probabilities_in_the_shape_of_chats_are_read(stub, server):
    tops = [{"token": "no", "logprob": -1.0}, {"token": "yes", "logprob": -0.5}, {"token": "x", "logprob": None}]
    stub.fault = lambda asked: changed(choices=[{"text": "", "logprobs": {"content": [{"top_logprobs": tops}]}}])
    assert server.score([ScoreRequest("p", ("yes", "no", "maybe"))])[0].log_probabilities == (-0.5, -1.0, -2.0)


@pytest.mark.parametrize(
    ("top", "continuations", "told"),
    [
        (None, ("1", "2"), "tells no log-probabilities; take the value lm-text"),
        ({"a": -1.0}, ("1", "2"), "none is among the likeliest next tokens; its likeliest are 'a'. Take lm-text"),
        ({"look": -1.0, "go": -2.0}, ("go", "look around"), "'look around' seems to be several tokens"),
        ({"a": -1.0}, ("a", ""), "is empty"),
    ],
)
def test_what_a_server_cannot_score_is_an_error(stub, server, top, continuations, told):
    stub.top = top and (lambda prompt: top)
    with pytest.raises(ServerError, match=told):
        server.score([ScoreRequest("p", continuations)])


def test_a_chat_scores_nothing(stub, open_server):
    with pytest.raises(ServerError, match="take the value lm-text"):
        open_server("server+chat:m").score([ScoreRequest("p", ("1",))])
    assert not stub.seen


# Specs, keys, threads.


def test_specs_are_split_at_the_address():
    parse = Address.parse
    assert parse("server:a@b:c@http://h:80/v1/") == Address("a@b:c", "http://h:80/v1")
    assert parse("server+chat:m@https://h/v1") == Address("m", "https://h/v1", True)


@pytest.mark.parametrize(
    "spec",
    [
        "server:m",
        "server:m@h/v1",
        "server:@http://h/v1",
        "server:m@http:///v1",
        "server:m@http://h:99999/v1",
        "server:m@http://user:hunter2@h/v1",
        "server:m@ftp://user:hunter2@h/v1",
        "server:m@https://h/v1?key=hunter2",
    ],
)
def test_a_spec_that_cannot_be_is_refused_without_its_secrets(spec):
    with pytest.raises(ValueError, match=r"write (server|http)") as caught:
        Server(spec)
    assert "hunter2" not in str(caught.value)


def everything_of(error):
    """The text of an exception and of all behind it."""
    texts = traceback.format_exception(error)
    while error is not None:
        texts += [str(error), repr(error.args)]
        error = error.__cause__ or error.__context__
    return "".join(texts)


def test_the_key_is_sent_and_never_told(stub, server, caplog, monkeypatch):
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    caplog.set_level(logging.DEBUG)
    quoting = f"you sent Bearer {KEY}"
    faults = [status(401, quoting), status(500, quoting), raw(quoting.encode()), raw(quoting.encode(), 404)]
    faults += [raw(b'{"error": "%s"}' % quoting.encode()), stub_server.cut]
    for fault in faults:
        stub.fault = lambda asked, fault=fault: fault
        with pytest.raises(ServerError) as caught:
            server.complete(requests(1))
        assert KEY not in everything_of(caught.value)
    assert {asked.headers["authorization"] for asked in stub.seen} == {f"Bearer {KEY}"}
    assert KEY not in caplog.text
    assert KEY not in repr(vars(server)) + server.name
    assert KEY.encode() not in pickle.dumps(server)


def test_a_copy_by_pickle_asks_by_itself(stub, server):
    server.complete(requests(1))
    copy = pickle.loads(pickle.dumps(server))  # noqa: S301  # our own
    assert copy.complete(requests(2)) == server.complete(requests(2))
    copy.close()


def test_a_key_that_no_header_can_hold_is_refused(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\nhidden")
    with pytest.raises(ValueError, match="the key in OPENAI_API_KEY holds a space") as caught:
        server.complete(requests(1))
    assert "hidden" not in everything_of(caught.value)


def test_without_a_key_none_is_sent(stub, open_server):
    open_server(key_variable="NO_SUCH_KEY").complete(requests(1))
    assert stub.seen[0].headers["authorization"] == "Bearer none"


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("forethought-server")]


def test_an_interrupt_ends_the_threads_and_keeps_what_came(stub, server):
    asked = requests(4)
    stub.fault = lambda one: stub_server.hang if one.prompt == asked[3].prompt and one.tries == 1 else None

    def interrupt():
        while sum(stub.tries.values()) < 4 or stub.in_flight > 1:
            time.sleep(0.01)
        time.sleep(0.1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        server.complete(asked)
    while ours() and time.monotonic() - began < 3:
        time.sleep(0.01)
    assert not ours()
    assert [reply.text for reply in server.complete(asked)] == expected(asked)
    assert [stub.tries[request.prompt] for request in asked] == [1, 1, 1, 2]


def test_nothing_is_left_of_a_server_that_nobody_holds(open_server, stub):
    server = Server(f"server:m@{stub.url}")
    server.complete(requests(1))
    assert ours()
    del server
    began = time.monotonic()
    while ours() and time.monotonic() - began < 3:
        time.sleep(0.01)
    assert not ours()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_opens_its_own_line(stub, server):
    server.complete(requests(1))
    child = os.fork()
    if child == 0:
        ok = False
        try:
            ok = [reply.text for reply in server.complete(requests(2))] == expected(requests(2))
        finally:
            os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Prices.


def test_prices_are_of_a_file_and_a_model_without_one_is_an_error(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(
        '{"date": "2026-11-22", "currency": "USD per million tokens", "models": '
        '{"m": {"prompt": 2, "cached": 0.5, "completion": 8.0, "source": "a page"}}}'
    )
    assert prices(path).cost(Usage(3, 1_000_000, 400_000, 250_000), "m") == pytest.approx(1.2 + 0.2 + 2.0)
    with pytest.raises(
        ValueError, match=r"mine.json \(of 2026-11-22\) has no price of the model 'n'; it has m.*--prices"
    ):
        prices(path).cost(Usage(), "n")
    assert prices().cost(Usage(1, 10, 0, 10), "HuggingFaceTB/SmolLM2-135M-Instruct") == 0.0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"prompt": 2', '"prompt": -2', "m: the price prompt=-2"),
        ('"prompt": 2', '"prompt": NaN', "prompt=nan"),
        ('"prompt": 2', '"price": 2', "'prompt' is missing"),
        ("2026-11-22", "yesterday", "yesterday"),
        ("USD", "EUR", "the currency is 'EUR"),
        ('"a page"', '""', "the source says"),
        ("{", "[", "is no file of prices"),
    ],
)
def test_a_file_that_holds_no_prices_is_refused(tmp_path, old, new, told):
    path = tmp_path / "mine.json"
    text = (
        '{"date": "2026-11-22", "currency": "USD per million tokens", "models": '
        '{"m": {"prompt": 2, "cached": 0.5, "completion": 8.0, "source": "a page"}}}'
    )
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=told):
        prices(path)
