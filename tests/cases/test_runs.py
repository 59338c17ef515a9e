"""Cases from public bug reports: runs whose replies were lost, and requests that can never be answered."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import stub_server
from typer.testing import CliRunner

import forethought.search
from forethought.agents.models.protocol import Completion
from forethought.agents.models.scripted import Scripted
from forethought.cli.main import app
from forethought.experiments.run_folder import Run
from forethought.search import Usage

MODEL = "recorded:replies"  # named so; the tests put a scripted one in its place
PLAYED = Usage(1, 20, 0, 8)


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    """`forethought eval` in an empty folder, with a scripted model in the place of whatever it opens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def run(*words, model=None, tasks="900:902", budget="nodes=20"):
        Path("replies").touch()
        if model is not None:
            monkeypatch.setattr("forethought.experiments.build.open_model", lambda *_: model)
        given = ("--env", "Game24-v0", "--tasks", tasks, "--budget", budget, "--run", "r")
        return CliRunner().invoke(app, ["eval", *given, *map(str, words)])

    return run


def last_line(done):
    return done.stdout.splitlines()[-1]


class Thinking(Scripted):
    """Reasons until the token limit, so that nothing of the answer is left."""

    def __init__(self, every=1, **told):
        super().__init__(lambda request: "10 - 4")
        self.every, self.told, self.asked = every, told or {"truncated": True}, 0

    def complete(self, requests):
        replies = []
        for good in super().complete(requests):
            self.asked += 1
            replies.append(Completion("", PLAYED, **self.told) if self.asked % self.every == 0 else good)
        return replies


@pytest.mark.parametrize(
    "agent", [("--agent", "tot-bfs"), ("--agent", "beam", "--value", "lm-text"), ("--agent", "react")]
)
def test_ukgovernmentbeis_inspect_ai_5467(evaluate, agent):
    done = evaluate(*agent, "--model", MODEL, model=Thinking(), tasks="900:903", budget="nodes=60")
    assert done.exit_code == 3
    rows = [json.loads(line) for line in Path("r/results.jsonl").read_text().splitlines()]
    lost = sum(row["spent"]["parse_failures"] for row in rows)
    assert lost == sum(row["spent"]["lm_calls"] for row in rows) == sum(row["spent"]["truncated"] for row in rows) > 0
    told = f"{lost} of {lost} replies could not be read, {lost} of them ended at the token limit"
    assert told in last_line(done)
    assert f"{lost} of {lost} replies unread" in done.stderr


def test_generative_computing_mellea_1060(evaluate, stub):
    """The same from a server: content null, and all that was written is the reasoning."""
    message = {"role": "assistant", "content": None, "reasoning_content": "Let us see. 4 and 5 give"}
    stub.fault = lambda asked: stub_server.changed(choices=[{"message": message, "finish_reason": "length"}])
    done = evaluate("--agent", "tot-bfs", "--model", f"server+chat:m@{stub.url}", tasks="900:903")
    assert done.exit_code == 3
    assert f"{len(stub.seen)} of {len(stub.seen)} replies could not be read" in last_line(done)


@pytest.mark.parametrize(
    ("told", "word"),
    [({"refusal": "a content filter"}, "were refused by the model"), ({"truncated": True}, "ended at the token limit")],
)
def test_a_few_lost_replies_are_told_and_do_not_fail_a_run(evaluate, told, word):
    done = evaluate("--agent", "react", "--model", MODEL, model=Thinking(3, **told), tasks="900:904")
    assert done.exit_code == 0
    assert "replies could not be read" in last_line(done)
    assert f"of them {word}" in last_line(done)


def test_a_run_of_lost_replies_may_be_meant(evaluate):
    words = ("--agent", "react", "--model", MODEL)
    assert evaluate(*words, "--allow-unreadable", model=Thinking()).exit_code == 0
    assert CliRunner().invoke(app, ["resume", "r"]).exit_code == 3
    again = CliRunner().invoke(app, ["resume", "r", "--allow-unreadable"])
    assert again.exit_code == 0
    assert "2 of 2 replies could not be read" in last_line(again)


