"""Every answer that a server was paid for is billed: once, within what was reserved, failures included."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import stub_server

pytest.importorskip("aiohttp")

from forethought.agents.models.protocol import (
    Completion,
    Request,
    Sampling,
    ScoreRequest,
    bound_of_completion,
    bound_of_score,
)
from forethought.agents.models.reply_cache import Cached
from forethought.agents.models.scripted import Scripted
from forethought.agents.models.server.failures import Failure
from forethought.agents.models.server.model import Server
from forethought.agents.models.server.unclaimed import ServerError, UnclaimedReplies
from forethought.agents.policies import AllActions
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Budget, Estimate, Evaluate, Usage
from forethought.search.engine.driver import Driver
from forethought.search.estimates import NO_USAGE
from forethought.search.models import wasted_usage

GOOD, BAD = Request("good", Sampling(max_tokens=4)), Request("bad", Sampling(max_tokens=4))
BILL = Usage(1, 2, 1, 1)  # of GOOD, as the stub counts


status, changed = stub_server.status, stub_server.changed


@pytest.fixture
def server(stub):
    server = Server(f"server:m@{stub.url}", retries=0)
    yield server
    server.close()


def failure(call, *args):
    with pytest.raises(ServerError) as caught:
        call(*args)
    return caught.value


# What a failure has cost.


def test_the_first_look_of_a_score_is_paid_though_the_second_fails(stub, server):
    stub.top = lambda prompt: {"1": -0.1, "2": -3.0}
    stub.fault = lambda asked: status(400) if asked.prompt.endswith("1") else None
    error = failure(server.score, [ScoreRequest("the score is ", ("1", "2", "10"))])
    assert wasted_usage(error) == Usage(1, 4, 1, 1)
    assert wasted_usage(error) is NO_USAGE


def test_a_look_that_tells_no_log_probabilities_is_paid(stub, server):
    assert wasted_usage(failure(server.score, [ScoreRequest("the score is ", ("1", "2"))])) == Usage(1, 4, 1, 1)


@pytest.mark.parametrize("usage", [{"prompt_tokens": -1}, [3, 1], 10**99])
def test_counts_that_cannot_be_trusted_are_billed_at_what_was_reserved(stub, server, usage):
    stub.fault = lambda asked: changed(usage=usage)
    assert server.complete([GOOD])[0].usage == bound_of_completion(server, GOOD) + Usage(assumed=1)
    stub.top = lambda prompt: {"1": -0.1}
    stub.fault = lambda asked: lambda handler, reply: stub_server.good(handler, {**reply, "usage": usage})
    asked = ScoreRequest("p", ("1", "2"))
    assert server.score([asked])[0].usage == bound_of_score(server, asked) + Usage(assumed=1)


LONG = stub_server.raw(b"x" * 2_000_000)  # is paid, and cannot be read


def test_a_request_that_was_refused_cost_nothing(stub, server):
    stub.fault = lambda asked: status(400)
    assert wasted_usage(failure(server.complete, [BAD])) is NO_USAGE


def test_what_is_settled_is_forgotten_and_paid_anew(stub, server):
    stub.fault = lambda asked: status(400) if asked.prompt == "bad" else None
    error = failure(server.complete, [GOOD, BAD])
    assert wasted_usage(error) == BILL
    assert wasted_usage(error) is NO_USAGE
    assert server.complete([GOOD])[0].usage == BILL
    assert stub.tries["good"] == 2


def test_what_is_not_settled_is_handed_out_with_its_bill(stub, server):
    stub.fault = lambda asked: status(400) if asked.prompt == "bad" else None
    error = failure(server.complete, [GOOD, BAD])
    assert server.complete([GOOD])[0].usage == BILL
    assert stub.tries["good"] == 1
    assert wasted_usage(error) is NO_USAGE


@pytest.mark.parametrize("settled_first", [False, True])
def test_a_fault_that_is_told_again_is_billed_once(stub, server, settled_first):
    stub.fault = lambda asked: LONG if asked.prompt == "bad" else None
    first = failure(server.complete, [GOOD, BAD, Request("other")])
    again = failure(server.complete, [GOOD, BAD])
    assert stub.tries["bad"] == 1
    bills = [wasted_usage(error) for error in ((first, again) if settled_first else (again, first))]
    assert sum(bills, NO_USAGE) == BILL + bound_of_completion(server, BAD) + Usage(1, 2, 1, 1, assumed=1)  # the other's
    assert bills[1] == (NO_USAGE if settled_first else Usage(1, 2, 1, 1))


class Judge:
    """A value that is the server's: two requests a node, which are asked with those of other tasks."""

    def __init__(self, lm):
        self.lm = lm

    def requests(self, query):
        return [Request(f"{part} {query.node.observation}") for part in ("judge", "judge again")]

    def evaluate(self, queries):
        replies = iter(self.lm.complete([request for query in queries for request in self.requests(query)]))
        return [Estimate(0.5, usage=next(replies).usage + next(replies).usage) for _ in queries]

    def worst_case_usage(self, query):
        return sum((bound_of_completion(self.lm, request) for request in self.requests(query)), NO_USAGE)


