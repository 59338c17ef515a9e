"""The command as a user meets it: output, exit codes, resume."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from unittest import mock

import pytest
from rich.console import Console
from typer.testing import CliRunner

from forethought.cli import progress
from forethought.cli.evaluate import said, summarise
from forethought.cli.main import app, main
from forethought.envs.game24.family import Game24
from forethought.envs.simulator import TaskSimulator
from forethought.experiments.run_folder import Run
from forethought.search.engine.budget import Ledger

COMMAND = [sys.executable, "-c", "from forethought.cli.main import main; main()"]


@pytest.fixture
def forethought(tmp_path, monkeypatch):
    """Runs the command in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def fails(words, cwd):
    """Runs `main` in this process and that folder; gives the exit code and the text on standard error."""
    here, handlers = Path.cwd(), [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    errors = io.StringIO()
    os.chdir(cwd)
    try:
        with (
            mock.patch.object(sys, "argv", ["forethought", *words]),
            mock.patch.object(sys, "path", list(sys.path)),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(errors),
            pytest.raises(SystemExit) as ended,
        ):
            main()
    finally:
        os.chdir(here)
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), handlers, strict=True):
            signal.signal(number, handler)
    return ended.value.code, errors.getvalue()


def test_the_version_is_that_of_the_package(forethought):
    done = forethought("--version")
    assert (done.exit_code, done.stdout) == (0, f"forethought {metadata.version('forethought')}\n")


def test_envs_list(forethought):
    game24, hotpotqa, webshop, _ = json.loads(forethought("envs", "list", "--json").stdout)
    assert (game24["id"], game24["tasks"], game24["splits"]["test"]) == ("Game24-v0", 1362, "900:1000")
    assert (hotpotqa["id"], hotpotqa["splits"]["test"]) == ("HotpotQA-v0", "400:500")
    assert (webshop["id"], webshop["splits"]["test"]) == ("WebShop-v0", "0:500")
    assert "1362" in forethought("envs", "list").stdout


def test_envs_check_passes_the_suites_own(forethought):
    done = forethought("envs", "check", "Game24-v0", "--json")
    assert done.exit_code == 0
    assert set(json.loads(done.stdout).values()) == {None}


def test_envs_check_fails_what_is_broken(forethought, monkeypatch):
    monkeypatch.setattr("forethought.envs.game24.family.Game24.actions", lambda self, state: ("1 + 1000",))
    done = forethought("envs", "check", "Game24-v0")
    assert done.exit_code == 1
    assert "BROKEN admissible_is_legal: the admissible '1 + 1000' was refused" in done.stdout


def test_envs_bench(forethought):
    rates = json.loads(forethought("envs", "bench", "Game24-v0", "--steps", "200", "--repeats", "1", "--json").stdout)
    assert set(rates) == {"pure steps", "steps with list of actions", "env.step with info", "forks"}
    assert min(rates.values()) > 100


