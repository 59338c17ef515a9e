from __future__ import annotations

from functools import partial
from math import inf, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.common.random import Generator
from forethought.common.seeds import seed_of
from forethought.search import Estimate, Evaluate, Expand, ExpandAll, Offer, Proposal
from forethought.search.engine.results import result
from forethought.search.gumbel import completed, gumbel, logits, softmax
from forethought.search.node import set_estimate

#                    root
#   a .1 (.4)    b .5 (.3)    c .6 (.2)    d .4 (.1)
#   aa .9        ba .2 bb .3  ca .8 cb .1  da .7
LEGAL = {"": "abcd", "a": "a", "b": "ab", "c": "ab", "d": "a"}
PRIORS = {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}
VALUES = {
    "a": 0.1, "b": 0.5, "c": 0.6, "d": 0.4, "aa": 0.9, "ba": 0.2, "bb": 0.3, "ca": 0.8, "cb": 0.1, "da": 0.7,
}  # fmt: skip


def near(number):
    return pytest.approx(number, abs=1e-12)


def ranked(share):
    """What a policy says whose priors are `share` of a word; the driver takes `num_children` of them."""

    def propose(query):
        word = query.node.state.letters
        return [Proposal(letter, share(word + letter)) for letter in query.actions]

    return propose


@pytest.fixture
def search(letters, judge, mover, one, words):
    def run(legal=LEGAL, values=VALUES, shares=PRIORS, ends=(), budget="nodes=1000", **settings):
        policy, value = mover(ranked(lambda word: shares.get(word, 1.0))), judge(values)
        outcome = one(letters(legal, ends=ends), value, partial(gumbel, **settings), policy=policy, budget=budget)
        counts = {word: (node.visits, node.total) for word, node in words(outcome.root).items() if node.visits}
        return (
            outcome,
            counts,
            [[w for _, w in call] for call in policy.calls],
            [[w for _, w in call] for call in value.calls],
        )

    return run


@pytest.fixture
def calm(monkeypatch):
    """All Gumbel draws are 0: what is drawn are the likeliest actions."""
    monkeypatch.setattr(Generator, "gumbel", lambda self: 0.0)


# By hand, 8 simulations of 4 actions, no noise. There are log2 4 = 2 rounds, so 4 simulations each: one for
# every action, then two for each of the best two.
#
# Round 1. a .1, b .5, c .6, d .4 are judged in one batch.
# With c_visit = 50 and c_scale = 1 sigma is (50 + 1) Q, which decides alone: c 30.6 - 1.609, b 25.5 - 1.204.
# Round 2. c and b in one batch: c makes ca and cb, equal in all, so ca .8; b makes ba .2. c 2/1.4, b 2/.7.
#   Then c again: sigma is (50 + 1) Q = 51 Q, ca .8; cb has v_mix = (.6 + 1 x .8)/2 = .7. pi' of cb is
#   1/(1 + e^5.1) = .006, less 0; of ca .994 - 1/2 = .494: ca, which makes nothing, is dead and worth 0.
#   And b: ba .2, bb v_mix = (.5 + .2)/2 = .35; pi' of bb is 1/(1 + e^-7.65) = .9995: bb .3.
#   a 1/.1, b 3/1.0, c 3/1.4, d 1/.4, root 8/2.9.
def test_two_rounds_are_as_worked_by_hand(search, calm):
    outcome, counts, expanded, judged = search(num_simulations=8, parallel=4)
    assert judged == [["a", "b", "c", "d"], ["ca", "ba"], ["bb"]]
    assert expanded == [[""], ["c", "b"], ["ca"]]
    by_hand = {
        "": (8, 2.9), "a": (1, 0.1), "b": (3, 1.0), "c": (3, 1.4), "d": (1, 0.4),
        "ca": (2, 0.8), "ba": (1, 0.2), "bb": (1, 0.3),
    }  # fmt: skip
    assert counts == {word: (visits, near(total)) for word, (visits, total) in by_hand.items()}
    # (50 + 3) x 1.4/3 = 24.7 of c is more than 53 x 1/3 = 17.7 of b.
    assert outcome.answer.state.letters == "ca"