def test_prose_that_no_rule_takes_is_told(evaluate):
    model = Scripted(lambda request: "I would first look at the large numbers")
    done = evaluate("--agent", "react", "--model", MODEL, model=model)
    assert done.exit_code == 3
    assert "6 of 6 replies could not be read; 6 of 6 proposals were refused by the rules" in last_line(done)


def test_moves_that_no_rule_takes_were_read(evaluate):
    done = evaluate("--agent", "react", "--model", MODEL, model=Scripted(lambda request: "97 - 3"))
    assert done.exit_code == 0
    assert "could not be read" not in last_line(done)
    assert "6 of 6 proposals were refused by the rules" in last_line(done)


def test_a_policy_that_proposes_nothing_is_told(evaluate, monkeypatch):
    monkeypatch.setattr("forethought.agents.policies.AllActions._propose", lambda self, query: [])
    assert "2 of 2 tasks ended without a move" in last_line(evaluate("--agent", "beam"))


def test_a_value_that_is_always_the_same_is_told(evaluate):
    def judge(request):
        return "It may work.\nThus the correctness score is 5.0"

    words = ("--agent", "beam", "--policy", "all", "--value", "lm-text", "--model", MODEL)
    done = evaluate(
        *words, "--set", "value.samples=1", "--terminal-value", "model", model=Scripted(judge), budget="nodes=60"
    )
    assert "values were 0.5" in last_line(done)


def judged(request):
    return f"Perhaps.\nThus the correctness score is {len(request.prompt) % 10}.0"


class Refusing(Scripted):
    """Will never answer the n-th request for a value."""

    def __init__(self, place):
        super().__init__(judged)
        self.place, self.asked = place, 0

    def complete(self, requests):
        replies = super().complete(requests)
        first, self.asked = self.asked, self.asked + len(requests)
        if first < self.place <= self.asked:
            replies[self.place - 1 - first] = Completion(
                "", Usage(), refusal="a prompt beyond the context of the model"
            )
        return replies


@pytest.mark.parametrize(
    ("agent", "place"), [("mcts", 20), ("mcts", 1), ("beam", 20), ("beam", 36), ("greedy", 5), ("best_first", 20)]
)
def test_princeton_nlp_tree_of_thought_llm_58(evaluate, agent, place):
    """One request of many can never be answered: the task completes, and a resume asks and pays nothing."""
    model = Refusing(place)
    value = ("--value", "lm-text", "--set", "value.samples=1", "--model", MODEL)
    words = ("--agent", agent, "--policy", "all", *value)
    done = evaluate(*words, model=model, tasks="900:901", budget="nodes=60")
    assert done.exit_code == 0
    asked, results = model.asked, Path("r/results.jsonl").read_bytes()
    (row,) = Run(Path("r")).results()
    assert row["spent"]["refused"] == 1
    assert "1 of them were refused by the model" in last_line(done)
    assert CliRunner().invoke(app, ["resume", "r"]).exit_code == 0
    assert model.asked == asked
    assert Path("r/results.jsonl").read_bytes() == results
    board = CliRunner().invoke(app, ["board", "add", "r", "--rows", "rows", "--json"])
    assert json.loads(board.stdout)["ledger"]["refused"] == 1


