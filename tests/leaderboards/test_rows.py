from __future__ import annotations

import copy
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from forethought.experiments.config import Experiment
from forethought.experiments.execute import run
from forethought.experiments.run_folder import Run
from forethought.leaderboards import RowError, build, check, load_rows, make_row, rows, save_row
from forethought.leaderboards.rows import ROWS, SCHEMA, all_rows, command, rows_here, total


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of beam search by rules on three puzzles."""
    asked = Experiment("Game24-v0", "900:903", "beam", {"nodes": 150}, settings={"beam_width": 2}, seed=5)
    folder = Run.create(tmp_path_factory.mktemp("runs") / "rules", asked.config())
    run(folder)
    return folder


@pytest.fixture
def row(finished):
    return make_row(finished, "rules")


def test_a_row_tells_what_was_run(row):
    assert row["agent"] == {
        "algorithm": "beam",
        "settings": {"beam_width": 2},
        "policy": "all",
        "value": "rule",
        "terminal_value": "rule",
        "foreign": [],
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


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "UPPER", "x" * 100, "con", "nul.1", "x."])
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


HOSTILE = (
    "x | y",
    "two\nlines\r\n| a | row",
    "<script>alert(1)</script>",
    "</code></dd><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![](http://tracker.example/p.png)",
    "www.example.com",
    "`${7*7}` {{ 7*7 }} {% raw %}",
    "\x1b[2J\x1b]0;title\x07",
    "\u202egnp.exe \ud800",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_row_of_a_stranger_leaves_no_cell_of_the_board(row, text, tmp_path):
    hostile = {**copy.deepcopy(row), "name": text, "env": text, "command": text, "privileges": [text]}
    hostile["models"].update(model=text, training=text)
    hostile["agent"].update(algorithm=text, settings={text: text})
    hostile["protocol"]["tasks"] = text
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "x.json").write_text(json.dumps(hostile))
    markdown, page = build(load_rows(tmp_path / "rows"), tmp_path)
    lines = markdown.read_text(encoding="utf-8").splitlines()
    assert [line[:2] for line in lines] == ["##", "", "| ", "| ", "| "]
    assert len(re.findall(r"(?<!\\)\|", lines[4])) == len(re.findall(r"(?<!\\)\|", lines[2]))
    assert not re.search(r"(?<!\\)\]\(", markdown.read_text(encoding="utf-8"))
    for sign in ("<", "://", "www.", "\x1b", "\u202e"):
        assert sign not in markdown.read_text(encoding="utf-8")
    shown = page.read_text(encoding="utf-8")
    assert "<script" not in shown
    assert "<img" not in shown
    assert "\x1b" not in shown


DEEP = json.loads("[" * 300 + "]" * 300)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"results": []}, "row.results is empty"),
        ({"failures": 10**9}, "no run has as many tasks"),
        ({"failures": -1}, "row.failures is -1; expected int, 0 or more"),
        ({"format": 2}, "row.format is 2; expected int, 1 to 1"),
        ({"seconds": float("nan")}, "row.seconds is nan"),
        ({"seconds": 10**400}, "no number here is as large"),
        ({"config": {"deep": DEEP}}, "nested deeper than"),
    ],
)
def test_a_file_whose_numbers_cannot_be_is_named(row, change, said, tmp_path):
    (tmp_path / "bad.json").write_text(json.dumps({**row, **change}))
    with pytest.raises(RowError, match=f"bad.json: .*{said}"):
        load_rows(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"[" * 100_000, b"9" * 5000, None])
def test_a_file_that_is_no_json_is_named(content, tmp_path):
    (tmp_path / "bad.json").mkdir() if content is None else (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(RowError, match=r"bad.json: "):
        load_rows(tmp_path)


def test_rows_never_go_into_an_installed_package(row, tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "ROWS", tmp_path / "forethought" / "leaderboards" / "rows")
    for folder in (rows.ROWS, tmp_path / "forethought", tmp_path / "x" / ".." / "forethought" / "search"):
        with pytest.raises(RowError, match="belongs to the installed package"):
            save_row(row, folder)
    assert list(tmp_path.iterdir()) == []
    save_row(row, tmp_path / "mine")


def test_rows_go_into_the_checkout_or_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert rows_here() == Path("rows")
    checkout = ROWS.parent.parent
    monkeypatch.chdir(checkout)
    installed = not (checkout / "setup.cfg").exists()
    assert rows_here().resolve() == (checkout / "rows" if installed else ROWS)


def test_of_rows_with_one_name_that_of_the_last_folder_is_shown(row, tmp_path):
    save_row(row, tmp_path / "package")
    save_row({**row, "name": "other"}, tmp_path / "package")
    save_row({**row, "seconds": 99.0}, tmp_path / "mine")
    found = all_rows(tmp_path / "package", tmp_path / "mine", tmp_path / "missing")
    assert {row["name"]: row["seconds"] for row in found} == {"rules": 99.0, "other": row["seconds"]}


def test_results_that_lack_a_task_make_no_row(finished, tmp_path):
    folder = tmp_path / "r"
    shutil.copytree(finished.folder, folder)
    lines = (folder / "results.jsonl").read_text().splitlines(keepends=True)
    for content in (lines[:-1], [*lines, lines[0]]):
        (folder / "results.jsonl").write_text("".join(content))
        with pytest.raises(RowError, match=r"are not those of its 3 tasks; delete results.jsonl and failures.jsonl"):
            make_row(Run(folder), "r")


def test_the_rows_of_this_repository_are_of_the_schema():
    for row in load_rows(ROWS):
        assert json.dumps(row)
        assert row["dirty"] is False or row["commit"]
