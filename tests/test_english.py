"""Every public object has a docstring, and docstrings have few clauses in the place of a noun."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("english", ROOT / "tools" / "english.py")
english = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(english)
MOST_CLAUSES = 0.2  # a hundred words of docstrings
LATER = ("value/",)  # folders that are being rebuilt


@pytest.mark.parametrize("package", english.PACKAGES)
def test_every_public_object_has_a_docstring(package):
    assert [line for line in english.missing(ROOT, package) if not line.startswith(LATER)] == []


@pytest.mark.parametrize("package", english.PACKAGES)
def test_docstrings_have_few_clauses(package):
    words, found = english.clauses(ROOT, package)
    found = [line for line in found if not line.startswith(LATER)]
    assert 100 * len(found) / words < MOST_CLAUSES, "\n".join(found)


@pytest.fixture
def house(tmp_path):
    """A source folder with one file in each of two states."""
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "told.py").write_text(
        '"""A module."""\n\n\ndef cost():\n    """What it cost, and whose bill it was."""\n\n\ndef _hidden(): ...\n'
    )
    (tmp_path / "common" / "silent.py").write_text(
        "class Node:\n    def path(self): ...\n\n    @property\n    def name(self): ...\n\n"
        "    @name.setter\n    def name(self, new): ...\n\n\nif True:\n    def under(): ...\n"
    )
    return tmp_path


def test_objects_without_a_docstring_are_found(house):
    found = [line.partition(" ")[2] for line in english.missing(house, "common")]
    assert found == ["silent", "Node", "Node.path", "Node.name", "under"]


def test_clauses_are_counted_a_hundred_words(house):
    words, found = english.clauses(house, "common")
    assert (words, len(found)) == (10, 2)
    assert found[0].startswith("common/told.py:4 What it cost")
    assert "| common | 2 of 7 | 10 | 2 | 20.00 |" in list(english.table(house))


@pytest.mark.parametrize(
    ("text", "count"),
    [("whatever it is", 1), ("the rule which is read", 1), ("which rule reads", 0), ("a whole text", 0), ("WHO", 1)],
)
def test_the_words_of_a_clause(text, count):
    assert len(english.CLAUSE.findall(text)) == count