def test_a_person_plays(tmp_path):
    typed = "?\nnonsense\n10 - 4\nundo\nundo\n10 - 4\n5 * 6\n30 - 6\n"
    done = subprocess.run(
        [*COMMAND, "envs", "play", "Game24-v0", "--task", "900"], input=typed, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for seen in (
        "(left: 4 5 6 10)",
        "cannot play 'nonsense'",
        "10 - 4 = 6 (left: 5 6 6)",
        "nothing to take back",
        "reward 1",
        "solved: True",
    ):
        assert seen in done.stdout


def test_play_ends_with_the_input(tmp_path):
    assert (
        subprocess.run([*COMMAND, "envs", "play", "Game24-v0"], input="", capture_output=True, text=True).returncode
        == 0
    )


def eval_words(run, *more):
    return [
        "eval",
        "--env",
        "Game24-v0",
        "--agent",
        "beam",
        "--tasks",
        "900:904",
        "--budget",
        "nodes=200",
        "--run",
        str(run),
        *more,
    ]


def test_eval_writes_a_run_and_says_what_came_of_it(forethought, tmp_path):
    done = forethought(*eval_words(tmp_path / "r"), "--set", "beam_width=2", "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert (summary["tasks"], summary["failed"]) == (4, 0)
    assert {path.name for path in (tmp_path / "r").iterdir()} >= {
        "config.toml",
        "manifest.json",
        "journal.jsonl",
        "results.jsonl",
    }
    assert len(Run(tmp_path / "r").results()) == 4


def test_eval_picks_a_free_folder(forethought, tmp_path):
    words = [word for word in eval_words("x") if word not in ("--run", "x")]
    assert forethought(*words).exit_code == forethought(*words).exit_code == 0
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"Game24-v0-beam-1", "Game24-v0-beam-2"}


def test_resume_of_a_finished_run_changes_nothing(forethought, tmp_path):
    forethought(*eval_words(tmp_path / "r"))
    before = (tmp_path / "r" / "results.jsonl").read_bytes()
    assert forethought("resume", tmp_path / "r").exit_code == 0
    assert (tmp_path / "r" / "results.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["eval", "--env", "WebShop-v9", "--agent", "beam", "--tasks", "1", "--budget", "nodes=5"],
            "registered here: Game24-v0",
        ),
        (
            ["eval", "--env", "Game24-v0", "--agent", "bean", "--tasks", "1", "--budget", "nodes=5"],
            "expected one of react, reflexion, tot-bfs",
        ),
        (
            ["eval", "--env", "Game24-v0", "--agent", "beam", "--tasks", "5:1", "--budget", "nodes=5"],
            "are none, negative, or named twice",
        ),
        (
            ["eval", "--env", "Game24-v0", "--agent", "beam", "--tasks", "x", "--budget", "nodes=5"],
            "has no split 'x'; it has train, test, hard; give one of these, as in test or test:0:50, or numbers",
        ),
        (["eval", "--env", "Game24-v0", "--agent", "beam", "--tasks", "1", "--budget", "euro=2"], "NAME one of"),
        (
            ["eval", "--env", "Game24-v0", "--agent", "beam", "--tasks", "1", "--budget", "nodes=0"],
            "no positive number",
        ),
        (
            ["eval", "--env", "Game24-v0", "--agent", "beam", "--tasks", "1", "--budget", "nodes=9", "--set", "kep=1"],
            "no setting 'kep'",
        ),
        (
            [
                "eval",
                "--env",
                "Game24-v0",
                "--agent",
                "beam",
                "--tasks",
                "1",
                "--budget",
                "nodes=9",
                "--value",
                "lm-tokens",
            ],
            "add --model",
        ),
        (
            [
                "eval",
                "--env",
                "Game24-v0",
                "--agent",
                "beam",
                "--tasks",
                "1",
                "--budget",
                "nodes=9",
                "--privilege",
                "eyes",
            ],
            "expected reward or reflection",
        ),
        (
            [
                "eval",
                "--env",
                "Game24-v0",
                "--agent",
                "beam",
                "--tasks",
                "1",
                "--budget",
                "nodes=9",
                "--record",
                "../x",
            ],
            "leaves the run's folder",
        ),
        (["eval", "--env", "Game24-v0"], "Missing option"),
        (["resume", "nowhere"], "nowhere is no run"),
        (["board", "add", "nowhere"], "nowhere is no run"),
        (["stl", "--env", "Game24-v0", "--tasks", "0:3", "--validation", "2:4"], "are in training and in validation"),
        (["envs", "check", "Nothing-v0"], "unknown env 'Nothing-v0'"),
    ],
)
def test_bad_input_is_usage_with_advice(words, message, tmp_path):
    code, said = fails(words, tmp_path)
    assert code == 2, said
    assert message in said
    assert "Traceback" not in said
    assert not list(tmp_path.rglob("results.jsonl"))


