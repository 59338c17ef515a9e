"""A run on several processes: the same results, nothing paid for twice, whoever is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from forethought.agents import Scripted
from forethought.experiments import execute
from forethought.experiments.config import Experiment
from forethought.experiments.execute import replay
from forethought.experiments.run_folder import Run, RunError
from forethought.experiments.workers.processes import Processes
from forethought.experiments.workers.scheduler import Scheduler, run_on
from forethought.experiments.workers.worker import Order, budget_of
from forethought.search import Budget
from forethought.search.engine.journal import FORMAT, RUN, JournalError, locked, seal
from forethought.search.engine.journal_parts import parts
from forethought.search.engine.tree_dump import digest

HERE = Path(__file__).parent
pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    """The module `counting`, as worker processes import it too."""
    monkeypatch.syspath_prepend(HERE)
    import counting

    return counting


@pytest.fixture
def make(tmp_path, counting):
    """A run whose model counts; gives the run and the folder of the model."""

    def made(name, **changes):
        folder = tmp_path / f"model-{name}"
        folder.mkdir()
        asked = replace(counting.ASKED, model=str(folder), **changes)
        return Run.create(tmp_path / name, asked.config()), folder

    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run of one process that nobody interrupts: its results, and how often each request was paid for."""
    sys.path.insert(0, str(HERE))
    import counting

    folder = tmp_path_factory.mktemp("whole")
    run = Run.create(folder / "run", replace(counting.ASKED, model=str(folder)).config())
    execute.run(run, lm=counting.Counted(folder))
    sys.path.remove(str(HERE))
    return outcome(run), counting.asked(folder)


def outcome(run):
    return (run.folder / "results.jsonl").read_bytes(), (run.folder / "failures.jsonl").read_bytes()


def answers(run):
    """The journal without what it says of the run: format and clock."""
    lines = (run.folder / "journal.jsonl").read_bytes().splitlines()
    return [line for line in lines if not line.startswith(b"[-1,")]


def test_the_run_is_worth_the_tests(whole):
    (results, failures), paid = whole
    rows = [json.loads(line) for line in results.splitlines()]
    assert len(rows) == len({row["tree"] for row in rows}) == 12
    assert {row["stopped"] for row in rows} == {"nodes"}
    assert failures == b""
    assert set(paid.values()) == {1}
    assert len(paid) == 720


# The same at any number of workers


@pytest.mark.parametrize("concurrency", [1, 8, 64])
@pytest.mark.parametrize(("workers", "hash_seed"), [(1, "1"), (2, "2"), (4, "3")])
def test_results_are_the_same_to_the_byte(make, counting, whole, monkeypatch, workers, hash_seed, concurrency):
    monkeypatch.setenv("PYTHONHASHSEED", hash_seed)  # of the workers
    run, folder = make("run", concurrency=concurrency)
    run_on(run, Processes(workers), open_model=counting.counted)
    assert (outcome(run), counting.asked(folder)) == whole
    assert answers(run) == sorted(answers(run), key=lambda line: json.loads(line)[:2])
    assert parts(run.folder / "journal.jsonl") == []


@pytest.fixture(scope="module", params=["rule", "recorded"])
def other(request, tmp_path_factory):
    """An experiment with a model of another kind, and what came of it in one process."""
    sys.path.insert(0, str(HERE))
    import counting

    sys.path.remove(str(HERE))
    run = tmp_path_factory.mktemp("other") / "run"
    if request.param == "rule":
        asked = replace(counting.ASKED, policy="all", value="rule", budget={"nodes": 100})
        execute.run(reference := Run.create(run, asked.config()))
    else:  # played from what was recorded, where it must stop at the same tokens
        asked = replace(counting.ASKED, budget={"tokens": 5000}, model="scripted", record="replies")
        execute.run(reference := Run.create(run, asked.config()), lm=Scripted(counting.writes))
        asked = replace(asked, model=f"recorded:{run / 'replies'}", record=None)
    return asked, outcome(reference)


@pytest.mark.parametrize("concurrency", [1, 8, 64])
@pytest.mark.parametrize(("workers", "hash_seed"), [(1, "1"), (4, "3")])
def test_other_models_too(tmp_path, other, monkeypatch, workers, hash_seed, concurrency):
    monkeypatch.setenv("PYTHONHASHSEED", hash_seed)  # of the workers
    asked, reference = other
    run = Run.create(tmp_path / "run", replace(asked, concurrency=concurrency).config())
    run_on(run, Processes(workers))
    assert outcome(run) == reference
    assert len(run.results()) == 12


