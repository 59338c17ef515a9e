"""Imports inside a package go down its floors, and nothing anywhere imports in a circle."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("house", ROOT / "tools" / "house.py")
house = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(house)
GRAPH = house.imports(ROOT)

# From the lowest floor up. A name is a module, or a package with all that is in it; the longest name counts.
FLOORS = {
    "envs": [
        "template family wrappers.gymnasium_private",
        "space",
        "worlds downloads ranking",
        "wrappers gym",
        "forking registry simulator",
        "game24 webshop hotpotqa",
        "webshop.building hotpotqa.building",
        "webshop.synthetic hotpotqa.synthetic",
        "webshop.default_world hotpotqa.default_world",
        "webshop.family hotpotqa.family",
        "webshop.website",
        "webshop.browser",
        "envs",
        "conformance",
    ],
    "search": [
        "node estimates",
        "models requests needs caps",
        "engine ab_mcts beam best_first best_of_n depth_first dvts greedy gumbel lats look_ahead mcts puct rap react "
        "reflexion restarts walk",
        "registry",
        "search",
    ],
    "agents": [
        "readers",
        "models.protocol",
        "models",
        "models.open_model",
        "prompts heuristics",
        "policies values responder judges",
        "registry",
        "presets",
        "agents",
    ],
    "experiments": [
        "workers.options",
        "run_folder splits",
        "config run_start",
        "build consent",
        "execute",
        "workers",
        "launch",
        "evaluation",
        "experiments",
    ],
    "value": [
        "targets diagnostics head",
        "tabular token_rows training_config examples checkpoint stored siblings controls prior",
        "lora collection report",
        "trainer head_trainer",
        "stl",
        "value",
    ],
}


def floor_of(name: str, package: str) -> int:
    """The floor of the longest listed name that a module is, or is in."""
    within = name.removeprefix(f"forethought.{package}").lstrip(".") or package
    listed = {one: floor for floor, names in enumerate(FLOORS[package]) for one in names.split()}
    parts = within.split(".")
    for length in range(len(parts), 0, -1):
        if (floor := listed.get(".".join(parts[:length]))) is not None:
            return floor
    raise AssertionError(f"{name} stands on no floor; add it to FLOORS")


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_down(package):
    wrong = [
        f"{name} imports {other}"
        for name, others in GRAPH.items()
        for other in others
        if house.package_of(name) == house.package_of(other) == package
        and floor_of(name, package) < floor_of(other, package)
    ]
    assert wrong == []


def test_there_is_no_circle():
    assert house.circles(GRAPH) == []


def test_common_modules_do_not_lean_on_one_another():
    assert [name for name, others in GRAPH.items() if house.package_of(name) == "common" and others] == []


def test_a_circle_would_be_found():
    assert house.circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