TRAINING = "stl --env Game24-v0 --tasks 0:3 --validation test:0:2 "


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "stl --env HotpotQA-v0 --tasks 0:3 --validation 400:402",
            "the policy 'all' cannot fill them",
        ),
        (
            "stl --env HotpotQA-v0 --terminal-value model --tasks 0:3 --validation 400:402",
            "the policy 'all' cannot fill them",
        ),
        (
            "stl --env WebShop-v0 --terminal-value model --tasks 0:3 --validation 400:402",
            "the policy 'all' cannot fill them",
        ),
        ("stl --env Pendulum-v1 --terminal-value model --tasks 0:3 --validation 4:6", "actions"),
        (f"{TRAINING} --model server:m@https://h/v1", "has no weights here to train"),
        (f"{TRAINING} --model recorded:x", "has no weights here to train"),
        (f"{TRAINING} --model ~x", "unknown model '~x'"),
        (f"{TRAINING} --value rule", "unknown value 'rule'; expected lm-tokens or lm-text"),
        (f"{TRAINING} --terminal-value none", "unknown terminal_value 'none'; expected rule or model"),
        (f"{TRAINING} --gamma nan", "the config.gamma is nan"),
        (f"{TRAINING} --gamma 2", "gamma is 2.0; expected a number above 0, and at most 1"),
        (f"{TRAINING} --gamma 0", "gamma is 0.0; expected a number above 0"),
        (f"{TRAINING} --seed {2**63}", "the seed is '9223372036854775808'; expected an integer of at most 63 bits"),
        (f"{TRAINING} --learning-rate -1", "the learning rate is -1.0"),
        (f"{TRAINING} --rounds 0", "the config.rounds is 0; expected int, 1 or more"),
        (f"{TRAINING} --batch 0", "the config.batch is 0"),
        (f"{TRAINING} --examples -5", r"the config.examples\[0\] is -5"),
        (f"{TRAINING} --device gpu", "unknown device 'gpu'"),
        (f"{TRAINING} --tasks 1361,1362", "no task 1362 in Game24-v0"),
        ("demo --model ~x", "unknown model '~x'"),
        ("demo --quick --model server:m@https://h/v1", "has no weights here to train"),
    ],
)
def test_what_cannot_be_trained_is_told_before_a_run_begins(forethought, tmp_path, words, told):
    done = forethought(*words.split())
    assert isinstance(done.exception, ValueError)
    assert re.search(told, str(done.exception)), done.exception
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("library", ["torch", "transformers"])
@pytest.mark.parametrize(
    "words",
    [
        "demo",
        "stl --env Game24-v0 --tasks 0:3 --validation 9:11",
        "eval --env Game24-v0 --agent beam --value lm-tokens --model smollm2-135m --tasks 0:2 --budget nodes=9",
    ],
)
def test_without_the_extra_for_language_models_its_install_is_told(tmp_path, library, words):
    code = f"import sys; sys.modules[{library!r}] = None; {COMMAND[-1]}"
    done = subprocess.run([sys.executable, "-c", code, *words.split()], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "run: pip install 'forethought[lm]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_later_round_may_have_other_tasks(forethought, tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="the extra [lm] is not installed")
    monkeypatch.setattr("forethought.cli.stl.go_on", lambda run, as_json, allow_unreadable: run.begin())
    assert forethought(*f"{TRAINING} --tasks 5:9 --run r".split()).exit_code == 0
    config = Run(tmp_path / "r").config
    assert (config["tasks"], config["validation"]) == (["0:3", "5:9"], "900:902")


def test_what_others_wrote_moves_no_terminal(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "config.toml").write_text('kind = "\\u001b[2J\\u009b31m\\u202e"')
    code, told = fails(["resume", "r"], tmp_path)
    assert (code, told.count("\n")) == (2, 1)
    assert not re.search("[\x1b\x9b\u202e]", told)


def test_a_terminal_without_a_character_gets_its_escape(tmp_path):
    surroundings = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [*COMMAND, "resume", "größe\x1b"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=surroundings)
    assert done.returncode == 2
    assert r"gr\xf6\xdfe\x1b is no run" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--agent react", "the policy lm-text asks a language model, and none was given; add --model"),
        ("--agent reflexion --model nowhere", "reflexion asks for the true reward and a reflection on"),
        (
            "--agent lats --policy all --value rule --privilege reward --privilege reflection",
            "its questions (reflection) asks a language model",
        ),
        ("--agent best-first --value none --model nowhere", "best_first asks for values"),
        ("--agent greedy --set policy.sample=3", "expected one of num_children, depth, policy.samples, policy"),
        ("--agent rule --set depth=all", "expected an integer of at least 0"),
    ],
)
def test_what_an_agent_lacks_is_told_before_a_run_begins(words, said, tmp_path):
    asked = f"eval --env Game24-v0 {words} --tasks 900:902 --budget nodes=5"
    code, error = fails(asked.split(), tmp_path)
    assert (code, error.count("\n")) == (2, 1)
    assert said in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--agent beam --concurrency 0", "the concurrency is 0; at least one search must run"),
        ("--agent beam --device gpu", "unknown device 'gpu'; expected cpu, cuda, cuda:N or mps"),
        ("--agent beam --device cuda:x", "unknown device 'cuda:x'"),
        ("--agent beam --set beam_width=0", "beam_width is 0; a beam keeps at least one state"),
        ("--agent best_of_n --set n=0", "n is 0; the best of none is none"),
        ("--agent puct --set parallel=0", "parallel is 0; a batch has at least one leaf"),
        ("--agent gumbel --set considered=0", "considered is 0; at least one action"),
        ("--agent ab_mcts --set patience=0", "patience is 0; a node is asked at least once"),
        ("--agent beam --tasks 1361,1362", "no task 1362 in Game24-v0; expected 0 to 1361"),
        (
            "--agent beam --policy all --env HotpotQA-v0",
            "the policy 'all' cannot fill them in; give one that writes: lm-text, rule",
        ),
        (
            "--agent puct --policy all --env WebShop-v0",
            "here are only templates, search[<query>], and the policy 'all' cannot",
        ),
        ("--agent react --policy random --value none --env Pendulum-v1", "search cannot know its actions"),
        ("--agent beam --record journal.jsonl", "'journal.jsonl' is a file that the run writes itself"),
        ("--agent mcts --model nothing", "unknown model 'nothing'; expected smollm2-135m, hf:ORG/NAME@REV"),
        ("--agent mcts --model hf:name", "the model 'hf:name' is no hub name"),
        (
            "--agent mcts --model recorded:no.jsonl",
            "; it was given by --model recorded:FILE",
        ),
        ("--agent mcts --model smollm2-135m --adapter nowhere", "; it was given by --adapter"),
        ("--agent mcts --model smollm2-135m --prompts /no/where", "; it was given by --prompts"),
        (
            "--agent beam --budget usd=1 --prices nowhere.json",
            "; it was given by --prices",
        ),
    ],
)
def test_what_no_task_could_be_run_with_is_refused_before_a_run_begins(forethought, tmp_path, words, said):
    done = forethought("eval", "--env", "Game24-v0", "--tasks", "0:2", "--budget", "nodes=9", *words.split())
    assert isinstance(done.exception, ValueError)  # exit code 2, see main
    assert said in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_run_resumed_elsewhere_is_told_where_its_paths_start(forethought, tmp_path, monkeypatch):
    prices = {"date": "2026-11-22", "currency": "USD per million tokens", "models": {}}
    (tmp_path / "prices.json").write_text(json.dumps(prices))
    asked = "eval --env Game24-v0 --agent beam --tasks 0:2 --budget nodes=9 --prices prices.json --run r"
    assert forethought(*asked.split()).exit_code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = forethought("resume", "../r")
    assert isinstance(done.exception, ValueError)
    assert "elsewhere; paths of a run start where it was begun" in str(done.exception)


