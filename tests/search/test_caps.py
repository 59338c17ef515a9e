"""The end of every search: a cap of its settings, its budget, or a tree with nothing left to expand."""

import inspect

import pytest

from forethought.search import Estimate
from forethought.search.estimates import Reply
from forethought.search.registry import ALGORITHMS, algorithm

CAPS = {"num_simulations", "max_expansions", "attempts", "restarts", "walks"}
CAPPED = {
    name: cap
    for name, function in ALGORITHMS.items()
    for cap in CAPS & inspect.signature(function).parameters.keys()
    if name != "rap"  # its simulations are those of one plan, and no cap of the search
}
GIVEN = frozenset({"reward", "reflection"})


@pytest.fixture
def run(letters, judge, oracle, one):
    """A search of words of two letters at each place, which are endings at three; all values are alike."""

    def run(name, budget="nodes=100000", policy=None, ends=3, **settings):
        world = letters(lambda word: "ab" if len(word.letters) < ends else "", ends={"aaa", "aab", "aba", "bbb"})
        return one(
            world,
            judge(lambda word: Estimate(0.5)),
            algorithm(name, settings),
            policy=policy,
            budget=budget,
            privileges=GIVEN,
            responder=oracle(lambda question: Reply("try again")),
        )

    return run


def test_every_cap_is_known():
    assert len(CAPPED) == 10
    assert all(inspect.signature(ALGORITHMS[name]).parameters[cap].default is None for name, cap in CAPPED.items())


@pytest.mark.parametrize("name", CAPPED)
def test_without_a_cap_the_budget_ends_a_search(run, name):
    outcome = run(name, "nodes=9", depth=3) if name != "walk" else run(name, "nodes=3", min_depth=2)
    assert outcome.stopped == "nodes"


@pytest.mark.parametrize("name", [name for name in CAPPED if name != "reflexion"])
@pytest.mark.parametrize("settings", [{}, {"exploration": 0.0}])
def test_a_search_ends_when_nothing_is_left_to_expand(run, name, settings):
    settings = {key: value for key, value in settings.items() if key in inspect.signature(ALGORITHMS[name]).parameters}
    outcome = run(name, **settings)
    assert outcome.stopped == "returned"
    if name != "walk":  # it looks ahead from a depth of two at the most
        assert all(node.children or node.done or node.dead for node in outcome.root)


def test_attempts_that_take_no_step_end(run, mover):
    outcome = run("reflexion", policy=mover(lambda query: []))
    assert (outcome.stopped, len(outcome.attempts)) == ("returned", 3)


@pytest.mark.parametrize("name", CAPPED)
def test_a_cap_that_leaves_something_to_expand_is_told(run, name):
    depth = {} if name == "walk" else {"depth": 3}
    assert run(name, **{CAPPED[name]: 2 if name not in ("restarts",) else 0}, **depth).stopped == "cap"


@pytest.mark.parametrize("name", [name for name in CAPPED if name not in ("reflexion", "walk")])
def test_a_cap_above_the_whole_tree_is_not_told(run, name):
    assert run(name, **{CAPPED[name]: 500}).stopped == "returned"
