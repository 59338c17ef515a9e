from __future__ import annotations

import json
import os
import re
import subprocess
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.experiments import run_folder
from forethought.experiments.run_folder import Run, RunError, check_free
from forethought.search.engine.journal import JournalError

CONFIG = {"kind": "eval", "env": "Game24-v0", "seed": 3, "budget": {"nodes": 500, "seconds": 1.5}, "privileges": []}


@pytest.fixture
def begun(tmp_path):
    return Run.create(tmp_path / "runs" / "one", CONFIG)


def test_a_run_is_begun_in_a_new_folder_and_read_from_it(begun):
    assert begun.config == CONFIG
    assert Run(begun.folder).config == CONFIG
    assert [path.name for path in begun.folder.iterdir()] == ["config.toml"]


def test_an_empty_folder_will_do(tmp_path):
    assert Run.create(tmp_path, CONFIG).config == CONFIG


def test_the_scratch_file_of_a_start_that_died_is_no_obstacle(tmp_path):
    (tmp_path / ".config.toml.4711").write_text("half a")
    assert Run.create(tmp_path, CONFIG).config == CONFIG


def test_a_folder_with_a_run_is_refused_and_left_alone(begun):
    before = (begun.folder / "config.toml").read_bytes()
    with pytest.raises(RunError, match=r"holds a run already; go on with `forethought resume .*one`, or give a new"):
        Run.create(begun.folder, {"kind": "other"})
    assert (begun.folder / "config.toml").read_bytes() == before


def test_a_folder_with_anything_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunError, match="is not empty and holds no run; give a new folder"):
        Run.create(tmp_path, CONFIG)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["replies.jsonl", "journal", "results.txt"])
def test_a_file_that_the_run_does_not_write_itself_is_free(name):
    check_free(name)


OWN = (
    "config.toml manifest.json journal.jsonl Journal-12.jsonl results.jsonl failures.jsonl billed.jsonl ended.jsonl "
    ".config.toml.7"
)


@pytest.mark.parametrize("name", OWN.split())
def test_the_files_of_a_run_are_not_free(name):
    with pytest.raises(ValueError, match="is a file that the run writes itself; give another name"):
        check_free(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/tmp/x", "a/b"])
def test_a_file_elsewhere_is_not_in_the_run(name):
    with pytest.raises(ValueError, match="leaves the run's folder"):
        check_free(name)


DEEP = "a = " + "[" * 5000 + "]" * 5000


@pytest.mark.parametrize("text", [None, "= broken", b"\xff\xfe", DEEP, "day = 2026-01-01", "n = " + "9" * 5000])
def test_a_folder_without_a_readable_config_is_no_run(tmp_path, text):
    if text is not None:
        (tmp_path / "config.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(RunError, match=r"is no run \(.*\); give a folder that `forethought eval` or `stl` made"):
        Run(tmp_path)


SCALARS = (
    st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.booleans() | st.text(st.characters(codec="utf-8"))
)
NAMES = st.text(st.characters(codec="utf-8"), max_size=8)
CONFIGS = st.recursive(
    st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3) | st.none(), max_size=4),
    lambda tables: st.dictionaries(NAMES, SCALARS | tables | st.none(), max_size=3),
    max_leaves=6,
)


def without_none(config):
    if not isinstance(config, dict):
        return config
    return {name: without_none(value) for name, value in config.items() if value is not None}


@settings(deadline=None, max_examples=60)
@given(CONFIGS)
def test_a_config_comes_back_from_toml_without_what_is_none(tmp_path_factory, config):
    made = Run.create(tmp_path_factory.mktemp("run"), config)
    assert made.config == without_none(config)
    assert Run(made.folder).config == made.config


def test_none_is_left_out_of_tables_too(tmp_path):
    made = Run.create(tmp_path, {"model": None, "settings": {"num_children": None, "beam_width": 3}})
    assert made.config == {"settings": {"beam_width": 3}}
    assert "model" not in (tmp_path / "config.toml").read_text()


def test_pin_writes_the_content_and_what_it_ran_on(begun):
    begun.pin({"world": "abc", "model": None})
    manifest = begun.manifest()
    assert manifest["content"] == {"world": "abc", "model": None}
    names = {"content", "sources", "changed_sources", "python", "versions", "commit", "dirty", "machine"}
    assert set(manifest) == names
    assert manifest["versions"]["forethought"]
    assert set(manifest["machine"]) == {"system", "processor", "cores"}