def test_a_small_scale_leaves_the_word_to_the_priors(search, calm):
    # c_visit = 0, c_scale = 1: sigma is 1 Q. log .4 + .1 = -.816, log .3 + .5 = -.704, log .2 + .6 = -1.009,
    # log .1 + .4 = -1.903: b, then a.
    _, _, expanded, _ = search(num_simulations=8, c_visit=0.0, parallel=4)
    assert expanded[1] == ["b", "a"]


def test_with_no_scale_the_priors_decide_alone(search, calm):
    outcome, _, expanded, _ = search(num_simulations=8, c_scale=0.0, parallel=4)
    assert expanded[1] == ["a", "b"]
    assert outcome.answer.state.letters == "aa"


@pytest.mark.parametrize(
    ("num_simulations", "considered", "visits"),
    [
        (1, 16, [1, 0, 0, 0]),  # no more actions than simulations
        (3, 16, [1, 1, 1, 0]),
        (4, 16, [1, 1, 1, 1]),
        (5, 16, [2, 1, 1, 1]),
        (16, 16, [6, 6, 2, 2]),  # 16 / (2 x 4) = 2 each, then 16 / (2 x 2) = 4 for two
        (20, 16, [8, 8, 2, 2]),  # 2 each, 5 for two, and the last 2 are theirs
        (21, 16, [9, 8, 2, 2]),
        (24, 16, [9, 9, 3, 3]),
        (9, 3, [4, 4, 1, 0]),  # two rounds for three: 9 / (2 x 3) = 1, 9 / (2 x 2) = 2, and so on
        (6, 2, [3, 3, 0, 0]),
        (6, 1, [6, 0, 0, 0]),
    ],
)
def test_the_simulations_of_sequential_halving(search, calm, num_simulations, considered, visits):
    # All actions have ended and values fall as priors do, so the order is always a, b, c, d.
    _, counts, _, _ = search(
        values={"a": 0.8, "b": 0.6, "c": 0.4, "d": 0.2},
        ends=set("abcd"),
        num_simulations=num_simulations,
        considered=considered,
    )
    assert [counts.get(word, (0, 0))[0] for word in "abcd"] == visits


def test_three_rounds_of_sequential_halving(search, calm):
    # 48 / (3 x 8) = 2 for each of eight, 48 / (3 x 4) = 4 for four, 48 / (3 x 2) = 8 for two.
    values = {letter: 0.9 - number / 10 for number, letter in enumerate("abcdefgh")}
    _, counts, _, _ = search(legal={"": "abcdefgh"}, values=values, shares={}, ends=set("abcdefgh"), num_simulations=48)
    assert [counts[word][0] for word in "abcdefgh"] == [14, 14, 6, 6, 2, 2, 2, 2]


def test_inside_without_scale_visits_follow_the_priors(search):
    # pi' is P: argmax P - N / (1 + sum N). .6 .28 .12: a. .6 - 1/2, .28, .12: b. .6 - 1/3, .28 - 1/3, .12: a.
    # .6 - 2/4, .28 - 1/4, .12: c. .6 - 2/5 and less: a. The first simulation is that of the candidate itself.
    shares = {"xa": 0.6, "xb": 0.28, "xc": 0.12}
    _, counts, _, judged = search(
        legal={"": "x", "x": "abc"}, shares=shares, ends={"xa", "xb", "xc"}, num_simulations=6, c_scale=0.0
    )
    assert judged == [["x"], ["xa"], ["xb"], ["xc"]]
    assert [counts[word][0] for word in ("x", "xa", "xb", "xc")] == [6, 3, 1, 1]