def test_an_environment_that_is_gone_is_told(forethought, tmp_path):
    asked = "eval --env Game24-v0 --agent beam --tasks 0:2 --budget nodes=9 --run r"
    assert forethought(*asked.split()).exit_code == 0
    config = tmp_path / "r" / "config.toml"
    config.write_text(config.read_text().replace("Game24-v0", "Game25-v0"))
    done = forethought("resume", "r")
    assert isinstance(done.exception, ValueError)
    assert "Game25-v0 cannot be made with {}" in str(done.exception)


def test_a_world_of_others_that_refuses_one_task_loses_that_alone(forethought, tmp_path, monkeypatch):
    def breaks(self, index):
        raise IndexError("the board is gone") if index < 2 else RuntimeError("no such seed")

    monkeypatch.setattr(TaskSimulator, "root", breaks)
    words = "eval --env Game24-v0 --agent beam --tasks 0:3 --budget nodes=9 --run r"
    assert forethought(*words.split()).exit_code == 1
    assert [row["error"] for row in Run(tmp_path / "r").failures()] == ["IndexError", "IndexError", "RuntimeError"]


def test_a_resume_checks_the_file_that_replies_are_recorded_to(forethought, tmp_path):
    forethought(*eval_words(tmp_path / "r"))
    config = tmp_path / "r" / "config.toml"
    config.write_text('record = "../replies.jsonl"\n' + config.read_text())
    done = forethought("resume", tmp_path / "r")
    assert isinstance(done.exception, ValueError)
    assert "leaves the run's folder" in str(done.exception)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("folder", [(), ("--run", "r")])
