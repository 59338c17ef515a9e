"""Worlds that are made: the same everywhere, by any number of workers, and by way of the official formats."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest

from forethought.envs.webshop import default_world as worlds
from forethought.envs.webshop.building.official_files import import_world
from forethought.envs.webshop.default_world import default_world, open_world, shop_recipe
from forethought.envs.webshop.synthetic import make_world as making
from forethought.envs.webshop.synthetic import official_format
from forethought.envs.webshop.synthetic.make_world import make_world
from forethought.envs.webshop.synthetic.official_format import write_raw
from forethought.envs.webshop.synthetic.products import make_product
from forethought.envs.webshop.world import World

HASH = """
import sys
from pathlib import Path
from forethought.envs.webshop.synthetic.make_world import make_world
print(make_world(Path(sys.stdin.read()), 40, 7))
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a default world that is quickly made."""
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(worlds, "PRODUCTS", 20)
    return tmp_path / "cache"


@pytest.fixture
def small_shelves(monkeypatch):
    monkeypatch.setattr(making, "SHELF", 15)
    monkeypatch.setattr(official_format, "SHELF", 15)


def test_the_same_world_from_every_process_worker_and_format(tmp_path, elsewhere, small_shelves):
    told = []
    first = make_world(tmp_path / "one", 40, 7, progress=lambda what, done: told.append((what, done)))
    assert told == [("products", 15), ("products", 30), ("products", 40), ("index", 40), ("goals", 40)]
    assert make_world(tmp_path / "two", 40, 7, workers=2) == first
    assert elsewhere(HASH, str(tmp_path / "elsewhere")) == first
    write_raw(tmp_path / "raw", 40, 7)
    assert import_world(tmp_path / "raw", tmp_path / "imported") == first
    assert make_world(tmp_path / "other", 40, 8) != first
    world = World(tmp_path / "one")
    assert [world.product(n).asin for n in range(40)] == [make_product(7, n).product["asin"] for n in range(40)]
    assert len(world.goals("synthetic")) > 0
    assert len(world.goals("human")) > 0


@pytest.mark.parametrize("workers", [1, 2])
def test_the_official_formats(tmp_path, small_shelves, workers):
    told = []
    write_raw(tmp_path / "raw", 40, 7, workers=workers, progress=lambda what, done: told.append((what, done)))
    assert told == [("products", 15), ("products", 30), ("products", 40)]
    made = [make_product(7, number) for number in range(40)]
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "raw").iterdir()}
    assert files == {
        "items_shuffle.json": [one.product for one in made],
        "items_ins_v2.json": {one.product["asin"]: one.attributes for one in made},
        "items_human_ins.json": {one.product["asin"]: [*one.instructions] for one in made if one.instructions},
    }
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_one_product_is_a_shop(tmp_path):
    number = next(n for n in range(99) if not make_product(0, n).instructions)  # the file of instructions is empty
    write_raw(tmp_path / "raw", number + 1, 0)
    assert make_world(tmp_path / "made", number + 1, 0) == import_world(tmp_path / "raw", tmp_path / "imported")


@pytest.mark.parametrize("make", [make_world, write_raw])
def test_what_is_not_made_leaves_nothing(tmp_path, make):
    def interrupt(what, done):
        raise KeyboardInterrupt

    with pytest.raises(ValueError, match="a shop of 0 products was asked for; expected 1 or more"):
        make(tmp_path / "world", 0, 0)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "world", 5, 0, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_the_default_world_is_made_once(cache, monkeypatch):
    world = default_world()
    assert len(world) == 20
    assert world.folder == cache / "worlds" / f"webshop-20-0-{shop_recipe()}"
    monkeypatch.setattr(worlds, "make_world", None)
    assert default_world() is world


def test_another_process_may_be_faster(cache, monkeypatch):
    def slower(folder, products, seed):
        make_world(folder, products, seed)  # the other one
        make_world(folder, products, seed)

    monkeypatch.setattr(worlds, "make_world", slower)
    assert len(default_world()) == 20


def test_a_failure_is_not_hidden(cache, monkeypatch):
    def full(folder, products, seed):
        raise OSError("the disk is full")

    monkeypatch.setattr(worlds, "make_world", full)
    with pytest.raises(OSError, match="the disk is full"):
        default_world()


def test_the_recipe_is_the_same_in_every_process(elsewhere):
    script = "from forethought.envs.webshop.default_world import shop_recipe; print(shop_recipe())"
    assert elsewhere(script) == shop_recipe.__wrapped__()


def test_a_folder_that_holds_another_world_is_opened_anew(tmp_path, monkeypatch):
    for place, products in (("a", 3), ("b", 4)):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        make_world(Path("w"), products, 0)
        assert len(open_world("w")) == products
    first = pickle.dumps(open_world("w"))
    shutil.rmtree("w")
    make_world(Path("w"), 5, 0)
    assert len(open_world("w")) == 5
    with pytest.raises(ValueError, match="by now"):
        pickle.loads(first)  # noqa: S301  # our own bytes
