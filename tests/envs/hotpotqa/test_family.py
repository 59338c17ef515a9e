"""HotpotQA as an environment: endings, scores, limits, order, options."""

from __future__ import annotations

import json
import pickle

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded

from forethought.envs.hotpotqa.default_world import default_world
from forethought.envs.hotpotqa.family import HotpotQA, react_order
from forethought.envs.hotpotqa.pages import Page
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.rules import State


def make(**options):
    env = gym.make("HotpotQA-v0", **options)
    env.reset(options={"task": 0})
    return env


def gold(env):
    return env.unwrapped.family.library.world.question(0)[0]


def test_the_right_answer_ends_with_a_reward():
    env = make()
    question = gold(env)
    for title in question.pages:
        env.step(f"search[{title}]")
    observation, reward, terminated, truncated, info = env.step(f"finish[The {question.answer.upper()}!]")
    assert (observation, reward, terminated, truncated) == ("Episode finished, reward = 1\n", 1.0, True, False)
    assert info["actions"] == ()
    assert info["metrics"] == {
        "em": True,
        "f1": 1.0,
        "precision": 1.0,
        "recall": 1.0,
        "fact_coverage": 1.0,
        "steps": 3,
        "empty_answer": False,
        "answer": f"The {question.answer.upper()}!",
        "gt_answer": question.answer,
    }
    with pytest.raises(ResetNeeded):
        env.step("think[again]")


def test_a_wrong_answer_and_half_of_the_pages():
    env = make()
    env.step(f"search[{gold(env).pages[0]}]")
    observation, reward, *_, info = env.step("finish[no idea]")
    assert (observation, reward) == ("Episode finished, reward = 0\n", 0.0)
    metrics = info["metrics"]
    assert (metrics["em"], metrics["f1"], metrics["fact_coverage"]) == (False, 0.0, 0.5)


def test_coverage_counts_the_pages_that_a_question_can_open(build, tmp_path):
    """Two pages of one title: with its own pages alone, a question knows that of its own spelling."""
    pages = [Page("Foo Bar", (("It is a bar.",),)), Page("foo bar", (("It is a foo.",),))]
    asked = Question("1", "What?", "a foo", "bridge", facts=(("Foo Bar", 0),), context=("foo bar",))
    family = HotpotQA(build(tmp_path / "world", pages, {"dev": [asked]}), pages="question")
    step = family.step(family.initial(0), "search[Foo Bar]")
    assert (step.observation, family.metrics(step.state)["fact_coverage"]) == ("It is a foo..", 1.0)


def test_an_answer_in_other_words_scores_some_f1():
    env = make()
    family = env.unwrapped.family
    metrics = family.metrics(State(0, steps=1, answer=f"{gold(env).answer} perhaps"))
    assert metrics["recall"] == 1.0 > metrics["f1"] > metrics["precision"] > 0.0


@pytest.mark.parametrize("last", ["think[hm]", "search[xyzzy]", "what?"])
def test_the_last_step_without_an_answer_gives_an_empty_one(last):
    env = make()
    for _ in range(6):
        _, _, terminated, _, _ = env.step("think[hm]")
        assert not terminated
    observation, reward, terminated, truncated, info = env.step(last)
    assert (observation, reward, terminated, truncated) == ("Episode finished, reward = 0\n", 0.0, True, False)
    assert (info["metrics"]["answer"], info["metrics"]["empty_answer"], info["metrics"]["steps"]) == ("", True, 7)
    assert (info["illegal"] is None) == (last != "what?")


def test_an_answer_in_the_last_step_counts():
    env = make(max_steps=1)
    *_, info = env.step(f"finish[{gold(env).answer}]")
    assert (info["metrics"]["em"], info["metrics"]["empty_answer"]) == (True, False)


def test_a_step_after_the_end_changes_nothing():
    family = HotpotQA()
    ended = family.step(family.initial(0), "finish[x]").state
    again = family.step(ended, "search[x]")
    assert (again.state, again.observation) == (ended, "Episode finished, reward = 0\n")
    assert (again.reward, again.terminated) == (0.0, True)
    assert "answered" in again.illegal


def test_an_unfinished_question_scores_as_its_forced_ending():
    family = HotpotQA()
    metrics = family.metrics(family.initial(0))
    assert (metrics["em"], metrics["f1"], metrics["empty_answer"], metrics["steps"]) == (False, 0.0, True, 0)


