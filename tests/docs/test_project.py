"""The files about the project agree with one another and with the tests."""

from __future__ import annotations

import ast
import configparser
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_stands_in_one_place_and_is_repeated_right():
    version = SETUP["metadata"]["version"]
    assert re.findall(r"^version: (.*)$", read("CITATION.cff"), re.MULTILINE) == [version]
    assert re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)[1] == version
    sources = [path for path in ROOT.glob("*/*.py") if path.parent.name != "tests"]
    assert not [path for path in sources if f'"{version}"' in path.read_text(encoding="utf-8")]


def test_the_citation_says_what_the_package_says():
    citation = dict(re.findall(r"^([a-z-]+): (.*)$", read("CITATION.cff"), re.MULTILINE))
    assert citation["title"] == SETUP["metadata"]["name"]
    assert citation["license"] == SETUP["metadata"]["license"]
    assert citation["abstract"].rstrip(".") == SETUP["metadata"]["description"]


CLAIMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read("SECURITY.md"))


def test_security_names_its_tests():
    assert len(CLAIMED) > 20
    assert read("SECURITY.md").count("tests/") == len(CLAIMED)


@pytest.mark.parametrize(("path", "name"), CLAIMED)
def test_every_claim_of_security_has_its_test(path, name):
    tree = ast.parse(read(path))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_hooks_of_a_commit_are_the_checks_of_make():
    hooks = re.findall(r"^        entry: \.venv/bin/(.*)$", read(".pre-commit-config.yaml"), re.MULTILINE)
    made = re.findall(r"^\t\$\(BIN\)/((?:ruff|mypy).*)$", read("Makefile"), re.MULTILINE)
    assert [hook.removesuffix(" --force-exclude") for hook in hooks] == ["ruff check", "ruff format", "mypy"]
    assert made == ["ruff check .", "ruff format --check .", "mypy"]


def test_editors_find_the_packages_where_mypy_does():
    pyright = json.loads(read("pyrightconfig.json"))
    assert pyright["extraPaths"][:2] == [SETUP["mypy"]["mypy_path"], SETUP["tool:pytest"]["pythonpath"]]
    assert SETUP["mypy"]["files"] in pyright["include"]
    assert SETUP["options"]["python_requires"].startswith(f">={pyright['pythonVersion']},")


def test_the_public_packages_of_the_releasing_policy_are_all_that_export():
    named = re.search(r"^- The names that (.*) export in `__all__`", read("RELEASING.md"), re.MULTILINE)[1]
    listed = {name.removeprefix("forethought").removeprefix(".") for name in re.findall(r"`([\w.]+)`", named)}
    packages = {path.parent.name: path.read_text(encoding="utf-8") for path in ROOT.glob("*/__init__.py")}
    assert listed == {name for name, text in packages.items() if "__all__" in text}
