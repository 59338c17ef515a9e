"""An opened world: pages, questions, similar titles, copies, and folders that are refused."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil

import numpy as np
import pytest

from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.world import World
from forethought.envs.ranking.index import TooManyTerms


@pytest.fixture
def folder(small, tmp_path):
    """A copy of the small world, to be damaged."""
    return shutil.copytree(small.folder, tmp_path / "world")


def test_pages_and_questions_come_back(small, small_pages, small_questions):
    for row, page in enumerate(small_pages):
        assert (small.page(row).title, small.page(row).paragraphs) == (page.title, page.paragraphs)
    assert len(small) == len(small_pages)
    asked = [question for questions in small_questions.values() for question in questions]
    for number, question in enumerate(asked):
        read, context = small.question(number)
        assert (read.id, read.text, read.answer, read.kind, read.level, read.facts) == (
            *(question.id, question.text, question.answer),
            *(question.kind, question.level, question.facts),
        )
        known = [title for title in question.context if title != "Gone"]
        assert [small.title(row) for row in context] == known
    assert small.splits == {"train": range(2), "dev": range(2, 3)}


def test_similar_pages_by_title_then_by_text(small):
    similar = lambda words, *more: [small.title(row) for row in small.similar(words, *more)]  # noqa: E731
    assert similar("harbour") == ["Harbour Lights", "The Silent Harbour"]  # the shorter title first
    assert similar("man") == ["Iron Man", "Iron man"]  # a tie
    assert similar("river street director") == ["Elra", "Straße der Ölmühle", "Ada Voss"]  # texts alone
    assert similar("album X&Y") == ["X&amp;Y", "Relativity (Emarosa album)", "The Silent Harbour"]
    assert len(similar("Elra man harbour lights album")) == 5  # of six titles
    *titled, told = similar("Voss Elra album film town race")  # of three pages whose texts have "film", "town", "race"
    assert sorted(titled) == ["Ada Voss", "Elra", "Port Elra", "Relativity (Emarosa album)"]
    assert told in ("The Silent Harbour", "Iron man")
    assert "Iron Man" in similar("Voss")  # the last word of a paragraph is none with the first of the next
    assert similar("town Elra", (2, 6)) == ["Port Elra"]
    assert similar("town Elra", ()) == similar("xyzzy") == similar("") == []
    assert similar("amp") == []  # titles are searched without the entities they are spelled with
    with pytest.raises(TooManyTerms):
        small.similar(" ".join(map(str, range(1025))))


def test_real_contexts_are_rows_of_the_paragraphs(real, real_records):
    for number, record in enumerate(real_records):
        _, context = real.question(number)
        assert [real.page(row).title for row in context] == [title for title, _ in record["context"]]
        assert [list(real.page(row).sentences) for row in context] == [text for _, text in record["context"]]
    assert (len(real), real.splits) == (600, {"all": range(60)})
    assert (real.manifest["without_pages"], real.manifest["supporting_pages_missing"]) == (0, 0)


def test_real_pages_of_other_questions_are_not_found(real, real_records):
    alone, together = HotpotQA(real, pages="question"), HotpotQA(real)
    for task in range(60):
        title = real_records[task - 1]["supporting_facts"][0][0]
        step = alone.step(alone.initial(task), f"search[{title}]")
        assert step.observation.startswith(f"Could not find {title}. Similar: [")
        assert step.state.page == -1
        own = {real.title(row) for row in real.question(task)[1]}
        assert {real.title(row) for row in real.similar(title, real.question(task)[1])} <= own
        assert not together.step(together.initial(task), f"search[{title}]").observation.startswith("Could not find")


def test_real_bridges_are_mostly_mentions(real):
    bridges = [question for number in range(60) if (question := real.question(number)[0]).kind == "bridge"]
    assert len(bridges) == 50
    ends = [tuple(map(real.row_of, question.pages)) for question in bridges]
    assert sum(b in real.links(a) or a in real.links(b) for a, b in ends) >= 40


def test_copies_share_or_open_again(small, tmp_path, monkeypatch):
    assert copy.deepcopy(small) is small
    again = pickle.loads(pickle.dumps(small))  # noqa: S301
    assert again is not small
    assert (again.hash, again.page(4), again.similar("man")) == (small.hash, small.page(4), small.similar("man"))
    data = pickle.dumps(World(os.path.relpath(small.folder)))
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(data).hash == small.hash  # noqa: S301


def test_a_copy_is_refused_where_another_world_is_by_now(folder, build, small_pages):
    data = pickle.dumps(World(folder))
    shutil.rmtree(folder)
    build(folder, small_pages[:-1])
    with pytest.raises(ValueError, match=r"holds world [0-9a-f]{16} by now; [0-9a-f]{16} was expected"):
        pickle.loads(data)  # noqa: S301


def test_a_cut_or_missing_file_is_refused(folder):
    names = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    assert len(names) > 15
    for path in names:
        content, name = path.read_bytes(), path.relative_to(folder)
        path.write_bytes(content[:-1])
        with pytest.raises(ValueError, match=rf"{name} has {len(content) - 1} bytes, the manifest says {len(content)}"):
            World(folder)
        path.unlink()
        with pytest.raises(ValueError, match=rf"{name} is missing; make the world again"):
            World(folder)
        path.write_bytes(content)
    assert World(folder).row_of("Elra") == 7


@pytest.mark.parametrize(
    "splits",
    [None, [], 3, "ab", {"all": None}, {"all": [0]}, {"all": [0, 4]}, {"all": [-1, 2]}, {"all": [0, "3"]},
     {"all": [0, 1.5]}, {"all": [0, 10**30]}, {"all": "ab"}, {"all": [[0], [1]]}],
    ids=str,
)  # fmt: skip
def test_a_manifest_without_splits_is_refused(folder, splits):
    manifest = json.loads((folder / "manifest.json").read_text())
    for damaged in ({**manifest, "splits": splits}, {k: v for k, v in manifest.items() if k != "splits"}):
        (folder / "manifest.json").write_text(json.dumps(damaged))
        with pytest.raises(ValueError, match=r"the manifest tells no splits of the questions \(.+\); make the world"):
            World(folder)


def test_what_is_no_world_is_refused(folder, tmp_path):
    with pytest.raises(ValueError, match=r"is no world of hotpotqa .* `forethought data make hotpotqa`"):
        World(tmp_path / "nowhere")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "kind": "webshop"}))
    with pytest.raises(ValueError, match="is a world of 'webshop', format 1; expected 'hotpotqa', format 1"):
        World(folder)
    del manifest["files"]["pages.bin"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "pages.bin").unlink()
    with pytest.raises(ValueError, match=r"pages\.bin"):
        World(folder)


def test_a_world_cannot_be_changed(small):
    for array in (small.titles.hashes, small.link_rows):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = np.uint32(1)
