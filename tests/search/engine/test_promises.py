"""What every algorithm keeps, whatever its models say: the limits, the best ending, and the way to go on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.common.seeds import seed_of
from forethought.search import Budget, Estimate, Offer, Proposal, Proposals, Usage
from forethought.search.engine.journal import Journal
from forethought.search.engine.tree_dump import digest
from forethought.search.estimates import NO_USAGE, Reply
from forethought.search.needs import PRIVILEGES
from forethought.search.registry import ALGORITHMS, algorithm

NAMES = sorted(ALGORITHMS)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "nodes": st.integers(1, 40),
        "env_steps": st.integers(1, 40),
        "lm_calls": st.integers(1, 60),
        "tokens": st.integers(1, 400),
    },
).filter(bool)


@pytest.fixture(scope="session")
def search(grown, worth_of, priced_mover, priced_judge, oracle, drive):
    """Runs an algorithm on three grown trees, with models whose price is drawn for each question, up to the bound."""

    def run(seed, name, share, is_remote=False, **options):
        worth = worth_of(seed)

        def bound(query):
            drawn = seed_of(seed, query.seed)
            return Usage(1 + drawn % 2, drawn % 9, 0, drawn // 9 % 9)

        def cost(query):
            most = bound(query)
            return Usage(most.calls, int(share * most.prompt), 0, int(share * most.completion))

        def propose(query):
            return Proposals([Proposal(action, 0.3) for action in query.actions or "abc"], cost(query))

        def judge(query):
            return Estimate(0.5 if query.node.imagined else worth(query).value, usage=cost(query))

        policy, value = priced_mover(NO_USAGE, propose), priced_judge(NO_USAGE, judge)
        responder = oracle(lambda question: Reply("0:a", cost(question)))
        for model in (policy, value, responder):
            model.worst_case_usage, model.is_remote, model.markov = bound, is_remote, True
        return drive(
            grown(seed),
            value,
            options.pop("search", None) or algorithm(name),
            policy=policy,
            responder=responder,
            tasks=range(3),
            privileges=frozenset(PRIVILEGES),
            **options,
        )

    return run


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    share=st.floats(0, 1),
    limits=LIMITS,
    concurrency=st.sampled_from([1, 8]),
    is_remote=st.booleans(),
    transpositions=st.booleans(),
)
def test_no_limit_of_a_task_is_ever_exceeded(search, seed, name, share, limits, concurrency, is_remote, transpositions):
    # Answers that cost no token, or that transpositions give for nothing, never use up a limit of tokens or of calls.
    limits = {"nodes": 400, **limits}
    outcomes = search(
        seed, name, share, is_remote, budget=Budget(**limits), concurrency=concurrency, transpositions=transpositions
    )
    for outcome in outcomes.values():
        assert outcome.error is None
        spent = outcome.spent.to_json()
        assert all(spent[limit] <= amount for limit, amount in limits.items())
        assert sum(role["calls"] for role in spent["roles"].values()) == spent["lm_calls"]
        assert outcome.stopped in ("returned", "stalled") or outcome.stopped in limits


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), nodes=st.integers(1, 60))
def test_an_ending_is_never_given_up_for_something_unfinished(search, seed, name, nodes):
    offered = {}

    def listening(root):
        steps, answer = algorithm(name)(root), None
        try:
            while True:
                request = steps.send(answer)
                if type(request) is Offer:
                    offered.setdefault(root.task, []).append(request.node)
                answer = yield request
        except StopIteration as end:
            offered.setdefault(root.task, []).append(end.value)
            return end.value

    for task, outcome in search(seed, name, 0, search=listening, budget=Budget(nodes=nodes)).items():
        nodes_offered = offered.get(task, [outcome.root])
        finished = [node for node in nodes_offered if node.done]
        assert outcome.answer is (finished or nodes_offered)[-1]


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6), limits=LIMITS, cut=st.floats(0, 1))
def test_a_journal_cut_anywhere_goes_on_to_the_same_trees(search, tmp_path_factory, seed, name, limits, cut):
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"

    def told():
        with Journal(path) as journal:
            outcomes = search(seed, name, 0.5, budget=Budget(**limits), journal=journal)
        return {
            task: (digest(outcome.root), outcome.answer.seed_path, outcome.stopped, outcome.spent.to_json())
            for task, outcome in outcomes.items()
        }

    whole = told()
    text = path.read_bytes()
    path.write_bytes(text[: int(cut * len(text))])
    assert told() == whole
