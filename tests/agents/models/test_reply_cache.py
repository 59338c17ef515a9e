from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forethought.agents import (
    Completion,
    LMRank,
    LMText,
    LMTextValue,
    Request,
    Sampling,
    ScoreRequest,
    Scores,
    Scripted,
    load_prompt,
)
from forethought.agents.models.reply_cache import FORMAT, Cached
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Budget, Usage
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal import Journal
from forethought.search.engine.results import result
from forethought.search.estimates import NO_USAGE
from forethought.search.models import wasted_usage
from forethought.search.registry import algorithm

ANY_TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(["\ud83e\udd8a", "🦊", "\udfff\0", '"\\\n'])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "replies.sqlite"


def echo(tag: str = "") -> Scripted:
    """Answers by the request alone, and lets the tag be seen."""
    return Scripted(
        lambda request: f"{request.prompt} {request.seed}{tag}", lambda r: [-len(c) for c in r.continuations]
    )


def test_what_was_asked_once_is_not_asked_again(path):
    asked, scored = Request("a b", seed=3), ScoreRequest("c", ("x", "yz"))
    lm = echo()
    cold = Cached(lm, path)
    first = cold.complete([asked]), cold.score([scored])
    assert first == ([Completion("a b 3", Usage(1, 2, 0, 3))], [Scores((-1, -2), Usage(1, 1))])
    assert (cold.billed, cold.saved) == (Usage(2, 3, 0, 3), NO_USAGE)
    warm = Cached(Scripted(), path)
    assert (warm.complete([asked]), warm.score([scored])) == first
    assert (warm.billed, warm.saved) == (NO_USAGE, Usage(2, 3, 0, 3))
    assert warm.lm.prompts == []
    assert (warm.name, warm.content, warm.count("a b")) == (lm.name, lm.content, 2)


def test_a_batch_asks_for_what_is_missing_once_and_answers_in_order(path):
    a, b, c = (Request(prompt) for prompt in "abc")
    Cached(echo(), path).complete([b])
    lm = Cached(echo(), path)
    assert [reply.text for reply in lm.complete([c, a, b, c, a, c])] == ["c 0", "a 0", "b 0", "c 0", "a 0", "c 0"]
    assert lm.lm.prompts == ["c", "a"]
    assert (lm.billed.calls, lm.saved.calls) == (2, 4)
    assert lm.complete([]) == []


def test_texts_that_look_alike_in_json_are_told_apart(path):
    fox, halves = Request("\N{FOX FACE}"), Request("\ud83e\udd8a")
    lm = Cached(Scripted(["fox", "halves"]), path)
    assert [reply.text for reply in lm.complete([fox, halves])] == ["fox", "halves"]


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "b"},
        {"seed": 1},
        {"sampling": Sampling(temperature=0.5)},
        {"sampling": Sampling(max_tokens=63)},
        {"sampling": Sampling(stop=("0",))},
    ],
)
def test_every_part_of_a_request_counts(path, change):
    asked = Request("a")
    lm = Cached(echo(), path)
    lm.complete([asked, replace(asked, **change)])
    assert len(lm.lm.prompts) == 2


def test_the_order_and_the_borders_of_continuations_count_and_so_does_the_kind(path):
    lm = Cached(echo(), path)
    lm.complete([Request("a")])
    lm.score([ScoreRequest("a", texts) for texts in (("x", "y"), ("y", "x"), ("xy",), ("x,y",), ())])
    assert len(lm.lm.prompts) == 6


def test_another_model_has_replies_of_its_own(path):
    one, other = echo(" one"), echo(" other")
    other.content = "other weights"
    assert Cached(one, path).complete([Request("a")])[0].text == "a 0 one"
    assert Cached(other, path).complete([Request("a")])[0].text == "a 0 other"
    other.content = ""
    with pytest.raises(ValueError, match="'scripted' has no content hash"):
        Cached(other, path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(ANY_TEXT, ANY_TEXT, min_size=1, max_size=4), st.lists(st.floats(allow_nan=False)))
def test_any_text_and_number_comes_back_as_it_was(path, replies, numbers):
    path = path.with_name(f"{len(list(path.parent.glob('*')))}.sqlite")
    asked = [Request(prompt, Sampling(max_tokens=99)) for prompt in replies]
    lm = Scripted(lambda request: replies[request.prompt], lambda _: numbers)
    texts = [reply.text for reply in Cached(lm, path).complete(asked)]
    assert texts == list(replies.values())
    assert [reply.text for reply in Cached(Scripted(), path).complete(asked)] == texts
    scored = [ScoreRequest(prompt, tuple(replies)) for prompt in replies]
    assert Cached(lm, path).score(scored) == Cached(Scripted(), path).score(scored) == lm.score(scored)


def test_the_file_is_private_and_holds_no_prompt(path):
    Cached(Scripted(["the reply"]), path).complete([Request("the prompt")])
    data = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"the reply" in data
    assert b"prompt" not in data


def test_its_place_is_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    Cached(echo())
    assert (tmp_path / "replies.sqlite").is_file()


