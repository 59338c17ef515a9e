from __future__ import annotations

import sys

import pytest

from forethought.cli.main import main


@pytest.fixture
def fails(monkeypatch, capsys):
    """Runs a command that must be refused: exit code 2, and the one line that it says on standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["forethought", "data", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (2, "")
        (line,) = said.err.splitlines()
        return line

    return run