def test_pin_takes_the_same_content_again_and_writes_nothing(begun):
    begun.pin({"world": "abc", "prompt value": "123"})
    path = begun.folder / "manifest.json"
    before = path.read_bytes(), path.stat().st_mtime_ns
    Run(begun.folder).pin({"prompt value": "123", "world": "abc"})
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"world": "xyz", "model": "m"}, "with world 'abc' and it is 'xyz' now"),
        ({"world": "abc"}, "with model 'm' and it is None now"),
        ({"world": "abc", "model": "m", "prompt": "p"}, "with prompt None and it is 'p' now"),
    ],
)
def test_pin_refuses_content_that_has_changed(begun, facts, message):
    begun.pin({"world": "abc", "model": "m"})
    with pytest.raises(RunError, match=f"was begun {message}; restore that, or begin a new run"):
        begun.pin(facts)
    assert begun.manifest()["content"] == {"world": "abc", "model": "m"}


def test_pin_refuses_source_that_was_edited_and_names_it(begun):
    begun.pin({"world": "abc"}, {"search.beam": "1", "search.node": "2"})
    told = r"other source of search.beam, search.new; restore that, begin .*`forethought resume .*one --changed-source`"
    with pytest.raises(RunError, match=told):
        begun.pin({"world": "abc"}, {"search.beam": "9", "search.node": "2", "search.new": "3"})
    assert begun.manifest()["sources"]["search.beam"] == "1"


def test_a_word_lets_a_run_go_on_with_edited_source_and_the_manifest_names_it(begun):
    begun.pin({"world": "abc"}, {"a": "1", "b": "2"})
    with run_folder.changed_source():
        begun.pin({"world": "abc"}, {"a": "9", "b": "2"})
        begun.pin({"world": "abc"}, {"a": "9", "b": "8"})
        with pytest.raises(RunError, match="begun with world"):
            begun.pin({"world": "xyz"}, {"a": "9", "b": "8"})
    begun.pin({"world": "abc"}, {"a": "9", "b": "8"})  # from now on that is its source
    assert begun.manifest()["changed_sources"] == ["a", "b"]


def test_an_edited_manifest_is_refused(begun):
    begun.pin({"world": "abc"})
    path = begun.folder / "manifest.json"
    path.write_text(path.read_text().replace('"dirty": true', '"dirty": false').replace('"python": "3', '"python": "4'))
    with pytest.raises(RunError, match=r"manifest.json is damaged .its sum is not that of its text"):
        begun.manifest()


def test_what_came_of_tasks_can_be_read_while_others_run(begun):
    assert begun.ended() == []
    for line in ({"task": 7, "score": 0}, {"task": 2, "error": "KeyError"}, {"task": 7, "score": 1}):
        begun.note_ended(line)
    with (begun.folder / "ended.jsonl").open("a") as file:
        file.write('{"task": 9, "sc')  # cut off by a kill
    assert begun.ended() == [{"task": 2, "error": "KeyError"}, {"task": 7, "score": 1}]
    begun.note_ended({"task": 9, "score": 0})
    assert [row["task"] for row in begun.ended()] == [2, 7, 9]
    begun.write_results([{"task": 7}], [])
    assert begun.ended() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"content": 7}', b"\xff"])
def test_a_damaged_manifest_is_named(begun, text):
    (begun.folder / "manifest.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RunError, match=r"one/manifest.json is damaged \(.*\); restore it, or begin a new run"):
        begun.pin({"world": "abc"})


def test_damaged_results_are_named_and_may_be_made_anew(begun):
    (begun.folder / "results.jsonl").write_text('{"task": 1}\n{')
    with pytest.raises(
        RunError, match=r"one/results.jsonl, line 2, is damaged .*; delete the file, and `forethought resume .*one`"
    ):
        begun.results()


@pytest.mark.parametrize("line", ["7", "[]", "null", "{", "[" * 5000, "\xff", '{"a":' * 500 + "1" + "}" * 500])
def test_a_line_of_results_that_is_no_object_is_damaged(begun, line):
    (begun.folder / "results.jsonl").write_text(f'{{"task": 1}}\n{line}\n', encoding="latin-1")
    with pytest.raises(RunError, match=r"results.jsonl, line 2, is damaged"):
        begun.results()


def test_results_that_are_a_folder_are_named(begun):
    (begun.folder / "results.jsonl").mkdir()
    with pytest.raises(RunError, match=r"results.jsonl cannot be read .* makes it anew"):
        begun.results()


def test_a_planned_run_is_written_when_it_is_pinned(tmp_path):
    planned = Run.plan(tmp_path / "r", CONFIG)
    assert (planned.config, planned.begun, list(tmp_path.iterdir())) == (CONFIG, False, [])
    planned.pin({"world": "x"})
    assert (planned.begun, Run(tmp_path / "r").config) == (True, CONFIG)


def test_the_bill_of_a_process_is_not_written_onto_a_torn_one(begun):
    (begun.folder / "billed.jsonl").write_text('{"billed": {"calls": 1}, "saved": {}}\n{"bil')
    begun.note_billed({"calls": 2}, {})
    assert [line["billed"]["calls"] for line in begun.billed()] == [1, 2]


def test_hints_quote_what_the_shell_would_split(tmp_path):
    Run.create(tmp_path / "my run; here", CONFIG)
    with pytest.raises(RunError, match=r"forethought resume '.*/my run; here'`"):
        Run.plan(tmp_path / "my run; here", CONFIG)
    with pytest.raises(RunError, match=r"forethought resume '.*/my run; here'`"):
        Run(tmp_path / "my run; here").results()


def test_results_are_in_the_order_of_the_tasks_and_failures_beside_them(begun):
    begun.write_results([{"task": 10, "x": "\u2028"}, {"task": 2}], [{"task": 5, "error": "KeyError"}])
    assert begun.results() == [{"task": 2}, {"task": 10, "x": "\u2028"}]
    assert begun.failures() == [{"task": 5, "error": "KeyError"}]
    lines = (begun.folder / "results.jsonl").read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["task"] for line in lines] == [2, 10]


