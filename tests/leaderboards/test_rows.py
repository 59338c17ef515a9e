from __future__ import annotations

import copy
import json
import shlex

import pytest

from forethought.agents.evaluation import run
from forethought.agents.experiment import Experiment
from forethought.leaderboards import RowError, build, check, load_rows, make_row, save_row
from forethought.leaderboards.rows import ROWS, SCHEMA, command, total
from forethought.search.run import Run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of beam search by rules on three puzzles."""
    asked = Experiment("Game24-v0", "900:903", "beam", {"nodes": 150}, settings={"keep": 2}, seed=5)
    folder = Run.create(tmp_path_factory.mktemp("runs") / "rules", asked.config())
    run(folder)
    return folder


@pytest.fixture
def row(finished):
    return make_row(finished, "rules")


def test_a_row_tells_what_was_run(row):
    assert row["agent"] == {
        "algorithm": "beam",
        "settings": {"keep": 2},
        "policy": "all",
        "value": "rule",
        "endings": "rule",
    }
    assert (row["seeds"], row["budget"], row["privileges"], row["failures"]) == ([5], {"nodes": 150}, [], 0)
    assert [result["task"] for result in row["results"]] == [900, 901, 902]
    assert all(result["first"] is None and result["oracle"] is None for result in row["results"])


def test_a_row_is_made_of_a_run_that_stays_as_it_is(finished):
    def content():
        return {path.name: path.read_bytes() for path in finished.folder.iterdir()}

    before = content()
    seconds = make_row(finished, "rules")["seconds"]
    assert content() == before
    with finished.journal() as journal:  # another process is at it
        assert make_row(finished, "rules")["seconds"] == seconds == round(journal.seconds, 1)


def test_the_ledger_adds_up(row, finished):
    for name in ("nodes", "env_steps", "evaluations", "tokens"):
        assert row["ledger"][name] == sum(result["spent"][name] for result in finished.results())
    assert row["ledger"]["nodes"] > 0


def test_ledgers_add_up_field_by_field():
    one = {"nodes": 1, "roles": {"value": {"calls": 2}}}
    two = {"nodes": 5, "roles": {"value": {"calls": 3}, "policy": {"calls": 1}}}
    assert total([one, two]) == {"nodes": 6, "roles": {"value": {"calls": 5}, "policy": {"calls": 1}}}


def test_its_command_runs_the_same_again(row, finished, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from forethought.cli.main import app

    monkeypatch.chdir(tmp_path)
    words = shlex.split(row["command"])
    assert words[0] == "forethought"
    done = CliRunner().invoke(app, [*words[1:], "--run", str(tmp_path / "again")])
    assert done.exit_code == 0, done.output
    assert Run(tmp_path / "again").results() == finished.results()


def test_rows_are_saved_once_and_read_back(row, tmp_path):
    path = save_row(row, tmp_path)
    assert save_row(row, tmp_path) == path
    assert load_rows(tmp_path) == [row]
    with pytest.raises(RowError, match="another row already"):
        save_row({**row, "seconds": 99.0}, tmp_path)


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "UPPER", "x" * 100])
def test_a_row_stays_in_its_folder(row, name, tmp_path):
    with pytest.raises(RowError, match="no plain file name"):
        save_row({**row, "name": name}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_command_survives_the_shell():
    config = {"env": "WebShop-v0", "agent": "beam", "tasks": "0:2, 5", "budget": {"usd": 0.5}, "privileges": []}
    odd = {"prices": "my prices.json", "env_options": {"world": "it's; here"}}
    words = shlex.split(command({**config, **odd}))
    assert words[words.index("--tasks") + 1] == "0:2, 5"
    assert words[words.index("--prices") + 1] == "my prices.json"
    assert words[words.index("--env-option") + 1] == """world="it's; here\""""


def test_dollars_are_in_the_row_of_a_run_that_had_prices(row):
    check({**row, "ledger": {**row["ledger"], "usd": 0.25}})
    with pytest.raises(RowError, match=r"row.ledger.usd is 'free'; expected int or float"):
        check({**row, "ledger": {**row["ledger"], "usd": "free"}})


@pytest.mark.parametrize("field", sorted(field for field in SCHEMA if not field.endswith("?")))
def test_every_field_is_needed(row, field):
    broken = copy.deepcopy(row)
    del broken[field]
    with pytest.raises(RowError, match=f"row lacks {field}"):
        check(broken)


@pytest.mark.parametrize(
    ("path", "wrong", "message"),
    [
        (("seeds",), ["1"], r"row.seeds\[0\] is '1'; expected int"),
        (("failures",), True, "row.failures is True; expected int"),
        (("agent", "policy"), None, "row.agent.policy is None; expected str"),
        (("extra",), 1, "row has unknown fields extra"),
        (("results", 0, "score"), "high", r"row.results\[0\].score is 'high'; expected int or float"),
    ],
)
def test_a_wrong_field_is_named(row, path, wrong, message):
    broken = copy.deepcopy(row)
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(RowError, match=message):
        check(broken)


def test_a_file_that_is_no_row_is_named(tmp_path):
    (tmp_path / "bad.json").write_text('{"format": 1}')
    with pytest.raises(RowError, match=r"bad.json: row lacks"):
        load_rows(tmp_path)


def test_an_unfinished_run_makes_no_row(tmp_path):
    unfinished = Run.create(tmp_path / "r", Experiment("Game24-v0", "1", "greedy", {"nodes": 10}).config())
    unfinished.pin({"world": "x"})
    with pytest.raises(RowError, match="finish it with `forethought resume"):
        make_row(unfinished, "r")


def test_the_board_shows_every_row_with_its_interval(row, tmp_path):
    worse = {**copy.deepcopy(row), "name": "a-worse", "results": [{**r, "score": 0.0} for r in row["results"]]}
    markdown, page = build([worse, row], tmp_path)
    lines = markdown.read_text().splitlines()
    assert lines[0] == "## Game24-v0"
    assert [line.split(" | ")[0] for line in lines[4:6]] == ["| rules", "| a-worse"]
    assert "0.667 [0.208, 0.939]" in lines[4]  # two of three
    assert "0.000 [0.000, 0.561]" in lines[5]
    assert row["command"].split()[0] in page.read_text()


def test_a_failed_task_scores_nothing(row, tmp_path):
    markdown, _ = build([{**row, "failures": 1}], tmp_path)
    assert "0.500 [" in markdown.read_text()
    assert "(4, 1 failed)" in markdown.read_text()


def test_pages_escape_what_they_show(row, tmp_path):
    hostile = {**copy.deepcopy(row), "command": "<script>alert(1)</script>"}
    hostile["models"]["training"] = "<img src=x onerror=alert(1)> | a"
    markdown, page = build([hostile], tmp_path)
    assert "<script" not in page.read_text()
    assert "<img" not in page.read_text()
    assert r"\| a" in markdown.read_text()


def test_the_rows_of_this_repository_are_of_the_schema():
    for row in load_rows(ROWS):
        assert json.dumps(row)
        assert row["dirty"] is False or row["commit"]
