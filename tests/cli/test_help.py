"""The help of every command: a text for each option, panels, and examples that the command accepts."""

from __future__ import annotations

import shlex

import pytest
import typer
from typer.testing import CliRunner

from forethought.cli.main import app

PANELLED = 6  # a command with more options groups them


def commands(command, words=()):
    """Every group and command, with its words."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


ALL = dict(commands(typer.main.get_command(app)))
LEAVES = {words: command for words, command in ALL.items() if not hasattr(command, "commands")}


def options_of(command):
    return [parameter for parameter in command.params if parameter.param_type_name == "option"]


def examples_of(command):
    return [line for line in (command.epilog or "").splitlines() if line.startswith("forethought ")]


def name(words):
    return " ".join(words) or "forethought"


@pytest.mark.parametrize("words", LEAVES, ids=name)
def test_every_option_and_argument_is_explained(words):
    assert LEAVES[words].help
    silent = [p.name for p in LEAVES[words].params if p.name != "help" and not getattr(p, "help", None)]
    assert silent == []


@pytest.mark.parametrize("words", LEAVES, ids=name)
def test_many_options_stand_in_panels(words):
    own = [option for option in options_of(LEAVES[words]) if option.name not in ("help", "as_json")]
    panels = {getattr(option, "rich_help_panel", None) for option in own}
    assert len(own) <= PANELLED or (None not in panels and len(panels) > 1)


def test_the_commands_stand_in_panels():
    shown = CliRunner().invoke(app, ["--help"]).stdout
    for panel in ("Experiments", "Environments and agents", "Data", "Board"):
        assert f" {panel} " in shown


@pytest.mark.parametrize("words", ALL, ids=name)
def test_an_example_ends_the_help_and_is_accepted(words):
    examples = examples_of(ALL[words])
    assert examples
    assert CliRunner().invoke(app, [*words, "--help"]).stdout.rstrip().endswith(examples[-1].split()[-1])
    for line in examples:
        _, *given = shlex.split(line)
        assert tuple(given[: len(words)]) == words
        parse(given)


def parse(given):
    """Read the words as the command would, and run nothing. Raises an error of click: the command refuses them."""
    command = ALL[()]
    while hasattr(command, "commands") and given[0] in command.commands:
        command, given = command.commands[given[0]], given[1:]
    assert not hasattr(command, "commands")
    if given != ["--help"]:
        command.make_context("forethought", list(given))


def test_an_example_that_is_refused_is_found():
    with pytest.raises(Exception, match="No such option"):
        parse(["board", "build", "--nowhere", "x"])
