from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.leaderboards.markdown import literal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("game24-beam", "game24-beam"),
        ("0.5, keep=5 (of 10)", "0.5, keep=5 (of 10)"),
        ("0.667 [0.208, 0.939]", "0.667 [0.208, 0.939]"),
        ("[a][b] [a]: x", r"[a\][b] [a\]: x"),
        ("a | b", r"a \| b"),
        ("a\nb\r\nc", r"a\\nb\\r\\nc"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("&lt;b>", "&amp;lt;b&gt;"),
        ("[text](javascript:alert(1))", r"[text\](javascript:alert(1))"),
        ("![x](http://a/b.png)", r"\![x\](http&#58;//a/b.png)"),
        ("`code` *bold* _it_ ~~no~~", r"\`code\` \*bold\* \_it\_ \~\~no\~\~"),
        ("HTTPS://evil.example WWW.evil.example me@evil.example",
         "HTTPS&#58;//evil.example www&#46;evil.example me&#64;evil.example"),
        ("# heading", r"\# heading"),
        ("\\| two", r"\\\| two"),
        ("\x1b[31m\u202e", r"\\x1b[31m\\u202e"),
        (5, "5"),
    ],
)  # fmt: skip
def test_markdown_shows_it_as_it_is(text, shown):
    assert literal(text) == shown


@given(st.text(st.characters(codec=None)))
def test_no_text_leaves_its_cell(text):
    shown = literal(text)
    assert len(shown.splitlines()) <= 1
    assert "<" not in shown
    assert not re.search(r"(?<!\\)(\\\\)*(\||\]\()", shown)
