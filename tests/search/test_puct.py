from __future__ import annotations

from functools import partial
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.common.seeds import seed_of
from forethought.search import Estimate, Evaluate, ExpandAll, Offer, Proposal
from forethought.search.node import set_estimate
from forethought.search.puct import best_finished, count, priors, puct

#              root .5
#      a .4 (3/4)      b .8 (1/4)
#   aa .2   ab .6      ba .9          (ba has ended)
LEGAL = {"": "ab", "a": "ab", "b": "a"}
PRIORS = {"a": 0.75, "b": 0.25}
VALUES = {"": 0.5, "a": 0.4, "b": 0.8, "aa": 0.2, "ab": 0.6, "ba": 0.9}


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
    def run(legal=LEGAL, values=VALUES, shares=PRIORS, ends=("ba",), budget="nodes=1000", **settings):
        policy, value = mover(ranked(lambda word: shares.get(word, 1.0))), judge(values)
        settings = {"exploration": 1.0} | settings
        outcome = one(letters(legal, ends=ends), value, partial(puct, **settings), policy=policy, budget=budget)
        counts = {word: (node.visits, node.total) for word, node in words(outcome.root).items() if node.visits}
        return outcome, counts, policy.calls, value.calls

    return run


# By hand, with c = 1 and Q + c P sqrt(N(parent)) / (1 + N); an unvisited child has the Q of its parent:
#
# 1. The root is judged: 1/.5.
# 2. It has children now, both unvisited, and a has the higher prior: a 1/.4, root 2/.9.
# 3. sqrt 2 = 1.414: a .4 + .75 x 1.414/2 = .930, b .45 + .25 x 1.414 = .804. Select a, make aa and ab, whose
#    priors are equal: the first. aa 1/.2, a 2/.6, root 3/1.1.
# 4. sqrt 3 = 1.732: a .3 + .75 x 1.732/3 = .733, b .367 + .25 x 1.732 = .800. Select b: 1/.8, root 4/1.9.
# 5. sqrt 4 = 2: a .3 + .75 x 2/3 = .800, b .8 + .25 x 2/2 = 1.050. Select b, make ba: 1/.9, b 2/1.7, root 5/2.8.
# 6. sqrt 5 = 2.236: a .3 + .559 = .859, b .85 + .25 x 2.236/3 = 1.036. Select b, and ba, which has ended and
#    counts once more: 2/1.8, b 3/2.6, root 6/3.7.
BY_HAND = [
    {},
    {"": (1, 0.5)},
    {"": (2, 0.9), "a": (1, 0.4)},
    {"": (3, 1.1), "a": (2, 0.6), "aa": (1, 0.2)},
    {"": (4, 1.9), "a": (2, 0.6), "aa": (1, 0.2), "b": (1, 0.8)},
    {"": (5, 2.8), "a": (2, 0.6), "aa": (1, 0.2), "b": (2, 1.7), "ba": (1, 0.9)},
    {"": (6, 3.7), "a": (2, 0.6), "aa": (1, 0.2), "b": (3, 2.6), "ba": (2, 1.8)},
]
EXPANDED = [[], [], [""], ["", "a"], ["", "a"], ["", "a", "b"], ["", "a", "b"]]


@pytest.mark.parametrize("num_simulations", range(7))
def test_simulations_are_as_worked_by_hand(search, num_simulations):
    _, counts, expanded, judged = search(num_simulations=num_simulations)
    assert counts == {word: (visits, near(total)) for word, (visits, total) in BY_HAND[num_simulations].items()}
    assert expanded == [[(0, word)] for word in EXPANDED[num_simulations]]
    assert judged == [[(0, word)] for word in ["", "a", "aa", "b", "ba"][:num_simulations]]


@pytest.mark.parametrize(("num_simulations", "answer"), [(0, ""), (1, ""), (2, "a"), (3, "aa"), (4, "aa"), (5, "ba")])
def test_the_answer_is_the_best_ending_else_the_most_visited_path(search, num_simulations, answer):
    assert search(num_simulations=num_simulations)[0].answer.state.letters == answer


