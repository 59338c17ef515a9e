"""Game of 24 as a task family."""

import csv
import hashlib
import json
import math
import re
from fractions import Fraction
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.game24 import Game24, State, check_answer, exact_value, initial, moves, play
from forethought.envs.game24.family import expression, official_puzzles

GAME = Game24()


def walked(puzzle, *actions):
    state = initial(puzzle)
    for action in actions:
        state = play(state, action)
    return state


def solved(puzzle):
    """The end of the first walk that keeps 24 in reach."""
    state = initial(puzzle)
    while len(state.left) > 1:
        state = next(after for move in moves(state) if exact_value(after := play(state, move)))
    return state


def test_the_official_puzzles_come_in_the_order_of_difficulty():
    assert len(GAME) == 1362
    assert official_puzzles()[:2] == ("1 1 4 6", "1 1 11 11")
    assert len(set(official_puzzles())) == 1362
    assert official_puzzles()[900] == "4 5 6 10"
    assert GAME.initial(900) == initial("4 5 6 10")


def test_the_puzzles_are_those_of_the_official_file(data_folder):
    with (data_folder / "game24.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1362
    assert [int(row["Rank"]) for row in rows] == list(range(1, 1363))
    assert [row["Puzzles"] for row in rows] == list(official_puzzles())


def test_the_test_split_is_the_usual_one_and_the_splits_cover_everything_once():
    assert GAME.splits["test"] == range(900, 1000)
    assert [*GAME.splits["train"], *GAME.splits["test"], *GAME.splits["hard"]] == list(range(1362))


def test_own_puzzles_have_one_split():
    assert Game24(["4 5 6 10", "1 4 5 10"]).splits == {"all": range(2)}


def test_the_world_is_a_hash_of_the_puzzles_in_their_order():
    assert Game24(["1 2 3 4", "2 3 4 5"]).world == hashlib.sha256(b"1 2 3 4\n2 3 4 5").hexdigest()[:16]
    assert (
        len({Game24(p).world for p in (["1 2 3 4"], ["1 2 3 5"], ["1 2 3 4", "1 2 3 5"], ["1 2 3 5", "1 2 3 4"])}) == 4
    )
    assert Game24().world == GAME.world


@pytest.mark.parametrize("puzzles", [["4 5 6 10", "24"], ["4 5 6 10", ""], [], ["9" * 20 + " " + "9" * 20]])
def test_what_is_no_puzzle_is_refused(puzzles):
    with pytest.raises(ValueError, match=r"^a puzzle is two numbers or more in at most 40 characters; given: "):
        Game24(puzzles)


@pytest.mark.parametrize(
    ("puzzles", "said"),
    [
        ([[4, 5, 6, 10]], "puzzle 0 was given as list [4, 5, 6, 10]; expected a text with a space between its numbers"),
        (["4 5 6 10", (4, 5, 6, 10)], "puzzle 1 was given as tuple (4, 5, 6, 10); expected a text"),
        ([4, 5, 6, 10], "puzzle 0 was given as int 4; expected a text"),
        ([None], "puzzle 0 was given as NoneType None; expected a text"),
        ([math.nan], "puzzle 0 was given as float nan; expected a text"),
        ([b"4 5 6 10"], "puzzle 0 was given as bytes b'4 5 6 10'; expected a text"),
        ([{"Puzzles": "4 5 6 10"}], "puzzle 0 was given as dict {'Puzzles': '4 5 6 10'}; expected a text"),
        (np.array([[4, 5, 6, 10]]), "puzzle 0 was given as ndarray array([ 4,  5,  6, 10]); expected a text"),
        ([["4", "5"] * 100], "puzzle 0 was given as list ['4', '5', '4', "),
        ("4 5 6 10", "puzzles were given as str '4 5 6 10'; expected a list of texts in the order of their tasks"),
        (b"4 5 6 10", "puzzles were given as bytes b'4 5 6 10'; expected a list of texts"),
        (3, "puzzles were given as int 3; expected a list of texts"),
        (Path("24.csv"), "puzzles were given as PosixPath PosixPath('24.csv'); expected a list of texts"),
        ({"0": "4 5 6 10"}, "puzzles were given as dict {'0': '4 5 6 10'}; expected a list of texts"),
        ({"4 5 6 10"}, "puzzles were given as set {'4 5 6 10'}; expected a list of texts in the order"),
    ],
    ids=repr,
)
def test_what_is_no_list_of_texts_is_refused_by_place(puzzles, said):
    for make in (Game24, lambda puzzles: gym.make("Game24-v0", puzzles=puzzles)):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}") as caught:
            make(puzzles)
        assert len(str(caught.value)) < 250


