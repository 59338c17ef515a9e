"""Labels by the best ending below a state, against plain recursion, and collections in their folders."""

from __future__ import annotations

import json

import pytest

from forethought.experiments.config import Experiment
from forethought.experiments.run_folder import Run, RunError
from forethought.value.collection import Collection, Look, grown, replayed
from forethought.value.controls import shuffled
from forethought.value.prior import PriorValue
from forethought.value.report import markdown, oracle_and_random, rows
from forethought.value.siblings import accuracy, families
from forethought.value.stored import StoredQuery, values_of
from forethought.value.targets import backed_up, endings_targets


@pytest.fixture
def branched(tree, grow):
    """4 6 1: two ways to 24 and a dead way, with endings of other numbers."""
    root = tree("4 6 1")
    good = grow(root, "6 * 1", None)
    bad = grow(root, "6 + 1", None)
    grow(good, "4 * 6", None)
    grow(good, "4 + 6", None)
    grow(bad, "4 + 7", None)
    return root


def is_24(node):
    return float(node.observation.endswith("(left: 24)"))


@pytest.mark.parametrize("gamma", [1.0, 0.9])
def test_a_label_is_the_best_discounted_ending_below(branched, gamma):
    found = {example.best_action: example.target for example in endings_targets(branched, is_24, gamma)}
    assert found == pytest.approx({"6 * 1": gamma**2, "4 * 6": gamma, "4 + 7": 0.0})


def test_the_truth_stands_beside_a_label_and_changes_it_not(branched):
    plain = endings_targets(branched, lambda node: 0.5)
    true = endings_targets(branched, lambda node: 0.5, truth=is_24)
    assert [example.target for example in plain] == [example.target for example in true] == [0.5, 0.5, 0.5]
    assert [example.truth for example in plain] == [None] * 3
    assert [example.truth for example in true] == [1.0, 1.0, 0.0]


def test_what_was_not_expanded_is_left_out_or_has_the_given_value(tree, grow):
    root = tree("4 6 1")
    grow(root, "6 * 1", None)
    assert backed_up(root, is_24) == {}
    assert set(backed_up(root, is_24, 0.5, unknown=1.0).values()) == {1.0, 0.5}


class Ring:
    """States 0 to 3 in a ring; the world compares states by their number."""

    def key(self, state):
        return bytes([state])

    def actions(self, state):
        return ("on", "out")


def test_a_circle_feeds_on_nothing():
    from forethought.search import Node
    from forethought.search.node import add_children

    def child(parent, state, action, done=False):
        node = Node(state, str(state), parent, action, 1.0, done)
        add_children(parent, [node])
        return node

    world = Ring()
    root = Node(0, "0", world=world)
    node = root
    for state in (1, 2, 0):
        node = child(node, state, "on")
    child(root.children[0], 9, "out", done=True)
    values = backed_up(root, lambda node: 0.25)
    assert values == {bytes([9]): 0.25, bytes([0]): 0.25, bytes([1]): 0.25, bytes([2]): 0.25}
    assert backed_up(root, lambda node: None) == {}


def run_in(folder, tasks="0:4", **settings):
    made = Experiment(
        "Game24-v0",
        tasks,
        "look_ahead",
        {"nodes": 5000},
        policy="forward",
        value="endings",
        terminal_value="rule",
        settings={"level_width": 4, **settings},
    )
    return Run.create(folder, made.config())


LOOK = Look("endings", "rule", 1.0, None, True)


def test_a_live_collection_equals_that_of_its_journal(tmp_path):
    run_ = run_in(tmp_path / "run")
    live = grown(run_, LOOK)
    again = replayed(run_, LOOK)
    assert live.examples == again.examples
    assert live.card == again.card
    assert live.card["look"]["judge"] == "rule"
    assert live.card["judge_auroc"] == 1.0  # of Game of 24 the rule equals the reward
    assert all(example.truth is not None for example in live.examples)


def test_a_collection_comes_back_from_its_folder(tmp_path):
    live = grown(run_in(tmp_path / "run"), LOOK)
    live.write(tmp_path / "kept")
    again = Collection.read(tmp_path / "kept")
    assert again.examples == live.examples
    assert again.card == json.loads(json.dumps(live.card))


@pytest.mark.parametrize("damage", ["examples.jsonl", "card.json"])
def test_a_damaged_collection_is_refused(tmp_path, damage):
    grown(run_in(tmp_path / "run"), LOOK).write(tmp_path / "kept")
    (tmp_path / "kept" / damage).write_text('{"a": 1}\n[')
    with pytest.raises(RunError, match="no collection that can be read"):
        Collection.read(tmp_path / "kept")


def test_without_judged_endings_there_are_no_labels(tmp_path):
    with pytest.raises(RunError, match="no state of 4 trees has a label"):
        grown(run_in(tmp_path / "run", depth=1), LOOK)


def test_shuffled_labels_stay_within_all_or_within_their_task(tmp_path):
    examples = grown(run_in(tmp_path / "run"), LOOK).examples
    for how in ("all", "task"):
        found = shuffled(examples, how, seed=1)
        assert [example.key for example in found] == [example.key for example in examples]
        assert [e.target for e in found] != [e.target for e in examples]
        groups = {0} if how == "all" else {example.task for example in examples}
        for group in groups:
            mine = [sorted(e.target for e in side if how == "all" or e.task == group) for side in (examples, found)]
            assert mine[0] == mine[1]


def test_the_labels_beat_the_prior_and_the_oracle_bounds_both(tmp_path):
    examples = grown(run_in(tmp_path / "run", tasks="0:12"), LOOK).examples
    truth = [example.truth for example in examples]
    values = {"labels": [example.target for example in examples], "constant": [0.5] * len(examples)}
    labels, constant = rows(examples, values, truth)
    best, chance = oracle_and_random(examples, truth)
    assert labels.siblings.estimate > constant.siblings.estimate == 0.5
    assert constant.chosen.estimate == pytest.approx(chance)
    assert chance < labels.chosen.estimate <= best
    assert accuracy(truth, truth, families(examples)) == 1.0
    assert "| labels |" in markdown([labels, constant])


def test_the_prior_knows_pages_and_no_goals(tmp_path):
    examples = grown(run_in(tmp_path / "run"), LOOK).examples
    prior = PriorValue(examples)
    (known,) = [estimate.value for estimate in prior.evaluate([StoredQuery(examples[1])])]
    assert known == prior.table[examples[1].context.observation]
    assert values_of(prior, examples[:2])[1] == known
    with pytest.raises(ValueError, match="no examples"):
        PriorValue([])