def test_inside_with_scale_they_follow_the_improved_policy(search):
    # c_visit = 1, values x .5, xa 0, xb 1. 1. x. 2. Made are xa and xb, alike: xa 0.
    # 3. sigma = (1 + 1) Q: xa 0, xb v_mix = (.5 + 0)/2 = .25. pi' = 1/(1 + e^.5) = .378, .622; less visits
    #    .378 - 1/2, .622: xb 1. 4. xa 0, xb 2: pi' .119, .881, less 1/3: xb. 5. sigma = 3 Q: .047, .953, less
    #    1/4, 2/4: xb.
    _, counts, _, _ = search(
        legal={"": "x", "x": "ab"}, values={"x": 0.5, "xb": 1.0}, ends={"xa", "xb"}, num_simulations=5, c_visit=1.0
    )
    assert counts == {"": (5, near(3.5)), "x": (5, near(3.5)), "xa": (1, near(0)), "xb": (3, near(3))}


def test_completed_q_by_hand(leaf):
    # Visited: .5 with 2/1.2, .3 with 1/.3. Their mean by prior is (.5 x .6 + .3 x .3)/.8 = .4875, and
    # v_mix = (.5 + 3 x .4875)/4 = .490625.
    node = leaf()
    a, b, _ = (leaf(node, letter, prior=prior) for letter, prior in zip("abc", (0.5, 0.3, 0.2), strict=True))
    node.value = 0.5
    assert completed(node) == [0.5] * 3
    (a.visits, a.total), (b.visits, b.total) = (2, 1.2), (1, 0.3)
    assert completed(node) == [near(0.6), near(0.3), near(0.490625)]


def test_logits_and_softmax(leaf):
    root = leaf()
    for letter, prior in zip("abc", (1.0, 0.0, 3.0), strict=True):
        leaf(root, letter, prior=prior)
    assert logits(root) == [near(log(1 / 4)), -inf, near(log(3 / 4))]
    assert softmax(logits(root)) == [near(0.25), 0.0, near(0.75)]
    assert softmax([1000.0, 1000.0 + log(3)]) == [near(0.25), near(0.75)]
    for child in root.children:
        child._prior = 0.0
    assert softmax(logits(root)) == [near(1 / 3)] * 3


def test_an_action_is_drawn_by_its_prior(letters, judge, mover, drive):
    # One action is considered in each of 500 tasks; the deviation of the share of a is sqrt(.7 x .3/500) = .02.
    value = judge()
    policy = mover(ranked(lambda word: {"a": 0.7, "b": 0.3, "c": 0.0}[word]))
    world = letters(lambda word: "abc", ends=lambda word: len(word.letters) == 1)
    drive(world, value, partial(gumbel, num_simulations=1), policy=policy, tasks=range(500))
    drawn = [word for call in value.calls for _, word in call]
    assert len(drawn) == 500
    assert drawn.count("a") / 500 == pytest.approx(0.7, abs=0.08)
    assert "c" not in drawn


def test_the_draws_depend_on_seed_and_task_alone(letters, judge, drive):
    def drawn(seed, tasks):
        value = judge()
        world = letters(lambda word: "abcdefgh", ends=lambda word: len(word.letters) == 1)
        drive(world, value, partial(gumbel, seed=seed, num_simulations=3), tasks=tasks)
        return {task: [w for call in value.calls for t, w in call if t == task] for task in tasks}

    three = drawn(1, [0, 1, 2])
    assert drawn(1, [1])[1] == three[1]
    assert three[0] != three[1]
    assert drawn(2, [1])[1] != three[1]


def test_an_action_of_prior_zero_comes_last(search):
    shares = {"a": 0.0, "b": 1.0, "c": 0.0, "d": 1.0}
    for seed in range(20):
        _, counts, _, _ = search(shares=shares, num_simulations=2, seed=seed)
        assert set(counts) == {"", "b", "d"}
    _, counts, _, _ = search(shares=dict.fromkeys("abcd", 0.0), num_simulations=4)
    assert set(counts) == {"", "a", "b", "c", "d"}