def test_in_a_driver_all_that_was_paid_is_in_the_ledgers_and_in_the_bill_of_a_cache(stub, server, tmp_path):
    stub.fault = lambda one: LONG if one.prompt.startswith("judge again") and "3 3" in one.prompt else None

    def look(root):
        yield Evaluate([root])
        return root

    cached = Cached(server, tmp_path / "replies.sqlite")
    judge = Judge(cached)
    world = TaskSimulator(Game24(["4 5 6 10", "3 3 8 8", "1 1 4 6"]))
    outcomes = sorted(
        Driver(world, AllActions(), judge, Budget(tokens=100_000)).run(range(3), look), key=lambda s: s.task
    )
    assert [type(outcome.error) for outcome in outcomes] == [type(None), ServerError, type(None)]
    assert set(stub.tries.values()) == {1}
    assert [outcome.spent.usage.calls for outcome in outcomes] == [2, 2, 2]
    again = next(asked.prompt for asked in stub.seen if "again" in asked.prompt and "3 3" in asked.prompt)
    paid = Counter(stub.reply(asked)["usage"]["prompt_tokens"] for asked in stub.seen if asked.prompt != again)
    prompts = sum(tokens * times for tokens, times in paid.items()) + server.count(again)
    assert sum(outcome.spent.usage.prompt for outcome in outcomes) == prompts
    assert cached.billed == sum((outcome.spent.usage for outcome in outcomes), NO_USAGE)


def test_a_cache_keeps_the_replies_of_a_batch_that_failed(stub, server, tmp_path):
    stub.fault = lambda asked: status(400) if asked.prompt == "bad" else None
    cached = Cached(server, tmp_path / "replies.sqlite")
    error = failure(cached.complete, [BAD, GOOD])
    assert [wasted_usage(error), wasted_usage(error)] == [BILL, NO_USAGE]
    assert (cached.billed, cached.saved) == (BILL, NO_USAGE)
    stub.fault = lambda asked: None
    bad, good = cached.complete([BAD, GOOD])
    assert (stub.tries["good"], stub.tries["bad"]) == (1, 2)
    assert (cached.billed, cached.saved) == (BILL + bad.usage, good.usage)


def test_a_fault_that_was_settled_is_told_to_nobody_else(stub, server):
    stub.fault = lambda asked: status(400)
    wasted_usage(failure(server.complete, [GOOD, BAD]))
    stub.fault = lambda asked: None
    assert [len(server.complete([one])) for one in (GOOD, BAD)] == [1, 1]


def test_to_settle_one_failure_leaves_the_others_theirs(stub, server):
    """Of one batch for two askers: each is told once, and the server is not asked again."""
    stub.fault = lambda asked: status(400)
    failure(server.complete, [BAD, BAD, GOOD])
    for _ in range(2):
        wasted_usage(failure(server.complete, [BAD]))
    assert stub.tries["bad"] == 2


# UnclaimedReplies replies and faults, from several threads.


def fill(*replies):
    def ask(found):
        found[:] = replies

    return ask


