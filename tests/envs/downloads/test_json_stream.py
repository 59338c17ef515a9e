"""Streamed JSON: any value, any block size, any white space, and every way to be damaged."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.envs.downloads import json_stream
from forethought.envs.downloads.json_stream import Damaged, array_items, array_lines, object_items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
SPACES = st.text(" \t\n\r", max_size=4)


@pytest.fixture
def written(tmp_path):
    """Writes a file, from text or bytes."""

    def write(content):
        path = tmp_path / "items.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def block(monkeypatch):
    return lambda size: monkeypatch.setattr(json_stream, "BLOCK", size)


def read_with(size, text, items):
    """What is read from a file in blocks of so many bytes."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "BLOCK", size)
        path = Path(folder) / "items.json"
        path.write_bytes(text.encode())
        return list(items(path))


@settings(max_examples=100, deadline=None)
@given(values=st.lists(VALUES, max_size=5), size=st.integers(1, 40), space=SPACES, ascii_only=st.booleans())
def test_any_array_comes_back(values, size, space, ascii_only):
    texts = [json.dumps(value, ensure_ascii=ascii_only) for value in values]
    whole = f"{space}[{space}{f'{space},{space}'.join(texts)}{space}]{space}"
    assert read_with(size, whole, array_items) == list(zip(values, texts, strict=True))


@settings(max_examples=100, deadline=None)
@given(entries=st.dictionaries(st.text(max_size=4), VALUES, max_size=5), size=st.integers(1, 40), space=SPACES)
def test_any_object_comes_back(entries, size, space):
    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in entries.items()}
    pairs = [f"{json.dumps(name)}{space}:{space}{text}" for name, text in texts.items()]
    whole = f"{space}{{{space}{f'{space},{space}'.join(pairs)}{space}}}{space}"
    expected = [(name, value, texts[name]) for name, value in entries.items()]
    assert read_with(size, whole, object_items) == expected


@pytest.mark.parametrize("number", ["12.5e+10", "-0.5", "1E-7", "1e5", "120", "-7"])
def test_numbers_are_whole_wherever_a_block_ends(written, block, number):
    for size in range(1, 12):
        block(size)
        assert [value for value, _ in array_items(written(f"[{number},{number}]"))] == [json.loads(number)] * 2
        assert list(object_items(written(f'{{"a":{number}}}'))) == [("a", json.loads(number), number)]


SMALL = '[{"a": "é", "b": [1, null]}, 12, "x\\u00e9\\n", {"long": -1.5e3}]'.encode()


@pytest.mark.parametrize("size", [1, 7, 1 << 22])
def test_a_file_cut_at_any_byte_is_damaged(written, block, size):
    block(size)
    assert len(list(array_items(written(SMALL)))) == 4
    for end in range(1, len(SMALL)):
        with pytest.raises(Damaged, match=r"^items\.json, record [0-4]: .+; the file is damaged, get it again$"):
            list(array_items(written(SMALL[:end])))
    with pytest.raises(Damaged, match=r"items\.json begins with ''; expected a JSON array"):
        list(array_items(written(b"")))


def test_an_object_cut_at_any_byte_is_damaged(written):
    whole = '{"a": {"é": 1}, "b": [2]}'.encode()
    for end in range(1, len(whole)):
        with pytest.raises(Damaged, match=r"^items\.json, record [0-2]: "):
            list(object_items(written(whole[:end])))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1, 2] 3", "record 2: the file goes on after its end with '3'"),
        ("[1]]", "record 1: the file goes on after its end with ']'"),
        ("[1 2]", "record 1: expected ',' or ']', found '2'"),
        ("[1,]", "record 1: Expecting value"),
        ("[1,,2]", "record 1: Expecting value"),
        ("[,1]", "record 0: Expecting value"),
        ("[1}", "record 1: expected ',' or ']', found '}'"),
        ("[01]", "record 1: expected ',' or ']', found '1'"),
        ('["a\nb"]', "record 0: Invalid control character"),
        ("[tru]", "record 0: Expecting value"),
        ("[" * 100_000, "record 0: it is nested too deeply"),
        ('[1, {"a":' + '{"a":' * 100_000, "record 1: it is nested too deeply"),
        ("[1, " + "9" * 5000 + "]", "record 1: Exceeds the limit"),
        ('{"a": 1}', "begins with '{\"a\": 1}'; expected a JSON array ('[')"),
        ("7", "expected a JSON array"),
    ],
)
def test_damage_is_named(written, text, reason):
    with pytest.raises(Damaged) as caught:
        list(array_items(written(text)))
    assert str(caught.value).startswith("items.json")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "text", ['{"a" 1}', "{1: 2}", '{"a": 1, null: 2}', '{"a": }', "{'a': 1}", '{"a": 1', '{"a": 1}x']
)
def test_damaged_objects(written, text):
    with pytest.raises(Damaged, match=r"items\.json, record [01]: "):
        list(object_items(written(text)))
    with pytest.raises(Damaged, match="expected a JSON object"):
        list(object_items(written("[1]")))


@pytest.mark.parametrize("size", [1, 3, 1 << 22])
def test_bytes_that_are_no_text_are_found_at_their_record(written, block, size):
    block(size)
    items = array_items(written(b'["one", "two", "\xff"]'))
    assert [next(items)[0], next(items)[0]] == ["one", "two"]
    with pytest.raises(Damaged, match=r"items\.json, record 2: it is no UTF-8 text \(invalid start byte\)"):
        next(items)
    with pytest.raises(Damaged, match=r"items\.json, record 0: it is no UTF-8"):
        list(array_items(written(b"\xff\xfe[\0")))


def test_a_record_is_not_read_without_end(written, block, monkeypatch):
    block(4)
    monkeypatch.setattr(json_stream, "LONGEST", 50)
    with pytest.raises(Damaged, match="record 1: Unterminated string"):
        list(array_items(written('["short", "' + "x" * 1000 + '"]')))


def test_records_come_before_the_rest_is_read(written, block):
    block(4)
    items = array_items(written("[1, 2, oops"))
    assert next(items) == (1, "1")
    assert next(items) == (2, "2")
    with pytest.raises(Damaged, match="record 2"):
        next(items)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        next(array_items(tmp_path / "none.json"))


def test_a_byte_order_mark_says_nothing(tmp_path):
    (tmp_path / "items.json").write_text("\ufeff[1]", encoding="utf-8")
    assert [value for value, _ in array_items(tmp_path / "items.json")] == [1]


def test_records_are_told_with_their_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, "BLOCK", 3)
    (tmp_path / "items.json").write_text('[\n{"a":\n1},\n\n2, 3\n,4\n]', encoding="utf-8")
    assert list(array_lines(tmp_path / "items.json")) == [(2, {"a": 1}), (5, 2), (5, 3), (6, 4)]
    (tmp_path / "items.json").write_text("[1,\n2,\nx]", encoding="utf-8")
    with pytest.raises(Damaged, match=r"items.json, record 2: .* .line 3.; the file is damaged"):
        list(array_lines(tmp_path / "items.json"))
