"""The space of all texts."""

import copy
import pickle
import re

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs import Template, Unicode
from forethought.envs.space import LETTERS

ACTIONS = ("10 - 4", Template("search[<query>]"), Template("think[<thought>] then [<action>]"))


@given(st.text(st.characters()))  # surrogates included
def test_any_str_is_in_it(text):
    assert text in Unicode()


def test_a_page_of_text_and_half_a_surrogate_pair_are_in_it():
    assert "x" * 1_000_000 in Unicode()
    assert "\ud800" in Unicode()
    assert np.str_("text") in Unicode()


@pytest.mark.parametrize("thing", [None, 3, b"text", ["text"], ("t",), np.array("text")])
def test_nothing_else_is(thing):
    assert thing not in Unicode()


def test_equal_to_its_own_kind_only():
    assert Unicode() == Unicode(seed=3)
    assert Unicode() != spaces.Text(10)
    assert Unicode() != "Unicode()"


def test_like_gymnasiums_spaces_it_cannot_be_hashed_and_shows_itself():
    with pytest.raises(TypeError):
        hash(Unicode())
    assert repr(Unicode()) == "Unicode()"
    assert Unicode().is_np_flattenable is False


def test_samples_are_short_texts_of_plain_letters():
    space = Unicode(seed=0)
    texts = [space.sample() for _ in range(500)]
    assert {len(text) for text in texts} == set(range(1, 17))
    assert set("".join(texts)) == set(LETTERS)


def test_the_seed_fixes_the_samples():
    one, other, third = Unicode(seed=5), Unicode(), Unicode(seed=6)
    other.seed(5)
    drawn = [one.sample() for _ in range(5)]
    assert drawn == [other.sample() for _ in range(5)]
    assert drawn != [third.sample() for _ in range(5)]


def test_a_mask_gives_every_action_its_turn():
    space = Unicode(seed=0)
    assert {space.sample(mask=("a", "b", "c")) for _ in range(60)} == {"a", "b", "c"}
    assert space.sample(mask=["only"]) == "only"


def test_the_blanks_of_a_template_are_filled():
    space = Unicode(seed=0)
    for _ in range(20):
        assert re.fullmatch(r"search\[[a-z0-9 ]{1,16}\]", space.sample(mask=[ACTIONS[1]]))
        assert re.fullmatch(r"think\[[a-z0-9 ]{1,16}\] then \[[a-z0-9 ]{1,16}\]", space.sample(mask=[ACTIONS[2]]))


def test_each_blank_is_filled_anew():
    first, second = Unicode(seed=0).sample(mask=[Template("<a>|<b>")]).split("|")
    assert first != second


def test_what_is_no_blank_is_left_alone():
    assert Unicode(seed=0).sample(mask=["3 < 4"]) == "3 < 4"


def test_probabilities_are_those_of_the_actions():
    space = Unicode(seed=0)
    assert {space.sample(mask=("a", "b", "c"), probability=(0, 1, 0)) for _ in range(20)} == {"b"}
    often = [space.sample(mask=("a", "b"), probability=(0.9, 0.1)) for _ in range(400)].count("a")
    assert 320 < often < 396


def test_an_empty_mask_is_refused():
    with pytest.raises(ValueError, match=r"the mask is empty; give at least one action, as in info\['actions'\]"):
        Unicode().sample(mask=())


def test_probabilities_need_their_actions():
    with pytest.raises(ValueError, match="probability was given without a mask; give the actions it belongs to"):
        Unicode().sample(probability=[1.0])
    with pytest.raises(ValueError, match="1 probabilities were given for 2 actions"):
        Unicode().sample(mask=("a", "b"), probability=[1.0])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda space: pickle.loads(pickle.dumps(space))])  # noqa: S301
def test_a_copy_draws_the_same_and_is_independent(copied):
    space, alone = Unicode(seed=5), Unicode(seed=5)
    other = copied(space)
    drawn = [alone.sample() for _ in range(4)]
    assert [other.sample(), other.sample()] == drawn[:2]
    assert [space.sample() for _ in range(4)] == drawn
    assert [other.sample(), other.sample()] == drawn[2:]


def test_copies_of_copies_are_independent_and_so_is_one_seeded_anew():
    space = Unicode(seed=5)
    drawn = [Unicode(seed=5).sample()]
    child = copy.copy(space)
    grandchild = copy.copy(child)
    child.seed(6)
    assert child.sample() == Unicode(seed=6).sample()
    assert [space.sample()] == [grandchild.sample()] == drawn


def test_a_copy_of_a_space_that_never_drew_shares_nothing():
    space = Unicode()
    other = copy.copy(space)
    assert space.np_random is not other.np_random


def test_it_fits_into_gymnasiums_composite_spaces():
    both = spaces.Dict({"text": Unicode(), "number": spaces.Discrete(3)}, seed=0)
    assert both.sample() in both
    assert {"text": 3, "number": 0} not in both
