"""Budgets, held by the driver: reserved at the worst case before a model is asked, so never exceeded."""

from __future__ import annotations

import time

import pytest

from forethought.search import Ask, Budget, Estimate, Evaluate, Expand, Offer, Proposal, Proposals, Usage, greedy
from forethought.search.engine.driver import Driver
from forethought.search.estimates import NO_USAGE, Reply
from forethought.search.registry import algorithm

# The world below has two letters at each word, so a step of greedy search with num_children 2 makes 2 nodes;
# a question to the policy costs 1 call and 10 tokens, one to the value 1 and 3.

VALUES = {"a": 0.2, "b": 0.7, "ba": 0.4, "bb": 0.3, "baa": 0.1, "bab": 0.9}
MOVE, JUDGE = Usage(1, 8, 0, 2), Usage(1, 2, 0, 1)


@pytest.fixture
def spend(letters, priced_mover, priced_judge, one):
    def run(budget, search=None):
        policy, value = priced_mover(MOVE, usage=MOVE), priced_judge(JUDGE, VALUES, usage=JUDGE)
        world = letters(lambda word: "ab")
        outcome = one(
            world, value, search or algorithm("greedy", {"num_children": 2, "depth": 3}), policy=policy, budget=budget
        )
        return outcome, policy, value

    return run


@pytest.mark.parametrize(
    ("budget", "nodes", "stopped", "answer"),
    [
        ("nodes=1", 0, "nodes", ""),
        ("nodes=2", 2, "nodes", "b"),
        ("nodes=3", 2, "nodes", "b"),
        ("nodes=5", 4, "nodes", "ba"),
        ("nodes=6", 6, "returned", "bab"),
        # A step costs 1 call to move and 2 to judge: 3, 6, 9.
        ("lm_calls=1", 2, "lm_calls", ""),
        ("lm_calls=2", 2, "lm_calls", ""),
        ("lm_calls=3", 2, "lm_calls", "b"),
        ("lm_calls=8", 6, "lm_calls", "ba"),
        ("lm_calls=9", 6, "returned", "bab"),
        # A step costs 10 tokens to move and 6 to judge: 16, 32, 48.
        ("tokens=9", 0, "tokens", ""),
        ("tokens=10", 2, "tokens", ""),
        ("tokens=15", 2, "tokens", ""),
        ("tokens=16", 2, "tokens", "b"),
        ("tokens=47", 6, "tokens", "ba"),
        ("tokens=48", 6, "returned", "bab"),
    ],
)
def test_a_search_runs_to_the_last_step_it_can_pay_for(spend, budget, nodes, stopped, answer):
    outcome, _, _ = spend(budget)
    assert (outcome.spent.nodes, outcome.stopped) == (nodes, stopped)
    assert outcome.answer.state.letters == answer
    (name, limit), *_ = Budget.parse(budget).limits().items()
    assert outcome.spent.to_json()[name] <= limit


def test_no_model_is_asked_what_cannot_be_paid(spend):
    _, policy, value = spend("lm_calls=2")
    assert (len(policy.calls), value.calls) == (1, [])


def test_the_ledger_counts_what_was_answered_and_not_what_was_reserved(letters, priced_mover, judge, one):
    dear, paid = Usage(3, 100, 0, 100), Usage(1, 4, 0, 1)
    policy = priced_mover(dear, usage=paid)
    outcome = one(letters(lambda word: "ab"), judge(VALUES), algorithm("greedy", {"depth": 2}), policy=policy)
    assert outcome.spent.usage == paid + paid
    assert outcome.spent.roles == {"policy": paid + paid}


def test_reserving_is_for_the_worst_case_even_if_answers_are_cheap(letters, priced_mover, judge, one):
    policy = priced_mover(Usage(1, 90, 0, 10), usage=Usage(1, 1))
    outcome = one(letters(lambda word: "ab"), judge(VALUES), greedy, policy=policy, budget="tokens=101")
    assert (len(policy.calls), outcome.spent.usage.tokens, outcome.stopped) == (2, 2, "tokens")


