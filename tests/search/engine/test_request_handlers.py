from __future__ import annotations

from types import SimpleNamespace

import pytest

from forethought.common.seeds import seed_of
from forethought.search import Ask, Estimate, Evaluate, Expand, ExpandAll, Proposal, Usage, beam, greedy, mcts, walk
from forethought.search.engine.tree_dump import dump
from forethought.search.estimates import NO_USAGE, Reply
from forethought.search.node import TERMINAL
from forethought.search.registry import algorithm


@pytest.fixture
def expand(letters, mover, judge, one):
    """One expansion of the root by a policy that proposes `letters` in a world where `legal` ones follow."""

    def run(proposed, num_children, legal="abc", **fields):
        answered = []

        def search(root):
            answered.append((yield Expand(root, num_children)))
            return root

        policy = mover(lambda query: [Proposal(letter, **fields) for letter in proposed])
        outcome = one(letters({"": legal}), judge(), search, policy=policy)
        assert answered == [list(outcome.root.children)]
        return SimpleNamespace(
            spent=outcome.spent, root=outcome.root, words=[n.action for n in answered[0]], policy=policy
        )

    return run


def test_children_come_in_the_order_of_the_proposals(expand):
    tried = expand("ca", 3, prior=0.25, rationale="why not")
    assert tried.words == ["c", "a"]
    assert [(n.prior, n.rationale, n.index, n.state.letters) for n in tried.root.children] == [
        (0.25, "why not", 0, "c"),
        (0.25, "why not", 1, "a"),
    ]
    assert (tried.spent.nodes, tried.spent.env_steps, tried.spent.illegal_actions) == (2, 2, 0)


def test_what_is_beyond_the_width_is_dropped(expand):
    tried = expand("cab", 2)
    assert tried.words == ["c", "a"]
    assert (tried.spent.nodes, tried.spent.env_steps) == (2, 2)


def test_without_a_width_there_are_as_many_as_there_are_actions(expand):
    assert expand("cabab", None, legal="abc").words == ["c", "a", "b"]
    assert expand("xyabc", None, legal="abc").words == ["a"]


def test_a_width_of_none_is_told_to_the_policy_as_a_number(expand):
    (query,) = expand("ab", None).policy.queries
    assert (query.num_children, query.actions) == (3, ("a", "b", "c"))


def test_repeated_proposals_make_no_node(expand):
    tried = expand("aabba", 5)
    assert tried.words == ["a", "b"]
    assert (tried.spent.nodes, tried.spent.env_steps) == (2, 2)


def test_illegal_proposals_are_dropped_and_counted_once_each(expand):
    tried = expand("xaxyb", 5)
    assert tried.words == ["a", "b"]
    assert (tried.spent.nodes, tried.spent.env_steps, tried.spent.illegal_actions) == (2, 4, 2)
    assert [node.index for node in tried.root.children] == [0, 1]
    assert not tried.root.dead


def test_a_refusal_that_counts_as_a_step_is_seen(letters, judge, mover, one):
    class Counting(letters):
        def step(self, state, action):
            step = super().step(state, action)
            if step.illegal is not None:
                step.state, step.counted = state._replace(letters=state.letters + "?"), True
            return step

    world = Counting({"": "a", "?": "a", "a": ""})
    policy = mover(lambda query: [Proposal("x" if not query.context.steps else "a")])
    outcome = one(world, judge(), algorithm("react", {"depth": 2}), policy=policy)
    assert outcome.answer.state.letters == "?a"
    assert outcome.root.children[0].observation == "no such letter"
    assert (outcome.spent.nodes, outcome.spent.illegal_actions) == (2, 1)


@pytest.mark.parametrize("proposed", ["", "xyz"])
def test_no_child_is_a_dead_end(expand, proposed):
    tried = expand(proposed, 3)
    assert (tried.words, tried.root.dead, tried.spent.nodes) == ([], True, 0)


