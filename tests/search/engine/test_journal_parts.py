"""What workers journaled comes into the run's journal: once, in order, whenever the merge is cut off."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.experiments.run_folder import Run
from forethought.search.engine.journal import Journal, JournalError, locked, read, seal
from forethought.search.engine.journal_parts import PastJournal, merge, part, parts

FIRST = seal(-1, 0, "format", 2)


class Crash(BaseException):
    """The process is killed here."""


def line(task, seq):
    return seal(task, seq, "ask", f"answer {seq} of {task}")


def write(path, lines, torn=""):
    path.write_text("".join(f"{text}\n" for text in [FIRST, *lines]) + torn)


@st.composite
def histories(draw):
    """How many answers each task has, and which of the journal (0) and the parts (1 to 4) holds each.

    A task's answers go on from one to the other, or are there twice, as after a merge that was cut off.
    """
    held = {number: [] for number in range(5)}
    counts = draw(st.dictionaries(st.integers(0, 20), st.integers(1, 6), max_size=6))
    for task, count in counts.items():
        for number, span in enumerate(draw(st.lists(st.integers(0, 3), min_size=5, max_size=5))):
            begun = sum(1 for seq in range(count) if (task, seq) in {x for mine in held.values() for x in mine})
            left = range(begun, count if number == 4 else min(count, begun + span))
            again = range(draw(st.integers(0, begun)), begun) if number and draw(st.booleans()) else ()
            held[number] += [(task, seq) for seq in (*again, *left)]
    order = draw(st.permutations([1, 2, 3, 4]))
    return counts, [held[0], *(held[number] for number in order)]


def build(path, held, draw_torn):
    for old in path.parent.iterdir():
        old.unlink()
    for number, answers in enumerate(held):
        write(part(path, number) if number else path, [line(*answer) for answer in answers], draw_torn[number])


def expected(counts):
    return {task: [("ask", f"answer {seq} of {task}", "") for seq in range(count)] for task, count in counts.items()}


def crashing(monkeypatch, at):
    """The `at`-th operation on a file is the last, and a write stops in its middle.

    Returns a list with an item for each operation, and one of the files that were opened.
    """
    done, opened = [], []

    def opening(*words, real=os.open):
        opened.append(real(*words))
        return opened[-1]

    def breaking(real, partly=None):
        def operation(*words, **settings):
            done.append(1)
            if len(done) == at:
                if partly:
                    partly(*words)
                raise Crash
            if len(done) > at:
                raise Crash
            return real(*words, **settings)

        return operation

    write_ = os.write
    monkeypatch.setattr(os, "write", breaking(write_, lambda file, data: write_(file, data[: len(data) // 2])))
    monkeypatch.setattr(os, "open", opening)
    for home, name in ((os, "fsync"), (os, "ftruncate"), (Path, "unlink")):
        monkeypatch.setattr(home, name, breaking(getattr(home, name)))
    return done, opened


@settings(deadline=None, max_examples=40)
@given(histories(), st.lists(st.sampled_from(["", "[", '[3,0,"ask","x"']), min_size=5, max_size=5))
def test_a_merge_cut_off_anywhere_loses_and_doubles_nothing(tmp_path_factory, history, torn):
    counts, held = history
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    at = 1
    while True:
        build(path, held, torn)
        assert {t: e for t, e in PastJournal(path).entries.items() if e} == expected(counts)
        with pytest.MonkeyPatch.context() as patch:
            done, opened = crashing(patch, at)
            with suppress(Crash):
                merge(Journal(path))
        for file in opened:  # as the system does with those of a process that was killed
            with suppress(OSError):
                os.close(file)
        assert {t: e for t, e in PastJournal(path).entries.items() if e} == expected(counts)
        with Journal(path) as again:
            merge(again)
        assert read(path)[0] == expected(counts)
        assert parts(path) == []
        if len(done) < at:
            return
        at += 1


def test_a_merge_is_by_task_then_seq_and_keeps_the_lines(tmp_path):
    path = tmp_path / "journal.jsonl"
    write(path, [line(7, 0)])
    write(part(path, 1), [line(9, 0), line(7, 1), line(9, 1)])
    write(part(path, 10), [line(9, 2), line(3, 0)])
    write(part(path, 2), [line(7, 2)])
    with Journal(path) as journal:
        merge(journal)
    kept = [text for text in path.read_text().splitlines() if not text.startswith("[-1")]
    assert kept == [line(*a) for a in [(7, 0), (3, 0), (7, 1), (7, 2), (9, 0), (9, 1), (9, 2)]]


def test_the_time_that_workers_spent_is_the_runs(tmp_path):
    path = tmp_path / "journal.jsonl"
    write(path, [seal(-1, 0, "clock", 5.0)])
    write(part(path, 1), [seal(-1, 0, "clock", 8.5)])
    write(part(path, 2), [seal(-1, 0, "clock", 7.0)])
    with Journal(path) as journal:
        merge(journal)
        assert 8.5 <= journal.elapsed() < 9
    assert 8.5 <= read(path)[1] < 9


def test_a_journal_handed_on_goes_on_with_the_seconds_before(tmp_path):
    path = tmp_path / "journal-1.jsonl"
    file = locked(path)
    with Journal(path, file=file, before=30.0) as journal:
        assert 30 <= journal.elapsed() < 31
    assert 30 <= read(path)[1] < 31


def test_a_run_opens_its_journal_merged(tmp_path):
    run = Run.create(tmp_path / "run", {"kind": "eval"})
    write(run.folder / "journal-1.jsonl", [line(0, 0)])
    with run.journal() as journal:
        assert journal.entries == expected({0: 1})
    assert parts(run.folder / "journal.jsonl") == []


def test_one_part_is_merged_while_others_are_written(tmp_path):
    path = tmp_path / "journal.jsonl"
    write(part(path, 1), [line(1, 0)])
    other = locked(part(path, 2))
    with Journal(path) as journal:
        merge(journal, [part(path, 1)])
        assert journal.entries == expected({1: 1})
    os.close(other)
    assert parts(path) == [part(path, 2)]


def test_a_part_that_lives_is_waited_for_and_then_named(tmp_path, monkeypatch):
    monkeypatch.setattr("forethought.search.engine.journal_parts.DYING_SECONDS", 0.05)
    path = tmp_path / "journal.jsonl"
    write(part(path, 1), [line(1, 0)])
    alive = locked(part(path, 1))
    with Journal(path) as journal:
        with pytest.raises(JournalError, match=r"journal-1\.jsonl is in use by another process"):
            merge(journal)
        os.close(alive)
        merge(journal)
    assert read(path)[0] == expected({1: 1})


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line(1, 1)], "task 1 goes on with answer 1, and 0 was expected"),
        ([seal(0, 0, "ask", "something else")], "answer 0 of task 0 is another one than was journaled before"),
        (["[]", line(1, 0)], "line 2, is damaged"),
    ],
)
def test_parts_that_do_not_fit_are_named_and_kept(tmp_path, lines, message):
    path = tmp_path / "journal.jsonl"
    write(path, [line(0, 0)])
    write(part(path, 1), lines)
    with Journal(path) as journal, pytest.raises(JournalError, match=f"journal-1.*{message}"):
        merge(journal)
    assert parts(path) == [part(path, 1)]
    assert read(path)[0] == expected({0: 1})


def test_other_files_are_no_parts(tmp_path):
    path = tmp_path / "journal.jsonl"
    for name in ("journal-1.jsonl", "journal-x.jsonl", "journal-2.json", "journal-.jsonl", "my-journal-3.jsonl"):
        (tmp_path / name).write_text(json.dumps(name))
    assert parts(path) == [tmp_path / "journal-1.jsonl"]


def test_a_part_of_another_run_is_refused_and_kept(tmp_path):
    path = tmp_path / "journal.jsonl"
    Journal(part(path, 1), owner="another").close()
    with (
        Journal(path, owner="this") as journal,
        pytest.raises(JournalError, match=r"journal-1.* belongs to another run"),
    ):
        merge(journal)
    assert parts(path) == [part(path, 1)]


def test_a_damaged_part_is_refused_by_its_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    write(path, [])
    write(part(path, 1), [line(1, 0), line(1, 1)])
    damaged = part(path, 1).read_bytes().replace(b"answer 0", b"answer 1")
    part(path, 1).write_bytes(damaged)
    with Journal(path) as journal, pytest.raises(JournalError, match=r"journal-1.jsonl, line 2, is damaged .its sum"):
        merge(journal)
