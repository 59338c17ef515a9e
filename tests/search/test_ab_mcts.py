from __future__ import annotations

from functools import partial
from math import sqrt
from statistics import fmean, pvariance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.common.random import Generator
from forethought.search import Estimate, Evaluate, Expand, Offer, Proposal
from forethought.search.ab_mcts import Scores, ab_mcts, beta_mean, merit, normal_mean

LEGAL = {"": "abc", "a": "a", "b": "a"}
VALUES = {"a": 0.6, "b": 0.8, "c": 0.2, "aa": 0.9, "ba": 0.1}


def near(number):
    return pytest.approx(number, abs=1e-12)


def scores_of(*scores):
    seen = Scores()
    for score in scores:
        seen.add(score)
    return seen


def fresh(query):
    """A policy that never repeats itself: what there is no child of yet comes first."""
    there = {child.action for child in query.node.children}
    return [Proposal(letter) for letter in sorted(query.actions, key=lambda letter: letter in there)]


def stubborn(query):
    """A policy that ranks: its first proposal is always the same."""
    return [Proposal(letter) for letter in query.actions[: query.num_children]]


@pytest.fixture
def search(letters, judge, mover, one, words):
    def run(legal=LEGAL, values=VALUES, ends=(), policy=fresh, budget="nodes=1000", **settings):
        script, value = mover(policy), judge(values)
        outcome = one(letters(legal, ends=ends), value, partial(ab_mcts, **settings), policy=script, budget=budget)
        counts = {word: (node.visits, node.total) for word, node in words(outcome.root).items()}
        return outcome, counts, [(query.node.state.letters, query.num_children) for query in script.queries], value

    return run


@pytest.fixture
def noise(monkeypatch):
    """The normal draws by hand, in deviations from the mean, 0 where the script has ended; a chi-square is its mean."""
    script = []
    monkeypatch.setattr(Generator, "chi_square", lambda self, freedom: freedom)
    monkeypatch.setattr(
        Generator, "normal", lambda self, mean, deviation: mean + deviation * (script.pop(0) if script else 0.0)
    )
    return script


# By hand, with the posteriors' means n m / (n + 1) and the noise of NOISE, in the order GEN, CONT, children:
#
# 1. The root has no children: GEN makes a .6. 2. GEN .6/2 = .3, CONT, which knows nothing, 0: GEN makes b .8.
# 3. GEN 1.4/3 = .467; CONT 0 + 2 x sqrt .1 = .632: CONT. a .6/2 = .3, b .8/2 = .4: b, which makes ba .1.
#    b has .8 .1 now, and the root's CONT .1.
# 4. GEN .467, CONT .1/2 = .05: GEN makes c .2.
# 5. GEN has .6 .8 .2, so 1.6/4 = .4. Its spread is 1 x .1 + .18667 + 3/4 x .53333^2 = .5, the variance .5/4 of
#    a score and .5/16 of their mean, its root .17678: two less is .0464. CONT .05: CONT. a .3; b .9/3 = .3, and
#    its spread .1 + .245 + 2/3 x .45^2 = .48, variance .48/9, root .23094, one less .069; c .2/2 = .1: a, which
#    makes aa .9.
# 6. GEN .4, CONT (.1 + .9)/3 = .333: GEN, which has nothing left to propose.
NOISE = [0, 0, 0, 2, 0, 0, 0, 0, -2, 0, 0, -1, 0]
BY_HAND = [
    {},
    {"a": [0.6]},
    {"a": [0.6], "b": [0.8]},
    {"a": [0.6], "b": [0.8, 0.1], "ba": [0.1]},
    {"a": [0.6], "b": [0.8, 0.1], "ba": [0.1], "c": [0.2]},
    {"a": [0.6, 0.9], "b": [0.8, 0.1], "ba": [0.1], "c": [0.2], "aa": [0.9]},
    {"a": [0.6, 0.9], "b": [0.8, 0.1], "ba": [0.1], "c": [0.2], "aa": [0.9]},
]