def test_a_second_expansion_adds_only_what_is_new(letters, mover, judge, one):
    batches = iter(["ab", "bc", "ab"])
    answered = []

    def search(root):
        for _ in range(3):
            answered.append([node.action for node in (yield Expand(root, 2))])
        return root

    policy = mover(lambda query: [Proposal(letter) for letter in next(batches)])
    outcome = one(letters({"": "abc"}), judge(), search, policy=policy)
    assert answered == [["a", "b"], ["c"], []]
    assert [node.index for node in outcome.root.children] == [0, 1, 2]
    assert (outcome.root.dead, outcome.root.num_queries, outcome.spent.nodes) == (False, 3, 3)


def test_steps_that_a_world_had_to_replay_are_billed(letters, mover, judge, one):
    world = letters({"": "ab"})
    plain = world.step

    def step(state, action):
        made = plain(state, action)
        made.replayed = 7
        return made

    world.step = step
    search = algorithm("greedy", {"num_children": 3})
    assert one(world, judge(), search, policy=mover({"": "axb"})).spent.replayed_steps == 21


def test_expand_all_answers_one_family_a_node(letters, judge, mover, one):
    answered = []

    def search(root):
        children = yield Expand(root)
        answered.extend((yield ExpandAll(children[::-1], 2)))
        answered.append((yield ExpandAll([], 2)))
        return root

    policy = mover()
    outcome = one(letters({"": "ab", "a": "xyz", "b": "q"}), judge(), search, policy=policy)
    assert [[node.state.letters for node in family] for family in answered] == [["bq"], ["ax", "ay"], []]
    assert policy.calls == [[(0, "")], [(0, "b"), (0, "a")]]
    assert outcome.spent.nodes == 5


def test_evaluate_sets_value_and_estimate(letters, judge, one):
    outcome = one(letters({"": "ab"}), judge({"a": 0.25, "b": 1}), greedy)
    a, b = outcome.root.children
    assert (a.value, a.estimate.value, b.value) == (0.25, 0.25, 1)
    assert (outcome.root.estimate, outcome.spent.evaluations) == (None, 2)


def test_a_query_shows_its_node(letters, judge, mover, one):
    policy, value = mover(), judge()
    root = one(letters({"": "ab"}), value, greedy, policy=policy, seed=3).root
    first, second = value.queries
    assert (first.node, first.num_children, first.task, first.done, first.key) == (
        root.children[0],
        None,
        0,
        False,
        b"a",
    )
    assert second.context == root.children[1].context
    assert second.actions == ()
    assert policy.queries[0].actions == ("a", "b")


def test_seeds_are_of_run_task_path_and_ordinal(letters, judge, drive):
    seeds = []

    class Asked:
        def propose(self, queries):
            seeds.extend(("expand", query.task, query.seed) for query in queries)
            return [[Proposal(action) for action in query.actions] for query in queries]

        def evaluate(self, queries):
            seeds.extend(("evaluate", query.task, query.seed) for query in queries)
            return judge().evaluate(queries)

    def search(root):
        children = yield Expand(root)
        yield Evaluate(children[1:])
        yield Expand(children[1])
        return root

    asked = Asked()
    drive(letters({"": "ab"}), asked, search, policy=asked, seed=5, tasks=[9])
    assert seeds == [
        ("expand", 9, seed_of(5, 9, [], 0)),
        ("evaluate", 9, seed_of(5, 9, [1], 0)),
        ("expand", 9, seed_of(5, 9, [1], 1)),
    ]


