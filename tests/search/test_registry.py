from __future__ import annotations

import inspect

import pytest

import forethought.search
from forethought.search.registry import ALGORITHMS, algorithm


def test_no_name_and_no_setting_by_default_has_changed():
    """A run that did not set them was made with these: to change one is to change what its config means."""
    defaults = {
        name: {p.name: p.default for p in list(inspect.signature(function).parameters.values())[1:]}
        for name, function in ALGORITHMS.items()
    }
    known = {
        "greedy": {"num_children": None, "depth": 10},
        "beam": {"num_children": None, "beam_width": 5, "depth": 10},
        "mcts": {"num_children": None, "num_simulations": None, "exploration": 1.0, "depth": 10},
        "react": {"depth": 10},
        "reflexion": {"attempts": None, "depth": 10, "max_reflections": 3, "success_threshold": 1.0},
        "lats": {
            "num_children": 5,
            "num_simulations": None,
            "exploration": 1.0,
            "depth": 7,
            "max_reflections": 3,
            "success_threshold": 1.0,
        },
        "best_of_n": {"n": 8, "depth": 10},
        "restarts": {"num_children": None, "depth": 10, "restarts": None, "success_threshold": 1.0},
        "depth_first": {
            "num_children": None,
            "threshold": 0.0,
            "depth": 10,
            "max_expansions": None,
            "success_threshold": 1.0,
        },
        "best_first": {
            "num_children": 5,
            "depth": 5,
            "max_expansions": None,
            "success_threshold": 1.0,
            "length_cost": 0.0,
        },
        "dvts": {"n": 4, "num_children": 4, "depth": 10},
        "puct": {
            "num_children": None,
            "num_simulations": None,
            "exploration": 1.25,
            "reduction": 0.0,
            "parallel": 1,
            "depth": 10,
        },
        "rap": {"num_children": 4, "num_simulations": 10, "exploration": 1.0, "depth": 10, "horizon": 5},
        "gumbel": {
            "num_children": None,
            "num_simulations": None,
            "considered": 16,
            "c_visit": 50.0,
            "c_scale": 1.0,
            "parallel": 1,
            "depth": 10,
            "seed": 0,
        },
        "ab_mcts": {"num_simulations": None, "depth": 10, "beta": 0, "patience": 2, "seed": 0},
        "walk": {"walks": None, "min_depth": 1, "max_depth": 2, "num_children": None, "evaluate_node": 0, "seed": 0},
    }
    assert {name: defaults.get(name) for name in known} == known


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_is_a_generator_of_a_root_and_named_settings(name, leaf):
    parameters = list(inspect.signature(ALGORITHMS[name]).parameters.values())
    assert parameters[0].name == "root"
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters[1:])
    assert inspect.isgenerator(algorithm(name)(leaf()))


def test_settings_are_handed_on(letters, judge, mover, one):
    policy = mover()
    one(
        letters(lambda word: "abc"),
        judge(),
        algorithm("beam", {"num_children": 2, "beam_width": 1, "depth": 4}),
        policy=policy,
    )
    assert len(policy.calls) == 4
    assert {query.num_children for query in policy.queries} == {2}


def test_an_unknown_algorithm_is_told_the_known_ones():
    with pytest.raises(ValueError, match="unknown algorithm 'dfs'; expected one of react, reflexion, greedy"):
        algorithm("dfs")


def test_an_unknown_setting_is_told_the_known_ones():
    with pytest.raises(
        ValueError, match="beam has no setting 'height'; expected one of num_children, beam_width, depth"
    ):
        algorithm("beam", {"height": 3})
    with pytest.raises(ValueError, match="has no setting 'root'"):
        algorithm("beam", {"root": 3})


@pytest.mark.parametrize("value", [-1, 2.5, float("nan"), "5", None, [5], float("inf")])
def test_a_setting_that_is_no_count_is_refused(value):
    with pytest.raises(ValueError, match=r"beam beam_width=.*; expected an integer of at least 0"):
        algorithm("beam", {"beam_width": value})


@pytest.mark.parametrize("value", [-0.5, float("nan"), "1", None, float("inf")])
def test_a_setting_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=r"mcts exploration=.*; expected a number of at least 0"):
        algorithm("mcts", {"exploration": value})


@pytest.mark.parametrize(
    "settings", [{"exploration": 0}, {"exploration": 1.5}, {"num_simulations": 0, "num_children": 3}]
)
def test_settings_of_the_right_type_are_taken(settings, leaf):
    assert inspect.isgenerator(algorithm("mcts", settings)(leaf()))


def test_the_public_names_are_those_of_an_author():
    names = set(forethought.search.__all__)
    assert set(ALGORITHMS) < names
    assert 30 <= len(names) <= 40
    assert not names & {"Driver", "Journal", "TaskSearch"}  # the engine is imported from its modules