@pytest.mark.parametrize("num_simulations", range(7))
def test_simulations_are_as_worked_by_hand(search, noise, num_simulations):
    noise += NOISE
    _, counts, asked, value = search(num_simulations=num_simulations)
    by_hand = BY_HAND[num_simulations]
    tops = [score for word, below in by_hand.items() if len(word) == 1 for score in below]
    expected = {word: (len(below), near(sum(below))) for word, below in by_hand.items()}
    assert counts == {"": (len(tops), near(sum(tops)))} | expected
    assert asked == [("", 1), ("", 1), ("b", 1), ("", 1), ("a", 1), ("", 1)][:num_simulations]
    assert value.calls == [[(0, word)] for word in ["a", "b", "ba", "c", "aa"][:num_simulations]]
    assert len(noise) == [13, 13, 11, 7, 5, 0, 0][num_simulations]


@pytest.mark.parametrize(("num_simulations", "answer"), [(0, ""), (1, "a"), (2, "b"), (4, "b"), (5, "aa")])
def test_without_an_ending_the_answer_is_the_best_node(search, noise, num_simulations, answer):
    noise += NOISE
    assert search(num_simulations=num_simulations)[0].answer.state.letters == answer


def test_an_ending_comes_before_better_nodes_that_have_not_ended(search, noise):
    noise += NOISE
    assert search(ends={"ba"}, num_simulations=3)[0].answer.state.letters == "ba"
    assert search(ends={"c"}, num_simulations=5, values={})[0].answer.state.letters == "c"


def test_a_policy_that_repeats_itself_is_asked_for_one_more(search, noise):
    # GEN is always ahead of CONT here. a; a again, so two are asked for, and b is new; a again; three: c. What
    # comes next is a, and again with four: the root is exhausted, and a, then b are gone to.
    outcome, _, asked, _ = search(policy=stubborn, num_simulations=9, values={"a": 0.9, "b": 0.8, "c": 0.7})
    assert asked[:7] == [("", 1), ("", 1), ("", 2), ("", 1), ("", 3), ("", 1), ("", 4)]
    assert asked[7:] == [("a", 1), ("b", 1)]
    assert [child.action for child in outcome.root.children] == ["a", "b", "c"]


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_node_is_exhausted_by_failures_in_a_row(search, patience):
    # After a, the only one, each further answer is a failure; then a itself, a dead end, is asked as often.
    outcome, counts, asked, _ = search(legal={"": "a"}, policy=stubborn, num_simulations=50, patience=patience)
    assert sorted(asked) == sorted(
        [("", 1), ("", 1), *[("", 2)] * (patience - 1), ("a", 1), *[("a", 1)] * (patience - 1)]
    )
    assert counts == {"": (1, near(0.6)), "a": (1, near(0.6))}
    assert outcome.answer.state.letters == "a"


def test_illegal_proposals_are_failures_too(search):
    answers = iter(["x", "a", "x", "b", "x", "x"])
    _, counts, asked, _ = search(
        legal={"": "ab"}, ends={"a", "b"}, policy=lambda query: [Proposal(next(answers))], num_simulations=50
    )
    assert asked == [("", 1), ("", 1), ("", 1), ("", 2), ("", 1), ("", 3)]
    assert set(counts) == {"", "a", "b"}


def test_several_new_children_of_one_answer_all_count(search, noise):
    # After a, and a again, two are asked for, and both are new.
    answers = iter(["a", "a", "bc"])
    _, counts, asked, value = search(
        policy=lambda query: [Proposal(letter) for letter in next(answers)], num_simulations=3
    )
    assert asked == [("", 1), ("", 1), ("", 2)]
    assert value.calls == [[(0, "a")], [(0, "b"), (0, "c")]]
    assert counts[""] == (3, near(1.6))


def test_a_search_that_has_seen_all_ends(search):
    outcome, counts, asked, _ = search(num_simulations=10**6)
    assert outcome.stopped == "returned"
    assert set(counts) == {"", "a", "b", "c", "aa", "ba"}
    assert len(asked) == 5 + 2 * 6  # each node twice more than it has children


def test_the_depth_limits_the_tree(search):
    outcome, counts, _, _ = search(num_simulations=50, depth=1)
    assert set(counts) == {"", "a", "b", "c"}
    assert outcome.answer.state.letters == "b"


@pytest.mark.parametrize("settings", [{"depth": 0}, {"num_simulations": 0}, {"ends": {""}}])
def test_where_there_is_nothing_to_search_nothing_is_asked(search, settings):
    outcome, _, asked, value = search(**settings)
    assert (outcome.answer, asked, value.calls) == (outcome.root, [], [])


