"""Figures of the house: files, floors, arrows and circles of imports, and public names (English: tools/english.py).

`python tools/house.py [FOLDER]` prints them as a Markdown table, for this checkout or another one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("common", "envs", "search", "agents", "experiments", "value", "leaderboards", "cli")


def modules(root: Path) -> dict[str, Path]:
    """The source files by their dotted names."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = "forethought." + ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports(root: Path) -> dict[str, set[str]]:
    """By module, the modules of this suite that it imports, at the top or inside a function."""
    files = modules(root)
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                named = [f"{node.module}.{alias.name}" for alias in node.names]
                found[name] |= {full if full in files else node.module for full in named} & set(files)
            elif isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & set(files)
        found[name].discard(name)
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another, directly or through others (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def floors(graph: dict[str, set[str]], package: str) -> int:
    """The longest chain of imports inside a package, in modules."""
    known: dict[str, int] = {}

    def height(name: str, above: tuple[str, ...] = ()) -> int:
        if name not in known:
            below = [other for other in graph[name] if package_of(other) == package and other not in (*above, name)]
            known[name] = 1 + max((height(other, (*above, name)) for other in below), default=0)
        return known[name]

    return max((height(name) for name in graph if package_of(name) == package), default=0)


def package_of(name: str) -> str:
    return name.split(".")[1]


def public_names(root: Path, package: str) -> int:
    """The names in `__all__` of a package."""
    file = root / package / "__init__.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else []:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            assert isinstance(node.value, ast.List)
            return len(node.value.elts)
    return 0


def table(root: Path) -> Iterator[str]:
    """The figures of each package, as Markdown."""
    graph = imports(root)
    yield "| package | files | floors | arrows | public names |"
    yield "|---|---|---|---|---|"
    for package in PACKAGES:
        names = [name for name in graph if package_of(name) == package]
        if not names:
            continue
        arrows = sum(package_of(other) == package for name in names for other in graph[name])
        yield f"| {package} | {len(names)} | {floors(graph, package)} | {arrows} | {public_names(root, package)} |"
    yield ""
    yield f"Circles of imports: {len(circles(graph))}."


if __name__ == "__main__":
    print("\n".join(table(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)))
