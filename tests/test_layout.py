"""The house: which folders are installed, and who may import whom."""

from __future__ import annotations

import ast
import configparser
import re
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


# What the builtin adds up though its form does not show that these are whole numbers.
WHOLE = {
    "sum(takes)",
    "sum(takes[:training])",
    "sum(blocks)",
    "sum(counts)",
    "sum(here)",
    "sum(scores)",  # of 0 and 1 alone
    "sum((seen[key] for key in keys))",
    "sum((child.visits for child, _ in seen))",
    "sum((child.visits for child in node.children))",
    "sum((child.done for child in seen))",
    "sum((count for _, count in ranked))",
    "sum((strand.spent.usage.tokens for strand in side.played))",
    "sum((strand.spent.nodes for strand in side.played))",
}


def is_whole(call: ast.Call) -> bool:
    """Whether the form shows that no floats are added: usages from FREE on, lengths, numbers of cases."""
    if len(call.args) > 1:
        return ast.unparse(call.args[1]) == "FREE"
    items = call.args[0]
    if not isinstance(items, ast.GeneratorExp):
        return ast.unparse(items).startswith("map(len, ")
    one = items.elt
    return (
        isinstance(one, ast.Compare | ast.BoolOp)
        or (isinstance(one, ast.Constant) and isinstance(one.value, int))
        or (isinstance(one, ast.Call) and ast.unparse(one.func) in ("len", "all", "any"))
    )


def test_the_builtin_sum_adds_no_floats():
    """Python 3.12 changed what it gives for them: worlds and trees would differ from those of 3.10 and 3.11."""
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "sum" and not is_whole(call):
                assert ast.unparse(call) in WHOLE, (
                    f"{path.relative_to(ROOT)}:{call.lineno} takes the builtin: add floats with plain_sum of "
                    f"forethought.envs.sums (or math.fsum), and list {ast.unparse(call)!r} in WHOLE if it has none"
                )


@pytest.mark.parametrize("text", ["sum(weights)", "sum(p for p, _ in seen)", "sum(a * b for a in x)", "sum(map(f, x))"])
def test_a_sum_that_may_be_of_floats_is_found(text):
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert not is_whole(call)
    assert ast.unparse(call) not in WHOLE


def test_numpy_is_asked_for_no_mean_or_correlation():
    """Its order of additions depends on its version and on the processor."""
    asked = re.compile(r"np\.(mean|average|std|var|corrcoef|cov)\(|\.(mean|std|var)\((?!draw)")
    for path in SOURCES:
        assert not asked.search(path.read_text(encoding="utf-8")), path


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
