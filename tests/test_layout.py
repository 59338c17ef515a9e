"""The house: which folders are installed, and who may import whom."""

from __future__ import annotations

import ast
import configparser
import importlib
import json
import re
import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from forethought.envs.wrappers.gymnasium_private import TESTED

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["common", "envs", "search", "agents", "experiments", "value", "leaderboards", "cli"]
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
    "sum(map(shut, request.nodes))",
    "sum((count for _, count in ranked))",
    "sum((outcome.spent.usage.tokens for outcome in side.played))",
    "sum((outcome.spent.nodes for outcome in side.played))",
    "sum((part.pairs for part in parts))",
    "sum((part.families for part in parts))",
    "sum((child.done for _, child in known))",
}


def is_whole(call: ast.Call) -> bool:
    """Whether the form shows that no floats are added: usages from NO_USAGE on, lengths, numbers of cases."""
    if len(call.args) > 1:
        return ast.unparse(call.args[1]) == "NO_USAGE"
    items = call.args[0]
    if not isinstance(items, ast.GeneratorExp):
        return ast.unparse(items).startswith("map(len, ")
    one = items.elt
    return (
        isinstance(one, ast.Compare | ast.BoolOp)
        or (isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.Not))
        or (isinstance(one, ast.Constant) and isinstance(one.value, int))
        or (isinstance(one, ast.Call) and ast.unparse(one.func) in ("len", "all", "any"))
    )


def test_the_builtin_sum_adds_no_floats():
    """Python 3.12 changed what it gives for them: worlds and trees would differ from those of 3.10 and 3.11."""
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "sum" and not is_whole(call):
                text = re.sub(r"for \(([^()]*)\) in", r"for \1 in", ast.unparse(call))  # as Python 3.10 writes it
                assert text in WHOLE, (
                    f"{path.relative_to(ROOT)}:{call.lineno} takes the builtin: add floats with plain_sum of "
                    f"forethought.common.sums (or math.fsum), and list {text!r} in WHOLE if it has none"
                )


@pytest.mark.parametrize("text", ["sum(weights)", "sum(p for p, _ in seen)", "sum(a * b for a in x)", "sum(map(f, x))"])
def test_a_sum_that_may_be_of_floats_is_found(text):
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert not is_whole(call)
    assert ast.unparse(call) not in WHOLE


# Numbers of a model's hidden states, which differ in their last bits between machines before anything is added.
OF_A_MODEL = ("agents/models/local/features.py", "value/head.py")


def test_numpy_is_asked_for_no_mean_or_correlation():
    """Its order of additions depends on its version and on the processor."""
    asked = re.compile(r"np\.(mean|average|std|var|corrcoef|cov)\(|\.(mean|std|var)\((?!draw)")
    for path in SOURCES:
        if str(path.relative_to(ROOT)) not in OF_A_MODEL:
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


# The modules that need an extra, and the library that each needs.
EXTRAS = {
    "agents.models.local": "torch",
    "agents.models.server": "aiohttp",
    "envs.webshop.website": "starlette",
    "envs.webshop.browser.chromium": "selenium",
    "envs.webshop.browser.env": "selenium",
    "experiments.workers.ray": "ray",
    "value.checkpoint": "torch",
    "value.lora": "peft",
    "value.token_rows": "torch",
    "value.trainer": "torch",
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_is_there_and_is_imported(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    if (extra := next((library for place, library in EXTRAS.items() if name.startswith(place)), None)) is not None:
        pytest.importorskip(extra)
    importlib.import_module(f"forethought.{name}")


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


REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?>=[0-9.]+,<[0-9.]+")


def requirements() -> dict[str, list[str]]:
    """What setup.cfg asks for: of "" the core, else of an extra."""
    config = setup_cfg()
    groups = {"": config["options"]["install_requires"], **config["options.extras_require"]}
    return {name: text.split() for name, text in groups.items()}


def test_core_dependencies_stay_light():
    core = [line.partition(">=")[0] for line in requirements()[""]]
    assert core == ["gymnasium", "numpy", "jinja2", "tomlkit", "typer", "rich", "rapidfuzz", "regex"]


def test_gymnasium_is_allowed_as_far_as_its_private_parts_were_tried():
    assert TESTED in requirements()[""]


def test_every_dependency_has_a_range_that_ends():
    groups = requirements()
    assert groups.pop("all") == ["forethought[lm,server,site,browser,ray]"]
    assert groups.pop("dev") == ["forethought[all,test]"]
    for group, lines in groups.items():
        assert lines
        for line in lines:
            assert REQUIREMENT.fullmatch(line), f"{group}: {line!r}; expected name>=LEAST,<END"


def test_all_has_every_extra_that_a_user_may_want():
    groups = requirements()
    wanted = [name for name in groups if name not in ("", "test", "all", "dev")]
    assert groups["all"] == [f"forethought[{','.join(wanted)}]"]


def pins() -> dict[str, list[str]]:
    """The lines of constraints.txt by the canonical name of the package."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            pin = re.fullmatch(r"([a-z0-9._-]+)==([A-Za-z0-9.!+]+)( ; .+)?", line)
            assert pin, f"{line!r} pins no version"
            found.setdefault(pin[1], []).append(line)
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_pin_what_setup_cfg_asks_for():
    groups = requirements()
    asked = {REQUIREMENT.fullmatch(line)[1] for g, lines in groups.items() if g not in ("all", "dev") for line in lines}
    missing = {canonical(name) for name in asked} - set(pins())
    assert not missing, f"{missing} have no pin; run `make lock`"
    assert pins()["torch"] == ["torch==2.13.0"]  # the build for CPUs is told apart by where it comes from
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="ascii")


def test_constraints_pin_what_those_need_in_turn():
    """As far as it is installed here; the builds of PyTorch for GPUs need more, which no test of ours does."""
    for name in pins():
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        needed = [Requirement(line) for line in lines]
        asked = {canonical(one.name) for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})}
        missing = {other for other in asked - set(pins()) if not other.startswith(("nvidia-", "cuda-", "triton"))}
        assert not missing, f"{name} needs {missing}, which constraints.txt does not pin; run `make lock`"


def test_the_pythons_that_are_named_are_one_list():
    """Where setup.cfg allows, classifies, and the workflow and the Makefile try them."""
    config = setup_cfg()
    named = re.findall(r"Python :: (3\.\d+)", config["metadata"]["classifiers"])
    first, last = (int(version.partition(".")[2]) for version in (named[0], named[-1]))
    assert config["options"]["python_requires"] == f">=3.{first},<3.{last + 1}"
    assert named == [f"3.{minor}" for minor in range(first, last + 1)]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert f"python: [{', '.join(map(json.dumps, named))}]" in workflow
    tried = re.search(r"^PYTHONS \?= (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert tried
    assert tried[1].split() == named[:-1]  # 3.14 is tried in the workflow alone


def test_nothing_is_unpickled_or_evaluated():
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"eval", "exec", "compile"}, path
        assert "pickle" not in path.read_text(encoding="utf-8"), path
