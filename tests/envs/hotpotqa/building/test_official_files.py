"""Importing official files: splits, paragraphs, the wiki, and refusals that leave nothing behind."""

from __future__ import annotations

import json

import pytest

from forethought.envs.hotpotqa.building.dump import DumpWriter, packed
from forethought.envs.hotpotqa.building.official_files import import_world
from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.world import World
from forethought.envs.worlds.folder import verify

SIMPLE = [{"question": "Who directed it?", "answer": "Ada Voss"}]
WIKI = [
    [("Elra", ['The <a href="elra">Elra</a> flows by <a href="Port%20Elra">it</a>.']), ("Port Elra", ["A town."])],
    [],
    [("Ada Voss", ["Voss,", ' of <a href="Nowhere">no</a> <a href="ELRA">Elra</a>, <a href="Port_Elra">P</a>.'])],
    [("Iron Man", ['A <a href="iron%20man">race</a>, and Port Elra.']), ("X&amp;Y", ['<a href="Iron%20Man">.</a>'])],
]


@pytest.fixture
def imported(tmp_path):
    """The world of some files."""

    def make(*files, **options):
        import_world(files, tmp_path / "world", **options)
        return World(tmp_path / "world")

    return make


@pytest.fixture
def refused(tmp_path):
    """The reason for which files are refused; nothing may be left of them."""

    def attempt(*files, **options):
        with pytest.raises(ValueError, match=r".+") as caught:
            import_world(files, tmp_path / "world", **options)
        assert {path.name for path in tmp_path.iterdir()} <= {"files"}
        return str(caught.value)

    return attempt


@pytest.fixture
def wiki(tmp_path):
    (tmp_path / "files").mkdir(exist_ok=True)
    path = tmp_path / "files" / "wiki.tar.bz2"
    with DumpWriter(path) as writer:
        for number, articles in enumerate(WIKI):
            writer.add(f"AA/wiki_{number:02}.bz2", packed(10 * number, articles))
    return path


def titles(world, rows=None):
    return [world.title(row) for row in (range(len(world)) if rows is None else rows)]


def test_paragraphs_are_pages_in_their_order_each_title_once(imported, put, records):
    records[1]["context"][1] = ["Ada Voss", ["Another text."]]
    records[1]["context"].append(["ada voss", ["A third."]])
    world = imported(put("hotpot.json", records))
    assert titles(world) == ["Ada Voss", "The Silent Harbour", "Elra", "ada voss"]
    assert world.page(0).sentences == ("Ada Voss is a director.", " She lives.")
    assert [world.question(number)[1] for number in (0, 1)] == [(0, 1), (2, 0, 3)]
    assert world.manifest["other_texts"] == 1
    assert world.manifest["sources"] == {"hotpot.json": (world.folder / "../files/hotpot.json").stat().st_size}
    assert verify(world.folder) == []


def test_each_file_is_a_split_by_its_name(imported, put, records):
    names = ("hotpot_train_v1.1.json", "HOTPOT_DEV_distractor.json", "my-test.json", "tested_trains.json")
    world = imported(*(put(name, [{**records[0], "_id": name}] * n) for n, name in enumerate(names, 1)))
    assert world.splits == {"train": range(1), "dev": range(1, 3), "test": range(3, 6), "all": range(6, 10)}
    assert [world.question(number)[0].id for number in (0, 1, 3, 6)] == list(names)


def test_simplified_files_need_a_wiki(refused, imported, put, wiki):
    path = put("hotpot_dev_simplified.json", SIMPLE)
    reason = "there is no page in it; give questions with their paragraphs, or the wiki as well"
    assert refused(path) == f"hotpot_dev_simplified.json: {reason}"
    assert imported(path, wiki=wiki).manifest["without_pages"] == 1