def test_a_replay_and_a_resume_in_one_process_read_what_workers_wrote(make, counting, whole):
    run, folder = make("run")
    run_on(run, Processes(2), open_model=counting.counted)
    assert [digest(outcome.root) for outcome in replay(run)] == [row["tree"] for row in run.results()]
    execute.run(run, lm=counting.Counted(folder))
    assert (outcome(run), counting.asked(folder)) == whole


def test_workers_share_a_cache_and_each_tells_its_bill(make, counting, whole, monkeypatch, tmp_path):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    run, folder = make("run", cache="on")
    run_on(run, Processes(2), open_model=counting.counted)
    assert (outcome(run), counting.asked(folder)) == whole
    bills = [json.loads(line) for line in (run.folder / "billed.jsonl").read_text().splitlines()]
    assert sum(bill["billed"]["calls"] for bill in bills) == len(whole[1])
    assert len(bills) in (1, 2)  # one that began too late for any task has none


def test_a_run_that_is_interrupted_has_billed_what_it_paid(make, counting, monkeypatch, tmp_path):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    told = []

    def interrupt(line):
        told.append(line)
        if len(told) == 6:
            raise KeyboardInterrupt

    one, folder = make("one", cache="on", concurrency=1)
    with pytest.raises(KeyboardInterrupt):
        execute.run(one, interrupt, lm=counting.Counted(folder))
    assert calls_billed(one) == [counting.asked(folder).total()] != [0]

    told.clear()
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "another"))
    many, folder = make("many", cache="on", concurrency=1)
    with pytest.raises(KeyboardInterrupt):
        run_on(many, Processes(2), interrupt, open_model=counting.counted)
    ended = sum(line["spent"]["lm_calls"] for line in told)
    assert ended <= sum(calls_billed(many)) <= counting.asked(folder).total()


def test_a_worker_that_was_killed_has_told_its_bill(make, counting, whole, monkeypatch, tmp_path):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    run, folder = make("run", cache="on", concurrency=1)
    (folder / "kill-400-me").touch()
    run_on(run, Processes(1), open_model=counting.counted)
    assert outcome(run) == whole[0]
    first, second = calls_billed(run)
    assert min(first, second) > 200
    assert first + second <= counting.asked(folder).total()


def calls_billed(run):
    return [line["billed"]["calls"] for line in run.billed()]


def test_workers_ask_one_server(tmp_path, counting, stub):
    asked, good = {}, stub.reply

    def reply(asked):
        asked_for = SimpleNamespace(prompt=asked.prompt, seed=asked.body["seed"])
        return {**good(asked), "choices": [{"text": counting.writes(asked_for)}]}

    stub.reply = reply
    for workers in (1, 2):
        model = {"model": f"server:m@{stub.url}", "tasks": "900:904", "concurrency": 2}
        run = Run.create(tmp_path / str(workers), replace(counting.ASKED, **model).config())
        run_on(run, Processes(workers)) if workers > 1 else execute.run(run)
        asked[workers] = Counter((one.prompt, one.body["seed"]) for one in stub.seen)
        stub.seen.clear()
    assert asked[1] == asked[2]
    assert set(asked[1].values()) == {1}
    assert outcome(Run(tmp_path / "1")) == outcome(Run(tmp_path / "2"))
    assert sum(row["spent"]["nodes"] for row in Run(tmp_path / "2").results()) > 30


def test_every_task_is_told_once(make, counting):
    run, _ = make("run")
    told = []
    run_on(run, Processes(2), told.append, open_model=counting.counted)
    assert sorted(line["task"] for line in told) == list(range(900, 912))
    assert {line["task"]: line["score"] for line in told} == {row["task"]: row["score"] for row in run.results()}


# Who is killed


@pytest.mark.parametrize("concurrency", [1, 8])
def test_workers_killed_in_the_middle_lose_nothing_and_pay_nothing_twice(make, counting, whole, concurrency, caplog):
    run, folder = make("run", concurrency=concurrency)
    for count in (100, 400):  # a third could be the end of a task that was there at all of them
        (folder / f"kill-{count}-me").touch()
    run_on(run, Processes(2), open_model=counting.counted)
    assert (outcome(run), counting.asked(folder)) == whole
    assert len(list(folder.glob("done-*"))) == caplog.text.count("died; its") == 2
    assert parts(run.folder / "journal.jsonl") == []


