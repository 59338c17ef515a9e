"""The house: which folders are installed, and who may import whom."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["envs", "search", "agents", "value", "leaderboards", "cli"]
SOURCES = [path for folder in ORDER for path in sorted((ROOT / folder).rglob("*.py"))]


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def imported(path: Path) -> set[str]:
    """The packages of this suite that a file imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found |= {name.split(".")[1] for name in names if name.startswith("forethought.")}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    layer = ORDER.index(path.relative_to(ROOT).parts[0])
    assert not [name for name in imported(path) if ORDER.index(name) > layer]


def test_no_relative_imports_hide_from_that():
    for path in SOURCES:
        relative = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom) and n.level]
        assert not relative, path


def test_packages_list_names_every_folder_with_sources():
    listed = set(setup_cfg()["options"]["packages"].split())
    folders = {"forethought." + ".".join(path.parent.relative_to(ROOT).parts) for path in SOURCES}
    assert listed == folders


def test_every_data_file_is_declared():
    declared = setup_cfg()["options.package_data"]
    for folder in ORDER:
        for path in (ROOT / folder).rglob("*"):
            if path.is_dir() or path.suffix in (".py", ".pyc"):
                continue
            package = next(p for p in path.parents if (p / "__init__.py").exists())
            name = "forethought." + ".".join(package.relative_to(ROOT).parts)
            patterns = [text.strip() for text in declared.get(name, "").split(",")]
            assert any(path.relative_to(package).match(pattern) for pattern in patterns), path


def test_data_files_are_installed():
    assert len(resources.files("forethought.envs.game24").joinpath("puzzles.txt").read_text().splitlines()) == 1362
    assert resources.files("forethought.agents").joinpath("prompts/game24/value_score.txt").is_file()
    assert resources.files("forethought.leaderboards").joinpath("templates/board.html").is_file()


def test_the_namespace_has_no_root_module():
    import forethought

    assert getattr(forethought, "__file__", None) is None


def test_typing_links_resolve():
    links = {path.name: path.resolve() for path in (ROOT / ".types" / "forethought").iterdir()}
    assert links == {name: ROOT / name for name in ORDER}


def test_the_light_packages_load_no_torch():
    heavy = ["torch", "transformers", "peft", "openai", "selenium", "ray"]
    light = "forethought.search, forethought.agents, forethought.value, forethought.cli.main"
    code = f"import sys, {light}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert done.stdout.strip() == "[]"


def test_core_dependencies_stay_light():
    core = setup_cfg()["options"]["install_requires"].split()
    assert {name.split(">")[0] for name in core} == {
        "gymnasium",
        "numpy",
        "jinja2",
        "tomlkit",
        "typer",
        "rich",
        "rapidfuzz",
        "regex",
    }


def test_nothing_is_unpickled_or_evaluated():
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"eval", "exec", "compile"}, path
        assert "pickle" not in path.read_text(encoding="utf-8"), path
