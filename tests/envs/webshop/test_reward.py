"""The reward: worked by hand, bounded, and equal to every purchase recorded from the official shop."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.webshop.goals import Goal, read_goal, synthetic_goal
from forethought.envs.webshop.products import NO_ATTRIBUTES, is_listed, read_product
from forethought.envs.webshop.reward import (
    COLOURS,
    basic_colour,
    categories,
    options_met,
    score,
    share_of_nouns,
    type_factor,
)

NOUNS = ("acme", "shirt", "cotton")
SHADES, SIZES = ("sky blue", "jet black"), ("small", "x-large")
SHIRT = read_product(
    {
        "asin": "B000000001",
        "name": "Acme Shirt of Cotton",
        "full_description": "Dries overnight.",
        "small_description": ["Machine Wash", "Button Closure"],
        "pricing": "$20.00",
        "customization_options": {
            "color": [{"value": colour} for colour in SHADES],
            "size": [{"value": size} for size in SIZES],
        },
        "category": "fashion",
        "query": "shirts",
        "product_category": "Clothing › Men › Shirts",
    },
    ("long sleeve", "slim fit"),
)
GOAL = synthetic_goal(SHIRT, "Find me a shirt", ("long sleeve", "machine wash"), 1, 30.0)  # sky blue, x-large
CHOSEN = dict(zip(GOAL.option_names, GOAL.options, strict=True))


def bought(product=SHIRT, goal=GOAL, chosen=CHOSEN, nouns=NOUNS, official=False, price=None):
    return score(product, goal, chosen, bought_nouns=nouns, wanted_nouns=NOUNS, official=official, price=price)


def test_the_exact_purchase_is_worth_one():
    whole = bought()
    assert (whole.reward, whole.r_type, whole.r_att, whole.r_option, whole.r_price) == (1.0, 1.0, 1.0, 1.0, True)
    assert (whole.w_att, whole.w_option, whole.w_price) == (2 / 5, 2 / 5, 1 / 5)
    assert (whole.query_match, whole.category_match, whole.title_score) == (True, True, 1.0)


@pytest.mark.parametrize(
    ("change", "part", "value"),
    [
        ({"chosen": {"color": GOAL.options[0]}}, "r_option", 0.5),
        ({"chosen": CHOSEN | {"size": "small"}}, "r_option", 0.5),
        ({"goal": replace(GOAL, attributes=("long sleeve", "fleece lined"))}, "r_att", 0.5),
        ({"price": 30.01}, "r_price", False),
    ],
)
def test_each_missing_part_costs_a_fifth(change, part, value):
    less = bought(**change)
    assert getattr(less, part) == value
    assert less.reward == less.reward_by_value == less.reward_official == 0.8


def test_the_ceiling_itself_is_not_too_dear():
    assert bought(price=30.0).r_price
    assert bought(product=replace(SHIRT, price=30.5)).reward == 0.8


@pytest.mark.parametrize("attribute", ["sleeves long", "cotton", "machine wash", "wash button", "dries overnight"])
def test_attributes_are_met_by_the_products_own_or_by_its_texts(attribute):
    alone = replace(GOAL, attributes=(attribute,))
    assert bought(goal=alone).r_att == 1.0
    assert bought(product=replace(SHIRT, attributes=(), title="", bullets=(), description=""), goal=alone).r_att == 0.0


def test_a_goal_that_asks_for_nothing_but_a_price():
    empty = bought(goal=replace(GOAL, attributes=(), options=(), option_names=()), chosen={})
    assert (empty.r_att, empty.w_att, empty.r_option, empty.w_option) == (None, None, None, None)
    assert (empty.reward, empty.w_price) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("akin", "title_score", "factor"),
    [
        (True, 0.1, 1.0),
        (False, 0.21, 1.0),
        (False, 0.2, 0.5),
        (False, 0.1, 0.5),
        (True, 0.09, 0.1),
        (False, 0.09, 0.1),
        (True, 0.0, 0.0),
    ],
)
def test_type_factor(akin, title_score, factor):
    assert type_factor(akin, title_score) == factor


def test_a_shared_kind_needs_two_categories_or_the_query():
    other = replace(SHIRT, query="mugs", product_category="Clothing › Women › Cups")
    assert (bought(product=other).query_match, bought(product=other).category_match) == (False, False)
    assert bought(product=replace(other, product_category="Shirts›Clothing")).category_match
    assert categories("a ›› b ") == {"a", "", "b"}  # an empty part is a part to the official code, too
    unlike = bought(product=other, nouns=("mug",))
    assert (unlike.r_type, unlike.reward) == (0.0, 0.0)


def test_titles_are_compared_by_distinct_nouns_over_all_wanted_ones():
    assert share_of_nouns(("hair", "wig"), ("hair", "dye", "hair", "hair")) == 0.25
    assert share_of_nouns(("hair",), ()) == 0.2
    assert share_of_nouns((), ("hair",)) == 0.0


def test_people_name_bare_values():
    human = replace(GOAL, options=("x-large", "skyblue"), option_names=None)
    for official in (True, False):
        assert bought(goal=human, official=official).r_option == 1.0  # both blues are compared as "blue"
        assert bought(goal=human, official=official, chosen={"color": "royal blue"}).r_option == 0.5


@pytest.mark.parametrize(
    ("value", "by_value", "official"),
    [
        ("blue", 1, 1),  # the pair has an element that is a colour
        ("sky blue", 1, 1),  # the words of the pair include the chosen "blue"
        ("skyblue", 1, 0),  # they do not: the right purchase does not count
        ("charred pine", 1, 0),  # chosen as the "red" in "charred"
        ("pine", 1, 1),
    ],
)
def test_the_official_reading_sees_colours_on_one_side_only(value, by_value, official):
    goal = replace(GOAL, options=(value,), option_names=("color",))
    parts = bought(goal=goal, chosen={"color": value}, official=True)
    assert (parts.options_by_value, parts.options_official) == (by_value, official)
    assert parts.reward == parts.reward_official == (3 + official) / 4
    assert parts.r_option == official
    assert bought(goal=goal, chosen={"color": value}).reward == parts.reward_by_value == 1.0


def test_one_chosen_value_may_meet_several_wishes_and_each_wish_counts_once():
    assert options_met(["navy"], ["navy", "navy blue"]) == 1  # "blue" comes before "navy" in the list of colours
    assert options_met(["large", "large pack"], ["large", "pack large"]) == 2
    assert options_met([], ["large"]) == options_met(["large"], []) == 0


def test_the_colours_are_the_102_official_ones_in_their_order():
    assert len(COLOURS) == 102
    assert list(COLOURS) == sorted(COLOURS)
    assert [basic_colour(text) for text in ("off-white wine", "oatmeal", "stonewash")] == ["white", "oatmeal", "ash"]


def test_a_value_without_letters_is_met_by_itself_by_value_only():
    assert options_met(["*"], ["*"]) == 0
    assert options_met(["*"], ["*"], equal=True) == 1


def test_words_are_compared_without_latin_1_letters_and_beyond_a_likeness_of_85():
    assert options_met(["éèab"], ["ab"]) == 1
    assert options_met(["abcdefg"], ["abcdefh"]) == 1  # 86 of 100
    assert options_met(["abcdefghijklmnopqxyz"], ["abcdefghijklmnopq123"]) == 0  # 85


WORDS = ("red", "blue", "navy", "sky", "2x-large", "é", "pack", "of", "(3)", "wide")
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
texts = st.builds(" ".join, words)


@given(
    product=st.tuples(texts, texts, st.lists(texts, max_size=3), texts),
    wanted=st.tuples(st.lists(texts, max_size=3), st.dictionaries(texts, texts, max_size=3), st.booleans(), texts),
    chosen=st.dictionaries(texts, texts, max_size=3),
    price=st.floats(0, 60),
    nouns=st.tuples(words, st.lists(texts, max_size=3)),
)
def test_every_reward_lies_between_0_and_1_and_is_the_sum_of_its_parts(product, wanted, chosen, price, nouns):
    title, query, attributes, category = product
    asked, options, human, kind = wanted
    shirt = replace(SHIRT, title=title, query=query, attributes=tuple(attributes), product_category=category)
    names = None if human else tuple(options)
    goal = replace(
        GOAL, attributes=tuple(asked), options=tuple(options.values()), option_names=names, product_category=kind
    )
    for official in (True, False):
        got = score(shirt, goal, chosen, bought_nouns=nouns[0], wanted_nouns=nouns[1], official=official, price=price)
        assert 0 <= got.reward <= 1
        weights = (got.w_att or 0) + (got.w_option or 0) + got.w_price
        parts = (
            (got.r_att or 0) * (got.w_att or 0) + (got.r_option or 0) * (got.w_option or 0) + got.r_price * got.w_price
        )
        assert weights == pytest.approx(1)
        assert got.reward == pytest.approx(parts * got.r_type)


@given(options=st.dictionaries(texts, texts, max_size=4))
def test_the_goals_own_product_with_its_options_meets_them_all_by_value(options):
    goal = replace(GOAL, options=tuple(options.values()), option_names=tuple(options))
    got = bought(goal=goal, chosen=options)
    assert got.options_by_value == len(options) >= got.options_official
    assert got.reward == 1.0


def rows_of(name, folder):
    with (folder / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def purchases(folder):
    """(asin, goal, options, price, reward, parts) of every purchase recorded."""
    for name in ("rewards.jsonl", "rewards_human.jsonl", "rewards_targeted.jsonl"):
        for row in rows_of(name, folder):
            yield row["asin"], row["goal"], row["options"], row["price"], row["reward"], row["info"]
    for name in ("episodes.jsonl", "quirks.jsonl"):
        for row in rows_of(name, folder):
            for step in row.get("steps", ()):
                if "purchase" in step:
                    what = step["purchase"]
                    yield (
                        what["asin"],
                        row["goal"],
                        what["options"],
                        what["price"],
                        step["reward"],
                        step["verbose_info"],
                    )


def load(file):
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture
def shop(data_folder):
    """The products of the small shop, and spaCy's nouns of their titles."""
    folder = data_folder / "webshop"
    attributes, prices = load(folder / "ins.json"), load(folder / "product_prices.json")
    products = {
        record["asin"]: read_product(
            record, tuple(attributes.get(record["asin"], {}).get("attributes", NO_ATTRIBUTES)), prices[record["asin"]]
        )
        for record in load(folder / "products_raw.json")
        if is_listed(record)
    }
    return products, load(folder / "title_nouns.json")