def test_a_start_that_is_refused_when_its_model_is_opened_leaves_nothing(forethought, tmp_path, workers, folder):
    (tmp_path / "replies.jsonl").write_text("no replies\n")
    asked = "eval --env Game24-v0 --agent tot-bfs --tasks 0:2 --budget nodes=9 --model recorded:replies.jsonl"
    done = forethought(*asked.split(), "--workers", workers, *folder)
    assert isinstance(done.exception, ValueError)
    assert "no recorded reply" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["replies.jsonl"]
    (tmp_path / "replies.jsonl").write_text("")
    assert forethought(*asked.split(), *folder).exit_code == 1  # the corrected command: its tasks lack replies


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (None, "has no price of the model 'recorded:replies.jsonl'; it has smollm2-135m"),
        ({"currency": "USD per million tokens", "models": {}}, "is no file of prices ('date' is missing)"),
        ({"date": "today", "currency": "USD per million tokens", "models": {}}, "Invalid isoformat string: 'today'"),
    ],
)
def test_dollars_need_a_dated_price(tmp_path, prices, said):
    words = (
        "eval --env Game24-v0 --agent beam --policy lm-text --tasks 0:2 --budget usd=1 --model recorded:replies.jsonl"
    )
    (tmp_path / "replies.jsonl").touch()
    if prices:
        (tmp_path / "prices.json").write_text(json.dumps(prices))
        words += " --prices prices.json"
    code, error = fails(words.split(), tmp_path)
    assert (code, error.count("\n")) == (2, 1)
    assert said in error
    assert not (tmp_path / "runs").exists()


def test_the_config_of_a_named_agent_leaves_nothing_open(forethought, tmp_path):
    words = "eval --env Game24-v0 --agent rule --tasks 900 --budget nodes=9"
    words += " --value lm-text --set num_children=4 --set value.samples=2"
    replies = tmp_path / "replies.jsonl"
    replies.write_text("")
    forethought(*words.split(), "--model", f"recorded:{replies}", "--run", tmp_path / "r")
    config = Run(tmp_path / "r").config
    assert (config["agent"], config["algorithm"], config["policy"], config["value"]) == (
        "rule",
        "greedy",
        "all",
        "lm-text",
    )
    assert config["terminal_value"] == "rule"
    assert config["settings"] == {
        "num_children": 4,
        "depth": 3,
        "value.samples": 2,
        "value.temperature": 1.0,
        "value.max_tokens": 96,
    }


