from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.experiments.run_folder import Run, RunError
from forethought.experiments.run_start import free_folder, portable, start, withdraw

CONFIG = {"kind": "eval", "seed": 1}


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_start_makes_a_numbered_folder(tmp_path):
    for number in (1, 2):
        with start(None, tmp_path / "runs", "Game24-v0-beam", CONFIG) as run:
            run.begin()
        assert run.folder == tmp_path / "runs" / f"Game24-v0-beam-{number}"
        assert Run(run.folder).config == CONFIG


@pytest.mark.parametrize("folder", [None, "mine", "deep/down/mine"])
@pytest.mark.parametrize("far", ["planned", "begun", "pinned", "journal", "part"])
def test_a_refused_start_leaves_nothing(tmp_path, folder, far):
    def refused():
        with start(folder and tmp_path / folder, tmp_path / "runs", "x", CONFIG) as run:
            if far != "planned":
                run.begin()
            if far in ("pinned", "journal"):
                run.pin({"world": "w"})
            if far in ("journal", "part"):
                run.journal().close()
            if far == "part":
                (run.folder / "journal-1.jsonl").write_text("")
            raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model"):
        refused()
    assert tree(tmp_path) in ([], ["deep", "deep/down"])
    with start(folder and tmp_path / folder, tmp_path / "runs", "x", CONFIG) as run:  # the corrected command
        run.begin()
    assert Run(run.folder).config == CONFIG


@pytest.mark.parametrize("name", ["journal.jsonl", "thesis.tex", "results.jsonl", "billed.jsonl", "replies.jsonl"])
def test_what_was_paid_or_is_of_others_stays(tmp_path, name):
    def refused():
        with start(None, tmp_path, "x", CONFIG) as run:
            run.begin()
            with run.journal() as journal:
                if name == "journal.jsonl":
                    journal.write(['[0,0,"evaluate",[0.5]]'])
                else:
                    (run.folder / name).write_text("{}\n")
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        refused()
    assert {"x-1/config.toml", f"x-1/{name}"} <= set(tree(tmp_path))


def test_a_start_that_is_interrupted_stays(tmp_path):
    def interrupted():
        with start(None, tmp_path, "x", CONFIG) as run:
            run.begin()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert tree(tmp_path) == ["x-1", "x-1/config.toml"]


def test_a_run_that_another_process_goes_on_with_stays(tmp_path):
    run = Run.create(tmp_path / "x", CONFIG)
    with run.journal():
        withdraw(run.folder)
    assert "x/config.toml" in tree(tmp_path)


def test_a_folder_of_others_is_never_removed(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "runs"):

        def refused(folder=folder):
            with start(folder, tmp_path, "x", CONFIG) as run:
                run.begin()
                (folder / "notes").touch()
                raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            refused()
        assert (folder / "notes").exists()


def test_starts_at_the_same_moment_never_share_a_folder(tmp_path):
    def one(number):
        with start(None, tmp_path / "runs", "x", {"number": number}) as run:
            if number % 2:
                raise ValueError("refused")
            run.begin()
        return run.folder

    def settled(number):
        try:
            return one(number)
        except ValueError:
            return None

    with ThreadPoolExecutor(8) as pool:
        folders = [folder for folder in pool.map(settled, range(40)) if folder]
    assert len(set(folders)) == 20
    assert sorted(Run(folder).config["number"] for folder in folders) == list(range(0, 40, 2))


def test_of_two_starts_in_one_folder_the_first_has_it(tmp_path):
    first, second = Run.plan(tmp_path / "r", {"number": 1}), Run.plan(tmp_path / "r", {"number": 2})
    first.begin()
    with pytest.raises(RunError, match="holds a run already"):
        second.begin()
    assert Run(tmp_path / "r").config == {"number": 1}


def test_of_two_starts_at_the_same_moment_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("forethought.experiments.run_folder.check_new", lambda folder: None)  # neither saw the other
    Run.plan(tmp_path / "r", {"number": 1}).begin()
    with pytest.raises(RunError, match=r"another run began in .* at the same moment; give a new folder"):
        Run.plan(tmp_path / "r", {"number": 2}).begin()
    assert Run(tmp_path / "r").config == {"number": 1}
    assert tree(tmp_path) == ["r", "r/config.toml"]


def test_a_disk_without_hard_links_will_do(tmp_path, monkeypatch):
    def fail(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", fail)
    assert Run.create(tmp_path / "r", CONFIG).config == CONFIG


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Game24-v0-beam", "Game24-v0-beam"),
        ("mine:Mine-v0-beam", "mine-Mine-v0-beam"),
        ("ALE/Pong-v5-react", "ALE-Pong-v5-react"),
        ("../../etc", "etc"),
        ('a\\b|c?*<>"', "a-b-c"),
        ("CON", "run-CON"),
        ("nul.x", "run-nul.x"),
        ("", "run"),
        ("...", "run"),
        ("größe 1", "gr-e-1"),
    ],
)
def test_names_are_portable(name, plain):
    assert portable(name) == plain


@given(st.text())
def test_any_name_becomes_portable(name):
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,110}", portable(name) + "x")


def test_a_file_in_the_place_of_the_home_is_told(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(OSError, match="runs"):
        free_folder(tmp_path / "runs", "x")
