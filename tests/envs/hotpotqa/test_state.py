"""States go to JSON and come back as they were; what no actions lead to does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.rules import State
from forethought.envs.hotpotqa.state import KEYS

WORDS = ("Elra", "iron man", "iron_Man", "X&Y", "", "a", "is", "ELRA", "Nowhere", "]", "é\ud800", " of ", "no word")
VERBS = ("search[{}]", "lookup[{}]", "lookup[{}]", "search[{}]", "think[{}]", "{}", "finish[{}]")


@pytest.fixture(scope="module")
def families(small, build, tmp_path_factory, small_questions):
    asked = {"all": [q for q in (*small_questions["train"], *small_questions["dev"]) if q.context]}
    given = build(tmp_path_factory.mktemp("worlds") / "given", questions=asked)
    own = HotpotQA(given, pages="question", sentences="native", max_steps=9)
    return [HotpotQA(small, max_steps=5), HotpotQA(small, sentences="native", order="react"), own]


@pytest.fixture(scope="module")
def family(families):
    return families[0]


@pytest.fixture
def good(family):
    """Two pages opened, one result seen."""
    state = family.initial(0)
    for action in ("search[Elra]", "search[Ada Voss]", "lookup[director]"):
        state = family.step(state, action).state
    return family.to_json(state)


def walked(family, choices):
    """The states on a way, up to its end."""
    state = family.initial(choices[0] % len(family))
    yield state
    for choice in choices:
        actions = [action for action in family.actions(state) if "<" not in action]
        texts = [verb.format(WORDS[choice % len(WORDS)]) for verb in VERBS] + actions
        step = family.step(state, texts[choice // len(WORDS) % len(texts)])
        yield (state := step.state)
        if step.terminated:
            break


def way_to(family, state):
    """Actions that lead to a state, if any do: they open its pages, think, look up and finish."""
    world = family.library.world
    row_action = lambda row: f"search[{world.title(row)}]"  # noqa: E731
    before = [row_action(row) for row in state.read]
    if state.read and state.read[-1] != state.page:
        before.append(row_action(state.page))
    after = [] if state.keyword is None else [f"lookup[{state.keyword}]"] * max(state.counter, 1)
    if state.answer is not None and (state.answer or state.steps < family.library.max_steps):
        after.append(f"finish[{state.answer}]")
    thoughts = ["think[]"] * (state.steps - len(before) - len(after))
    return [*before, *thoughts, *after]


ways = st.lists(st.integers(0, 10**4), min_size=1, max_size=9)


@settings(max_examples=80)
@given(way=ways)
def test_states_come_back(families, way):
    for family in families:
        for state in walked(family, way):
            again = family.from_json(json.loads(json.dumps(family.to_json(state))))
            assert (again, hash(again), again.read) == (state, hash(state), state.read)
            assert family.key(again) == family.key(state)


numbers = st.integers(-1, 9) | st.sampled_from([True, 1.0, 10**30, "1", None])
values = {
    "question": numbers,
    "page": numbers,
    "counter": numbers,
    "steps": numbers,
    "keyword": st.sampled_from([None, "", "a", "Elra", "no such word", 1, ["a"]]),
    "answer": st.sampled_from([None, "", "yes", 0, {}]),
    "read": st.lists(st.integers(-1, 12), max_size=3) | st.sampled_from([None, "", [None], [True], [[1]]]),
}


@settings(max_examples=300)
@given(way=ways, data=st.data())
def test_whatever_is_read_can_be_played(families, way, data):
    """A changed state is refused, or there are actions that lead to it."""
    for family in families:
        *_, state = walked(family, way)
        names = data.draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=3, unique=True))
        changed = {**family.to_json(state), **{name: data.draw(values[name]) for name in names}}
        try:
            read = family.from_json(changed)
        except ValueError:
            continue
        assert json.dumps(family.to_json(read)) == json.dumps(changed)
        state = family.initial(list(family.numbers).index(read.question))
        for action in way_to(family, read):
            state = family.step(state, action).state
        assert (state, state.read) == (read, read.read)


NUMBER = [-1, 12, True, 1.0, "1", [1], {}, 10**30, 10**5000]
REFUSED = [
    *(("question", value, "its question is no integer from 0 to 2") for value in [*NUMBER, None, 3]),
    *(("steps", value, "its steps is no integer from 0 to 5") for value in [*NUMBER, None, 6]),
    *(("page", value, "its page is no integer from 0 to 11") for value in NUMBER),
    *(("counter", value, "its counter is no integer from 0 to 1") for value in [*NUMBER, None, 2]),
    *(("read", [7, value], "its page read is no integer from 0 to 11") for value in [*NUMBER, None]),
    *(("read", value, "'read' lists the pages opened") for value in [None, 7, "75", {}, [7] * 6, [5, 5], [7], []]),
    *((name, value, "are texts or null") for name in ("keyword", "answer") for value in [0, False, ["a"], {}]),
    ("page", None, "'read' lists the pages opened, each once, the open one among them"),
    ("steps", 5, "an answer ends the question, at the latest after 5 steps"),
    ("steps", 2, "it takes more steps"),
    ("read", [7, 0, 5], "it takes more steps"),
    ("read", [5, 7], "it takes more steps"),  # to come back to the first
    ("page", 7, "its counter is no integer from 0 to 0"),
    ("counter", 0, "the first result is seen with the keyword"),
    ("keyword", None, "its counter is no integer from 0 to 0"),
    ("answer", "Port Elra", "it takes more steps"),
    ("answer", "", "it takes more steps"),
]


@pytest.mark.parametrize(("name", "value", "error"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_a_wrong_value_is_refused(family, good, name, value, error):
    with pytest.raises(ValueError, match=error):
        family.from_json({**good, name: value})


@pytest.mark.parametrize("data", [None, 1, "state", [], {}, [["question", 0]], {"question": 0}], ids=str)
def test_other_values_are_no_states(family, good, data):
    for wrong in (data, {**good, "more": 0}, {key: good[key] for key in KEYS - {"read"}}):
        with pytest.raises(ValueError, match="a state has the keys answer, counter, keyword, page, question, read, "):
            family.from_json(wrong)


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_value_that_is_too_deep_to_print(family, good, name):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, [deep], {"a": deep}):
        with pytest.raises(ValueError, match=r"\w"):
            family.from_json({**good, name: value})


def test_only_pages_of_its_own_where_only_these_are_open(families):
    state = families[2].to_json(State(0, 7, steps=1, read=(7,)))
    assert families[2].from_json(state).page == 7
    with pytest.raises(ValueError, match="a page was opened that was not given with the question"):
        families[2].from_json({**state, "page": 6, "read": [6]})


def test_an_ending_for_lack_of_steps_takes_no_step(family):
    state = State(0, 4, "zz", steps=5, answer="", read=(7, 6, 5, 4))
    ended = family.to_json(state)
    assert family.from_json(ended) == state
    with pytest.raises(ValueError, match="it takes more steps"):
        family.from_json({**ended, "answer": "yes"})
    with pytest.raises(ValueError, match="an answer ends the question"):
        family.from_json({**ended, "answer": None})
    with pytest.raises(ValueError, match="an answer ends the question"):
        family.from_json({**ended, "page": None, "keyword": None, "read": [], "steps": 0})