def test_files_that_cannot_be_asked(refused, put, records, tmp_path):
    one = put("hotpot_dev_distractor_v1.json", records)
    both = "hotpot_dev_distractor_v1.json and dev_2.json are both of the split 'dev'; give one of them"
    assert refused(one, put("dev_2.json", records)) == both
    assert "are both of the split 'all'" in refused(put("a.json", records), put("b.json", records))
    assert refused().startswith("no file of questions was given; expected one")
    assert "none.json is no file; expected one of questions" in refused(tmp_path / "none.json")
    assert "files is no file; expected one of questions" in refused(one.parent)
    assert "files is no file; expected the dump of intros" in refused(one, wiki=one.parent)
    assert refused(put("dev.json", [])) == "dev.json holds no question"
    assert "0 workers were given" in refused(one, workers=0)


def test_without_a_question_there_is_no_world(refused, put, wiki):
    assert refused(put("dev.json", []), wiki=wiki) == "dev.json holds no question"


@pytest.mark.parametrize("workers", [1, 2])
def test_damage_is_told_by_file_and_record(refused, put, records, workers, monkeypatch):
    monkeypatch.setattr("forethought.envs.hotpotqa.building.official_files.SHELF", 1)
    first, whole = put("train.json", records), json.dumps(records * 20).encode()
    places = (0, "dev.json begins with"), (len(whole) // 2, "dev.json, record 20: "), (-1, "dev.json, record 40: ")
    for end, reason in places:
        assert refused(first, put("dev.json", whole[:end]), workers=workers).startswith(reason)
    wrong = put("dev.json", [*records * 20, {**records[0], "context": 7}])
    assert refused(first, wrong, workers=workers).startswith("dev.json, record 40: its context is '7'")
    endless = put("dev.json", [{**records[0], "context": [["Long", ["mug " * 70_000]]]}])
    assert refused(endless, workers=workers).startswith("the pages 'Long' to 'Long': text 0 has one term 70,000 times")


def test_an_interrupt_leaves_nothing(put, records, wiki, tmp_path):
    for stop in ("pages", "index", "links"):

        def interrupt(what, done, stop=stop):
            if what == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            import_world([put("dev.json", records)], tmp_path / "world", wiki=wiki, progress=interrupt)
        assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_a_world_that_is_there_stays(put, records, imported, tmp_path):
    content = imported(put("dev.json", records)).hash
    with pytest.raises(ValueError, match="world is already there"):
        import_world([put("dev.json", records[:1])], tmp_path / "world")
    assert World(tmp_path / "world").hash == content


def test_pages_of_the_wiki_come_first_and_missing_paragraphs_after(imported, put, records, wiki):
    records[0]["context"].append(["Iron man", ["It is a race at Port Elra."]])
    records[0]["context"].append(["X&Y", ["An album."]])
    world = imported(put("dev.json", records), wiki=wiki)
    assert titles(world) == ["Elra", "Port Elra", "Ada Voss", "Iron Man", "X&amp;Y", "The Silent Harbour", "Iron man"]
    assert world.page(2).paragraphs == (("Voss,", " of no Elra, P."),)
    assert titles(world, world.question(0)[1]) == ["Ada Voss", "The Silent Harbour", "Iron man", "X&amp;Y"]
    assert world.page(6).sentences == ("It is a race at Port Elra.",)


def test_links_are_those_of_the_wiki(imported, put, records, wiki):
    records[0]["context"].append(["Iron man", ["It is a race at Port Elra."]])
    world = imported(put("dev.json", records), wiki=wiki)
    linked = {title: titles(world, world.links(row)) for row, title in enumerate(titles(world))}
    assert linked == {
        "Elra": ["Port Elra"],
        "Port Elra": [],
        "Ada Voss": ["Elra", "Port Elra"],
        "Iron Man": ["Iron man"],
        "X&amp;Y": ["Iron Man"],
        "The Silent Harbour": [],
        "Iron man": [],  # beside true links a mention is none
    }


def test_a_damaged_wiki_is_refused(refused, put, records, wiki):
    whole = wiki.read_bytes()
    for data in (b"", whole[: len(whole) // 2], b"{}"):
        wiki.write_bytes(data)
        assert refused(put("dev.json", records), wiki=wiki).startswith("wiki.tar.bz2")


def test_workers_and_hash_seeds_make_no_difference(put, records, wiki, tmp_path, elsewhere, monkeypatch):
    path = put("dev.json", records)
    code = f"""
from pathlib import Path
from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.building.official_files import import_world
if __name__ == "__main__":
    print(import_world([Path({str(path)!r})], Path({str(tmp_path)!r}) / "there", wiki=Path({str(wiki)!r})))
"""
    seen = {elsewhere(code, hash_seed="99")}
    monkeypatch.setattr("forethought.envs.hotpotqa.building.official_files.SHELF", 1)
    for workers in (1, 2):
        seen.add(import_world([path], tmp_path / f"by{workers}", wiki=wiki, workers=workers))
    assert len(seen) == 1


def shown(world, pages, task, title):
    """What a question reads under a title, and what of it has the word "is"."""
    family = HotpotQA(world, pages=pages, sentences="native")
    opened = family.step(family.initial(task), f"search[{title}]")
    return opened.observation, family.step(opened.state, "lookup[is]").observation


def test_each_question_reads_the_page_that_was_given_with_it(imported, put, records):
    records[1]["context"][1] = ["Ada Voss", ["Ada Voss is a pilot.", " She knows Elra.", " She is old."]]
    records[1]["context"].append(["Ada Voss", ["A third text of one question does not count."]])
    records.append({**records[0], "_id": "5c"})
    world = imported(put("hotpot_dev.json", records))
    first = ("Ada Voss is a director. She lives.", "(Result 1 / 1) Ada Voss is a director.")
    second = ("Ada Voss is a pilot. She knows Elra. She is old.", "(Result 1 / 2) Ada Voss is a pilot.")
    assert [shown(world, "question", task, "ada voss") for task in range(3)] == [first, second, first]
    assert [shown(world, "world", task, "ada voss") for task in range(3)] == [first] * 3
    assert (world.manifest["other_texts"], world.manifest["own_texts"]) == (2, 1)
    assert titles(world) == ["Ada Voss", "The Silent Harbour", "Elra"]
    family = HotpotQA(world, pages="question")
    state = family.step(family.initial(1), "search[Ada Voss]").state
    assert family.actions(state)[4:] == ("search[Elra]",)  # what its own text mentions
    looked = family.step(family.step(state, "lookup[is]").state, "lookup[is]").state
    assert family.from_json(family.to_json(looked)) == looked
    assert verify(world.folder) == []


def test_the_page_given_counts_beside_a_wiki_too(imported, put, records, wiki):
    world = imported(put("hotpot_dev.json", records), wiki=wiki)
    assert shown(world, "question", 0, "Ada Voss")[0] == "Ada Voss is a director. She lives."
    assert shown(world, "world", 0, "Ada Voss")[0] == "Voss, of no Elra, P."
    assert shown(world, "question", 0, "The Silent Harbour") == ("A film.", "No more results.\n")
    assert world.manifest["own_texts"] == 3  # of Ada Voss twice, and of Elra


def test_texts_of_two_files_differ_as_those_of_one_do(imported, put, records):
    other = [{**records[0], "context": [["Ada Voss", ["Another."]]]}]
    world = imported(put("train.json", records), put("dev.jsonl", json.dumps(other[0]).encode()))
    assert [shown(world, "question", task, "Ada Voss")[0] for task in (0, 2)] == [
        "Ada Voss is a director. She lives.",
        "Another.",
    ]


def test_where_all_texts_agree_nothing_is_added_to_the_world(imported, put, records):
    world = imported(put("dev.json", records))
    assert world.manifest["own_texts"] == 0
    assert not list(world.folder.glob("own*"))


def test_a_split_called_validation_is_dev(imported, put, records):
    assert list(imported(put("validation-00000.jsonl", json.dumps(records[0]).encode())).splits) == ["dev"]
