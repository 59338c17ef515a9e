"""Worlds that are opened and made once."""

from __future__ import annotations

import pytest

from forethought.envs.worlds import default
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


def test_the_recipe_changes_with_what_a_world_depends_on(tmp_path, monkeypatch):
    monkeypatch.setattr(default.resources, "files", lambda package: tmp_path)
    for name in ("words.txt", "family.py"):
        (tmp_path / name).write_text("mug", encoding="utf-8")

    def now():
        return recipe(["some.package"], {"family.py"})

    before = now()
    assert now() == before
    for name in ("notes.md", "family.py"):
        (tmp_path / name).write_text("of no matter", encoding="utf-8")
    assert now() == before
    (tmp_path / "words.txt").write_text("jug", encoding="utf-8")
    assert now() != before