def test_a_dead_end_counts_as_nothing_from_when_it_is_found(search):
    # One action, x .9, which goes nowhere: judged once, found dead, and then met twice more.
    outcome, counts, expanded, judged = search(legal={"": "x"}, values={"x": 0.9}, num_simulations=4)
    assert (expanded, judged) == ([[""], ["x"]], [["x"]])
    assert counts == {"": (4, near(0.9)), "x": (4, near(0.9))}
    assert outcome.answer.state.letters == "x"


def test_a_root_that_is_a_dead_end_is_the_answer(search):
    outcome, counts, expanded, judged = search(legal={})
    assert (outcome.answer, counts, expanded, judged) == (outcome.root, {}, [[""]], [])


@pytest.mark.parametrize("settings", [{"depth": 0}, {"num_simulations": 0}, {"ends": {""}}])
def test_where_there_is_nothing_to_search_nothing_is_asked(search, settings):
    outcome, counts, expanded, judged = search(**settings)
    assert (outcome.answer, counts, expanded, judged) == (outcome.root, {}, [], [])


def test_the_depth_limits_the_tree(search, calm):
    outcome, counts, expanded, judged = search(num_simulations=8, depth=1)
    assert (expanded, judged) == ([[""]], [["a"], ["b"], ["c"], ["d"]])
    assert [counts[word][0] for word in "abcd"] == [1, 3, 3, 1]
    assert outcome.answer.state.letters == "c"


def test_a_width_above_the_legal_moves_takes_all(search):
    assert len(search(num_children=9, num_simulations=8)[0].root.children) == 4
    assert [child.action for child in search(num_children=2, num_simulations=8)[0].root.children] == ["a", "b"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"considered": 0}, "considered is 0; at least one action must be considered"),
        ({"parallel": 0}, "parallel is 0; a batch has at least one candidate"),
    ],
)
def test_no_candidate_is_refused(letters, judge, drive, settings, message):
    outcome = drive(letters(LEGAL), judge(VALUES), partial(gumbel, **settings))[0]
    with pytest.raises(ValueError, match=message):
        raise outcome.error


@pytest.mark.parametrize(
    ("parallel", "nodes", "answer"), [(1, 3, ""), (1, 5, "c"), (1, 6, "ca"), (4, 7, "c"), (4, 8, "ca")]
)
def test_on_a_budget_the_answer_is_the_last_offer(search, calm, parallel, nodes, answer):
    # The root takes 4 nodes; c and b take 2 each, in one batch 4.
    outcome, _, _, _ = search(budget=f"nodes={nodes}", num_simulations=8, parallel=parallel)
    assert outcome.answer.state.letters == answer


def test_among_candidates_not_all_of_which_are_known_the_best_known_is_offered(leaf, calm):
    root = leaf()
    asked = gumbel(root, num_simulations=2)
    next(asked)
    a, b = leaf(root, "a", prior=0.1), leaf(root, "b", prior=0.9)
    asked.send([a, b])
    assert asked.send([]) == Evaluate([b])
    set_estimate(b, Estimate(0.0))
    assert asked.send(None) == Offer(b)


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = gumbel(root, num_simulations=2, num_children=3)
    assert next(asked) == Expand(root, 3)
    child = leaf(root, "a")
    assert asked.send([child]) == ExpandAll([], 3)
    assert asked.send([]) == Evaluate([child])
    set_estimate(child, Estimate(0.5))
    assert asked.send(None) == Offer(child)
    assert next(asked) == ExpandAll([child], 3)
    deep = leaf(child, "b")
    assert asked.send([[deep]]) == Evaluate([deep])
    assert asked.send(None) == Offer(deep)
    with pytest.raises(StopIteration) as end:
        next(asked)
    assert end.value.value is deep