def test_a_random_agent_walks_everywhere_without_a_model(forethought, tmp_path):
    for env, tasks in (("Game24-v0", "0:5"), ("WebShop-v0", "0:5"), ("HotpotQA-v0", "400:405")):
        done = forethought(
            "eval", "--env", env, "--agent", "random", "--tasks", tasks, "--budget", "nodes=50", "--json"
        )
        assert (done.exit_code, json.loads(done.stdout)["failed"]) == (0, 0)


def test_tasks_that_fail_are_exit_code_1_and_named(forethought, tmp_path, monkeypatch):
    def breaks(self, state):
        raise IndexError("no metrics today") if len(state.moves) < 3 else KeyError("nor then")

    monkeypatch.setattr(Game24, "metrics", breaks)
    done = forethought(
        "eval",
        "--env",
        "Game24-v0",
        "--agent",
        "rule",
        "--tasks",
        "0,1361",
        "--budget",
        "nodes=200",
        "--run",
        tmp_path / "r",
    )
    assert done.exit_code == 1
    first, second = Run(tmp_path / "r").failures()
    assert (first["task"], first["error"], second["task"]) == (0, "KeyError", 1361)
    assert "on 2 tasks (2 failed: see failures.jsonl); spent " in done.stdout


def test_the_summary_tells_what_stopped_tasks_and_what_was_billed(tmp_path):
    run = Run.create(tmp_path / "r", {"tasks": "0:4"})
    run.pin({})
    spent = {**Ledger().to_json(), "nodes": 3}
    rows = [
        {"task": i, "score": 0.0, "stopped": end, "values": None, "spent": spent}
        for i, end in enumerate(["nodes", "usd", "nodes"])
    ]
    run.write_results(rows, [{"task": 3, "error": "KeyError", "spent": {**spent, "lm_calls": 5, "tokens": 70}}])
    line = said(summarise(run))
    assert line.startswith("score 0.000 [")
    assert line.endswith(
        "on 4 tasks (2 stopped by nodes, 1 stopped by usd, 1 failed: see failures.jsonl); "
        "spent 12 nodes, 5 calls, 70 tokens"
    )
    run.note_billed({"calls": 2, "prompt": 9}, {"calls": 1, "prompt": 4})
    run.note_billed({"calls": 0, "prompt": 0}, {"calls": 2, "prompt": 8})
    assert said(summarise(run)) == f"{line} (2 calls billed, 3 saved by the cache)"
    assert summarise(run)["billed"] == {"calls": 2, "prompt": 9}
    run.write_results([{**rows[0], "stopped": "returned", "spent": {**spent, "nodes": 0}}], [])
    assert " on 1 tasks; spent 0 nodes, 0 calls" in said(summarise(run))
    assert said(summarise(run)).endswith("; 1 of 1 tasks ended without a move")


def test_an_interrupted_run_names_the_command_that_resumes_it(tmp_path):
    words = [
        "eval",
        "--env",
        "Game24-v0",
        "--agent",
        "mcts",
        "--policy",
        "all",
        "--value",
        "rule",
        "--set",
        "num_simulations=3000",
        "--tasks",
        "0:400",
        "--budget",
        "nodes=100000",
        "--run",
        "r",
    ]
    child = subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "40"}
    )
    journal = tmp_path / "r" / "journal.jsonl"
    deadline = time.monotonic() + 30
    while not (journal.exists() and journal.stat().st_size > 2000) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "go on with: forethought resume r" in said
    assert "Traceback" not in said


def test_board_add_and_build(forethought, tmp_path):
    forethought(*eval_words(tmp_path / "r"))
    added = forethought("board", "add", tmp_path / "r", "--name", "mine", "--rows", tmp_path / "rows")
    assert added.exit_code == 0, added.output
    assert forethought("board", "build", "--rows", tmp_path / "rows", "--to", tmp_path / "site").exit_code == 0
    assert "| mine |" in (tmp_path / "site" / "board.md").read_text()
    assert "<td>mine</td>" in (tmp_path / "site" / "board.html").read_text()