def test_equal_requests_that_failed_are_told_and_billed_one_by_one():
    kept = UnclaimedReplies[Completion]("s")
    fault = Failure("no", usage=BILL)
    failure(kept.answer, ["q", "q"], fill(fault, fault))
    errors = [failure(kept.answer, ["q"], fill()) for _ in range(2)]
    assert [wasted_usage(error) for error in errors] == [BILL, BILL]
    assert kept.answer(["q"], fill(Completion("a", BILL))) == [Completion("a", BILL)]


def test_two_that_fail_alike_at_once_are_both_told():
    kept, fault = UnclaimedReplies[Completion]("s"), Failure("no", usage=BILL)
    errors = []

    def ask(found):
        errors.append(failure(kept.answer, ["q"], fill(fault)))  # another thread's, from its beginning to its end
        found[:] = [fault]

    errors.append(failure(kept.answer, ["q"], ask))
    assert [wasted_usage(error) for error in errors] == [BILL, BILL]


def test_a_call_that_was_told_nothing_is_told_so():
    with pytest.raises(ServerError, match="s: the connection was closed before the reply came"):
        UnclaimedReplies[Completion]("s").answer(["q"], lambda found: None)


def test_no_call_of_many_threads_gets_fewer_replies_and_every_reply_is_billed_once(stub, server):
    """Threads ask the same good and bad requests; some settle, some do not."""
    stub.fault = lambda asked: changed(usage=None) if asked.prompt == "bad" else None
    server.complete([GOOD])
    stub.fault = lambda asked: LONG if asked.prompt == "bad" else None
    bound, start, errors = bound_of_completion(server, BAD), threading.Barrier(8), []

    def ask(number):
        bill = NO_USAGE
        start.wait()
        for turn in range(6):
            batch = [[GOOD], [GOOD, BAD], [BAD]][(number + turn) % 3]
            try:
                replies = server.complete(batch)
                assert len(replies) == len(batch)
                bill += sum((reply.usage for reply in replies), NO_USAGE)
            except ServerError as error:
                errors.append(error)
                if turn % 2:
                    bill += wasted_usage(error)
        return bill

    with ThreadPoolExecutor(8) as pool:
        bill = sum(pool.map(ask, range(8)), BILL)
    bill += sum(map(wasted_usage, errors), NO_USAGE)
    assert bill.calls == len(stub.seen)
    assert bill.prompt == stub.tries["good"] * BILL.prompt + stub.tries["bad"] * bound.prompt


# Bounds.


@pytest.mark.parametrize("prompt", [1, 8])  # "good" is 8 at most
@pytest.mark.parametrize("completion", range(1, 9))  # none for a text is no count
def test_a_reply_costs_no_more_than_its_bound_in_any_kind_of_token(stub, server, tmp_path, prompt, completion):
    """Kinds have prices of their own: fewer of one do not pay for more of another."""
    bound = bound_of_completion(Cached(server, tmp_path / "replies.sqlite"), GOOD)
    assert bound == Usage(1, 8, 0, 7)
    stub.fault = lambda asked: changed(usage={"prompt_tokens": prompt, "completion_tokens": completion})
    cost = server.complete([GOOD])[0].usage
    if completion <= 7:  # llama.cpp ends a character that it has begun
        assert cost == Usage(1, prompt, 0, completion)
    else:
        assert cost == bound + Usage(assumed=1)


def test_other_models_write_no_more_than_they_are_allowed():
    assert bound_of_completion(Scripted(), Request("a b", Sampling(max_tokens=9))) == Usage(1, 2, 0, 9)


def test_a_run_never_pays_more_dollars_than_it_has_though_tokens_overshoot(stub, server):
    stub.fault = lambda asked: changed(usage={"prompt_tokens": 1, "completion_tokens": 64 + 3})

    def look(root):
        while True:
            yield Evaluate([root])

    def price(usage):
        return usage.completion / 100

    worst = 2 * 0.67
    for limit, stopped_at in ((worst - 0.01, 0.0), (worst, worst), (3 * worst - 0.01, 2 * worst)):
        world, judge = TaskSimulator(Game24(["4 5 6 10"])), Judge(server)
        (outcome,) = Driver(world, AllActions(), judge, Budget(usd=limit), price=price).run([0], look)
        assert (outcome.error, outcome.stopped, outcome.spent.usd) == (
            None,
            "usd",
            pytest.approx(stopped_at),
        )
