"""An opened world: rows, goals, copies, and folders that are refused."""

from __future__ import annotations

import copy
import json
import os
import pickle

import numpy as np
import pytest

from forethought.envs.webshop.nouns import title_nouns
from forethought.envs.webshop.synthetic.make_world import make_world
from forethought.envs.webshop.world import GoalList, World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds") / "world"
    make_world(folder, 40, 0)
    return World(folder)


@pytest.fixture
def folder(tmp_path):
    make_world(tmp_path / "world", 5, 0)
    return tmp_path / "world"


def test_every_row_is_found_by_its_asin(world):
    assert [world.row_of(world.product(row).asin) for row in range(len(world))] == list(range(40))


def test_what_is_no_asin_of_this_world(world):
    known = world.product(0).asin
    for asin in (
        "",
        "B",
        "ZZZZZZZZZZ",
        "!",
        known.lower(),
        known[:-1],
        known + "X",
        known + "\0",
        known[:-1] + "é",
        "é",
    ):
        assert world.row_of(asin) is None


def test_a_long_name_costs_nothing(world, monkeypatch):
    """numpy would widen each ASIN of the world to the length of the one that is looked for."""
    monkeypatch.setattr(np, "searchsorted", None)
    assert world.row_of("B" * 10_000_000) is None


def test_nouns_are_approximated_where_none_were_given(world):
    assert world.nouns(3) == title_nouns(world.product(3).title)


def test_members_are_rows_in_order(world):
    for kind in ("category", "query"):
        for name in world.groups[kind]:
            expected = [row for row in range(len(world)) if getattr(world.product(row), kind) == name]
            assert list(world.members(kind, name)) == expected
    assert list(world.members("query", "no such query")) == []


@pytest.mark.parametrize("kind", ["synthetic", "human"])
def test_goals_are_a_sequence(world, kind):
    goals = world.goals(kind)
    count = len(goals)
    everything = [goals[n] for n in range(count)]
    assert count > 3
    assert list(goals) == everything
    assert (goals[-1], goals[-count], goals[np.int64(2)]) == (everything[-1], everything[0], everything[2])
    for part in (slice(None), slice(1, 3), slice(-2, None), slice(None, None, -1), slice(5, 1), slice(0, 10**9)):
        assert goals[part] == everything[part]
    for number in (count, -count - 1, 10**30):
        with pytest.raises(IndexError, match=f"no goal {number}; there are {count}"):
            goals[number]
    with pytest.raises(TypeError):
        goals["0"]


def test_unknown_goals(world):
    with pytest.raises(ValueError, match="unknown goals 'robot'; expected 'synthetic' or 'human'"):
        world.goals("robot")


def test_copies_share_or_open_again(world, tmp_path, monkeypatch):
    assert copy.deepcopy(world) is world
    again = pickle.loads(pickle.dumps(world))  # noqa: S301
    assert again is not world
    assert (again.hash, again.product(7), again.found("mug")) == (world.hash, world.product(7), world.found("mug"))
    relative = World(os.path.relpath(world.folder))
    data = pickle.dumps(relative)
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(data).hash == world.hash  # noqa: S301


def test_goals_are_copied_with_their_world(world):
    goals = world.goals("human")
    assert copy.deepcopy(goals) is goals
    again = pickle.loads(pickle.dumps(goals))  # noqa: S301
    assert isinstance(again, GoalList)
    assert list(again) == list(goals)


@pytest.mark.parametrize(
    "name", ["products.bin", "products.idx", "asins.raw", "groups.json", "goals_human.raw", "index/ranking.json"]
)
def test_a_cut_or_missing_file_is_refused(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1])
    with pytest.raises(ValueError, match=rf"{name} has {len(content) - 1} bytes, the manifest says {len(content)}"):
        World(folder)
    (folder / name).unlink()
    with pytest.raises(ValueError, match=rf"{name} is missing; make the world again"):
        World(folder)


def test_what_is_no_world_is_refused(folder, tmp_path):
    with pytest.raises(ValueError, match=r"is no world of webshop .* `forethought data make webshop`"):
        World(tmp_path / "nowhere")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "kind": "hotpotqa"}))
    with pytest.raises(ValueError, match="is a world of 'hotpotqa', format 1; expected 'webshop', format 1"):
        World(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ValueError, match="is no world of webshop"):
        World(folder)


def test_a_world_cannot_be_changed(world):
    with pytest.raises(ValueError, match="read-only"):
        world.asins[0] = b"B1"
