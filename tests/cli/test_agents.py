"""forethought agents: everything that can be named, and its settings."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from forethought.agents.presets import AGENTS
from forethought.agents.registry import POLICIES, VALUES
from forethought.cli.main import app
from forethought.common.settings import settings_of
from forethought.search.registry import ALGORITHMS


@pytest.fixture
def agents():
    return lambda *words: CliRunner().invoke(app, ["agents", *words])


def test_all_that_can_be_named_is_listed(agents):
    rows = json.loads(agents("list", "--json").stdout)
    for kind, table in (("preset", AGENTS), ("algorithm", ALGORITHMS), ("policy", POLICIES), ("value", VALUES)):
        assert [row["name"] for row in rows if row["kind"] == kind] == list(table)
    assert all(row["about"] for row in rows)
    assert len(agents("list").stdout.splitlines()) >= len(rows)


@pytest.mark.parametrize("name", [*AGENTS, *ALGORITHMS, *POLICIES, *VALUES])
def test_each_is_shown_with_every_setting(agents, name):
    found = json.loads(agents("show", name, "--json").stdout)
    for piece in found:
        if piece["kind"] == "algorithm":
            assert [setting["name"] for setting in piece["settings"]] == list(settings_of(ALGORITHMS[name]))
            assert piece["module"] == ALGORITHMS[name].__module__
    text = agents("show", name).stdout
    assert all(f"{setting['name']} = {setting['default']}" in text for piece in found for setting in piece["settings"])


def test_a_name_of_several_kinds_is_shown_as_each(agents):
    found = json.loads(agents("show", "lats", "--json").stdout)
    assert [piece["kind"] for piece in found] == ["preset", "algorithm"]
    assert found[1]["needs"] == {"privileges": ["reward", "reflection"], "prompts": ["reflection"], "values": True}
    assert "needs: values, the privilege reward, the privilege reflection" in agents("show", "lats").stdout


def test_a_piece_of_the_users_own_is_shown_with_its_meanings(agents, tmp_path, monkeypatch):
    (tmp_path / "shown_search.py").write_text(
        "def climb(root, *, restarts: int = 3, note: str):\n"
        '    """Climb.\n\n    Args:\n        restarts: descents, each\n            from the root.\n'
        '        note: any text.\n    """\n'
        "    yield\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = agents("show", "shown_search:climb").stdout
    assert "restarts = 3 (an integer): descents, each from the root." in text
    assert "note required (a text): any text." in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bean", "unknown name 'bean'; expected one of react, reflexion"),
        ("nowhere:climb", "the algorithm 'nowhere:climb' cannot be imported: No module named 'nowhere'"),
        ("json:dumps", "json:dumps is no algorithm"),
    ],
)
def test_what_is_not_there_is_refused(agents, name, message):
    assert message in str(agents("show", name).exception)