# Two leaves at a time, each a visit worth nothing until both are judged:
#
# 1. and 2. go alone, for there is no second leaf: as above.
# 3. a .930 over b .804: a is taken, and counts 2/.4, root 3/.9. Now a .2 + .75 x 1.732/3 = .633 and
#    b .3 + .25 x 1.732 = .733: b. Made are aa and ab, judged aa .2 and b .8: the counts of 4. above.
# 4. b 1.050 over a .800: b counts 2/.8, root 5/1.9. Now a .859 and b .4 + .25 x 2.236/3 = .586: a, and in it
#    aa .2 + .5 x 1.414/2 = .554 and ab .3 + .5 x 1.414 = 1.007: ab. Made is ba, judged ba .9 and ab .6.
def test_two_leaves_at_a_time_are_as_worked_by_hand(search):
    outcome, counts, expanded, judged = search(num_simulations=6, parallel=2)
    assert expanded == [[(0, "")], [(0, "a")], [(0, "b")]]
    assert judged == [[(0, "")], [(0, "a")], [(0, "aa"), (0, "b")], [(0, "ba"), (0, "ab")]]
    by_hand = {"": (6, 3.4), "a": (3, 1.2), "aa": (1, 0.2), "ab": (1, 0.6), "b": (2, 1.7), "ba": (1, 0.9)}
    assert counts == {word: (visits, near(total)) for word, (visits, total) in by_hand.items()}
    assert outcome.answer.state.letters == "ba"


def test_a_batch_is_one_request_of_each_kind(letters, mover, judge, one):
    policy, value = mover(), judge(lambda query: Estimate(0.5))
    world = letters(lambda word: "abcd" if len(word.letters) < 3 else "")
    one(world, value, partial(puct, num_simulations=13, parallel=4), policy=policy)
    assert [len(call) for call in value.calls[:3]] == [1, 1, 4]
    assert max(map(len, policy.calls)) > 1


def test_with_a_reduction_of_one_an_unvisited_child_is_a_loss(search):
    # 4. a .3 + .433 = .733, b .367 - 1 + .433 = -.200: a, and in it aa .2 + .5 x 1.414/2 = .554,
    # ab .3 - 1 + .707 = .007: aa, which is a dead end and worth nothing.
    _, counts, expanded, _ = search(num_simulations=4, reduction=1.0)
    assert counts == {"": (4, near(1.1)), "a": (3, near(0.6)), "aa": (2, near(0.2))}
    assert expanded == [[(0, "")], [(0, "a")], [(0, "aa")]]


@pytest.mark.parametrize(
    ("shares", "seats"),
    [
        # P / (1 + N) hands out visits as D'Hondt hands out seats. With .5, .3, .2 the ten highest quotients are
        # .5 .25 .167 .125 .1 | .3 .15 .1 | .2 .1
        ({"a": 0.5, "b": 0.3, "c": 0.2}, [5, 3, 2]),
        # .7 .35 .233 .175 .14 .117 .1 .0875 | .2 .1, and the .08 of c would be next
        ({"a": 0.7, "b": 0.2, "c": 0.08}, [8, 2, 0]),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, [4, 3, 3]),
        ({"a": 0.0, "b": 0.0, "c": 0.0}, [4, 3, 3]),
        ({"a": 5.0, "b": 0.0, "c": 0.0}, [10, 0, 0]),
    ],
)
def test_without_values_visits_go_by_the_priors(search, shares, seats):
    _, counts, _, _ = search(legal={"": "abc"}, values={}, shares=shares, ends=set("abc"), num_simulations=11)
    assert [counts.get(word, (0, 0))[0] for word in "abc"] == seats


def test_without_exploration_the_best_mean_is_followed(search):
    # 3. a .4 under b, which has the .45 of the root: b .8, root 3/1.7. 4. b .8: ba .9. From now on ba.
    _, counts, _, judged = search(num_simulations=10, exploration=0.0)
    assert judged == [[(0, word)] for word in ["", "a", "b", "ba"]]
    assert counts["b"] == (8, near(0.8 + 7 * 0.9))


def test_a_dead_end_counts_as_nothing_from_when_it_is_found(search):
    # c = 0. 1. root .5. 2. a .9. 3. a is found dead: 2/.9, root 3/1.4. 4. b .467 over a .45: b .5, root 4/1.9.
    # 5. b .5 over a .45: bd 1/1, b 2/1.5.
    outcome, counts, expanded, _ = search(
        legal={"": "ab", "b": "d"},
        values={"": 0.5, "a": 0.9, "b": 0.5, "bd": 1.0},
        ends={"bd"},
        num_simulations=5,
        exploration=0.0,
    )
    assert counts == {"": (5, near(2.9)), "a": (2, near(0.9)), "b": (2, near(1.5)), "bd": (1, near(1.0))}
    assert expanded == [[(0, "")], [(0, "a")], [(0, "b")]]
    assert outcome.answer.state.letters == "bd"


def test_a_root_that_is_a_dead_end_is_the_answer(search):
    outcome, counts, expanded, judged = search(legal={}, num_simulations=4)
    assert (counts, expanded, judged) == ({"": (4, near(0.5))}, [[(0, "")]], [[(0, "")]])
    assert outcome.answer is outcome.root