def test_every_recorded_purchase_has_the_official_reward_and_parts(shop, data_folder):
    products, nouns = shop
    checked = 0
    for asin, record, options, price, reward, parts in purchases(data_folder / "webshop"):
        goal = read_goal(record)
        wanted = nouns[goal.asin]
        got = score(products[asin], goal, options, bought_nouns=nouns[asin], wanted_nouns=wanted, official=True)
        assert got.reward == pytest.approx(reward, abs=1e-9), (asin, record, options)
        assert {name: getattr(got, name) for name in parts} == parts, (asin, record, options)
        assert ("r_option" in parts) == (got.r_option is not None)
        assert products[asin].price == price
        checked += 1
    assert checked == 713


def test_the_right_purchase_falls_short_on_458_goals_officially_and_on_none_by_value(shop, data_folder):
    products, _ = shop
    short = {"official": 0, "by value": 0}
    for record in load(data_folder / "webshop" / "goals.json"):
        goal: Goal = read_goal(record)
        chosen = dict(zip(goal.option_names, goal.options, strict=True))
        got = score(products[goal.asin], goal, chosen, bought_nouns=(), wanted_nouns=(), official=True)
        short["official"] += got.options_official < len(goal.options)
        short["by value"] += got.options_by_value < len(goal.options)
    assert short == {"official": 458, "by value": 0}