def test_the_run_itself_killed_in_the_middle_goes_on_from_what_its_workers_wrote(make, counting, whole):
    run, folder = make("run", concurrency=4)
    (folder / "kill-300-parent").touch()
    words = [sys.executable, str(HERE / "counting.py"), str(run.folder), "2"]
    assert subprocess.run(words).returncode == -9
    left = parts(run.folder / "journal.jsonl")
    assert [path.name for path in left] == ["journal-1.jsonl", "journal-2.jsonl"]
    for path in left:
        os.close(locked(path, 10.0))  # its worker ended by itself
    paid = counting.asked(folder)
    assert 300 <= paid.total() < len(whole[1])

    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert outcome(run) == whole[0]
    twice = counting.asked(folder) - whole[1]
    assert set(counting.asked(folder)) == set(whole[1])
    assert twice.total() <= 2 * 4 * 3 * 5  # under way then: workers, searches, nodes to judge, samples of each


def test_a_task_that_kills_every_worker_fails_alone(make, counting, whole):
    run, _ = make("run", concurrency=64)
    run_on(run, Processes(2), open_model=counting.deadly)
    (failed,) = run.failures()
    assert (failed["task"], failed["error"]) == (901, "WorkerLost")
    assert failed["message"] == "3 workers died of it, in the last of which it was alone"
    assert run.results() == [row for row in map(json.loads, whole[0][0].splitlines()) if row["task"] != 901]


def test_it_is_tried_again_by_a_resume(make, counting, whole):
    run, folder = make("run", tasks="900:903")
    run_on(run, Processes(2), open_model=counting.deadly)
    assert [row["task"] for row in run.failures()] == [901]
    run_on(run, Processes(2), open_model=counting.counted)
    assert run.results() == list(map(json.loads, whole[0][0].splitlines()[:3]))
    assert run.failures() == []
    assert max(counting.asked(folder).values()) == 1


def test_what_a_lost_task_has_paid_is_in_its_line(make, counting, tmp_path):
    run, folder = make("run", tasks="901", prices=str(tmp_path / "prices.json"))
    price_list(tmp_path / "prices.json", folder)
    run_on(run, Processes(1), open_model=counting.harsh)
    (failed,) = run.failures()
    paid = counting.asked(folder).total()  # once, by the first of the three
    assert paid > 0
    assert (failed["error"], failed["spent"]["lm_calls"]) == ("WorkerLost", paid)
    assert failed["spent"]["roles"].keys() == {"unsorted"}
    assert failed["spent"]["usd"] == pytest.approx(failed["spent"]["roles"]["unsorted"]["completion"] / 1000)


def test_workers_that_cannot_begin_end_the_run_with_advice(make, counting):
    run, _ = make("run")
    with pytest.raises(RunError, match=r"5 workers were begun, and each died before it was ready: .* try again wi"):
        run_on(run, Processes(2), open_model=counting.stillborn)
    with pytest.raises(RunError, match="no results"):
        run.results()


# What a worker refuses


def test_a_worker_with_other_content_is_refused_by_name(make, counting):
    run, _ = make("run")
    with pytest.raises(RunError, match=r"worker \d \(process \d+\) has other content than the run: .* with model"):
        run_on(run, Processes(2), open_model=counting.other_content)
    assert parts(run.folder / "journal.jsonl") == []


def test_what_a_worker_cannot_open_is_said_as_one_process_would(tmp_path, counting):
    run = Run.create(tmp_path / "run", replace(counting.ASKED, model="recorded:nothing").config())
    with pytest.raises(ValueError, match="there is no nothing in"):
        run_on(run, Processes(2))
    with pytest.raises(ValueError, match="asks a language model, and none was given"):
        run_on(Run.create(tmp_path / "r", replace(counting.ASKED, model=None).config()), Processes(2))


