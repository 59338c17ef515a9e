"""A world from entries: goals in the official order with frozen ceilings, groups, ranks; the same everywhere."""

from __future__ import annotations

import random
from itertools import product as combinations_of

import numpy as np
import pytest

from forethought.envs.webshop.building import builder
from forethought.envs.webshop.building.builder import Entry, build, stock, write_asins
from forethought.envs.webshop.goals import draw_ceiling
from forethought.envs.webshop.products import BadRecord
from forethought.envs.webshop.world import KIND, World
from forethought.envs.worlds.folder import seal


@pytest.fixture
def entries(official):
    about, written = official["items_ins_v2.json"], official["items_human_ins.json"]
    return [
        Entry(f"record {n}", record, about.get(record["asin"], {}), written.get(record["asin"]))
        for n, record in enumerate(official["items_shuffle.json"])
    ]


@pytest.fixture
def built(entries, tmp_path):
    build(tmp_path, [stock(entries[:1]), stock(entries[1:])])
    seal(tmp_path, KIND, {})
    return World(tmp_path)


def test_synthetic_goals_are_all_combinations_in_the_official_order(built):
    mug = [{"color": c, "size": s} for c, s in combinations_of(("red", "blue | green", "tan"), ("l", "s"))]
    made = [("B000000003", options) for options in mug] + [("B000000001", {})]
    random.Random(233).shuffle(made)
    goals = list(built.goals("synthetic"))
    assert [(goal.asin, dict(zip(goal.option_names, goal.options, strict=True))) for goal in goals] == made


def test_weights_and_ceilings(built):
    for goal in built.goals("synthetic"):
        price = built.product(built.row_of(goal.asin)).price
        assert goal.price_upper == draw_ceiling(price, goal.asin)  # one draw a product, as in the official shop
        hot, big = 1 / 7, 1 / 6  # of seven goals all ask for hot, six for big
        assert goal.weight == pytest.approx(hot if goal.asin == "B000000001" else (hot + big) / 2)
        assert goal.instruction.endswith(f", and price lower than {goal.price_upper:.2f} dollars")


def test_goals_of_people(built):
    goals = {(goal.asin, goal.attributes): goal for goal in built.goals("human")}
    assert set(goals) == {("B000000003", ("big",)), ("B000000003", ("hot",)), ("B000000002", ("old",))}
    price = built.product(0).price
    assert goals["B000000003", ("big",)].price_upper == draw_ceiling(price, "B000000003", "0")
    assert goals["B000000003", ("hot",)].price_upper == draw_ceiling(price, "B000000003", "1")
    order = [("B000000003", "big"), ("B000000003", "hot"), ("B000000002", "old")]
    random.Random(233).shuffle(order)
    assert [(goal.asin, *goal.attributes) for goal in built.goals("human")] == order


def test_rows_by_asin(tmp_path):
    rank = write_asins(tmp_path, ["B2", "B10", "a", "B1"])
    assert rank.tolist() == [2, 1, 3, 0]
    assert np.fromfile(tmp_path / "asins.raw", "S10").tolist() == [b"B1", b"B10", b"B2", b"a"]
    assert np.fromfile(tmp_path / "asin_rows.raw", "<u4").tolist() == [3, 1, 0, 2]


def test_equal_scores_are_ordered_by_asin(official, tmp_path):
    twins = [{**official["items_shuffle.json"][1], "asin": asin} for asin in ("B9", "B1", "B5")]
    build(tmp_path, [stock(Entry("", twin, {}) for twin in twins)])
    seal(tmp_path, KIND, {})
    world = World(tmp_path)
    assert [world.product(row).asin for row in world.found("cup")] == ["B1", "B5", "B9"]


def test_a_group_without_values_has_no_goals(entries):
    entries[0].record["customization_options"]["Size"] = []
    assert [item.goals for item in stock(entries).stock] == [0, 1, 0, 0]


def test_how_many_goals_a_product_may_have(entries, monkeypatch):
    monkeypatch.setattr(builder, "MOST_GOALS", 6)
    assert stock(entries).stock[0].goals == 6
    monkeypatch.setattr(builder, "MOST_GOALS", 5)
    with pytest.raises(
        BadRecord, match=r"^record 0 \(asin 'B000000003'\): its options give 6 goals; expected 5 at most"
    ):
        stock(entries)


def test_an_instruction_without_attributes_is_refused(entries):
    entries[1].about["instruction_attributes"] = []
    with pytest.raises(BadRecord, match=r"^record 1 \(asin 'B000000001'\): its instruction 'Find me .* at least one"):
        stock(entries)


def test_nothing_to_build(tmp_path):
    with pytest.raises(BadRecord, match="there is no product in it"):
        build(tmp_path, [])


def test_progress_is_told(entries, tmp_path):
    told = []
    build(tmp_path, [stock(entries[:3]), stock(entries[3:])], lambda what, done: told.append((what, done)))
    assert told == [("products", 3), ("products", 4), ("index", 4), ("goals", 4)]