def test_the_board_has_the_rows_of_the_package_too(forethought, tmp_path):
    forethought(*eval_words(tmp_path / "My Run:1"))
    assert forethought("board", "add", tmp_path / "My Run:1").exit_code == 0
    assert [path.name for path in (tmp_path / "rows").iterdir()] == ["my-run-1.json"]
    for words, others in (((), True), (("--own",), False)):
        assert forethought("board", "build", *words).exit_code == 0
        shown = (tmp_path / "site" / "board.md").read_text()
        assert "| my-run-1 |" in shown
        assert ("| game24-beam-smollm2-stl |" in shown) is others
    done = forethought("board", "build", "--rows", "nowhere")
    assert "there is no folder nowhere" in str(done.exception)


def test_a_split_is_told_by_its_name(forethought, tmp_path):
    words = "eval --env Game24-v0 --agent rule --tasks test:0:2,train:3 --budget nodes=9 --run r"
    assert forethought(*words.split()).exit_code == 0
    assert Run(tmp_path / "r").config["tasks"] == "900:902,3:4"
    done = forethought(*words.replace("test:", "tset:").replace("r ", "s ").split())
    assert "has no split 'tset'" in str(done.exception)


MINE = """
import gymnasium as gym
from forethought.envs.game24.family import make
gym.register("Mine-v0", entry_point=make)
"""


@pytest.mark.parametrize(
    "words",
    [
        "envs check mine:Mine-v0",
        "envs bench mine:Mine-v0 --steps 9 --repeats 1",
        "eval --env mine:Mine-v0 --agent random --tasks test:0:2 --budget nodes=9",
        "eval --env mine:Mine-v0 --agent random --tasks 0:2 --budget nodes=9 --workers 2",
    ],
)
def test_a_module_in_the_current_folder_is_found(tmp_path, words):
    (tmp_path / "mine.py").write_text(MINE)
    surroundings = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    path = [part for part in sys.path if part]  # as a script that is installed has it, without the current folder
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {COMMAND[-1]}"]
    done = subprocess.run([*command, *words.split()], cwd=tmp_path, capture_output=True, text=True, env=surroundings)
    assert done.returncode == 0, done.stderr
    if "eval" in words:
        assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine-Mine-v0-random-1"]
        again = [*command, "resume", "runs/mine-Mine-v0-random-1"]
        assert subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, env=surroundings).returncode == 0


