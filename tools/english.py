"""The English of the sources: public objects without a docstring, and clauses in the place of a noun.

`python tools/english.py` prints a table for each package; `--missing` lists the public objects without a docstring,
`--clauses` the clauses with their lines.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("common", "envs", "search", "agents", "experiments", "value", "leaderboards", "cli")
WORD = re.compile(r"[A-Za-z']+")
# "what it cost", "whoever wrote it", "whose rules", "the part which is read".
CLAUSE = re.compile(r"\b(?:what|whatever|who|whoever|whom|whose)\b|\bwhich (?:is|are|was|were)\b", re.IGNORECASE)
Definition: TypeAlias = "ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef"


class Public(NamedTuple):
    """A public object of a file: its place, its dotted name there, and its docstring or None."""

    place: str
    name: str
    text: str | None


def sources(root: Path, packages: tuple[str, ...] = PACKAGES) -> Iterator[Path]:
    """The source files of the packages, in the order of their names."""
    for package in packages:
        yield from sorted((root / package).rglob("*.py"))


def public_objects(path: Path, root: Path = ROOT) -> Iterator[Public]:
    """The module, and every class, function and method in it whose name has no leading underscore.

    Setters of properties and overloads have the docstring of the function beside them, and are left out.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    where = path.relative_to(root)
    yield Public(str(where), where.stem, ast.get_docstring(tree))
    for name, node in definitions(tree.body):
        yield Public(f"{where}:{node.lineno}", name, ast.get_docstring(node))


def definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Public classes, functions and methods of a body, those under a condition too."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from definitions(node.body, prefix)
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
        if not marks & {"setter", "overload"}:
            yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from definitions(node.body, f"{prefix}{node.name}.")


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of every docstring of a file, private ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text


def missing(root: Path, package: str) -> list[str]:
    """The public objects of a package without a docstring."""
    return [
        f"{place} {name}"
        for path in sources(root, (package,))
        for place, name, text in public_objects(path, root)
        if not text
    ]


def clauses(root: Path, package: str) -> tuple[int, list[str]]:
    """The words of all docstrings of a package, and the clauses in them, each with its place."""
    words, found = 0, []
    for path in sources(root, (package,)):
        for line, text in docstrings(path):
            words += len(WORD.findall(text))
            places = [part for part in text.splitlines() if CLAUSE.search(part)]
            found += [
                f"{path.relative_to(root)}:{line} {part.strip()}" for part in places for _ in CLAUSE.findall(part)
            ]
    return words, found


def table(root: Path) -> Iterator[str]:
    """The figures of each package and their sum, as Markdown."""
    yield "| package | public objects with a docstring | words of docstrings | clauses | a hundred words |"
    yield "|---|---|---|---|---|"
    rows = []
    for package in PACKAGES:
        objects = sum(1 for path in sources(root, (package,)) for _ in public_objects(path, root))
        words, found = clauses(root, package)
        rows.append((package, objects - len(missing(root, package)), objects, words, len(found)))
    sums = [sum(row[i] for row in rows) for i in range(1, 5)]
    for name, told, objects, words, count in [*rows, ("all", *sums)]:
        yield f"| {name} | {told} of {objects} | {words} | {count} | {100 * count / max(words, 1):.2f} |"


def main(words: list[str]) -> Iterator[str]:
    """The lines to print."""
    folders = [word for word in words if not word.startswith("--")]
    root = Path(folders[0]).resolve() if folders else ROOT
    if "--missing" in words:
        yield from (line for package in PACKAGES for line in missing(root, package))
    elif "--clauses" in words:
        yield from (line for package in PACKAGES for line in clauses(root, package)[1])
    else:
        yield from table(root)


if __name__ == "__main__":
    print("\n".join(main(sys.argv[1:])))