def test_results_say_how_to_get_them_before_there_are_any(begun):
    with pytest.raises(RunError, match=r"has no results.jsonl yet; finish it with `forethought resume .*one`"):
        begun.results()
    with pytest.raises(RunError, match=r"has no failures.jsonl yet"):
        begun.failures()


def test_a_run_without_failures_has_an_empty_list_of_them(begun):
    begun.write_results([], [])
    assert (begun.results(), begun.failures()) == ([], [])


@pytest.mark.parametrize("fails", ["fsync", "write", "rename"])
def test_files_are_replaced_whole_or_not_at_all(begun, monkeypatch, fails):
    begun.write_results([{"task": 1}], [])

    def fail(*_, **__):
        raise OSError("no space left")

    if fails == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    elif fails == "rename":
        monkeypatch.setattr(type(begun.folder), "replace", fail)
    rows = [{"task": 2}] if fails != "write" else [{"task": 2, "x": {1, 2}}]  # a set is no JSON
    with pytest.raises((OSError, TypeError)):
        begun.write_results(rows, [])
    monkeypatch.undo()
    assert begun.results() == [{"task": 1}]


def test_a_file_is_on_disk_before_it_takes_its_place(begun, monkeypatch):
    order = []
    plain = type(begun.folder).replace
    monkeypatch.setattr(os, "fsync", lambda file: order.append(os.fstat(file).st_size))
    monkeypatch.setattr(type(begun.folder), "replace", lambda self, to: (order.append(to.name), plain(self, to)))
    begun.write_results([{"task": 1}], [])
    assert order == [len('{"task": 1}\n'), "results.jsonl", 0, "failures.jsonl"]


def test_the_journal_of_a_run_is_in_its_folder_and_held_by_one(begun):
    with begun.journal() as journal:
        assert journal.path == begun.folder / "journal.jsonl"
        with pytest.raises(JournalError, match="in use"):
            Run(begun.folder).journal()


def test_the_manifest_names_the_commit_it_runs_from(begun, monkeypatch):
    answers = {"rev-parse": "c0ffee\n", "status": " M experiments/run_folder.py\n"}
    monkeypatch.setattr(run_folder.subprocess, "run", lambda words, **_: SimpleNamespace(stdout=answers[words[3]]))
    monkeypatch.setattr(run_folder.Path, "exists", lambda path: path.name == ".git")
    assert run_folder.git_state() == ("c0ffee", True)
    answers["status"] = ""
    assert run_folder.git_state() == ("c0ffee", False)


@pytest.mark.parametrize("error", [OSError("no git"), subprocess.CalledProcessError(128, "git")])
def test_without_git_the_commit_is_unknown(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(run_folder.Path, "exists", lambda path: True)
    monkeypatch.setattr(run_folder.subprocess, "run", fail)
    assert run_folder.git_state() == (None, None)


def test_outside_a_checkout_there_is_no_commit(monkeypatch):
    monkeypatch.setattr(run_folder.Path, "exists", lambda path: False)
    assert run_folder.git_state() == (None, None)


def test_a_package_that_is_not_there_has_no_version(monkeypatch):
    monkeypatch.setattr(run_folder, "PACKAGES", ("numpy", "no-such-package-here"))
    assert list(run_folder.surroundings()["versions"]) == ["numpy"]
    assert re.fullmatch(r"3\.\d+\.\d+\S*", run_folder.surroundings()["python"])