def test_a_question_has_the_seed_of_its_node_and_ordinal(letters, judge, oracle, one):
    answered = []

    def search(root):
        child = (yield Expand(root))[0]
        answered.append((yield Ask(child, "why?")))
        answered.append((yield Ask(child, "why?")))
        yield Evaluate([child])
        return child

    responder = oracle(lambda question: Reply(f"{question.role} {question.seed % 2}"))
    outcome = one(letters({"": "a"}), judge(), search, responder=responder, seed=5)
    seeds = [question.seed for call in responder.calls for question in call]
    assert seeds == [seed_of(5, 0, [0], ordinal, "ask") for ordinal in (0, 1)]
    assert answered == [f"why? {seed % 2}" for seed in seeds]
    assert outcome.answer.num_queries == 3


def test_questions_without_a_model_to_answer_them_are_an_error(letters, judge, drive):
    def search(root):
        yield Ask(root, "why?")
        return root

    outcome = drive(letters({}), judge(), search)[0]
    with pytest.raises(RuntimeError, match=r"no model to answer them; give a responder"):
        raise outcome.error


def test_an_answer_to_a_question_is_billed_to_its_role(letters, judge, oracle, one):
    price = Usage(1, 4, 0, 2)

    def search(root):
        yield Ask(root, "why?")
        return root

    responder = oracle(lambda question: Reply("so", price))
    responder.worst_case_usage = lambda question: price
    spent = one(letters({}), judge(), search, responder=responder).spent
    assert (spent.usage, spent.roles) == (price, {"why?": price})
    assert one(letters({}), judge(), search, responder=oracle()).spent.roles == {}


# A last observation may show the score. Whatever the search and the models, none of it is read.

SECRET = "Your score: 1.0"


@pytest.mark.parametrize("search", [greedy, beam, mcts, walk])
def test_an_ending_that_shows_a_reward_reaches_no_model_and_no_tree(letters, judge, mover, one, search):
    read = []

    def note(query):
        read.append(repr((query.context, query.context.observation, query.actions, query.node.observation)))

    def propose(query):
        note(query)
        return [Proposal(action) for action in query.actions]

    def evaluate(query):
        note(query)
        return Estimate(0.9 if query.done else 0.5)

    rewards = dict.fromkeys(("ab", "ba", "b"), 1.0)
    world = letters({"": "ab", "a": "ab", "b": "ab"}, ends={"ab", "ba"}, rewards=rewards, shows_reward=True)
    assert SECRET in world.step(world.root(0).state._replace(letters="a"), "b").observation  # it is there to be read
    outcome = one(world, judge(evaluate), search, policy=mover(propose))
    endings = [node for node in outcome.root if node.done]
    assert {node.observation for node in endings} == {TERMINAL}
    assert any(TERMINAL in text for text in read)
    everything = [
        *read,
        repr(dump(outcome.root)),
        *(repr(node.context) for node in outcome.root),
        repr(outcome.root),
    ]
    assert not any("score" in text for text in everything)


def test_a_task_that_has_ended_before_it_began_shows_no_reward(letters, judge, one):
    world = letters({}, ends={""}, rewards={"": 1.0}, shows_reward=True)
    outcome = one(world, judge(), greedy)
    assert outcome.answer.done
    assert "score" not in repr((outcome.root.context, dump(outcome.root)))
    assert outcome.root.context.opening == TERMINAL


def test_an_ending_that_shows_no_reward_is_read(letters, judge, one):
    value = judge({"a": 0.5})
    outcome = one(letters({"": "a"}, ends={"a"}), value, greedy)
    assert outcome.answer.observation == "0:a"
    assert value.queries[0].context.observation == "0:a"


def test_all_else_of_an_episode_is_read_where_only_the_ending_is_hidden(letters, judge, one):
    world = letters({"": "a", "a": "b"}, ends={"ab"}, shows_reward=True)
    answer = one(world, judge(), greedy).answer
    assert answer.context.steps == (("a", "0:a"), ("b", TERMINAL))


def test_a_free_answer_leaves_no_role_in_the_ledger(letters, judge, one):
    spent = one(letters({"": "ab"}), judge(), greedy).spent
    assert (spent.usage, spent.roles) == (NO_USAGE, {})
