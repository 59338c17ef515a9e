"""Write docs/settings.md: every setting, with its type, default and meaning, from signatures and their `Args:`.

`python tools/settings_table.py` writes the file; `--check` compares it, and ends with exit code 1 where it differs.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from forethought.agents.models.open_model import OPTIONS
from forethought.agents.presets import AGENTS
from forethought.agents.registry import POLICIES, VALUES, Pieces
from forethought.agents.responder import LMResponder
from forethought.cli.agents import piece, preset
from forethought.common.settings import NAMES, meanings_of
from forethought.search.registry import ALGORITHMS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "settings.md"
HEAD = """\
# Settings

Written by `python tools/settings_table.py` from the signatures and their `Args:`; a test compares it.
`forethought agents show NAME` prints the same for one name. `all` on the command line is `None` in Python.
Terms: [glossary](glossary.md).
"""
Setting = Mapping[str, Any]


def page() -> str:
    """The text of docs/settings.md."""
    return "\n".join([HEAD, *algorithms(), *parts(), *responder(), *presets(), *backends()])


def algorithms() -> Iterator[str]:
    """A table for each algorithm."""
    yield "## Algorithms\n\n`--set NAME=VALUE`, as in `--set depth=5`. Papers: [algorithms](algorithms.md).\n"
    for name, function in ALGORITHMS.items():
        yield from section(piece("algorithm", name, function))


def parts() -> Iterator[str]:
    """A table for each policy and value."""
    for title, kind, table in (("Policies", "policy", POLICIES), ("Values", "value", VALUES)):
        yield f"## {title}\n\n`--set {kind}.NAME=VALUE`, as in `--set {kind}.samples=3`.\n"
        for name, maker in table.items():
            yield from section(piece(kind, name, maker), f"{kind}.")


def responder() -> Iterator[str]:
    """The table of the responder."""
    yield "## Responder\n\nFor algorithms with prompt requests: `--set reflection.NAME=VALUE`.\n"
    yield from section(piece("responder", "reflection", LMResponder), "reflection.")


def presets() -> Iterator[str]:
    """A table for each preset: its own defaults, and those of single families."""
    yield "## Presets\n\nThe settings of a preset replace the defaults above, and `--set` replaces both.\n"
    for name, agent in AGENTS.items():
        found = preset(name, agent)
        made = ", ".join(f"{kind} `{part}`" for kind, part in found["parts"].items())
        known = Pieces.of(agent.algorithm, agent.policy, agent.value).settings()
        yield f"### `{name}`\n\n{made[0].upper()}{made[1:]}. Source: {found['about']}.\n"
        rows = [(row, "all") for row in found["settings"]]
        for family, changed in found["families"].items():
            for setting, value in changed.items():
                info = known[setting]
                row = {"name": setting, "type": info.expected, "default": value, "meaning": info.meaning}
                rows.append((row, family))
        yield "| setting | family | value | type | meaning |\n|---|---|---|---|---|"
        for row, family in rows:
            yield f"| `{row['name']}` | {family} | {shown(row)} | {row['type']} | {cell(row['meaning'])} |"
        yield ""


def backends() -> Iterator[str]:
    """A table for each kind of model."""
    from forethought.agents.models.local.model import Local
    from forethought.agents.models.server.model import Server

    yield "## Models\n\n`--model-option NAME=VALUE`, as in `--model-option concurrency=8`.\n"
    yield "### `recorded`\n\n`recorded:FILE`. No settings.\n"
    for kind, maker in (("server", Server), ("local", Local)):
        spec = {"server": "`server:MODEL@URL` and `server+chat:MODEL@URL`", "local": "Weights in this process"}[kind]
        parameters, meanings = inspect.signature(maker).parameters, meanings_of(maker)
        rows = [
            {
                "name": name,
                "type": NAMES[type_],
                "default": default_of(parameters[name].default, type_),
                "meaning": meanings.get(name, ""),
            }
            for name, type_ in OPTIONS[kind].items()
        ]
        yield f"### `{kind}`\n\n{spec}. {link(maker.__module__)}\n"
        yield from table(rows)


def default_of(default: object, type_: type) -> Any:
    """A default in the type of its option; None stands for no limit, or for a value found at run time."""
    return "none" if default is None else type_(default)


def section(found: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The heading, the first sentence and the table of one algorithm, policy, value or responder."""
    yield f"### `{found['name']}`\n\n{cell(found['about'].partition(chr(10))[0])} {link(found['module'])}\n"
    if not found["settings"]:
        yield "No settings.\n"
        return
    yield from table([{**row, "name": prefix + row["name"]} for row in found["settings"]])


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table of settings, and an empty line."""
    yield "| setting | type | default | meaning |\n|---|---|---|---|"
    for row in rows:
        yield f"| `{row['name']}` | {row['type']} | {shown(row)} | {cell(row['meaning'])} |"
    yield ""


def shown(row: Setting) -> str:
    """A default as a command line writes it."""
    default = row["default"]
    if default is None:
        return "required"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return "empty" if default == "" else f"`{default}`"


def cell(text: str) -> str:
    """A text without line breaks and without the sign that ends a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def link(module: str) -> str:
    """The link to the source of a module."""
    path = f"{module.removeprefix('forethought.').replace('.', '/')}.py"
    return f"Source: [{path}](../{path})."


def without_meaning() -> list[str]:
    """The settings that the page does not explain."""
    lines = [line for line in page().splitlines() if line.startswith("| `")]
    return [line for line in lines if line.split(" | ")[-1].strip(" |") == ""]


def main() -> None:
    """Write the page, or compare it."""
    if "--check" in sys.argv[1:]:
        sys.exit(f"{PAGE} differs; run python tools/settings_table.py" if PAGE.read_text("utf-8") != page() else 0)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
