from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search.engine import journal
from forethought.search.engine.journal import Journal, JournalError, read, seal

FIRST = seal(-1, 0, "format", 2).encode() + b"\n"


def text(*lines):
    """A journal of these lines."""
    return FIRST + "".join(seal(*line) + "\n" for line in lines).encode()


def answers(path):
    """The lines of a journal but for those about the run."""
    return [line[:4] for line in map(json.loads, path.read_bytes().splitlines()) if line[0] >= 0]


def test_a_journal_begins_with_its_format(path):
    with Journal(path) as journal:
        assert path.read_bytes() == FIRST
        assert (journal.entries, journal.seconds) == ({}, 0.0)


def test_lines_are_task_seq_kind_answer_and_are_there_when_write_returns(path):
    with Journal(path) as journal:
        journal.write([seal(3, 0, "evaluate", [0.5]), seal(4, 0, "stop", "nodes")])
        assert path.read_bytes() == text((3, 0, "evaluate", [0.5]), (4, 0, "stop", "nodes"))


def test_what_was_written_is_read_back_by_task_and_in_order(path):
    with Journal(path) as journal:
        journal.write([seal(3, 0, "expand", "x"), seal(1, 0, "expand", "y")])
        journal.write([seal(3, 1, "evaluate", "z")])
    with Journal(path) as journal:
        assert journal.entries == {3: [("expand", "x", ""), ("evaluate", "z", "")], 1: [("expand", "y", "")]}


def test_a_journal_is_appended_to_and_begun_once(path):
    for number in range(3):
        with Journal(path) as journal:
            journal.write([seal(0, number, "ask", number)])
    assert answers(path) == [[0, 0, "ask", 0], [0, 1, "ask", 1], [0, 2, "ask", 2]]
    assert path.read_bytes().count(b"format") == 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(), max_size=8), max_size=4))
