from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.common.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("over\rwritten\x08", r"over\rwritten\x08"),
        ("one\ntwo\tthree", r"one\ntwo\tthree"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("half \udc80", r"half \udc80"),
        ("plain – 24 · ✓ 店", "plain – 24 · ✓ 店"),
        ("می‌خواهم 👩‍🚀", "می‌خواهم 👩‍🚀"),
    ],
)
def test_what_moves_a_terminal_is_written_out(text, shown):
    assert printable(text) == shown


def test_lines_stay_where_they_are_meant():
    assert printable("a\n\tb\r\x1b", lines=True) == "a\n\tb\\r\\x1b"


@given(st.text(st.characters(codec=None)))
def test_nothing_of_control_is_left(text):
    for lines in (False, True):
        shown = printable(text, lines=lines)
        assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t" * lines]
        shown.encode()