def prior_of(seed):
    """Priors for a tree of the seed, among them zeros."""
    return lambda word: seed_of(seed, word, "prior") % 5 / 4


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    num_simulations=st.integers(0, 40),
    considered=st.integers(1, 6),
    parallel=st.integers(1, 6),
    c_visit=st.sampled_from([0.0, 1.0, 50.0]),
    depth=st.integers(0, 5),
    num_children=st.none() | st.integers(1, 9),
)
def test_visits_and_totals_are_those_of_the_simulations_below(
    grown, worth_of, judge, mover, one, seed, num_simulations, considered, parallel, c_visit, depth, num_children
):
    policy, value = mover(ranked(prior_of(seed))), judge(worth_of(seed))
    settings = {"num_simulations": num_simulations, "considered": considered, "c_visit": c_visit, "depth": depth}
    search = partial(gumbel, **settings, num_children=num_children, seed=seed)
    outcome = one(grown(seed), value, partial(search, parallel=parallel), policy=policy)
    alone = one(grown(seed), judge(worth_of(seed)), search, policy=mover(ranked(prior_of(seed))))
    assert result(outcome) == result(alone)
    root = outcome.root
    assert root.visits == (num_simulations if root.children else 0)
    for node in root:
        below = sum(child.visits for child in node.children), sum(child.total for child in node.children)
        own = (0, 0.0) if node is root else (1, node.value)
        if node.children:
            assert node.visits == own[0] + below[0]
            assert node.total == pytest.approx(own[1] + below[1])
        elif node.dead:
            assert node.total == own[1]
        elif node.done or node.depth >= depth:
            assert node.total == pytest.approx(node.visits * node.value)
        else:
            assert (node.visits, node.total) == ((1, node.value) if node.estimate else (0, 0.0))
        assert node.depth <= depth
        assert bool(node.visits) == (node.estimate is not None) or node is root
    for calls, most in ((policy.calls, num_simulations), (value.calls, num_simulations)):
        asked = [word for call in calls for word in call]
        assert len(asked) == len(set(asked)) <= most
        assert max(map(len, calls), default=0) <= min(considered, parallel)
    seen = sorted((child.visits for child in root.children), reverse=True)
    assert sum(map(bool, seen)) == min(considered, len(seen), num_simulations)
    # The last two share what is left: never more than one visit apart.
    assert len(seen) < 2 or considered < 2 or seen[0] - seen[1] <= 1
    finished = [node.value for node in root if node.done and node.estimate]
    if finished:
        assert (outcome.answer.done, outcome.answer.value) == (True, max(finished))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), nodes=st.integers(1, 60), parallel=st.integers(1, 4))
def test_stopped_anywhere_the_answer_is_the_best_so_far(grown, worth_of, judge, one, seed, nodes, parallel):
    search = partial(gumbel, num_simulations=60, parallel=parallel)
    outcome = one(grown(seed), judge(worth_of(seed)), search, budget=f"nodes={nodes}")
    assert outcome.spent.nodes <= nodes
    finished = [node.value for node in outcome.root if node.done and node.estimate]
    if finished:
        assert (outcome.answer.done, outcome.answer.value) == (True, max(finished))
    else:
        assert outcome.answer is outcome.root or outcome.answer.estimate


def test_the_trees_do_not_depend_on_concurrency(grown, worth_of, judge, drive, results):
    runs = [
        results(drive(grown(3), judge(worth_of(3)), gumbel, tasks=range(8), concurrency=number)) for number in (1, 8)
    ]
    assert runs[0] == runs[1]
    assert len({result["tree"] for result in runs[0].values()}) > 4


def test_with_enough_simulations_the_best_ending_is_found(letters, judge, one):
    # Values rise towards the one good ending of 27.
    world = letters(lambda word: "abc", ends=lambda word: len(word.letters) == 3)
    value = judge(lambda query: Estimate(sum(map(str.__eq__, query.node.state.letters, "cab")) / 3))
    for seed in range(5):
        outcome = one(world, value, partial(gumbel, num_simulations=60, seed=seed))
        assert outcome.answer.state.letters == "cab"
        assert outcome.root.children[2].visits == max(child.visits for child in outcome.root.children)


def test_the_exponent_of_a_far_better_action_does_not_overflow():
    assert softmax([0.0, 1e6]) == [0.0, 1.0]
