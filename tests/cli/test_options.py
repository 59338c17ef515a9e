"""Every option of every command, with a text that it cannot mean: a short error, and nothing left behind."""

from __future__ import annotations

import sys

import pytest
import typer

from forethought.cli import data_hotpotqa, data_webshop
from forethought.cli.main import app, main
from forethought.common.parallel import MOST_WORKERS

LONG = "x" * 100_000
NEEDED = {
    ("eval",): {"--env": "Game24-v0", "--agent": "beam", "--tasks": "0:1", "--budget": "nodes=1", "--run": "new"},
    ("stl",): {"--env": "Game24-v0", "--tasks": "0:1", "--validation": "1000:1001", "--run": "new"},
    ("data", "import", "hotpotqa"): {"--questions": "missing.json", "--out": "new"},
    ("data", "import", "webshop"): {"--from": "missing", "--out": "new"},
}
NO_USAGE = {"--training"}  # any text may be meant


def options(command, words=()):
    for name, inner in getattr(command, "commands", {}).items():
        yield from options(inner, (*words, name))
    if not hasattr(command, "commands"):
        for parameter in command.params:
            if not getattr(parameter, "is_flag", False) and not NO_USAGE & set(parameter.opts):
                yield words, parameter.opts[0] if parameter.param_type_name == "option" else ""


def refused(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["forethought", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code in (1, 2)
    assert 0 < len(said.out + said.err) <= 2000
    assert "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize(("words", "option"), list(options(typer.main.get_command(app))))
def test_a_text_that_no_option_can_mean(words, option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = {**NEEDED.get(words, {}), option: LONG} if option else {"": LONG}
    refused([*words, *(word for pair in given.items() for word in pair if word)], monkeypatch, capsys)
    assert list(tmp_path.iterdir()) == []


def test_as_many_in_a_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = {**NEEDED[("eval",)], "--workers": str(MOST_WORKERS + 1)}
    said = refused(["eval", *(word for pair in given.items() for word in pair)], monkeypatch, capsys)
    assert f"at most {MOST_WORKERS}" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["hotpotqa", "webshop"])
def test_more_workers_than_a_machine_bears_are_refused(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["data", "make", kind, "--out", "new", "--workers", str(MOST_WORKERS + 1)]
    assert f"at most {MOST_WORKERS}" in refused(words, monkeypatch, capsys)
    assert list(tmp_path.iterdir()) == []


def test_no_module_before_the_colon(tmp_path, monkeypatch, capsys):
    said = refused(["envs", "check", ":"], monkeypatch, capsys)
    assert "unknown env ':'" in said
    assert "give MODULE:ID" in said


def test_the_next_command_can_be_pasted(tmp_path):
    folder = tmp_path / "my files"
    assert data_webshop.sources([folder / "items.json"]) == f"--from '{folder}'"
    questions = folder / "hotpot_dev_distractor_v1.json"
    assert data_hotpotqa.sources([questions]) == f"--questions '{questions}'"
    assert data_hotpotqa.sources([folder / "w.tar.bz2"]) == f"--questions FILE --wiki '{folder / 'w.tar.bz2'}'"
