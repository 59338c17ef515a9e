"""Every option of every command with an empty text: refused by its name, with an example, and nothing is left."""

from __future__ import annotations

import sys

import pytest
import typer

from forethought.cli.empty_texts import EXAMPLES
from forethought.cli.main import app, main


def options(command, words=()):
    for name, inner in getattr(command, "commands", {}).items():
        yield from options(inner, (*words, name))
    if not hasattr(command, "commands"):
        for parameter in command.params:
            if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False):
                yield words, parameter.opts[0]


OPTIONS = list(options(typer.main.get_command(app)))


@pytest.fixture
def refused(monkeypatch, capsys, tmp_path):
    """The message of a command that must be refused before anything is done."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["forethought", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code, said.out, list(tmp_path.iterdir())) == (2, "", [])
        (line,) = said.err.splitlines()
        return line

    return run


@pytest.mark.parametrize(
    "given", [lambda option: [option, ""], lambda option: [f"{option}="], lambda option: [option, " "]]
)
@pytest.mark.parametrize(("words", "option"), OPTIONS)
def test_an_empty_text_is_refused_by_the_name_of_its_option(refused, words, option, given):
    said = refused(*words, *given(option))
    assert said.startswith(f"forethought: {option} is given an empty text; write a value, as in {option} ")
    assert said.endswith(", or leave it out")


def test_an_example_is_of_the_command(refused):
    assert "as in --set small," in refused("data", "fetch", "webshop", "--set", "")
    assert "as in --set beam_width=5," in refused("eval", "--set", "")
    assert "as in --questions hotpot_dev" in refused("data", "import", "hotpotqa", "--questions", "")


@pytest.mark.parametrize("words", [("resume", ""), ("data", "verify", ""), ("envs", "check", "--json", "")])
def test_an_empty_argument_is_refused(refused, words):
    assert refused(*words).startswith("forethought: an argument is an empty text; give its value, or leave it out")


def test_every_example_belongs_to_an_option():
    known = {option for _, option in OPTIONS}
    assert {name.split()[-1] for name in EXAMPLES} == known


@pytest.mark.parametrize("value", ["0", "false", "''"])
def test_other_texts_are_not_empty(value, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["forethought", "envs", "play", "Game24-v0", "--task", value])
    with pytest.raises(SystemExit):
        main()
    assert "empty text" not in capsys.readouterr().err
