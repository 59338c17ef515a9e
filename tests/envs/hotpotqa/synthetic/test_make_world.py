"""The made encyclopedia as a world, and as official files that give the same world."""

from __future__ import annotations

import json

import pytest

from forethought.envs.hotpotqa import default_world as worlds
from forethought.envs.hotpotqa.building.official_files import import_world
from forethought.envs.hotpotqa.default_world import default_world, made_recipe
from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.synthetic.make_world import make_world
from forethought.envs.hotpotqa.synthetic.official_format import WIKI, name, write_raw
from forethought.envs.hotpotqa.world import World


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "world"
    return folder, make_world(folder, 450, 7)


def test_the_same_numbers_give_the_same_world_with_any_workers(made, tmp_path, elsewhere):
    _, content = made
    assert make_world(tmp_path / "again", 450, 7, workers=2) == content
    made_there = f"make_world(Path({str(tmp_path / 'there')!r}), 450, 7)"
    imports = "from pathlib import Path; from forethought.envs.hotpotqa.synthetic.make_world import make_world"
    assert elsewhere(f"{imports}; print({made_there})") == content
    assert make_world(tmp_path / "other", 450, 8) != content


def test_its_files_in_the_official_formats_give_the_same_world(made, tmp_path):
    folder, content = made
    write_raw(tmp_path / "raw", 450, 7)
    files = sorted(path.name for path in (tmp_path / "raw").iterdir())
    assert files == ["made-withlinks-abstracts.tar.bz2", "made_test_distractor.json", "made_train_distractor.json"]
    questions = [tmp_path / "raw" / f"made_{split}_distractor.json" for split in ("train", "test")]
    assert import_world(questions, tmp_path / "imported", wiki=tmp_path / "raw" / WIKI, workers=2) == content
    assert World(tmp_path / "imported").splits == World(folder).splits


def test_its_questions_alone_give_a_distractor_world(tmp_path):
    write_raw(tmp_path / "raw", 100, 3)
    import_world([tmp_path / "raw" / "made_test_distractor.json"], tmp_path / "world")
    world = World(tmp_path / "world")
    family = HotpotQA(world, pages="question")
    for task in range(len(family)):
        question, given = world.question(task)
        assert len(given) == 10
        assert {world.row_of(title) for title in question.pages} <= set(given)


def test_every_question_is_answered_by_its_pages(made):
    world = World(made[0])
    assert {name: len(tasks) for name, tasks in world.splits.items()} == {"train": 84, "test": 28}
    for task in range(len(world.questions)):
        question, given = world.question(task)
        assert len(question.pages) == 2
        assert len(given) == 10
        for title, number in question.facts:
            assert world.page(world.row_of(title)).sentences[number]


def test_what_is_not_made_leaves_nothing(tmp_path):
    def interrupt(what, done):
        raise KeyboardInterrupt

    for make in (make_world, write_raw):
        with pytest.raises(ValueError, match="100"):
            make(tmp_path / "world", 99, 0)
        with pytest.raises(ValueError, match="questions"):
            make(tmp_path / "world", 100, 0, 10_000)
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path / "world", 200, 0, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_the_default_world_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    world = default_world()
    assert (len(world), len(world.questions)) == (2000, 500)
    assert world.folder == tmp_path / "worlds" / f"hotpotqa-2000-0-{made_recipe()}"
    monkeypatch.setattr(worlds, "make_world", None)
    assert default_world() is world


def test_members_are_called_as_the_official_ones():
    assert [name(number) for number in (0, 99, 100, 2599, 2600, 67600)] == [
        *("AA/wiki_00.bz2", "AA/wiki_99.bz2", "AB/wiki_00.bz2", "AZ/wiki_99.bz2", "BA/wiki_00.bz2", "BAA/wiki_00.bz2")
    ]


def test_questions_are_written_as_the_official_ones(tmp_path):
    write_raw(tmp_path / "raw", 100, 0)
    (first, *_) = json.loads((tmp_path / "raw" / "made_train_distractor.json").read_text(encoding="utf-8"))
    assert list(first) == ["_id", "answer", "question", "supporting_facts", "context", "type", "level"]
    assert len(first["context"]) == 10