def test_nodes_are_reserved_by_width_or_by_the_actions_there_are(letters, judge, one):
    world = letters({"": "abc"})
    wide = one(world, judge(), algorithm("greedy", {"num_children": 5}), budget="nodes=4")
    assert (wide.spent.nodes, wide.stopped) == (0, "nodes")
    every = one(world, judge(), algorithm("greedy"), budget="nodes=3")
    assert (every.spent.nodes, every.stopped) == (3, "returned")


def test_many_nodes_in_one_request_are_reserved_together(letters, judge, one):
    world = letters(lambda word: "ab")
    settings = {"num_children": 2, "beam_width": 2, "depth": 2}
    assert one(world, judge(), algorithm("beam", settings), budget="nodes=5").spent.nodes == 2
    assert one(world, judge(), algorithm("beam", settings), budget="nodes=6").spent.nodes == 6


def test_judging_is_free_of_nodes(spend):
    outcome, _, value = spend("nodes=2")
    assert value.calls == [[(0, "a"), (0, "b")]]
    assert outcome.spent.evaluations == 2


def test_limits_hold_for_each_task_by_itself(letters, judge, drive):
    outcomes = drive(letters(lambda word: "ab"), judge(), greedy, tasks=range(3), budget="nodes=4")
    assert [outcome.spent.nodes for outcome in outcomes.values()] == [4, 4, 4]


def test_a_stopped_search_is_closed_and_answers_its_last_offer_else_the_root(letters, judge, one):
    closed = []

    def search(offers):
        def grow(root):
            try:
                children = yield Expand(root, 2)
                for child in children[:offers]:
                    yield Offer(child)
                yield Expand(children[0], 2)
                return children[0]
            finally:
                closed.append(offers)

        return grow

    world = letters(lambda word: "ab")
    answers = [one(world, judge(), search(offers), budget="nodes=3").answer.state.letters for offers in (0, 1, 2)]
    assert answers == ["", "a", "b"]
    assert closed == [0, 1, 2]


def test_free_questions_are_paid_from_the_same_budget(letters, judge, oracle, one):
    price = Usage(1, 5, 0, 5)

    def search(root):
        for number in range(5):
            yield Ask(root, f"question {number}")
        return root

    responder = oracle(lambda question: Reply("yes", price))
    responder.worst_case_usage = lambda question: price
    outcome = one(letters({}), judge(), search, responder=responder, budget="tokens=29")
    assert (len(responder.calls), outcome.spent.usage.tokens, outcome.stopped) == (2, 20, "tokens")
    assert outcome.spent.roles == {f"question {number}": price for number in (0, 1)}


def overspending(letters, priced_mover, priced_judge, drive, bound, used, role, tasks=3):
    """Three tasks, of which the second is answered at `used` where `bound` was promised."""
    cheap = Usage(1, 1)

    def cost(query):
        return used if query.task == 1 else cheap

    def propose(query):
        return Proposals([Proposal(a) for a in query.actions], cost(query) if role == "policy" else NO_USAGE)

    def evaluate(query):
        return Estimate(0.5, usage=cost(query) if role == "value" else NO_USAGE)

    policy, value = priced_mover(bound, propose), priced_judge(bound, evaluate)
    return drive(letters({"": "a"}), value, greedy, policy=policy, tasks=range(tasks))


@pytest.mark.parametrize("role", ["policy", "value"])
@pytest.mark.parametrize("used", [Usage(2, 5, 0, 5), Usage(1, 6, 0, 5), Usage(1, 5, 0, 6)])
def test_an_answer_beyond_its_bound_is_an_error_of_its_task(letters, priced_mover, priced_judge, drive, used, role):
    outcomes = overspending(letters, priced_mover, priced_judge, drive, Usage(1, 5, 0, 5), used, role)
    assert [outcome.error is None for outcome in outcomes.values()] == [True, False, True]
    with pytest.raises(
        RuntimeError, match=rf"cost {used.calls} calls and {used.tokens} tokens.*worst case.*1 calls and 10 tokens"
    ):
        raise outcomes[1].error


@pytest.mark.parametrize("used", [Usage(1, 5, 0, 5), Usage(1, 9, 9, 1), Usage(0, 0), Usage(1, 5, 0, 5, 3)])
def test_an_answer_at_its_bound_is_fine(letters, priced_mover, priced_judge, drive, used):
    outcomes = overspending(letters, priced_mover, priced_judge, drive, Usage(1, 5, 0, 5), used, "value")
    assert all(outcome.error is None for outcome in outcomes.values())
    assert outcomes[1].spent.usage == used


