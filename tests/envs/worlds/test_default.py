"""Worlds that are opened and made once."""

from __future__ import annotations

import importlib

import pytest

from forethought.common import source_digests
from forethought.envs.hotpotqa.synthetic import make_world as hotpotqa
from forethought.envs.webshop.synthetic import make_world as webshop
from forethought.envs.worlds.default import made_once, opener, recipe
from forethought.envs.worlds.folder import new_world, seal


def make(folder):
    with new_world(folder) as scratch:
        (scratch / "page").write_text("mug", encoding="utf-8")
        seal(scratch, "shelf", {})


def test_a_world_is_opened_once_while_its_folder_stays_the_same(tmp_path):
    opened = []
    open_world = opener(lambda folder: opened.append(folder) or object())
    make(tmp_path / "world")
    first = open_world(tmp_path / "world")
    assert open_world(str(tmp_path / "elsewhere" / ".." / "world")) is first
    (tmp_path / "world" / "manifest.json").touch()
    assert open_world(tmp_path / "world") is not first
    assert opened == [tmp_path / "world"] * 2


def test_a_world_is_made_where_it_is_missing_and_only_there(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    assert made_once("shelf", make, lambda folder: folder) == tmp_path / "worlds" / "shelf"
    assert made_once("shelf", pytest.fail, lambda folder: folder) == tmp_path / "worlds" / "shelf"


def test_a_damaged_world_says_how_to_make_it_anew(tmp_path, monkeypatch):
    def damaged(folder):
        raise ValueError("its page is cut")

    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match="it is made by itself once you have deleted"):
        made_once("shelf", make, damaged)


def test_the_recipe_changes_with_what_a_world_depends_on_and_with_nothing_else(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in (
        ("__init__", ""),
        ("make", "from a_recipe.words import WORDS\n"),
        ("words", "WORDS = ['mug']\n"),
        ("reader", "from a_recipe.make import WORDS\n"),
    ):
        (tmp_path / "a_recipe").mkdir(exist_ok=True)
        (tmp_path / "a_recipe" / f"{name}.py").write_text(text, encoding="utf-8")
    making = importlib.import_module("a_recipe.make")

    def now():
        for function in (source_digests.source_of, source_digests.imported):
            function.cache_clear()
        return recipe(making)

    before = now()
    assert now() == before
    (tmp_path / "a_recipe" / "notes.md").write_text("of no matter", encoding="utf-8")
    (tmp_path / "a_recipe" / "reader.py").write_text("READS = 'otherwise'\n", encoding="utf-8")
    assert now() == before
    (tmp_path / "a_recipe" / "words.py").write_text("WORDS = ['jug']\n", encoding="utf-8")
    changed = now()
    assert changed != before
    (tmp_path / "a_recipe" / "words.json").write_text("{}", encoding="utf-8")
    assert now() not in (before, changed)


@pytest.mark.parametrize("making", [webshop, hotpotqa], ids=["webshop", "hotpotqa"])
def test_the_recipe_of_a_family_holds_what_writes_its_world_and_not_what_plays_in_it(making):
    modules = set(source_digests.digests([making.__name__]))
    family = making.__name__.rsplit(".", 2)[0]
    assert {f"{family}.building.builder", "forethought.common.random", "forethought.envs.ranking.build"} <= modules
    assert not modules & {f"{family}.family", f"{family}.rules", f"{family}.world", "forethought.envs.downloads.fetch"}