def test_a_module_inside_a_run_of_somebody_else_is_not_run(forethought, tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    forethought(*eval_words(tmp_path / "r"))
    config = tmp_path / "r" / "config.toml"
    config.write_text(config.read_text().replace("Game24-v0", "stranger:Mine-v0"))
    (tmp_path / "r" / "stranger.py").write_text("raise SystemExit('it ran')")
    monkeypatch.chdir(tmp_path / "r")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    done = forethought("resume", ".")
    assert "imports stranger:Mine-v0, which no command of yours has named yet" in str(done.exception)
    done = forethought("resume", ".", "--run-code", "stranger:Mine-v0")  # nor is its folder looked into
    assert "stranger:Mine-v0 cannot be made" in str(done.exception)


def test_a_module_of_others_that_raises_is_told(forethought, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "broken_one.py").write_text("\n1 / 0\n")
    done = forethought("envs", "check", "broken_one:Mine-v0")
    assert isinstance(done.exception, ValueError)
    assert "broken_one:Mine-v0 cannot be made with {} (ZeroDivisionError: division by zero, broken_one.py:2)" in str(
        done.exception
    )


def test_the_key_goes_to_no_server_that_only_a_config_names(forethought, tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")
    carried = []
    for command in ("evaluate", "resume"):
        monkeypatch.setattr(f"forethought.cli.{command}.go_on", lambda run, *_: carried.append(run.begin()))
    asked = "eval --env Game24-v0 --agent tot-bfs --tasks 0:2 --budget nodes=9 --run r --model"
    assert forethought(*asked.split(), "server:m@https://good.example/v1").exit_code == 0
    assert forethought("resume", "r").exit_code == 0  # a command of the user has named it
    config = tmp_path / "r" / "config.toml"
    config.write_text(config.read_text().replace("good.example", "evil.example"))
    for words, told in (
        ((), "add --send-key-to evil.example"),
        (("--send-key-to", "good.example"), "and this run asks evil.example:443"),
    ):
        done = forethought("resume", "r", *words)
        assert isinstance(done.exception, ValueError)
        assert told in str(done.exception)
    assert len(carried) == 2
    assert forethought("resume", "r", "--send-key-to", "evil.example").exit_code == 0
    assert len(carried) == 3
    written = b"".join(path.read_bytes() + str(path).encode() for path in tmp_path.rglob("*") if path.is_file())
    assert b"secret" not in written


def test_a_resume_joins_no_cluster_that_only_a_config_names(forethought, tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    carried = []
    for command in ("evaluate", "resume"):
        monkeypatch.setattr(f"forethought.cli.{command}.go_on", lambda run, *_: carried.append(run.begin()))
    forethought(
        "eval", *["--env", "Game24-v0", "--agent", "beam", "--tasks", "0:2", "--budget", "nodes=9", "--run", "r"]
    )
    config = tmp_path / "r" / "config.toml"
    config.write_text(config.read_text().replace('workers = "1"', 'workers = "ray://evil.example:10001"'))
    done = forethought("resume", "r")
    assert isinstance(done.exception, ValueError)
    assert "add --join-cluster evil.example" in str(done.exception)
    assert len(carried) == 1
    assert forethought("resume", "r", "--join-cluster", "evil.example").exit_code == 0
    assert len(carried) == 2


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_resamples_no_interval_for_each_task(monkeypatch, terminal):
    asked = []
    monkeypatch.setattr(progress, "console", Console(file=io.StringIO(), force_terminal=terminal))
    monkeypatch.setattr(progress, "mean_interval", lambda scores: asked.append(list(scores)) or "0.5")
    with progress.TaskProgress("run", 50) as shown:
        for task in reversed(range(50)):
            shown({"task": task, "score": float(task), "spent": {**Ledger().to_json(), "tokens": 1}})
    assert asked[-1] == [float(task) for task in range(50)]
    assert len(asked) < 5
    assert "0.5" in progress.console.file.getvalue()


def test_progress_is_plain_off_a_terminal_and_json_stays_clean(tmp_path):
    done = subprocess.run([*COMMAND, *eval_words("r"), "--json"], cwd=tmp_path, capture_output=True, text=True)
    assert json.loads(done.stdout)["tasks"] == 4
    assert "r: 4/4, mean" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("bogus=1", "cannot be made with {'bogus': 1}"),
        ("world=5", "a world is a folder"),
        ('official_quirks="no"', "True or False"),
        ("goals=human", "write NAME=JSON in quotes"),
    ],
)
def test_options_that_an_environment_does_not_take_are_refused_before_a_run_begins(tmp_path, option, said):
    words = ["eval", "--env", "WebShop-v0", "--agent", "greedy", "--tasks", "0:1", "--budget", "nodes=3"]
    code, error = fails([*words, "--env-option", option], tmp_path)
    assert (code, error.count("\n")) == (2, 1)
    assert said in error
    assert list(tmp_path.iterdir()) == []


def test_the_readmes_shopping_command_buys(forethought):
    words = "eval --env WebShop-v0 --agent rule --tasks 0:5 --budget nodes=300 --json"
    done = forethought(*words.split())
    assert done.exit_code == 0
    assert json.loads(done.stdout)["mean"] > 0.5


def test_an_error_that_quotes_a_long_text_is_shown_by_its_ends(tmp_path):
    words = ["eval", "--env", "Game24-v0", "--agent", "9" * 50_000, "--tasks", "0", "--budget", "nodes=5"]
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert len(done.stderr) < 2200
    assert done.stderr.startswith("forethought: unknown agent '999")
    assert done.stderr.rstrip().endswith("MODULE:NAME of your own")
