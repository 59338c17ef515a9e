"""Budgets in dollars: of the run, reserved at the worst, journaled where they stop it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Budget, Estimate, Evaluate, Usage, beam, greedy
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal import Journal, seal
from forethought.search.engine.results import result

PRICE = Usage(1, 6, 0, 4)  # at a cent a token: a dime
MOST = Usage(1, 6, 0, 14)  # and 20 cents at the worst


def cents(usage):
    return usage.tokens / 100


@pytest.fixture(scope="session")
def run(letters, priced_judge, mover, drive):
    def make(budget, search=greedy, tasks=(0,), bound=MOST, **options):
        value = priced_judge(bound, dict.fromkeys(["a", "b", "ba", "bb"], 0.5), usage=PRICE)
        world = letters({"": "ab", "a": "ab", "b": "ab"})
        return drive(world, value, search, budget=budget, tasks=tasks, price=cents, **options), value

    return make


def test_the_worst_case_is_reserved(run):
    # Two children are 40 cents at the worst, and 20 when they are paid for: 20 + 40 is above 59.
    outcomes, value = run("usd=0.59")
    assert (outcomes[0].stopped, len(value.queries), outcomes[0].spent.usd) == ("usd", 2, pytest.approx(0.2))
    outcomes, value = run("usd=0.61")
    assert (outcomes[0].stopped, len(value.queries), outcomes[0].spent.usd) == (
        "returned",
        4,
        pytest.approx(0.4),
    )


def test_tasks_that_ask_together_reserve_together(run):
    outcomes, value = run("usd=0.79", tasks=range(3))
    assert [outcome.stopped for outcome in outcomes.values()] == ["returned", "usd", "usd"]
    assert len(value.calls[0]) == 2  # the first task's two children; 80 cents were needed for two tasks
    assert sum(outcome.spent.usd for outcome in outcomes.values()) == pytest.approx(0.4)


@settings(max_examples=40, deadline=None)
@given(limit=st.integers(1, 300), tasks=st.integers(1, 6), concurrency=st.integers(1, 6))
def test_a_run_never_spends_more(run, limit, tasks, concurrency):
    outcomes, _ = run(f"usd={limit / 100}", beam, range(tasks), concurrency=concurrency)
    assert sum(outcome.spent.usd for outcome in outcomes.values()) <= limit / 100 + 1e-9


def test_a_ledger_tells_dollars_where_prices_are_known(run, letters, judge, one):
    outcomes, _ = run("nodes=100")
    assert result(outcomes[0])["spent"]["usd"] == pytest.approx(0.4)
    assert "usd" not in result(one(letters({}), judge(), greedy))["spent"]


def test_what_a_journal_holds_was_paid_before(run, path):
    """Of all tasks, those too that a resume has not come to yet."""
    with Journal(path) as journal:
        before, _ = run("usd=1.19", tasks=range(3), concurrency=1, journal=journal)
    assert [outcome.stopped for outcome in before.values()] == ["returned", "returned", "usd"]
    lines = [line for line in path.read_text().splitlines() if '"stop"' not in line]
    path.write_text("\n".join(lines) + "\n")
    with Journal(path) as journal:
        after, value = run("usd=1.19", tasks=[2, 1, 0], concurrency=1, journal=journal)
    assert value.calls == []
    assert after[2].stopped == "usd"
    with Journal(path) as journal:
        again, value = run("usd=9", tasks=range(3), concurrency=1, journal=journal)
    assert again[2].stopped == "usd"  # it was journaled
    assert value.calls == []


def test_free_questions_are_asked_when_the_money_is_spent(letters, judge, drive):
    def search(root):
        yield Evaluate([root])
        return root

    assert drive(letters({}), judge(), search, budget="usd=0.001", price=cents)[0].stopped == "returned"


def test_dollars_need_prices(letters, judge, mover):
    with pytest.raises(ValueError, match="a budget in dollars needs to know what answers cost"):
        Driver(letters({}), mover(), judge(), Budget(usd=2.0))


def test_a_budget_in_dollars_is_read():
    assert Budget.parse("usd=0.25,nodes=3") == Budget(nodes=3, usd=0.25)
    with pytest.raises(ValueError, match="no positive number"):
        Budget.parse("usd=0")


class Interrupted(RuntimeError):
    def take_unbilled_usage(self):
        return PRICE


@pytest.mark.parametrize("is_remote", [False, True])
def test_what_was_paid_for_nothing_is_billed_once_and_not_spent_again(
    run, path, letters, mover, priced_judge, drive, is_remote
):
    """The second look of task 0 fails, with one of its two replies paid."""

    def value(fails):
        def answer(query):
            if fails and query.node.depth == 2:
                raise Interrupted("half of it came")
            return Estimate(0.5, usage=PRICE)

        judge = priced_judge(MOST, answer)
        judge.is_remote = is_remote
        return judge

    def go(fails, budget="usd=9"):
        world = letters({"": "ab", "a": "ab", "b": "ab"})
        with Journal(path) as journal:
            outcome = drive(world, value(fails), greedy, budget=budget, price=cents, journal=journal)[0]
        return outcome

    for times in (1, 2):
        outcome = go(True)
        assert isinstance(outcome.error, Interrupted)
        assert outcome.spent.roles["lost"] == sum([PRICE] * times, Usage())
        assert outcome.spent.usd == pytest.approx(0.2 + 0.1 * times)
    whole = go(False)
    assert (whole.stopped, whole.spent.usd) == ("returned", pytest.approx(0.6))
    assert whole.spent.roles.keys() == {"value", "lost"}


@pytest.mark.parametrize("answer", [Estimate(1.5, usage=PRICE), Estimate(0.5, usage=PRICE, rationale=b"")])
def test_an_answer_that_cannot_be_used_is_paid_all_the_same(path, letters, priced_judge, drive, answer):
    for times in (1, 2, 3):
        with Journal(path) as journal:
            value = priced_judge(MOST, lambda query: answer)
            outcome = drive(letters({"": "a"}), value, greedy, budget="usd=9", price=cents, journal=journal)[0]
        assert outcome.error is not None
        assert outcome.spent.roles == {"lost": sum([PRICE] * times, Usage())}
        assert outcome.spent.usd == pytest.approx(0.1 * times)


@pytest.mark.parametrize("is_remote", [False, True])
def test_dollars_that_others_have_set_aside_are_waited_for(letters, priced_judge, drive, is_remote):
    # A question may cost 1 and costs 0.1: of 3 dollars at most three are out at once, and all 20 are answered.
    value = priced_judge(Usage(1, 100), lambda query: Estimate(0.5, usage=Usage(1, 10)))
    value.is_remote = is_remote
    outcomes = drive(letters({"": "a"}), value, greedy, tasks=range(20), budget="usd=3", price=cents)
    assert [outcome.stopped for outcome in outcomes.values()] == ["returned"] * 20
    assert sum(outcome.spent.usd for outcome in outcomes.values()) == pytest.approx(2.0)


def test_what_was_lost_before_counts_against_the_limit(path, run):
    path.write_text("".join(seal(*line) + "\n" for line in [(-1, 0, "format", 2), (5, 0, "lost", [1, 40, 0, 20, 0])]))
    with Journal(path) as journal:
        outcomes, value = run("usd=0.99", journal=journal)  # 60 of them were spent by task 5
    assert (outcomes[0].stopped, value.calls) == ("usd", [])