def test_a_root_that_is_a_dead_end_is_the_answer(search):
    outcome, _, asked, value = search(legal={})
    assert (outcome.answer, asked, value.calls) == (outcome.root, [("", 1)] * 2, [])


def test_a_child_worth_nothing_is_still_an_answer(search):
    assert search(values={}, num_simulations=1)[0].answer.state.letters == "a"


def test_no_patience_is_refused(letters, judge, drive):
    outcome = drive(letters(LEGAL), judge(VALUES), partial(ab_mcts, patience=0))[0]
    with pytest.raises(ValueError, match="patience is 0; a node is asked at least once"):
        raise outcome.error


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = ab_mcts(root, num_simulations=1)
    assert next(asked) == Expand(root, 1)
    child = leaf(root, "a")
    assert asked.send([child]) == Evaluate([child])
    assert asked.send(None) == Offer(child)
    with pytest.raises(StopIteration) as end:
        next(asked)
    assert end.value.value is child


def test_merit_puts_endings_first_and_the_root_last(leaf):
    root = leaf()
    low, high, ended = leaf(root, "a"), leaf(root, "b"), leaf(root, "c", done=True)
    high.value = 0.9
    assert sorted([ended, high, root, low], key=merit) == [root, low, high, ended]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_scores_know_mean_and_spread(scores):
    seen = scores_of(*scores)
    assert seen.count == len(scores)
    assert seen.mean == pytest.approx(fmean(scores), abs=1e-9)
    assert seen.spread == pytest.approx(pvariance(scores) * len(scores), abs=1e-9)


def test_the_normal_posterior_by_hand(noise):
    # As in 5. above, with a chi-square of its mean: .4 - 2 sqrt(.5/16).
    noise += [0, -2, 2]
    seen = scores_of(0.6, 0.8, 0.2)
    assert normal_mean(Generator(0), seen) == near(0.4)
    assert normal_mean(Generator(0), seen) == near(0.4 - 2 * sqrt(0.5 / 16))
    assert normal_mean(Generator(0), Scores()) == near(2 * sqrt(0.1))


def test_the_normal_posterior_is_students():
    # Its mean is n m/(n + 1), and its variance spread/(nu - 2)/(n + 1), with nu = n + 1.
    rng, scores = Generator(3), [0.2, 0.4, 0.9] * 5
    drawn = [normal_mean(rng, scores_of(*scores)) for _ in range(4000)]
    mean = fmean(scores)
    spread = 0.1 + pvariance(scores) * 15 + 15 / 16 * mean**2
    assert fmean(drawn) == pytest.approx(15 * mean / 16, abs=5 * sqrt(spread / 14 / 16 / 4000))
    assert pvariance(drawn) == pytest.approx(spread / 14 / 16, rel=0.15)


def test_the_beta_posterior_counts_scores_as_successes():
    # Of .2 .4 .9, three scores: a beta with .5 + 1.5 and .5 + 1.5, whose mean is 1/2 and whose variance 1/20.
    rng = Generator(4)
    drawn = [beta_mean(rng, scores_of(0.2, 0.4, 0.9)) for _ in range(4000)]
    assert fmean(drawn) == pytest.approx(0.5, abs=5 * sqrt(0.05 / 4000))
    assert pvariance(drawn) == pytest.approx(0.05, rel=0.15)
    assert all(0 < beta_mean(rng, Scores()) < 1 for _ in range(100))


def test_with_beta_the_choices_are_those_of_beta_posteriors(search, monkeypatch):
    # With means for draws: 2. GEN (.5 + .1)/2 = .3, CONT 1/2: CONT, a, which makes aa 0. 3. GEN .3, CONT .5/2 = .25:
    # GEN makes b. The normal posterior of no scores has mean 0, and would have made b at once.
    monkeypatch.setattr(Generator, "beta", lambda self, a, b: a / (a + b))
    _, _, _, value = search(values={"a": 0.1}, num_simulations=3, beta=1)
    assert [word for call in value.calls for _, word in call] == ["a", "aa", "b"]


