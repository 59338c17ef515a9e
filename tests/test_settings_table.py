"""docs/settings.md is the page that its tool writes, and every setting on it has a meaning."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from forethought.agents.presets import AGENTS
from forethought.agents.registry import POLICIES, VALUES
from forethought.common.settings import settings_of
from forethought.search.registry import ALGORITHMS

pytest.importorskip("torch")
pytest.importorskip("aiohttp")

TOOL = Path(__file__).resolve().parent.parent / "tools" / "settings_table.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("settings_table", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_tool_writes(tool):
    written = tool.PAGE.read_text(encoding="utf-8")
    assert written == tool.page(), "run `python tools/settings_table.py`"


def test_every_setting_has_a_meaning(tool):
    assert tool.without_meaning() == []


def test_every_setting_is_on_the_page(tool):
    page = tool.page()
    for table, prefix in ((ALGORITHMS, ""), (POLICIES, "policy."), (VALUES, "value.")):
        for name, maker in table.items():
            assert f"### `{name}`" in page
            for setting in settings_of(maker):
                assert f"| `{prefix}{setting}` |" in page
    for agent in AGENTS.values():
        assert agent.source in page
        for setting, value in agent.settings.items():
            assert f"| `{setting}` | all | `{value}` |" in page
    for options in tool.OPTIONS.values():
        assert all(f"| `{option}` |" in page for option in options)


def test_a_setting_without_a_meaning_is_found(tool, monkeypatch):
    def climb(root, *, explained: int = 1, secret: int = 2):
        """Climb.

        Args:
            explained: A number.
        """
        yield

    monkeypatch.setitem(tool.ALGORITHMS, "climb", climb)
    assert tool.without_meaning() == ["| `secret` | an integer | `2` |  |"]
