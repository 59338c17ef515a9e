from __future__ import annotations

import errno
import os

import pytest

from forethought.common import files
from forethought.common.files import append_lines, write_whole


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lines.jsonl"


def test_lines_are_appended(path):
    append_lines(path, ["one"])
    append_lines(path, ["two", "thrée"])
    assert path.read_text(encoding="utf-8").split("\n") == ["one", "two", "thrée", ""]


@pytest.mark.parametrize("torn", [b'{"a": 1', b"x" * 200_000])
def test_a_torn_line_is_cut_off_first(path, torn):
    path.write_bytes(b"whole\n" + torn)
    append_lines(path, ["next"])
    assert path.read_bytes() == b"whole\nnext\n"


def test_a_file_that_is_one_torn_line_begins_anew(path):
    path.write_bytes(b"torn")
    append_lines(path, ["next"])
    assert path.read_bytes() == b"next\n"


@pytest.mark.parametrize("taken", [0, 1, 7])
def test_what_a_full_disk_took_a_part_of_is_cut_off_again(path, monkeypatch, taken):
    append_lines(path, ["before"])
    write, calls = os.write, []

    def full(file, data):
        calls.append(len(data))
        if len(calls) > 1 or not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, bytes(data[:taken]))

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        append_lines(path, ["a longer line"])
    monkeypatch.undo()
    assert path.read_bytes() == b"before\n"
    append_lines(path, ["after"])
    assert path.read_bytes() == b"before\nafter\n"


def test_a_real_full_disk():
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    file = os.open("/dev/full", os.O_WRONLY | os.O_APPEND)
    try:
        with pytest.raises(OSError, match="No space left"):
            write_whole(file, b"line\n")
    finally:
        os.close(file)


def test_an_interruption_between_two_parts_leaves_whole_lines(path, monkeypatch):
    write = os.write

    def interrupted(file, data):
        if len(data) < 5:
            raise KeyboardInterrupt
        return write(file, bytes(data[:3]))

    monkeypatch.setattr(files.os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        append_lines(path, ["123456"])
    assert path.read_bytes() == b""