def test_the_depth_limits_the_tree(search):
    _, counts, expanded, judged = search(num_simulations=9, depth=1)
    assert expanded == [[(0, "")]]
    assert judged == [[(0, "")], [(0, "a")], [(0, "b")]]
    assert counts[""][0] == 1 + counts["a"][0] + counts["b"][0] == 9


@pytest.mark.parametrize("settings", [{"depth": 0}, {"ends": {""}}])
def test_where_there_is_nothing_to_search_nothing_is_asked(search, settings):
    outcome, counts, expanded, judged = search(**settings)
    assert (outcome.answer, counts, expanded, judged) == (outcome.root, {}, [], [])


def test_a_width_above_the_legal_moves_takes_all(search):
    outcome, _, _, _ = search(num_simulations=6, num_children=9)
    assert [child.action for child in outcome.root.children] == ["a", "b"]
    outcome, counts, _, _ = search(num_simulations=6, num_children=1)
    assert list(counts) == ["", "a", "aa"]


def test_a_batch_without_leaves_is_refused(letters, judge, drive):
    outcome = drive(letters(LEGAL), judge(VALUES), partial(puct, parallel=0))[0]
    with pytest.raises(ValueError, match="parallel is 0; a batch has at least one leaf"):
        raise outcome.error


@pytest.mark.parametrize(("nodes", "answer"), [(1, ""), (2, "a"), (3, "a"), (4, "aa"), (5, "ba")])
def test_on_a_budget_the_answer_is_the_last_offer(search, nodes, answer):
    assert search(budget=f"nodes={nodes}", num_simulations=10)[0].answer.state.letters == answer


def test_it_asks_for_what_it_needs_and_offers_what_it_has(leaf):
    root = leaf()
    asked = puct(root, num_simulations=2)
    assert next(asked) == ExpandAll([], None)
    assert asked.send([]) == Evaluate([root])
    set_estimate(root, Estimate(0.5))
    assert asked.send(None) == Offer(root)
    assert next(asked) == ExpandAll([root], None)
    child = leaf(root, "a")
    assert asked.send([[child]]) == Evaluate([child])
    assert asked.send(None) == Offer(child)
    with pytest.raises(StopIteration) as end:
        next(asked)
    assert end.value.value is child


def test_priors_add_up_to_one(leaf):
    root = leaf()
    for letter, prior in zip("abc", (1.0, 0.0, 3.0), strict=True):
        leaf(root, letter, prior=prior)
    assert priors(root) == [0.25, 0.0, 0.75]
    for child in root.children:
        child._prior = 0.0
    assert priors(root) == [1 / 3] * 3


def test_count_reaches_the_root(leaf):
    root = leaf()
    middle, aside = leaf(root, "a"), leaf(root, "b")
    node = leaf(middle, "a")
    count(node)
    count(middle)
    assert [(n.visits, n.total) for n in (root, middle, aside, node)] == [(2, 0), (2, 0), (0, 0), (1, 0)]


def test_of_finished_nodes_of_equal_value_the_first_is_best(leaf):
    root = leaf()
    a, b, c = (leaf(root, letter, done=letter != "c") for letter in "abc")
    a.value, b.value, c.value = 0.5, 0.5, 0.9
    assert best_finished(None, [c]) is None
    assert best_finished(None, [a, b, c]) is a
    assert best_finished(b, [a, c]) is b


def prior_of(seed):
    """Priors for a tree of the seed, among them zeros."""
    return lambda word: seed_of(seed, word, "prior") % 5 / 4


class AlphaZero:
    """The textbook's: a leaf gets all its children and its value at once."""

    def __init__(self, world, value, share, exploration, depth):
        self.world, self.value, self.share, self.exploration, self.depth = world, value, share, exploration, depth
        self.visits, self.totals, self.children = {}, {}, {}

    def simulate(self, state):
        """Returns the value at the end of one simulation from the state."""
        word = state.letters
        if word not in self.visits:
            self.visits[word], self.totals[word] = 0, 0.0
            legal = self.world.actions(state) if len(word) < self.depth else ()
            self.children[word] = [self.world.step(state, letter).state for letter in legal]
            result = self.value(state)
        elif not self.children[word]:
            stuck = len(word) < self.depth and not self.world.ends(state)
            result = 0.0 if stuck else self.value(state)
        else:
            result = self.simulate(self.choose(state))
        self.visits[word] += 1
        self.totals[word] += result
        return result

    def choose(self, state):
        parent, children = self.visits[state.letters], self.children[state.letters]
        shares = [self.share(child.letters) for child in children]
        if sum(shares) == 0:
            shares = [1.0] * len(children)

        def bound(child, share):
            visits = self.visits.get(child.letters, 0)
            mean = self.totals[child.letters] / visits if visits else self.totals[state.letters] / parent
            return mean + self.exploration * sqrt(parent) * (share / sum(shares)) / (1 + visits)

        bounds = [bound(child, share) for child, share in zip(children, shares, strict=True)]
        return children[bounds.index(max(bounds))]


