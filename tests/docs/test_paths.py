"""Every path that a document or a docstring names is there: sources, folders, and the targets of links."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from doc_blocks import ROOT, blocks

PACKAGES = ("common", "envs", "search", "agents", "experiments", "value", "leaderboards", "cli")
FOLDERS = (*PACKAGES, "tests", "tools", "benchmarks", "docs")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md")])
SOURCES = [path for folder in PACKAGES for path in sorted((ROOT / folder).rglob("*.py"))]
FILES = {
    f"/{path.relative_to(ROOT)}"
    for folder in (*FOLDERS, ".github")
    for path in (ROOT / folder).rglob("*")
    if "__pycache__" not in path.parts
} | {f"/{path.name}" for path in ROOT.iterdir()}
# A module by its name, or by the end of its path; a folder or file by its path from the root.
NAMED = re.compile(rf"`((?:[\w-]+/)*[\w-]+\.py|(?:{'|'.join(FOLDERS)})/[\w./-]*)(?:::\w+)?`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
OTHER_REPOSITORY = re.compile(r"\bof [\w-]+/[\w.-]+|of the same repository|the code of [\w-]+/")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
# Files that a reader makes: of the walks of CONTRIBUTING, and of examples.
MADE = {block.comment("file:") for block in blocks("CONTRIBUTING.md")} | {"agents/prompts/coins/", "mine.py"}
WALKED = {f"/{path}" for path in MADE if path}


def missing(text: str) -> list[str]:
    """The names of sources and folders in a text that no path of the repository ends with."""
    lines = [line for line in CODE.sub("", text).splitlines() if not OTHER_REPOSITORY.search(line)]
    named = {path.rstrip("/") for line in lines for path in NAMED.findall(line)}
    known = FILES | {path.rstrip("/") for path in WALKED}
    return sorted(path for path in named if not any(file.endswith(f"/{path}") for file in known))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_paths_that_are_there(document):
    assert missing(document.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document):
    targets = [link for link in LINK.findall(CODE.sub("", document.read_text("utf-8"))) if "://" not in link]
    assert [link for link in targets if not (document.parent / link).exists()] == []


def test_docstrings_name_paths_that_are_there():
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                wrong += [f"{path.relative_to(ROOT)}: {name}" for name in missing(text)]
    assert wrong == []


def test_the_sections_that_links_name_are_there():
    wrong = []
    for document in DOCUMENTS:
        text = CODE.sub("", document.read_text(encoding="utf-8"))
        for path, section in re.findall(r"\]\(([^)#\s:]*)#([^)]*)\)", text):
            target = document.parent / path if path else document
            if section not in sections(target):
                wrong.append(f"{document.relative_to(ROOT)}: {path}#{section}")
    assert wrong == []


def sections(document: Path) -> set[str]:
    """The anchors of the headings of a document, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_a_path_that_moved_is_found():
    text = "`making.py` and `envs/moved/rules.py`, `search/engine/gone/`; `rules.py`, `envs/game24/rules.py`, `search/`"
    assert missing(text) == ["envs/moved/rules.py", "making.py", "search/engine/gone"]
    assert missing("`hotpotqa_runs/agents.py` of noahshinn/reflexion") == []
    assert missing("```shell\ncat `none.py`\n```\n") == []
