"""Completion in the shell."""

from __future__ import annotations

import sys

import pytest

from forethought.agents.presets import AGENTS
from forethought.agents.registry import POLICIES, VALUES
from forethought.cli.main import main
from forethought.envs import IDS
from forethought.search.registry import ALGORITHMS


@pytest.fixture
def completes(monkeypatch, capsys):
    """The candidates of bash for the last of these words."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["forethought"])
        monkeypatch.setenv("_FORETHOUGHT_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(["forethought", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return capsys.readouterr().out.split()

    return run


def test_commands_and_options(completes):
    assert completes("re") == ["resume"]
    assert completes("data", "ve") == ["verify"]
    assert {"--agent", "--allow-unreadable"} <= set(completes("eval", "--a"))


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("--env", set(IDS)),
        ("--agent", {*AGENTS, *ALGORITHMS}),
        ("--policy", set(POLICIES)),
        ("--value", set(VALUES)),
    ],
)
def test_names_of_an_evaluation(completes, option, names):
    assert set(completes("eval", option, "")) == names
    one = max(names)
    assert one in completes("eval", option, one[:3])
    assert all(name.startswith(one[:3]) for name in completes("eval", option, one[:3]))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["forethought"])
    monkeypatch.setenv("_FORETHOUGHT_COMPLETE", f"source_{shell}")
    with pytest.raises(SystemExit):
        main()
    assert f"_FORETHOUGHT_COMPLETE=complete_{shell}" in capsys.readouterr().out