def test_good_first_scores_make_it_wide_and_good_later_ones_deep(letters, judge, mover, one):
    world = letters(lambda word: "abcdefghij")
    made = {}
    for name, value in {"wide": lambda word: 1.0 / len(word) ** 2, "deep": lambda word: 1 - 1 / len(word)}.items():
        table = judge(lambda query, value=value: Estimate(value(query.node.state.letters)))
        outcome = one(world, table, partial(ab_mcts, num_simulations=60), policy=mover(fresh))
        made[name] = len(outcome.root.children), max(node.depth for node in outcome.root)
    assert made["wide"][0] > made["deep"][0]
    assert made["wide"][1] < made["deep"][1]


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    num_simulations=st.integers(0, 40),
    depth=st.integers(0, 5),
    beta=st.integers(0, 1),
    patience=st.integers(1, 3),
    policy=st.sampled_from([fresh, stubborn]),
)
def test_visits_and_totals_are_those_of_the_scores_below(
    grown, worth_of, judge, mover, one, seed, num_simulations, depth, beta, patience, policy
):
    script, value = mover(policy), judge(worth_of(seed))
    settings = {"num_simulations": num_simulations, "depth": depth, "beta": beta, "patience": patience}
    outcome = one(grown(seed), value, partial(ab_mcts, **settings, seed=seed), policy=script)
    for node in outcome.root:
        below = sum(child.visits for child in node.children), sum(child.total for child in node.children)
        own = (0, 0.0) if node is outcome.root else (1, node.value)
        assert node.visits == own[0] + below[0]
        assert node.total == pytest.approx(own[1] + below[1])
        assert node.depth <= depth
    judged = [word for call in value.calls for _, word in call]
    assert len(judged) == len(set(judged)) == outcome.root.visits == outcome.spent.nodes
    assert len(script.calls) <= num_simulations
    asked = [word for call in script.calls for _, word in call]
    assert all(not (node.done and node.state.letters in asked) for node in outcome.root)
    assert merit(outcome.answer) == max(map(merit, outcome.root))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), depth=st.integers(1, 4), policy=st.sampled_from([fresh, stubborn]))
def test_with_enough_simulations_all_there_is_is_made(grown, worth_of, judge, mover, one, seed, depth, policy):
    world = grown(seed)
    outcome = one(
        world, judge(worth_of(seed)), partial(ab_mcts, num_simulations=10**6, depth=depth), policy=mover(policy)
    )
    level, there = [world.root(0)], 0
    for _ in range(depth):
        level = [world.step(s.state, a) for s in level if not s.terminated for a in world.actions(s.state)]
        there += len(level)
    assert outcome.root.visits == there
    assert outcome.stopped == "returned"


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), nodes=st.integers(1, 60))
def test_stopped_anywhere_the_answer_is_the_best_so_far(grown, worth_of, judge, one, seed, nodes):
    outcome = one(grown(seed), judge(worth_of(seed)), ab_mcts, budget=f"nodes={nodes}")
    assert outcome.spent.nodes <= nodes
    assert merit(outcome.answer) == max(merit(node) for node in outcome.root if node.estimate or node is outcome.root)


def test_the_trees_do_not_depend_on_concurrency(grown, worth_of, judge, mover, drive, results):
    runs = [
        results(drive(grown(3), judge(worth_of(3)), ab_mcts, policy=mover(fresh), tasks=range(8), concurrency=number))
        for number in (1, 8)
    ]
    assert runs[0] == runs[1]
    assert len({result["tree"] for result in runs[0].values()}) > 4


def test_another_seed_grows_another_tree(letters, judge, mover, one, results):
    def tree(seed):
        outcome = one(
            letters(lambda word: "abc"), judge(), partial(ab_mcts, num_simulations=20, seed=seed), policy=mover(fresh)
        )
        return results({0: outcome})[0]["tree"]

    assert tree(1) == tree(1)
    assert tree(1) != tree(2)


@pytest.mark.parametrize("beta", [0, 1])
def test_with_enough_simulations_the_best_ending_is_found(letters, judge, mover, one, beta):
    # Values rise towards the one good ending of 27; seeing all would take 39 nodes.
    def good(query):
        return Estimate(sum(map(str.__eq__, query.node.state.letters, "cab")) / 3)

    world = letters(lambda word: "abc", ends=lambda word: len(word.letters) == 3)
    found = [
        one(world, judge(good), partial(ab_mcts, num_simulations=30, beta=beta, seed=seed), policy=mover(fresh))
        for seed in range(20)
    ]
    assert sum(outcome.answer.state.letters == "cab" for outcome in found) >= 15
