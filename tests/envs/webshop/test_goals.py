"""Goals: made from products in the official order, equal to the official ones, or refused by field."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.webshop.goals import (
    NO_CEILING,
    ceiling_text,
    combination,
    combinations,
    draw_ceiling,
    expand,
    human_goal,
    official_order,
    read_goal,
    synthetic_goal,
    weights,
)
from forethought.envs.webshop.products import NO_ATTRIBUTES, BadRecord, is_listed, read_product

MUG = read_product(
    {
        "asin": "B000000001",
        "name": "Acme Mug",
        "pricing": "$12.00",
        "customization_options": {
            "size": [{"value": "S"}, {"value": "M"}, {"value": "L"}],
            "color": [{"value": "Red"}, {"value": "Blue"}],
        },
        "category": "garden",
        "query": "mugs",
        "product_category": "Home › Kitchen",
    }
)
RECORD = {
    "asin": "B000000001",
    "category": "garden",
    "query": "mugs",
    "name": "Acme Mug",
    "product_category": "Home › Kitchen",
    "instruction_text": "Find me a mug",
    "attributes": ["dishwasher safe"],
    "price_upper": 20,
    "goal_options": {"color": "red"},
    "weight": 0.5,
}


def test_combinations_run_through_the_groups_in_alphabetical_order_the_last_one_fastest():
    assert combinations(MUG) == 6
    assert [combination(MUG, number)[1] for number in range(6)] == [
        ("red", "s"),
        ("red", "m"),
        ("red", "l"),
        ("blue", "s"),
        ("blue", "m"),
        ("blue", "l"),
    ]
    assert combination(MUG, 0)[0] == ("color", "size")
    assert combinations(replace(MUG, options=())) == 1
    assert combinations(replace(MUG, options=(("size", ()),))) == 0


def test_a_synthetic_goal():
    goal = synthetic_goal(MUG, "Find me a mug", ("dishwasher safe",), 4, 20.0, 0.5)
    assert goal.instruction == "Find me a mug with color: blue, and size: m, and price lower than 20.00 dollars"
    assert (goal.options, goal.option_names) == (("blue", "m"), ("color", "size"))
    assert (goal.asin, goal.query, goal.name, goal.price_upper, goal.weight) == (
        "B000000001",
        "mugs",
        "Acme Mug",
        20.0,
        0.5,
    )
    plain = synthetic_goal(replace(MUG, options=()), "Find me a mug", ("dishwasher safe",), 0, NO_CEILING)
    assert (plain.instruction, plain.options, plain.option_names) == ("Find me a mug", (), ())


def test_a_human_goal():
    record = {"instruction": "a red mug.", "instruction_attributes": ["tea"], "instruction_options": ["red"]}
    goal = human_goal(MUG, record, 30.0)
    assert goal.instruction == "a red mug, and price lower than 30.00 dollars"
    assert (goal.attributes, goal.options, goal.option_names, goal.weight) == (("tea",), ("red",), None, 1.0)
    for field in record:
        with pytest.raises(BadRecord, match=f"'{field}' is 'None'"):
            human_goal(MUG, {**record, field: None}, 30.0)


def test_a_goal_as_the_official_shop_writes_it():
    goal = read_goal(RECORD)
    assert (goal.options, goal.option_names, goal.price_upper, goal.weight) == (("red",), ("color",), 20.0, 0.5)
    assert read_goal({**RECORD, "goal_options": ["red"]}).option_names is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("asin", ""),
        ("name", 3),
        ("instruction_text", ["text"]),
        ("attributes", "tea"),
        ("attributes", None),
        ("price_upper", "20"),
        ("price_upper", None),
        ("price_upper", True),
        ("goal_options", None),
        ("goal_options", {"color": 1}),
    ],
)
def test_a_bad_field_is_named(field, value):
    with pytest.raises(BadRecord, match=f"'{field}' is "):
        read_goal({**RECORD, field: value})


def test_ceilings_are_drawn_as_the_larger_of_two_of_four():
    draws = Counter(draw_ceiling(12.0, str(n)) for n in range(6000))
    assert set(draws) == {30.0, 40.0, 50.0}  # never 20.0, the least of the four
    for ceiling, sixths in ((30.0, 1), (40.0, 2), (50.0, 3)):
        assert abs(draws[ceiling] / 6000 - sixths / 6) < 0.02  # three standard deviations


def test_ceilings_never_change():
    assert [draw_ceiling(12.0, f"B00000000{n}") for n in range(6)] == [40.0, 50.0, 40.0, 50.0, 40.0, 50.0]


@given(st.floats(0, 2000), st.text(max_size=5))
def test_ceilings_lie_above_the_price_and_near_it(price, word):
    ceiling = draw_ceiling(price, word)
    assert ceiling > price
    assert ceiling == NO_CEILING if price >= 980 else 10 <= ceiling - price // 10 * 10 <= 40


def test_near_the_top_few_ceilings_are_left():
    assert {draw_ceiling(979.0, str(n)) for n in range(50)} == {990.0}
    assert {draw_ceiling(969.0, str(n)) for n in range(50)} == {980.0, 990.0}
    assert (ceiling_text(990.0), ceiling_text(NO_CEILING)) == (", and price lower than 990.00 dollars", "")


def test_weights_are_means_over_attributes():
    assert weights([(("a", "b"), 2), (("b",), 3)]) == [(1 / 2 + 1 / 5) / 2, 1 / 5]


def test_every_goal_comes_from_a_product_and_a_combination():
    products, numbers = expand([2, 0, 3])
    assert list(zip(products, numbers, strict=True)) == [(0, 0), (0, 1), (2, 0), (2, 1), (2, 2)]
    assert sorted(official_order(1000)) == list(range(1000))


def load(file):
    return json.loads(file.read_text(encoding="utf-8"))


def test_all_official_goals_in_their_order_given_their_ceilings(data_folder):
    folder = data_folder / "webshop"
    extras, prices = load(folder / "ins.json"), load(folder / "product_prices.json")
    official = [read_goal(record) for record in load(folder / "goals.json")]
    ceilings = {goal.asin: goal.price_upper for goal in official}
    made = []
    for record in load(folder / "products_raw.json"):
        extra = extras.get(record["asin"], {})
        if is_listed(record) and extra.get("instruction") is not None:
            attributes = tuple(extra.get("attributes", NO_ATTRIBUTES))
            made.append((read_product(record, attributes, prices[record["asin"]]), extra))
    asked = [(tuple(extra["instruction_attributes"]), combinations(product)) for product, extra in made]
    goals = [
        synthetic_goal(product, extra["instruction"], attributes, number, ceilings[product.asin], weight)
        for (product, extra), (attributes, count), weight in zip(made, asked, weights(asked), strict=True)
        for number in range(count)
    ]
    assert len(goals) == 6910
    assert [goals[place] for place in official_order(len(goals))] == official


def test_all_official_human_goals_given_their_ceilings(data_folder):
    folder = data_folder / "webshop"
    official = [read_goal(record) for record in load(folder / "goals_human.json")]
    instructions = load(folder / "human_ins.json")
    products = {record["asin"]: read_product(record) for record in load(folder / "products_raw.json")}
    made = [
        human_goal(products[goal.asin], record, goal.price_upper)
        for goal in official
        for record in instructions[goal.asin]
    ]
    assert made == official
    assert len(official) == 13