@pytest.mark.parametrize(("samples", "place"), [(1, 20), (1, 36), (3, 50)])
def test_the_good_replies_of_a_failed_batch_are_paid_once(evaluate, stub, samples, place):
    """One request of a batch fails, and not for good: only that one is asked and paid again."""

    def failing(asked):
        wanted = sorted({one.prompt for one in stub.seen})
        return stub_server.status(401) if stub.failing and asked.prompt == wanted[0] else None

    def good(asked):
        text = "Perhaps.\nThus the correctness score is 5.0"
        return {"choices": [{"text": text}], "usage": {"prompt_tokens": 50, "completion_tokens": 9}}

    stub.failing, stub.reply = True, good
    stub.fault = lambda asked: stub_server.status(401) if stub.failing and len(stub.seen) == place else None
    words = ("--agent", "beam", "--policy", "all", "--value", "lm-text", "--set", f"value.samples={samples}")
    words += ("--model", f"server:m@{stub.url}", "--model-option", "concurrency=1")
    assert evaluate(*words, tasks="900:901", budget="nodes=36").exit_code == 1
    first = len(stub.seen)
    assert first == 36 * samples
    (failure,) = Run(Path("r")).failures()
    assert failure["spent"]["lm_calls"] == first - 1
    stub.failing = False
    assert CliRunner().invoke(app, ["resume", "r"]).exit_code in (0, 3)
    (row,) = Run(Path("r")).results()
    assert len(stub.seen) - first == samples
    assert row["spent"]["lm_calls"] == len(stub.seen) - 1


# Edited code


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder with half a journal of beam search, in `r`, and a copy of the package, in `site`."""
    folder = tmp_path_factory.mktemp("begun")
    home = Path(forethought.search.beam.__code__.co_filename).parent.parent
    for part in ("common", "envs", "search", "agents", "experiments", "value", "leaderboards", "cli"):
        ignored = shutil.ignore_patterns("__pycache__", "rows")
        shutil.copytree(home / part, folder / "site" / "forethought" / part, ignore=ignored)
    words = (
        "--env",
        "Game24-v0",
        "--agent",
        "beam",
        "--set",
        "beam_width=4",
        "--tasks",
        "900:906",
        "--budget",
        "nodes=200",
    )
    done = command(folder, "eval", *words, "--run", "r")
    assert done.returncode == 0, done.stderr
    journal = folder / "r" / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[: len(lines) // 2]))
    return folder


def command(folder, *words):
    """The command of the copy."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "site"), "PYTHONDONTWRITEBYTECODE": "1"}
    code = f"import sys; sys.argv[1:] = {words!r}; from forethought.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def half(begun, tmp_path):
    folder = shutil.copytree(begun, tmp_path / "copy")
    return functools.partial(command, folder), folder / "site" / "forethought"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("search/beam.py", "Evaluate(children)", "Evaluate(children[::-1])"),
        ("search/node.py", "return node.done, node.value", "return node.done, -node.value"),
        ("agents/policies.py", "prior = 1 / len(actions)", "prior = 2 / len(actions)"),
        ("envs/game24/rules.py", "\nfrom __future__", "\n# edited\nfrom __future__"),
    ],
)
def test_edited_code_is_refused_by_name(half, file, old, new):
    run, site = half
    edit(site / file, old, new)
    done = run("resume", "r")
    assert done.returncode == 2
    module = "forethought." + file.removesuffix(".py").replace("/", ".")
    assert f"was begun with other source of {module}; restore that, begin a new run, or go on with" in done.stderr


def test_edited_code_may_go_on_by_a_word_that_the_row_shows(half):
    run, site = half
    edit(site / "search" / "beam.py", '"""Beam search over states."""', '"""Beam search."""')
    assert run("resume", "r").returncode == 2
    done = run("resume", "r", "--changed-source")
    assert done.returncode == 0, done.stderr
    assert "forethought.search.beam was edited during the run" in done.stdout.splitlines()[-1]
    row = json.loads(run("board", "add", "r", "--rows", "rows", "--json").stdout)
    assert row["changed_sources"] == ["forethought.search.beam"]


def test_an_answer_is_never_used_for_another_question(half):
    """What the word does not allow: the journal answers what is not asked any more."""
    run, site = half
    edit(site / "search" / "beam.py", "Evaluate(children)", "Evaluate(children[::-1])")
    done = run("resume", "r", "--changed-source")
    assert done.returncode == 2
    assert "the journal is of another run: task 90" in done.stderr
    assert "or asks in another order" in done.stderr