@pytest.mark.parametrize("gold", ["The The", "!!!", "the", "...", "", " "])
def test_silence_is_never_right(monkeypatch, gold):
    """The official rule compares nothing with nothing here, and dev asks for the first two."""
    family = HotpotQA(max_steps=1)
    monkeypatch.setattr(family, "gold", lambda state: gold)
    metrics = family.metrics(State(0, steps=1, answer=" "))
    assert (metrics["em"], metrics["empty_answer"], metrics["f1"]) == (False, True, 0.0)
    for action in ("think[hm]", "finish[]", "finish[ ]", "finish[a]", "finish[?]"):
        step = family.step(family.initial(0), action)
        assert (step.terminated, step.reward, step.observation) == (True, 0.0, "Episode finished, reward = 0\n")
    if gold.strip():
        assert family.step(family.initial(0), f"finish[{gold.upper()}]").reward == 1.0


def test_positions_differ_by_all_that_matters_and_by_nothing_else():
    family = HotpotQA()
    states = [State(0), State(1), State(0, page=1), State(0, keyword=""), State(0, counter=1), State(0, steps=1)]
    states += [State(0, answer=""), State(0, keyword="a"), State(0, answer="a")]
    assert len({family.key(state) for state in states}) == len(states)
    assert family.key(State(0, 1, read=(1,))) == family.key(State(0, 1, read=(2, 1)))


def test_the_order_of_react_is_the_published_one(data_folder):
    dev = json.loads((data_folder / "hotpotqa" / "hotpot_dev_simplified.json").read_text(encoding="utf-8"))
    first = react_order({"all": range(len(dev))})[0]
    assert first == 3687
    assert dev[first]["question"].startswith("What movie did actress Irene Jacob complete before")


def test_the_order_of_react_is_one_of_the_dev_questions():
    assert sorted(react_order({"train": range(9), "dev": range(9, 13)})) == [9, 10, 11, 12]
    with pytest.raises(ValueError, match="is one of the dev questions; this world has only train, test"):
        HotpotQA(order="react")


def test_with_their_own_pages_questions_see_no_others():
    family = HotpotQA(pages="question")
    world = family.library.world
    _, given = world.question(0)
    other = next(row for row in range(len(world)) if row not in given)
    step = family.step(family.initial(0), f"search[{world.title(other)}]")
    assert step.observation.startswith(f"Could not find {world.title(other)}. Similar: [")
    assert step.state.page == -1
    allowed = {f"search[{world.title(row)}]" for row in given}
    for row in given:
        opened = family.step(family.initial(0), f"search[{world.title(row)}]").state
        assert opened.page == row
        assert set(family.actions(opened)[4:]) <= allowed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sentences": "spacy"}, "unknown sentences 'spacy'; expected one of react, native"),
        ({"pages": "all"}, "unknown pages 'all'; expected one of world, question"),
        ({"order": "random"}, "unknown order 'random'; expected one of file, react"),
        ({"max_steps": 0}, "max_steps is 0; expected an integer of 1 or more"),
        ({"max_steps": True}, "max_steps is True; expected an integer of 1 or more"),
        ({"world": 3}, "a world is a folder or an opened World; 3 was given"),
    ],
)
def test_other_options_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        gym.make("HotpotQA-v0", **options)


def test_worlds_tell_the_rules_apart():
    world = default_world()
    options = [{}, {"sentences": "native"}, {"max_steps": 8}, {"pages": "question"}]
    assert len({HotpotQA(world, **each).world for each in options}) == len(options)


def test_a_state_of_another_task_is_refused():
    env, other = make().unwrapped, make().unwrapped
    other.reset(options={"task": 1})
    saved = json.loads(other.get_state())
    saved["task"] = 0
    before = env.get_state()
    with pytest.raises(ValueError, match="its task or end is not that of its state"):
        env.set_state(json.dumps(saved).encode())
    assert env.get_state() == before


def test_a_fork_and_a_copy_in_other_hands_go_on_alike():
    env = make(sentences="native", pages="question").unwrapped
    title = gold(env).pages[0]
    env.step(f"search[{title}]")
    fork, other = env.fork(), pickle.loads(pickle.dumps(env))  # noqa: S301
    for action in ("lookup[the]", "search[x]", f"finish[{gold(env).answer}]"):
        expected = env.step(action)
        assert fork.step(action) == other.step(action) == expected
