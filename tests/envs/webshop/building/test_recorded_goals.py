"""Goals and nouns recorded elsewhere: taken as they are, or refused where the shop does not make them."""

from __future__ import annotations

import json

import pytest

from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.goals import NO_CEILING, read_goal
from forethought.envs.webshop.world import World

MUG = {
    "asin": "B000000003",
    "category": "garden",
    "query": "mugs",
    "name": "Red Mug",
    "product_category": "Home",
    "instruction_text": "Find me mugs that are hot, big with color: tan, and size: l, "
    "and price lower than 10.00 dollars",
    "attributes": ["hot", "big"],
    "price_upper": 10.0,
    "goal_options": {"color": "tan", "size": "l"},
    "weight": 0.25,
}
CUP = {
    **MUG,
    "asin": "B000000001",
    "name": "Blue Cup",
    "instruction_text": "Find me mugs that are hot",
    "attributes": ["hot"],
    "price_upper": NO_CEILING,
    "goal_options": {},
}
ASKED = {
    **MUG,
    "instruction_text": "i want a mug, and price lower than 30.00 dollars",
    "attributes": ["big"],
    "price_upper": 30.0,
    "goal_options": ["red"],
    "weight": 1,
}


@pytest.fixture
def freeze(official, put, tmp_path):
    """The world of the small shop with these files on top."""

    def make(**files):
        folder = put({**official, **{f"{name}.json": content for name, content in files.items()}})
        import_world(folder, tmp_path / "world")
        return World(tmp_path / "world")

    return make


def test_goals_are_taken_in_their_order_with_their_ceilings(freeze):
    world = freeze(goals=[CUP, MUG, CUP], goals_human=[ASKED])
    assert list(world.goals("synthetic")) == [read_goal(CUP), read_goal(MUG), read_goal(CUP)]
    assert list(world.goals("human")) == [read_goal(ASKED)]


def test_every_combination_is_found(freeze, official, put, tmp_path):
    plain = freeze()
    found = [
        {
            **MUG,
            "instruction_text": f"Find me mugs that are hot, big with color: {color}, and size: {size}",
            "price_upper": NO_CEILING,
            "goal_options": {"color": color, "size": size},
        }
        for size in ("s", "l")
        for color in ("tan", "red", "blue | green")
    ]
    import_world(put({**official, "goals.json": found}, "again"), tmp_path / "frozen")
    frozen = World(tmp_path / "frozen").goals("synthetic")
    assert [dict(zip(goal.option_names, goal.options, strict=True)) for goal in frozen] == [
        goal["goal_options"] for goal in found
    ]
    assert World(tmp_path / "frozen").hash != plain.hash


@pytest.mark.parametrize(
    ("kind", "goal", "reason"),
    [
        ("goals", {**MUG, "asin": "B000000009"}, "its product 'B000000009' is not among the products"),
        ("goals", {**MUG, "goal_options": {"color": "pink", "size": "l"}}, "B000000003 has no color 'pink'"),
        ("goals", {**MUG, "goal_options": {"color": "tan"}}, "B000000003 has no size None"),
        ("goals", {**MUG, "goal_options": ["tan", "l"]}, "B000000003 has no color None"),
        ("goals", {**MUG, "instruction_text": "Find me cups"}, "it is not what B000000003 and its instruction make"),
        ("goals", {**MUG, "attributes": ["hot"]}, "it is not what B000000003 and its instruction make"),
        ("goals", {**MUG, "price_upper": 20.0}, "it is not what B000000003 and its instruction make"),
        ("goals", {**CUP, "goal_options": {"color": "tan"}}, "it is not what B000000001 and its instruction make"),
        ("goals", {**CUP, "asin": "B000000002"}, "it is not what B000000002 and its instruction make"),
        ("goals", {**MUG, "price_upper": "10"}, "'price_upper' is '10'"),
        ("goals_human", {**ASKED, "asin": "B000000009"}, "its product 'B000000009' is not among the products"),
        ("goals_human", {**ASKED, "attributes": ["hot"]}, "nobody wrote it for B000000003"),
        ("goals_human", {**ASKED, "goal_options": ["tan"]}, "nobody wrote it for B000000003"),
        ("goals_human", {**ASKED, "asin": "B000000001"}, "nobody wrote it for B000000001"),
    ],
)
def test_goals_of_another_shop_are_refused(freeze, tmp_path, kind, goal, reason):
    good = ASKED if kind == "goals_human" else MUG
    with pytest.raises(ValueError, match=r"record 1: ") as caught:
        freeze(**{kind: [good, goal]})
    assert str(caught.value).startswith(f"{kind}.json, record 1: {reason}")
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_no_goals_at_all(freeze):
    world = freeze(goals=[], goals_human=[])
    assert (len(world.goals("synthetic")), len(world.goals("human"))) == (0, 0)


def test_nouns_of_other_products_do_no_harm(freeze):
    nouns = {f"B00000000{n}": [str(n)] for n in range(1, 7)}
    world = freeze(title_nouns={**nouns, "B000000004": []})
    assert [world.nouns(row) for row in range(4)] == [("3",), ("1",), ("2",), ()]


@pytest.mark.parametrize("kind", ["synthetic", "human"])
def test_the_official_goals(data_folder, tmp_path, kind):
    source = data_folder / "webshop"
    import_world(source, tmp_path / "world")
    name = {"synthetic": "goals.json", "human": "goals_human.json"}[kind]
    official = json.loads((source / name).read_text(encoding="utf-8"))
    assert list(World(tmp_path / "world").goals(kind)) == [read_goal(goal) for goal in official]