class At:
    """A query about a state, for a value that reads no more."""

    def __init__(self, state):
        self.task, self.node = state.task, type("Node", (), {"state": state})


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    num_simulations=st.integers(1, 40),
    exploration=st.sampled_from([0.0, 0.3, 1.25, 4.0]),
    depth=st.integers(1, 5),
)
def test_the_visits_are_those_of_alphazero(
    grown, worth_of, judge, mover, one, words, seed, num_simulations, exploration, depth
):
    world, worth, share = grown(seed), worth_of(seed), prior_of(seed)
    textbook = AlphaZero(world, lambda state: worth(At(state)).value, share, exploration, depth)
    root = world.root(0)
    if not root.terminated:
        for _ in range(num_simulations):
            textbook.simulate(root.state)
    settings = {"num_simulations": num_simulations, "exploration": exploration, "depth": depth}
    outcome = one(world, judge(worth), partial(puct, **settings), policy=mover(ranked(share)))
    assert {word: node.visits for word, node in words(outcome.root).items() if node.visits} == textbook.visits


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    num_simulations=st.integers(0, 40),
    parallel=st.integers(1, 8),
    depth=st.integers(0, 5),
    num_children=st.none() | st.integers(1, 9),
)
def test_visits_and_totals_are_those_of_the_simulations_below(
    grown, worth_of, judge, mover, one, seed, num_simulations, parallel, depth, num_children
):
    policy, value = mover(ranked(prior_of(seed))), judge(worth_of(seed))
    settings = {"num_simulations": num_simulations, "parallel": parallel, "depth": depth}
    settings |= {} if num_children is None else {"num_children": num_children}
    outcome = one(grown(seed), value, partial(puct, **settings), policy=policy)
    root = outcome.root
    assert root.visits == (num_simulations if depth and not root.done else 0)
    for node in root:
        if node.children:
            assert node.visits == 1 + sum(child.visits for child in node.children)
            assert node.total == pytest.approx(node.value + sum(child.total for child in node.children))
        elif node.dead:
            assert node.total == node.value
        elif node.done or node.depth >= depth:
            assert node.total == pytest.approx(node.visits * node.value)
        else:
            assert (node.visits, node.total) == ((1, node.value) if node.estimate else (0, 0.0))
        assert node.depth <= depth
        assert bool(node.visits) == (node.estimate is not None)
    for calls in (policy.calls, value.calls):
        asked = [word for call in calls for word in call]
        assert len(asked) == len(set(asked)) <= num_simulations
        assert max(map(len, calls), default=0) <= parallel
    finished = [node.value for node in root if node.done and node.estimate]
    if finished:
        assert (outcome.answer.done, outcome.answer.value) == (True, max(finished))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), nodes=st.integers(1, 60), parallel=st.integers(1, 4))
def test_stopped_anywhere_the_answer_is_the_best_so_far(grown, worth_of, judge, one, seed, nodes, parallel):
    search = partial(puct, parallel=parallel, num_simulations=60)
    outcome = one(grown(seed), judge(worth_of(seed)), search, budget=f"nodes={nodes}")
    assert outcome.spent.nodes <= nodes
    finished = [node.value for node in outcome.root if node.done and node.estimate]
    if finished:
        assert (outcome.answer.done, outcome.answer.value) == (True, max(finished))
    else:
        assert outcome.answer is outcome.root or outcome.answer.estimate


def test_the_trees_do_not_depend_on_concurrency(grown, worth_of, judge, drive, results):
    runs = [
        results(drive(grown(3), judge(worth_of(3)), partial(puct, parallel=3), tasks=range(8), concurrency=number))
        for number in (1, 8)
    ]
    assert runs[0] == runs[1]
    assert len({result["tree"] for result in runs[0].values()}) > 4


@pytest.mark.parametrize("parallel", [1, 5])
def test_with_enough_simulations_the_best_ending_is_found(letters, judge, mover, one, parallel):
    # Of 27 endings only cab is good; nothing above it says so, and the priors speak against it.
    world = letters(lambda word: "abc", ends=lambda word: len(word.letters) == 3)
    policy = mover(ranked(lambda word: {"c": 0.1}.get(word[-1], 0.45)))
    value = judge({"cab": 1.0})
    outcome = one(world, value, partial(puct, num_simulations=400, parallel=parallel), policy=policy)
    assert outcome.answer.state.letters == "cab"
    assert max(outcome.root.children, key=lambda child: child.visits).action == "c"