@pytest.mark.parametrize("costs", [[Usage(2, 9, 1, 3)], []])
def test_what_a_failure_is_settled_for_was_paid_too(path, costs):
    failure, left = RuntimeError("half of it came"), list(costs)
    if costs:
        failure.take_unbilled_usage = lambda: left.pop() if left else NO_USAGE

    def fail(request):
        raise failure

    lm = Cached(Scripted(fail), path)
    with pytest.raises(RuntimeError, match="half of it came") as caught:
        lm.complete([Request("a")])
    assert lm.billed == NO_USAGE  # until somebody settles it
    assert [wasted_usage(caught.value), wasted_usage(caught.value)] == [sum(costs, NO_USAGE), NO_USAGE]
    assert (lm.billed, lm.saved) == (sum(costs, NO_USAGE), NO_USAGE)


# Mode "read".


@pytest.mark.parametrize("writable", [True, False])
def test_reading_changes_no_byte(path, monkeypatch, writable):
    Cached(echo(), path).complete([Request("a")])
    before = path.read_bytes()
    monkeypatch.setattr(os, "access", lambda folder, how: writable)
    lm = Cached(echo(" again"), path, mode="read")
    for _ in range(2):
        assert [reply.text for reply in lm.complete([Request("b"), Request("a")])] == ["b 0 again", "a 0"]
    assert lm.lm.prompts == ["b", "b"]
    assert path.read_bytes() == before
    if not writable:
        assert list(path.parent.iterdir()) == [path]


def test_reading_what_is_not_there_is_an_error_and_makes_nothing(path):
    with pytest.raises(ValueError, match=r"there is no reply cache .*replies.sqlite to read; fill it with --cache on"):
        Cached(echo(), path, mode="read")
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()
    with pytest.raises(ValueError, match="there is no reply cache"):
        Cached(echo(), path, mode="read")
    with pytest.raises(ValueError, match="'read' or 'on'; 'off' was given"):
        Cached(echo(), path, mode="off")


# Files that are none of ours.