def test_a_journal_of_another_run_is_refused(make, counting):
    run, _ = make("run", tasks="900:902")
    owner = Experiment.of(run.config).owner
    lines = seal(-1, 0, "format", 2, owner), seal(900, 0, "ask", [])
    (run.folder / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(JournalError, match="the journal is of another run: task 900"):
        run_on(run, Processes(2), open_model=counting.counted)


# What each worker may spend


def test_limits_of_a_task_are_not_shared_and_dollars_are_granted(counting):
    order = Order(replace(counting.ASKED, budget={"nodes": 5, "seconds": 9.0}), 4)
    assert budget_of(order) == Budget(nodes=5, seconds=9.0)
    order = Order(replace(counting.ASKED, budget={"nodes": 5, "usd": 9.0}), 4, usd=2.25)
    assert budget_of(order) == Budget(nodes=5, usd=2.25)
    assert 0 < budget_of(replace(order, usd=-1.0)).usd < 1e-9


def price_list(path, model):
    """A dollar for a thousand tokens of replies."""
    price = {"prompt": 0.0, "cached": 0.0, "completion": 1000.0, "source": "made up"}
    content = {"date": "2026-11-22", "currency": "USD per million tokens", "models": {str(model): price}}
    path.write_text(json.dumps(content))
    return str(path)


def test_a_worker_that_has_no_dollars_left_gets_those_of_the_others(make, counting, tmp_path):
    """One process pays twelve times as much: with half of the dollars for each, it stops most of the tasks."""
    settings = {**counting.ASKED.settings, "policy.max_tokens": 12, "value.max_tokens": 12}
    limits = {"budget": {"nodes": 12, "usd": 6.0}, "prices": str(tmp_path / "prices.json")}
    run, folder = make("run", tasks="900:940", concurrency=1, settings=settings, **limits)
    price_list(tmp_path / "prices.json", folder)
    (folder / "dear").touch()
    run_on(run, Processes(2), open_model=counting.uneven)
    spent = sum(row["spent"]["usd"] for row in run.results())
    assert "usd" in {row["stopped"] for row in run.results()}
    most = 3 * 2 * 5 * 12 / 1000  # what one question costs at the worst: nodes to judge, samples of each, their tokens
    assert 6.0 - 2 * 6.0 / 16 - most < spent <= 6.0  # each may have a grant left


def test_the_dollars_of_a_dead_worker_go_back_but_for_those_it_paid(make, tmp_path):
    class Stillborn:
        """A staff whose workers die at once, the first of them with one answer paid."""

        count = 1

        def begin(self, order, part):
            if part.name == "journal-1.jsonl":
                head = seal(RUN, 0, "format", FORMAT)
                answer = seal(900, 0, "expand", [[[["4 + 5", 1.0]], [1, 10, 0, 250]]])
                part.write_text(f"{head}\n{answer}\n")
            worker = Mock()
            worker.name = part.stem
            return worker

        def hear(self, workers):
            return [(worker, None) for worker in workers]

    run, folder = make("run", budget={"usd": 8.0}, prices=str(tmp_path / "prices.json"))
    price_list(tmp_path / "prices.json", folder)
    with run.journal() as journal:
        foreman = Scheduler(run, Stillborn(), Order(Experiment.of(run.config), 1), journal, None)
        with pytest.raises(RunError, match="4 workers were begun"):
            foreman.work()
    assert foreman.pool == pytest.approx(7.75)


@pytest.mark.parametrize("killed", [False, True])
def test_workers_together_spend_no_more_dollars_than_the_run_may(make, counting, tmp_path, killed):
    prices = tmp_path / "prices.json"
    settings = {**counting.ASKED.settings, "policy.max_tokens": 12, "value.max_tokens": 12}
    run, folder = make("run", budget={"usd": 0.8, "nodes": 12}, prices=str(prices), settings=settings)
    price_list(prices, folder)
    if killed:
        (folder / "kill-40-me").touch()
    run_on(run, Processes(2), open_model=counting.counted)
    spent = [row["spent"]["usd"] for row in run.results()]
    assert "usd" in {row["stopped"] for row in run.results()}
    assert 0.2 < sum(spent) <= 0.8
    journal = run.folder / "journal.jsonl"
    lines = [line for line in journal.read_text().splitlines() if '"stop"' not in line]
    journal.write_text("\n".join(lines) + "\n")
    run_on(run, Processes(4), open_model=counting.counted)  # all is replayed by some, and new to others
    assert sum(spent) <= sum(row["spent"]["usd"] for row in run.results()) <= 0.8


def test_the_clock_of_a_run_starts_with_its_first_worker_as_it_does_without_any(make, counting):
    run, _ = make("run", budget={"nodes": 12, "seconds": 1000.0})
    began = time.monotonic()
    run_on(run, Processes(1), open_model=counting.slowly)
    assert time.monotonic() - began > 1.0
    with run.journal() as journal:
        assert journal.seconds < time.monotonic() - began - 1.0


def test_seconds_are_those_of_the_run(make, counting):
    run, folder = make("run", budget={"nodes": 12, "seconds": 1000.0})
    owner = Experiment.of(run.config).owner
    lines = seal(-1, 0, "format", 2, owner), seal(-1, 0, "clock", 2000.0)
    (run.folder / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines))
    run_on(run, Processes(2), open_model=counting.counted)
    assert {row["stopped"] for row in run.results()} == {"seconds"}
    assert counting.asked(folder).total() == 0
    with run.journal() as journal:
        assert 2000 < journal.seconds < 2100
