"""forethought agents list | show"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import typer

from forethought.agents.presets import AGENTS, Agent
from forethought.agents.registry import POLICIES, VALUES, Pieces, find_policy, find_value
from forethought.cli.envs import AsJson, look_here
from forethought.cli.panels import example
from forethought.cli.telling import show as print_line
from forethought.common.pieces import is_place, offered
from forethought.common.settings import SettingInfo, settings_of
from forethought.search.needs import needs_of
from forethought.search.registry import ALGORITHMS, find_algorithm

app = typer.Typer(
    no_args_is_help=True,
    help="Algorithms, policies, values and presets, with their settings.",
    epilog=example("agents list", "agents show mcts"),
)
FINDERS: dict[str, Callable[[str], Any]] = {"algorithm": find_algorithm, "policy": find_policy, "value": find_value}
TABLES: dict[str, dict[str, Any]] = {"algorithm": dict(ALGORITHMS), "policy": dict(POLICIES), "value": dict(VALUES)}


@app.command("list", epilog=example("agents list --json"))
def list_agents(as_json: AsJson = False) -> None:
    """Every preset, algorithm, policy and value: its name, and its first line."""
    rows = [{"kind": "preset", "name": name, "about": agent.source} for name, agent in AGENTS.items()]
    for kind, table in TABLES.items():
        rows += [{"kind": kind, "name": name, "about": first_line(piece)} for name, piece in table.items()]
        rows += [{"kind": kind, "name": name, "about": entry.value} for name, entry in offered(kind).items()]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print_line(f"{row['kind']:<10} {row['name']:<12} {row['about']}")


@app.command(epilog=example("agents show mcts", "agents show my_search:climb"))
def show(
    name: Annotated[str, typer.Argument(help="A preset, an algorithm, a policy, a value, or MODULE:NAME.")],
    as_json: AsJson = False,
) -> None:
    """The settings of all that has this name, with types, defaults and meanings; its source, and its needs."""
    if is_place(name):
        look_here(name)
    found = list(described(name))
    if as_json:
        print(json.dumps(found))
        return
    for number, piece in enumerate(found):
        print_line("\n".join([*([""] if number else []), *lines_of(piece)]), lines=True)


def described(name: str) -> Iterator[dict[str, Any]]:
    """Raises ValueError: nothing has this name."""
    if name in AGENTS:
        yield preset(name, AGENTS[name])
    kinds = [kind for kind, table in TABLES.items() if name in table or name in offered(kind)]
    if not kinds and name not in AGENTS:
        kinds = [kind_of(name)]
    for kind in kinds:
        yield piece(kind, name, FINDERS[kind](name))


def kind_of(name: str) -> str:
    """The kind of a user's own piece. Raises ValueError: it is of none, or nothing has this name."""
    errors = []
    for kind, find in FINDERS.items():
        try:
            find(name)
        except ValueError as error:
            errors.append(str(error))
        else:
            return kind
    if is_place(name):
        raise ValueError("; ".join(dict.fromkeys(errors)))
    known = [*AGENTS, *(name for table in TABLES.values() for name in table)]
    raise ValueError(f"unknown name {name!r:.100}; expected one of {', '.join(dict.fromkeys(known))}, or MODULE:NAME")


def piece(kind: str, name: str, found: Any) -> dict[str, Any]:
    """An algorithm, policy, value or responder as JSON: its docstring, module, settings and needs."""
    needs = needs_of(found)
    stated = {"privileges": needs.privileges, "prompts": needs.prompts, "values": needs.values}
    return {
        "kind": kind,
        "name": name,
        "about": before_args(inspect.getdoc(found) or ""),
        "module": found.__module__,
        "settings": [setting(info) for info in settings_of(found).values()],
        **({"needs": stated} if kind == "algorithm" else {}),
    }


def setting(info: SettingInfo) -> dict[str, Any]:
    """A setting as JSON; the default of a required one is null."""
    default = None if info.required else info.written
    return {"name": info.name, "type": info.expected, "default": default, "meaning": info.meaning}


def preset(name: str, agent: Agent) -> dict[str, Any]:
    """A preset as JSON: its parts, its settings, and the settings of single families."""
    parts = {"algorithm": agent.algorithm, "policy": agent.policy, "value": agent.value}
    families = {family: dict(settings) for family, settings in agent.families.items()}
    known = Pieces.of(agent.algorithm, agent.policy, agent.value).settings()
    settings = [{**setting(known[name]), "name": name, "default": value} for name, value in agent.settings.items()]
    return {
        "kind": "preset",
        "name": name,
        "about": agent.source,
        "parts": parts,
        "settings": settings,
        "families": families,
        "privileges": agent.privileges,
    }


def lines_of(found: dict[str, Any]) -> Iterable[str]:
    """The description of one piece, as lines for people."""
    yield f"{found['kind']} {found['name']}" + (f" ({found['module']})" if "module" in found else "")
    yield from (f"  {line}".rstrip() for line in found["about"].splitlines())
    if "parts" in found:
        yield "  made of: " + ", ".join(f"{kind} {name}" for kind, name in found["parts"].items())
    if needs := found.get("needs"):
        yield f"  needs: {told(needs)}"
    for setting in found["settings"]:
        kind = f" ({setting['type']})" if setting["type"] else ""
        default = "required" if setting["default"] is None else f"= {setting['default']}"
        yield f"    {setting['name']} {default}{kind}" + (f": {setting['meaning']}" if setting["meaning"] else "")
    for family, settings in found.get("families", {}).items():
        yield f"    in {family}: " + ", ".join(f"{name} = {value}" for name, value in settings.items())


def told(needs: dict[str, Any]) -> str:
    """The needs of an algorithm in words."""
    parts = ["values"] if needs["values"] else []
    parts += [f"the privilege {name}" for name in needs["privileges"]]
    parts += [f"the prompt {role}" for role in needs["prompts"]]
    return ", ".join(parts) or "nothing but proposals"


def first_line(found: Any) -> str:
    """The first line of an object's docstring."""
    return (inspect.getdoc(found) or "").partition("\n")[0]


def before_args(text: str) -> str:
    """A docstring without its section on settings, which are listed."""
    return text.partition("\nArgs:\n")[0].rstrip()