def test_one_bound_is_for_all_queries_of_a_request(letters, mover, priced_judge, one):
    uneven = {"a": Usage(1, 9), "b": Usage(1, 1)}
    value = priced_judge(Usage(1, 5), lambda query: Estimate(0.5, usage=uneven[query.node.state.letters]))
    assert one(letters({"": "ab"}), value, greedy).spent.usage == Usage(2, 10)


def test_a_model_without_a_bound_is_taken_to_cost_nothing_and_must(letters, mover, judge, oracle, drive):
    world, paid = letters({"": "a"}), Usage(1, 3)
    dear = drive(world, judge(), greedy, policy=mover(usage=paid))[0]
    assert "cost 1 calls and 3 tokens" in str(dear.error)
    dear = drive(world, judge(usage=paid), greedy)[0]
    assert "cost 1 calls and 3 tokens" in str(dear.error)

    def ask(root):
        yield Ask(root, "why?")
        return root

    dear = drive(world, judge(), ask, responder=oracle(lambda question: Reply("so", paid)))[0]
    assert "cost 1 calls and 3 tokens" in str(dear.error)


def test_a_bound_that_fails_is_an_error_of_its_task(letters, priced_judge, drive):
    value = priced_judge(NO_USAGE)
    value.worst_case_usage = lambda query: NO_USAGE if query.task else 1 / 0
    outcomes = drive(letters({"": "a"}), value, greedy, tasks=range(2))
    assert isinstance(outcomes[0].error, ZeroDivisionError)
    assert outcomes[1].stopped == "returned"


def test_nothing_is_asked_twice_where_evaluation_is_of_no_node(letters, judge, one):
    def search(root):
        yield Evaluate([])
        return root

    value = judge()
    assert one(letters({}), value, search).spent.evaluations == 0
    assert value.calls == []


# Seconds

LEGAL = {"": "ab", "a": "ab", "b": "ab"}


def slow(clock, judge, seconds):
    """A value model that takes its time."""

    def evaluate(query):
        clock.now += seconds
        return Estimate(VALUES[query.node.state.letters])

    return judge(evaluate)


def boom(*_):
    raise RuntimeError("broken")


def test_seconds_stop_every_search_of_a_run(letters, judge, drive, clock):
    outcomes = drive(letters(LEGAL), slow(clock, judge, 1.0), greedy, tasks=[0, 1], budget="seconds=3.5")
    assert [(outcome.stopped, outcome.answer.state.letters) for outcome in outcomes.values()] == [("seconds", "b")] * 2


def test_a_run_may_take_all_its_seconds(letters, judge, one, clock):
    assert one(letters(LEGAL), slow(clock, judge, 1.0), greedy, budget="seconds=4").stopped == "returned"


def test_a_stop_for_time_is_journaled_and_replayed(results, journaled, judge, dumb, clock, path):
    whole = results(journaled(value=slow(clock, judge, 1.0), budget="seconds=3.5"))
    assert '[0,2,"stop","seconds",' in path.read_text()
    clock.now += 1000.0
    assert results(journaled(value=dumb(), policy=dumb(), budget="seconds=3.5")) == whole
    assert results(journaled(value=dumb(), policy=dumb(), budget="seconds=1e9")) == whole


def test_seconds_add_up_over_the_processes_of_a_run(journaled, judge, clock):
    wrong = judge(boom)

    def late(root):
        clock.now += 2.0
        return (yield from greedy(root))

    assert journaled(late, value=wrong, tasks=[0], budget="seconds=5")[0].stopped is None
    clock.now += 1000.0  # nobody worked on the run
    assert journaled(late, value=wrong, tasks=[0], budget="seconds=5")[0].stopped is None
    assert journaled(late, value=wrong, tasks=[0], budget="seconds=5")[0].stopped == "seconds"


def test_time_is_not_asked_for_without_a_limit_of_seconds(letters, judge, drive, monkeypatch, mover):
    driver = Driver(letters(LEGAL), mover(), judge(VALUES), Budget(nodes=100))
    monkeypatch.setattr(time, "monotonic", boom)
    assert [outcome.stopped for outcome in driver.run([0], greedy)] == ["returned"]