def test_texts_may_come_from_an_array_or_one_by_one_and_with_any_white_space():
    plain = Game24(["4 5 6 10", "1 4 5 10"])
    for puzzles in (np.array(plain.puzzles), iter(plain.puzzles), [" 4  5 6\t10\n", "1 4 5 10"]):
        found = Game24(puzzles)
        assert (found.puzzles, found.world, found.starts) == (plain.puzzles, plain.world, plain.starts)
        assert {type(puzzle) for puzzle in found.puzzles} == {str}


def test_a_puzzle_with_a_word_in_it_is_refused():
    with pytest.raises(ValueError, match="'six' is no number"):
        Game24(["4 5 six 10"])


def test_the_refusal_of_a_long_list_stays_short():
    with pytest.raises(ValueError, match="a puzzle is") as caught:
        Game24(["1"] * 10_000)
    assert len(str(caught.value)) < 400


def test_what_an_agent_reads():
    state = walked("4 5 6 10", "10 - 4")
    assert (
        GAME.instruction(state) == "Use every number once with + - * / to make 24. Each move: <number> <op> <number>."
    )
    assert GAME.opening(initial("4 5 6 10")) == "(left: 4 5 6 10)"
    assert GAME.actions(state) == moves(state)
    assert GAME.name == "Game24-v0"
    assert GAME.terminal_reward is False


def test_a_step_on_the_way_earns_nothing():
    step = GAME.step(initial("4 5 6 10"), "10 - 4")
    assert (step.state.left, step.observation) == ((5, 6, 6), "10 - 4 = 6 (left: 5 6 6)")
    assert (step.reward, step.terminated, step.illegal) == (0.0, False, None)


def test_24_before_the_end_earns_nothing():
    step = GAME.step(walked("4 6 1 9"), "4 * 6")
    assert (step.state.left, step.reward, step.terminated) == ((1, 9, 24), 0.0, False)
    step = GAME.step(State((4, 6, 30)), "4 * 6")
    assert (step.state.left, step.reward, step.terminated) == ((24, 30), 0.0, False)


@pytest.mark.parametrize(("action", "reward"), [("4 * 6", 1.0), ("4 + 6", 0.0), ("4 - 6", 0.0), ("4 / 6", 0.0)])
def test_the_last_move_ends_it_and_only_24_is_rewarded(action, reward):
    step = GAME.step(State((4, 6)), action)
    assert (step.reward, step.terminated, step.illegal) == (reward, True, None)
    assert type(step.reward) is float


def test_24_reached_in_thirds_is_rewarded():
    step = GAME.step(walked("3 3 8 8", "8 / 3", "3 - 8/3"), "8 / 1/3")
    assert (step.reward, step.terminated, step.observation) == (1.0, True, "8 / 1/3 = 24 (left: 24)")


def test_a_refused_text_changes_nothing_and_says_why():
    state = walked("4 5 6 10", "10 - 4")
    step = GAME.step(state, "10 - 4")
    assert step.state is state
    assert step.observation == "10 - 4 = 6 (left: 5 6 6)"
    assert (step.reward, step.terminated) == (0.0, False)
    assert step.illegal == "cannot play '10 - 4' with '5 6 6' left; write '<number> <op> <number>', op one of + - * /"


@pytest.mark.parametrize("number", [24, 7])
def test_after_the_end_every_text_is_refused_and_the_end_stays(number):
    end = State((number,))
    step = GAME.step(end, "24 - 0")
    assert step.state is end
    assert (step.reward, step.terminated) == (0.0, True)
    assert step.illegal.startswith("cannot play '24 - 0'")


@given(st.text())
def test_step_survives_any_text(text):
    assert isinstance(GAME.step(initial("3 3 8 8"), text).illegal, str)


def test_the_key_is_of_the_position_not_of_the_way():
    assert GAME.key(walked("2 2 6 6", "2 + 2")) == GAME.key(walked("2 2 6 6", "2 * 2")) == b"4 6 6"
    assert GAME.key(walked("3 3 8 8", "8 / 3")) == b"8/3 3 8"
    assert GAME.key(State((1, 23))) != GAME.key(State((12, 3)))


def test_metrics_of_the_end_and_of_forced_endings():
    assert GAME.metrics(walked("4 6", "4 * 6")) == {"solved": True, "expression": "4 * 6"}
    assert GAME.metrics(walked("4 6", "4 + 6")) == {"solved": False, "expression": "4 + 6"}
    assert GAME.metrics(initial("4 5 6 10")) == {"solved": False, "expression": ""}
    assert GAME.metrics(walked("4 6 1", "4 * 6")) == {"solved": False, "expression": "4 * 6"}


