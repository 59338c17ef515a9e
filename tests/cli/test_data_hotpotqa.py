"""forethought data make hotpotqa | import hotpotqa, and how its errors read."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from forethought.cli import data
from forethought.cli.main import app


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def forethought(*words):
    done = CliRunner().invoke(app, ["data", *map(str, words)])
    assert done.exit_code == 0, done
    return done.stdout


def test_an_encyclopedia_is_made_written_imported_again_and_verified():
    made = json.loads(forethought("make", "hotpotqa", "--pages", 200, "--seed", 3, "--out", "made", "--json"))
    assert (made["pages"], made["questions"], made["splits"]) == (200, 50, {"train": 25, "test": 25})
    said = forethought("make", "hotpotqa", "--pages", 200, "--seed", 3, "--raw", "raw")
    assert said == "raw: made-withlinks-abstracts.tar.bz2, made_test_distractor.json, made_train_distractor.json\n"
    files = ["--questions", "raw/made_train_distractor.json", "--questions", "raw/made_test_distractor.json"]
    wiki = ["--wiki", "raw/made-withlinks-abstracts.tar.bz2"]
    said = forethought("import", "hotpotqa", *files, *wiki, "--out", "imported", "--workers", 2)
    assert said == f"imported: 200 pages, 50 questions (train 25, test 25), world {made['hash']}\n"
    assert forethought("verify", "imported") == "imported is as it was made\n"


def test_the_default_world_needs_no_folder(tmp_path):
    facts = json.loads(forethought("make", "hotpotqa", "--json"))
    assert (facts["pages"], facts["splits"]) == (2000, {"train": 400, "test": 100})
    assert facts["folder"].startswith(str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make", "hotpotqa", "--pages", "5", "--out", "w"], "5 pages"),
        (["make", "hotpotqa", "--pages", "500"], "the default world has 2000 pages and seed 0; give --out"),
        (["make", "hotpotqa", "--out", "w", "--raw", "r"], "--out and --raw were given"),
        (["import", "hotpotqa", "--questions", "none.json", "--out", "w"], "none.json is no file; expected one of"),
        (["import", "hotpotqa", "--questions", "q.json", "--out", "w"], "there is no page in it; give questions with"),
        (["import", "hotpotqa", "--questions", "bad.json", "--out", "w"], "bad.json, record 1: its answer is '7'"),
        (["import", "hotpotqa", "--questions", "q.json", "--wiki", "w.tar", "--out", "w"], "w.tar is no file"),
        (["fetch", "hotpotqa", "--set", "some"], "unknown set 'some' of hotpotqa; known: dev, all, wiki"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line_and_leaves_nothing(fails, tmp_path, words, said):
    question = {"question": "Who?", "answer": "Ada", "type": "bridge"}
    (tmp_path / "q.json").write_text(json.dumps([question]), encoding="utf-8")
    (tmp_path / "bad.json").write_text(json.dumps([question, {**question, "answer": 7}]), encoding="utf-8")
    assert said in fails(*words)
    assert {path.name for path in tmp_path.iterdir()} == {"q.json", "bad.json"}


def test_an_import_tells_what_of_its_pages_it_did_not_keep(tmp_path):
    question = {"question": "Who?", "answer": "Ada", "type": "bridge"}
    given = [[["Foo", ["The first text."]]], [["Foo", ["Another text."]]]]
    (tmp_path / "q.json").write_text(json.dumps([{**question, "context": context} for context in given]))
    said = forethought("import", "hotpotqa", "--questions", "q.json", "--out", "w")
    assert said.splitlines()[-1] == (
        "1 paragraphs differ from the first of their title; pages='question' shows each its own"
    )


def test_fetch_says_how_to_go_on(monkeypatch, tmp_path):
    def fetched(name, folder, **options):
        assert name == "hotpotqa/dev"
        folder.mkdir(parents=True)
        (folder / "hotpot_dev_distractor_v1.json").write_text("[]", encoding="utf-8")
        return [folder / "hotpot_dev_distractor_v1.json"]

    monkeypatch.setattr(data, "fetch", fetched)
    said = forethought("fetch", "hotpotqa", "--to", "files")
    assert said.splitlines() == [
        "files: hotpot_dev_distractor_v1.json",
        "next: forethought data import hotpotqa --questions files/hotpot_dev_distractor_v1.json --out WORLD",
    ]