def test_any_text_of_a_model_is_one_line(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("journal") / "j"
    with Journal(path) as journal:
        for seq, text in enumerate(texts):
            journal.write([seal(0, seq, "ask", text)])
    entries, _, whole = read(path)
    assert [answer for _, answer, _ in entries.get(0, [])] == texts
    assert whole == path.stat().st_size


@pytest.mark.parametrize("text", ["\n", "\r\n", "\u2028\x85", "\ud800", '"]', "\x00"])
def test_texts_that_could_break_a_line_do_not(path, text):
    with Journal(path) as journal:
        journal.write([seal(0, 0, "ask", text)])
    assert read(path)[0] == {0: [("ask", text, "")]}


def test_no_nan_is_written():
    with pytest.raises(ValueError, match="JSON"):
        seal(0, 0, "evaluate", [float("nan")])


def test_writes_that_the_system_cuts_short_go_on(path, monkeypatch):
    write = os.write
    with Journal(path) as journal:
        monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
        journal.write([seal(0, seq, "ask", "some text") for seq in range(3)])
        monkeypatch.undo()
    assert answers(path) == [[0, seq, "ask", "some text"] for seq in range(3)]


def test_a_line_torn_at_any_byte_is_dropped_and_written_over(path):
    lines = [seal(0, 0, "ask", "first"), seal(1, 0, "ask", "second é"), seal(0, 1, "ask", "third")]
    whole = FIRST + "".join(line + "\n" for line in lines).encode()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        kept = whole[: whole[:length].rfind(b"\n") + 1]
        with Journal(path) as journal:
            count = sum(map(len, journal.entries.values()))
            assert count == max(kept.count(b"\n") - 1, 0)
            assert path.read_bytes() == (kept or FIRST)
            journal.write(lines[count:])
        assert answers(path) == [json.loads(line)[:4] for line in lines]
        assert read(path)[2] == path.stat().st_size


DAMAGED = [
    b"not json",
    b"",
    b'[0,1,"ask"',
    b'[0,1,"ask"]',
    b'[0,1,"ask","x","y"]',
    b"7",
    b"null",
    b"{}",
    b"\xff\xfe",
    b"\x00\x00\x00\x00",
    b"[" * 100_000,
    b'[[0],1,"ask","x"]',
    b'[-1,0,"clock","soon"]',
    b'[-1,0,"clock",null]',
    b'[0,1,"ask","x","","00000000"]',
    seal(0, 1, "ask", "x").upper().encode(),
    seal(0, 1, "ask", "x").encode() + b"\r",
    seal(0, 1, "ask", "x").replace(",", ", ").encode(),
    seal(0, 1, None, "x").encode(),
    seal("0", 1, "ask", "x").encode(),
    seal(0, 1, "ask", "x", 7).encode(),
]


@pytest.mark.parametrize("line", DAMAGED, ids=lambda line: repr(line[:24]))
def test_a_damaged_line_in_the_middle_is_named_with_advice(path, line):
    path.write_bytes(text((0, 0, "ask", "x")) + line + b"\n" + seal(0, 1, "ask", "x").encode() + b"\n")
    before = path.read_bytes()
    with pytest.raises(
        JournalError, match=r"journal.jsonl, line 3, is damaged .*restore the file, or delete this line and all"
    ):
        Journal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("seq", [0, 2, -1, 7])
def test_a_task_whose_answers_do_not_count_up_is_named(path, seq):
    path.write_bytes(text((5, 0, "ask", "x"), (6, 0, "ask", "x"), (5, seq, "ask", "x")))
    with pytest.raises(JournalError, match=f"line 4: task 5 goes on with answer {seq}, and 1 was expected"):
        Journal(path)


def test_a_task_that_does_not_begin_at_zero_is_named(path):
    path.write_bytes(text((5, 1, "ask", "x")))
    with pytest.raises(JournalError, match="line 2: task 5 goes on with answer 1, and 0 was expected"):
        Journal(path)


def test_another_format_is_refused(path):
    path.write_bytes(b'[-1,0,"format",1]\n')
    with pytest.raises(JournalError, match=r"has format 1; this version reads 2; begin a new run"):
        Journal(path)


def test_a_journal_is_held_by_one_at_a_time(path):
    with Journal(path), pytest.raises(JournalError, match="is in use by another process; wait for it, or stop it"):
        Journal(path)
    Journal(path).close()


def test_a_second_process_is_refused(path):
    code = (
        "import sys, pathlib; from forethought.search.engine import journal; journal.Journal(pathlib.Path(sys.argv[1]))"
    )
    with Journal(path) as journal:
        journal.write([seal(0, 0, "ask", "x")])
        before = path.read_bytes()
        told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
        assert path.read_bytes() == before
    assert told.returncode != 0
    assert "is in use by another process" in told.stderr


def test_a_refused_journal_is_free_for_the_next(path):
    path.write_bytes(FIRST + b"damaged\n")
    with pytest.raises(JournalError):
        Journal(path)
    path.write_bytes(FIRST)
    Journal(path).close()


def test_the_clock_adds_up_over_processes(path, clock):
    with Journal(path) as journal:
        clock.now += 4.0
        assert journal.elapsed() == 4.0
    assert path.read_bytes() == text((-1, 0, "clock", 4.0))
    clock.now += 1000.0  # nobody worked on the run
    with Journal(path) as journal:
        assert journal.seconds == 4.0
        clock.now += 2.5
        assert journal.elapsed() == 6.5
    assert Journal(path).seconds == 6.5


def test_the_clock_is_written_now_and_then_for_a_process_that_dies(path, clock):
    journal = Journal(path)
    for seq in range(40):
        clock.now += 0.1
        journal.write([seal(0, seq, "ask", "x")])
    clocks = [
        answer
        for task, _, kind, answer, *_ in map(json.loads, path.read_bytes().splitlines())
        if task < 0 and kind == "clock"
    ]
    assert clocks == sorted(clocks)
    assert 5 <= len(clocks) <= 8
    assert read(path)[1] == clocks[-1] >= 3.4
    journal.close()
    assert read(path)[1] == pytest.approx(4.0)


def test_files_are_synced_every_50_ms_at_most_and_at_the_end(path, clock, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    journal = Journal(path)
    for seq in range(10):
        clock.now += 0.02  # 0.2 s in all
        journal.write([seal(0, seq, "ask", "x")])
    assert len(synced) == 3  # at 0.06, 0.12 and 0.18
    journal.close()
    assert len(synced) == 4


def test_lines_of_the_clock_are_no_answers(path):
    path.write_bytes(text((0, 0, "ask", "x"), (-1, 0, "clock", 1.5), (0, 1, "ask", "x"), (-1, 0, "clock", 2.5)))
    entries, seconds, _ = read(path)
    assert list(entries) == [0]
    assert seconds == 2.5


def test_of_400_flipped_bits_each_is_told_by_its_line_or_harms_nothing(path):
    whole = text(
        *((task, seq, "ask", f"a reply, {seq}") for seq in range(4) for task in range(5)), (-1, 0, "clock", 3.5)
    )
    path.write_bytes(whole)
    told, entries = 0, read(path)[0]
    for place in random.Random(7).sample(range(8 * len(whole)), 400):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        number = whole[: place // 8].count(b"\n") + 1
        try:
            found = read(path)[0]
        except JournalError as error:
            told += "has format" in str(error) or f"journal.jsonl, line {number}, is damaged" in str(error)
        else:  # its last line is torn, and dropped
            assert place // 8 == len(whole) - 1
            assert found == entries
            told += 1
    assert told == 400


def test_a_journal_belongs_to_one_run(path):
    with Journal(path, owner="seed 1") as journal:
        journal.write([seal(0, 0, "ask", "x")])
    before = path.read_bytes()
    with pytest.raises(
        JournalError, match=r"belongs to another run .*; restore the journal of this run, or begin a new"
    ):
        Journal(path, owner="seed 0")
    assert path.read_bytes() == before
    with Journal(path, owner="seed 1") as journal:
        assert journal.entries == {0: [("ask", "x", "")]}
    with Journal(path) as journal:  # whoever only looks need not know
        assert journal.entries


def test_a_journal_without_its_first_line_is_refused(path):
    path.write_bytes(seal(0, 0, "ask", "x").encode() + b"\n")
    with pytest.raises(JournalError, match=r"line 1, is damaged .expected the line that names the format and the run"):
        Journal(path)


def test_lines_are_the_same_without_the_private_encoder(monkeypatch):
    answer = [[["10 - 4", 0.1, 'thé \ud800 "x"'], ("b", 1e-7)], [1, 20], {"a": None, "b": True}]
    fast = journal.encode(answer)
    monkeypatch.setattr("forethought.search.engine.journal.encoder.c_make_encoder", None)
    assert journal.prepared()(answer) == journal.ENCODER.encode(answer) == fast


def test_what_is_no_number_of_json_is_not_written():
    with pytest.raises(ValueError, match=r"."):
        journal.encode([float("nan")])


def test_a_line_that_is_nested_too_deeply_is_damaged(tmp_path):
    path = tmp_path / "journal.jsonl"
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    with journal.Journal(path) as opened:
        opened.write([journal.seal(0, 0, "expand", deep)])
    with pytest.raises(journal.JournalError, match=r"line 2, is damaged \(it is nested deeper than 100 levels"):
        journal.Journal(path)
