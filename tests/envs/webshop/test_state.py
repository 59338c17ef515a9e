"""States go to JSON and come back as they were; what is no state of the shop does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.envs.webshop.family import WebShop
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.state import KEYS, read_state
from forethought.envs.webshop.synthetic.make_world import make_world
from forethought.envs.webshop.world import World

WORDS = ("mug", "search_results", "item_page red", '"red"', "<r>", "<c> garden", "<q> nothing", "ÉTÉ]", " ", "\ud800")


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    make_world(folder := tmp_path_factory.mktemp("worlds") / "world", 60, 0)
    return [WebShop(World(folder), official_quirks=quirks) for quirks in (False, True)]


@pytest.fixture(scope="module")
def family(families):
    return families[0]


@pytest.fixture
def good(family):
    """A product with a choice made."""
    shop, row = family.shop, next(row for row in range(60) if family.shop.world.product(row).options)
    product = shop.world.product(row)
    state = shop.play(State(0), f"search[<q> {product.query}]")
    number = 1 + list(shop.results(0, state.query)).index(row) // 10
    for action in ["click[next >]"] * (number - 1) + [f"click[{product.asin}]", f"click[{product.options[0][1][0]}]"]:
        state = shop.play(state, action)
    assert state.options
    return family.to_json(state)


def through_json(value):
    return json.loads(json.dumps(value))


def walked(family, choices):
    """The states on a way; each choice is one of the actions, and of the words to search for."""
    state = family.initial(choices[0] % len(family))
    yield state
    for choice in choices:
        actions = family.actions(state)
        # Every third choice turns back, where one can: the bugs of the official environment are there.
        back = [action for action in actions if action == "click[< prev]" and choice % 3 == 0]
        action = (back or actions or ("search[<query>]",))[choice % len(back or actions or "1")]
        state = family.step(state, action.replace("<query>", WORDS[choice % len(WORDS)])).state
        yield state


@settings(max_examples=60)
@given(ways=st.lists(st.lists(st.integers(0, 500), min_size=8, max_size=25), min_size=2, max_size=3))
def test_states_come_back_and_keys_tell_them_apart(families, ways):
    for family in families:
        states = [state for way in ways for state in walked(family, way)]
        for state in states:
            again = family.from_json(through_json(family.to_json(state)))
            assert again == state
            assert hash(again) == hash(state)
            assert family.show(again) == family.show(state)
        assert len({family.key(state) for state in states}) == len({*states})


def test_a_key_is_the_state_in_ascii(family, good):
    state = family.from_json(good)
    assert through_json(good) == json.loads(family.key(state))
    assert family.key(State(0, "é\ud800", 1)).isascii()


BEFORE = {"query": None, "number": 0, "asin": None, "part": "", "options": [], "visited": [], "bought": False}
RESULTS = {"query": "mug", "number": 1, "asin": None, "options": [], "visited": []}
REFUSED = [
    ({"goal": -1}, "no goal '-1'"),
    ({"goal": 10**9}, "no goal"),
    ({"goal": 10**5000}, "no goal int"),
    ({"goal": True}, "no goal"),
    ({"goal": 0.0}, "no goal"),
    ({"goal": "0"}, "no goal"),
    ({"goal": None}, "no goal"),
    ({"query": 1}, "'query' a text or null"),
    ({"number": 1.0}, "'number' is an integer"),
    ({"number": True}, "'number' is an integer"),
    ({"number": None}, "'number' is an integer"),
    ({"bought": 1}, "'bought' true or false"),
    ({"bought": None}, "'bought' true or false"),
    ({"query": None}, "before the first search"),
    ({**BEFORE, "number": 1}, "before the first search"),
    ({**BEFORE, "bought": True}, "before the first search"),
    ({**BEFORE, "part": "Reviews"}, "before the first search"),
    ({**BEFORE, "visited": ["B"]}, "before the first search"),
    ({**RESULTS, "query": ""}, "no action searches for ''"),
    ({**RESULTS, "query": "Mug"}, "no action searches for 'Mug'; queries are in lower case, and of one line"),
    ({**RESULTS, "query": "a\nb"}, "no action searches"),
    ({**RESULTS, "query": "a[b]c"}, "no action searches"),
    ({**RESULTS, "query": "<c>"}, "nobody can search for it: '<c>' names no category"),
    ({**RESULTS, "query": " ".join(f"w{n}" for n in range(1025))}, "nobody can search for it: .* 1,025 distinct terms"),
    ({**RESULTS, "number": 0}, "no page '0' of 'mug'; pages count from 1"),
    ({**RESULTS, "number": -1}, "no page '-1' of"),
    ({**RESULTS, "number": 10**9}, "no page '1000000000' of"),
    (
        {**RESULTS, "number": 10**5000},
        "no page int of",
    ),  # more digits than Python prints: no text could show such a page
    ({**RESULTS, "part": "Reviews"}, "no part 'Reviews' of a product"),
    ({**RESULTS, "bought": True}, "no product to buy"),
    ({"query": "nothingness"}, "the product is not on page 1 of 'nothingness'"),
    ({"number": 9}, "the product is not on page 9"),
    ({"asin": 1}, "no product '1'"),
    ({"asin": "B"}, "no product 'B'"),
    ({"asin": None}, "the product has no"),  # options of nothing
    ({"part": None}, "no part 'None'"),
    ({"part": "reviews"}, "no part 'reviews'"),
    ({"part": "Reviews", "bought": True}, "no part"),
    ({"visited": []}, "never visited"),
    ({"visited": None}, "'visited' is a list"),
    ({"visited": "B"}, "'visited' is a list"),
    ({"visited": ["B"]}, "no product 'B'"),
    ({"visited": [1]}, "no product '1'"),
    ({"options": None}, "'options' is a list"),
    ({"options": {}}, "'options' is a list"),
    ({"options": [["color"]]}, "an option is a group and a value"),
    ({"options": ["ab"]}, "an option is a group and a value"),
    ({"options": [["no such group", "red"]]}, "the product has no 'no such group' 'red'"),
    ({"options": [[1, 2]]}, "the product has no '1' '2'"),
]


@pytest.mark.parametrize(("change", "error"), REFUSED, ids=[error for _, error in REFUSED])
def test_what_is_no_state_is_refused(family, good, change, error):
    with pytest.raises(ValueError, match=error):
        family.from_json({**good, **change})


def test_choices_and_visits_come_sorted_and_once(family, good):
    asin, (option,) = good["asin"], good["options"]
    other = family.shop.world.product(0 if family.shop.world.row_of(asin) else 1).asin
    wrong = [{"visited": [asin, asin]}, {"visited": sorted([asin, other], reverse=True)}, {"visited": [other]}]
    wrong += [{"options": [option, option]}, {"options": [[option[1], option[0]]]}, {"options": [[option[0], "x y z"]]}]
    for change in wrong:
        with pytest.raises(ValueError, match=r"visited|options|has no"):
            family.from_json({**good, **change})
    assert family.from_json({**good, "visited": sorted([asin, other])}).visited == tuple(sorted([asin, other]))


@pytest.mark.parametrize("data", [None, 1, "state", [], {}, [["goal", 0]], {"goal": 0}], ids=str)
def test_other_values_are_no_states(family, data):
    with pytest.raises(
        ValueError, match="a state has the keys asin, bought, goal, number, options, part, query, visited"
    ):
        family.from_json(data)


def test_keys_are_all_there_and_no_others(family, good):
    assert set(good) == KEYS
    for wrong in ({**good, "row": 0}, {key: value for key, value in good.items() if key != "part"}):
        with pytest.raises(ValueError, match="a state has the keys"):
            family.from_json(wrong)


@pytest.mark.parametrize("field", sorted(KEYS))
def test_a_value_that_is_too_deep_to_print(family, good, field):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"\w"):
        family.from_json({**good, field: deep})


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(["", "mug", "<r>", "Reviews"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["goal", "asin"]), inner, max_size=2),
    max_leaves=4,
)


@given(data=st.data())
def test_whatever_is_read_is_what_was_given(families, data):
    """A wrong value is refused, or it is a right one."""
    for family in families:
        way = data.draw(st.lists(st.integers(0, 500), min_size=1, max_size=8))
        *_, state = walked(family, way)
        given = {
            **family.to_json(state),
            **data.draw(st.dictionaries(st.sampled_from(sorted(KEYS)), values, max_size=2)),
        }
        try:
            read = read_state(family.shop, given)
        except ValueError:
            continue
        assert json.dumps(family.to_json(read)) == json.dumps(given)


def test_page_zero_is_one_of_the_official_bugs(families):
    fair, quirky = families
    zero = {**fair.to_json(State(0, "mug", 1)), "number": 0}
    assert quirky.from_json(zero) == State(0, "mug", 0)
    with pytest.raises(ValueError, match="no page '0'"):
        fair.from_json(zero)
    with pytest.raises(ValueError, match="no page '-1'"):
        quirky.from_json({**zero, "number": -1})