@pytest.mark.parametrize(
    ("puzzle", "actions", "written"),
    [
        ("3 3 8 8", ("8 / 3", "3 - 8/3", "8 / 1/3"), "8 / (3 - (8 / 3))"),
        ("4 4 4 4", ("4 + 4", "4 + 4", "8 + 8"), "(4 + 4) + (4 + 4)"),
        ("4 4 4 4", ("4 * 4", "16 + 4", "20 + 4"), "((4 * 4) + 4) + 4"),
        ("3 4 4 8", ("8 - 4", "4 + 4", "8 * 3"), "(4 + (8 - 4)) * 3"),  # 8 - 4 is 4, and a 4 is left
        ("1 4 6 8", ("8 - 4", "4 * 6", "24 * 1"), "((8 - 4) * 6) * 1"),  # ... or is not
        ("1 1 1 24", ("1 * 1", "1 * 1", "24 / 1"), "24 / (1 * (1 * 1))"),
        ("2 5 6 10", ("10 - 2", "5 - 6"), "10 - 2, 5 - 6"),
        ("1 4 5 10", ("5 - 10", "4 + 1", "5 - -5"), "(4 + 1) - (5 - 10)"),
    ],
)
def test_moves_are_put_into_one_another(puzzle, actions, written):
    assert expression(walked(puzzle, *actions)) == written


@pytest.mark.parametrize("puzzle", ["4 4 4 4", "3 3 8 8", "1 5 5 5", "3 4 4 8", *official_puzzles()[::25]])
def test_the_expression_of_a_solved_walk_is_a_right_answer(puzzle):
    written = GAME.metrics(solved(puzzle))["expression"]
    assert check_answer(puzzle, written) is None
    assert check_answer(puzzle, f"{written} = 24") is None


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.data())
def test_the_expression_of_any_finished_walk_has_its_value(numbers, data):
    """Small numbers, so that results often equal numbers that are left."""
    puzzle = " ".join(map(str, numbers))
    state = initial(puzzle)
    while len(state.left) > 1:
        state = play(state, data.draw(st.sampled_from(moves(state))))
    reason = check_answer(puzzle, f"{expression(state)} = 1 / 1000003")
    assert reason.endswith(f" is not true: the left side is {state.left[0]}")


@given(st.sampled_from(official_puzzles()), st.integers(0, 3), st.data())
def test_states_survive_json(puzzle, steps, data):
    state = initial(puzzle)
    for _ in range(steps):
        state = play(state, data.draw(st.sampled_from(moves(state))))
    back = GAME.from_json(json.loads(json.dumps(GAME.to_json(state))))
    assert back == state
    assert back.moves == state.moves
    assert [type(n) for n in back.left] == [type(n) for n in state.left]


def test_what_json_holds():
    assert GAME.to_json(walked("3 3 8 8", "8 / 3")) == {"left": ["8/3", "3", "8"], "moves": ["8 / 3 = 8/3"]}


def test_a_state_from_json_is_sorted_and_exact():
    state = GAME.from_json({"left": ["10", "4/2", "5/3"], "moves": []})
    assert state.left == (Fraction(5, 3), 2, 10)
    assert type(state.left[1]) is int


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "keys 'left' and 'moves'"),
        ([], "keys 'left' and 'moves'"),
        ("left", "keys 'left' and 'moves'"),
        ({"left": ["4"]}, "keys 'left' and 'moves'"),
        ({"left": ["4"], "moves": [], "more": 1}, "keys 'left' and 'moves'"),
        ({"left": "4 5", "moves": []}, "are lists"),
        ({"left": ["4"], "moves": "4 + 5"}, "are lists"),
        ({"left": [], "moves": []}, "something is left"),
        ({"left": [4], "moves": []}, "hold texts"),
        ({"left": ["4"], "moves": [None]}, "hold texts"),
        ({"left": ["four"], "moves": []}, "'four' is no number"),
        ({"left": ["4"], "moves": ["nonsense"]}, "do not lead to"),
        ({"left": ["9"], "moves": ["4 + 4 = 8"]}, "do not lead to"),
        ({"left": ["9"], "moves": ["4 + 4 = 9"]}, "do not lead to"),
        ({"left": ["8"], "moves": ["4 + 4 is 8"]}, "do not lead to"),
        ({"left": ["8"], "moves": ["04 + 4 = 8"]}, "do not lead to"),
        ({"left": ["8"], "moves": ["4 + 4 = 08"]}, "do not lead to"),
        ({"left": ["8"], "moves": ["4  + 4 = 8"]}, "do not lead to"),
        ({"left": ["8"], "moves": ["4 ^ 4 = 8"]}, "do not lead to"),
        ({"left": ["2"], "moves": ["4 / 0 = 2"]}, "do not lead to"),
        ({"left": ["24"], "moves": ["8 * 3 = 24", "4 + 4 = 8"]}, "do not lead to"),
    ],
)
def test_what_is_no_state_is_refused(data, reason):
    with pytest.raises(ValueError, match=reason):
        GAME.from_json(data)


def test_the_entry_point_takes_puzzles_and_a_render_mode():
    env = gym.make("Game24-v0", puzzles=["4 5 6 10"], render_mode="ansi")
    env.reset()
    assert env.unwrapped.family.puzzles == ("4 5 6 10",)
    assert env.render() == "(left: 4 5 6 10)"