def foreign(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE replies (key BLOB PRIMARY KEY, reply BLOB NOT NULL)")
    db.close()


def newer(path):
    Cached(echo(), path)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()


def beheaded(path):
    Cached(echo(), path)
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


@pytest.mark.parametrize("mode", ["read", "on"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda path: path.write_text("no database at all\n" * 100),
            r"no whole reply cache \(file is not a database\)",
        ),
        (beheaded, r"no whole reply cache \(file is not a database\); it was left as it is: move it away"),
        (foreign, r"no whole reply cache \(it is a database of something else\)"),
        (newer, r"is a reply cache of format 3, and this version reads format 2; use the version"),
    ],
)
def test_a_file_that_is_no_cache_is_refused_and_left_as_it_is(path, make, message, mode):
    path.parent.mkdir()
    make(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        Cached(echo(), path, mode=mode)
    assert path.read_bytes() == before


def test_a_file_damaged_further_in_is_told_when_it_is_read(path):
    asked = [Request(str(i)) for i in range(200)]
    Cached(echo(), path).complete(asked)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with pytest.raises(ValueError, match=r"no whole reply cache \(database disk image is malformed\)"):
        Cached(echo(), path).complete(asked)


@pytest.mark.parametrize("reply", ['["text"]', "[1, [1, 2, 0, 1, 0]]", '["text", ["a"]]', "{", b"\xff", 7])
def test_a_row_that_is_no_reply_is_told(path, reply):
    Cached(echo(), path).complete([Request("a")])
    with sqlite3.connect(path) as db:
        db.execute("UPDATE replies SET reply = ?", (reply,))
    db.close()
    with pytest.raises(ValueError, match="a reply in it cannot be read"):
        Cached(echo(), path).complete([Request("a")])


def test_a_file_that_went_away_is_an_error_and_not_an_empty_cache(path):
    lm = Cached(echo(), path)
    path.unlink()
    with pytest.raises(OSError, match=r"cannot be used now \(unable to open database file\); see to its disk"):
        lm.complete([Request("a")])
    assert not path.exists()


# Many at once.

ASKS = """
import os, sys
from pathlib import Path
from forethought.agents import Request, Scripted
from forethought.agents.models.reply_cache import Cached

first = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
lm = Cached(Scripted(lambda request: f"{request.prompt} by {os.getpid()}"), Path(sys.argv[1]))
for at in range(first, first + 60):
    for reply in lm.complete([Request(str(i % 100)) for i in range(at, at + 5)]):
        print(reply.text, flush=True)
print(lm.billed.calls)
"""


def start(path, *firsts):
    """Begins a process for each, and lets them go at once."""
    args = [sys.executable, "-c", ASKS, str(path)]
    begun = [
        subprocess.Popen([*args, str(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for first in firsts
    ]
    for process in begun:
        assert process.stdout.readline() == "ready\n"
    for process in begun:
        process.stdin.write("go\n")
        process.stdin.flush()
    return begun


def test_processes_that_race_return_the_same_texts(path):
    processes = start(path, 0, 20, 40, 60)
    lines = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    texts, billed = {text for each in lines for text in each[:-1]}, sum(int(each[-1]) for each in lines)
    assert len(texts) == 100  # one for each prompt, whoever wrote it
    assert 100 <= billed < 4 * 64
    after = Cached(Scripted(), path).complete([Request(str(i)) for i in range(100)])
    assert {reply.text for reply in after} == texts


def test_the_loser_of_a_race_is_billed_and_returns_the_first_reply(path):
    def slow(request):
        Cached(echo(" first"), path).complete([request])
        return "second, and longer"

    lm = Cached(Scripted(slow), path)
    (reply,) = lm.complete([Request("a")])
    assert reply == Completion("a 0 first", Usage(1, 1, 0, 3))
    assert (lm.billed, lm.saved) == (Usage(1, 1, 0, 3), NO_USAGE)


def test_threads_share_one_cache(path):
    lm = Cached(echo(), path)
    batches = [[Request(str(i % 30)) for i in range(at, at + 6)] for at in range(60)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lm.complete, batches))
    assert answers == [echo().complete(batch) for batch in batches]
    assert lm.billed + lm.saved == sum((reply.usage for batch in answers for reply in batch), NO_USAGE)
    assert lm.billed.calls == len(lm.lm.prompts)


def test_threads_that_make_one_file_at_once_do_not_disturb_each_other(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        for number in range(10):
            path = tmp_path / f"{number}.sqlite"
            answers = list(pool.map(lambda _, path=path: Cached(echo(), path).complete([Request("a")]), range(8)))
            assert answers == [echo().complete([Request("a")])] * 8


def test_what_was_returned_survives_a_kill_at_any_instant(path):
    told = []
    for lines in (1, 40, 170):
        (process,) = start(path, len(told))
        told += [process.stdout.readline().strip() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        told += [line for line in process.communicate()[0].split("\n")[:-1] if " by " in line]
    asked = [Request(prompt) for prompt in dict.fromkeys(line.split()[0] for line in told)]
    kept = Cached(Scripted(), path, mode="read").complete(asked)
    assert {reply.text for reply in kept} == set(told)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


# The property that search relies on.


def player() -> Scripted:
    """Plays Game of 24 by the seed alone, and judges in as many words as the seed says."""

    def reply(request):
        numbers = re.findall(r"left: ([0-9 /-]*)", request.prompt)[-1].split()
        if "correctness" in request.prompt:
            return "word " * (request.seed % 7) + f"the correctness score is {request.seed % 10}"
        return f"{numbers[request.seed % len(numbers)]} {'+-*/'[request.seed // 8 % 4]} {numbers[-1]}"

    return Scripted(reply, lambda r: [-(len(r.prompt + c) % 5) for c in r.continuations])


def search(lm, folder, name, policy, tasks, limit):
    """The lines of results.jsonl, and those of the journal."""
    world = TaskSimulator(Game24(["4 5 6 10", "1 2 4 7", "3 3 8 8", "4 6", "2 3 5 12"]))
    act = LMText(lm, load_prompt("Game24-v0", "propose"), samples=3) if policy == "text" else None
    act = act or LMRank(lm, load_prompt("Game24-v0", "propose"))
    judge = LMTextValue(lm, load_prompt("Game24-v0", "value_text"), samples=2)
    folder.mkdir()
    with Journal(folder / "journal.jsonl") as journal:
        driver = Driver(world, act, judge, Budget(tokens=limit), seed=4, journal=journal, concurrency=3)
        outcomes = sorted(driver.run(tasks, algorithm(name, {})), key=lambda outcome: outcome.task)
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    answers = [line for line in (folder / "journal.jsonl").read_text().splitlines() if json.loads(line)[0] >= 0]
    return [json.dumps(result(outcome), sort_keys=True) for outcome in outcomes], answers


@pytest.mark.parametrize(("name", "policy"), [("mcts", "text"), ("beam", "text"), ("best_first", "rank")])
def test_a_search_is_the_same_without_a_cache_and_with_a_cold_and_a_warm_one(tmp_path, name, policy):
    grow = partial(search, name=name, policy=policy, tasks=range(5), limit=2_000)
    path = tmp_path / "replies.sqlite"
    off, partly, cold, warm = player(), Cached(player(), path), Cached(player(), path), Cached(Scripted(), path)
    plain = grow(off, tmp_path / "off")
    search(partly, tmp_path / "partly", name, policy, range(2), 2_000)
    assert grow(cold, tmp_path / "cold") == plain
    assert grow(warm, tmp_path / "warm") == plain
    rows = [json.loads(row) for row in plain[0]]
    assert Counter(row["stopped"] for row in rows)["tokens"] >= 2  # else the property would say little
    spent = sum(row["spent"]["tokens"] for row in rows)
    assert (warm.billed, warm.saved.tokens) == (NO_USAGE, spent)
    assert (cold.billed + cold.saved).tokens == spent
    assert 0 < cold.billed.tokens < spent
