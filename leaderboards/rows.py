"""A row: one run's line on a board, as a JSON file that can be checked and re-run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from forethought.search.parts import PastJournal
from forethought.search.run import Run, RunError, replace

ROWS = Path(__file__).parent / "rows"
FORMAT = 1

TEXT, NUMBER, COUNT = (str,), (int, float), (int,)
SCHEMA: dict[str, Any] = {
    "format": COUNT,
    "name": TEXT,
    "env": TEXT,
    "agent": {"algorithm": TEXT, "settings": dict, "policy": TEXT, "value": TEXT, "endings": TEXT},
    "models": {
        "model": (str, type(None)),
        "adapter": (str, type(None)),
        "content": (str, type(None)),
        "training": (str, type(None)),
    },
    "seeds": [COUNT],
    "budget": dict,
    "protocol": {"tasks": TEXT, "scored": TEXT, "env_options": dict},
    "privileges": [TEXT],
    "results": [
        {
            "task": COUNT,
            "score": NUMBER,
            "first": (int, float, type(None)),
            "oracle": (int, float, type(None)),
            "stopped": TEXT,
            "tree": TEXT,
        }
    ],
    "failures": COUNT,
    "ledger": {
        "nodes": COUNT,
        "env_steps": COUNT,
        "replayed_steps": COUNT,
        "illegal_actions": COUNT,
        "evaluations": COUNT,
        "lm_calls": COUNT,
        "tokens": COUNT,
        "parse_failures": COUNT,
        "truncated?": COUNT,
        "refused?": COUNT,
        "assumed?": COUNT,
        "roles": dict,
        "usd?": NUMBER,
    },
    "seconds": NUMBER,
    "command": TEXT,
    "config": dict,
    "commit": (str, type(None)),
    "dirty": (bool, type(None)),
    "hashes": dict,
    "changed_sources?": [TEXT],
}


class RowError(ValueError):
    """A row that is not of the schema, or a run that no row can be made of."""


def check(row: Any, schema: Any = SCHEMA, where: str = "row") -> None:
    """Raises RowError: a field that is missing, unknown, or of the wrong type; and says which. "x?" may be missing."""
    if isinstance(schema, dict):
        if not isinstance(row, dict):
            raise RowError(f"{where} is {row!r:.60}; expected an object")
        known = {name.rstrip("?"): inner for name, inner in schema.items()}
        if missing := sorted(name for name in schema if name not in row and not name.endswith("?")):
            raise RowError(f"{where} lacks {', '.join(missing)}")
        if unknown := sorted(set(row) - set(known)):
            raise RowError(f"{where} has unknown fields {', '.join(unknown)}")
        for name, value in row.items():
            check(value, known[name], f"{where}.{name}")
    elif isinstance(schema, list):
        if not isinstance(row, list):
            raise RowError(f"{where} is {row!r:.60}; expected a list")
        for i, item in enumerate(row):
            check(item, schema[0], f"{where}[{i}]")
    else:
        allowed = schema if isinstance(schema, tuple) else (schema,)
        if not isinstance(row, allowed) or (isinstance(row, bool) and bool not in allowed):
            raise RowError(f"{where} is {row!r:.60}; expected {' or '.join(kind.__name__ for kind in allowed)}")


def make_row(run: Run, name: str, training: str | None = None) -> dict[str, Any]:
    """The row of a finished evaluation. `training` says where its adapter came from.

    Tasks that failed are counted, and score nothing. Raises RowError: the run is no evaluation, or has no results.
    JournalError: its journal is damaged.
    """
    config, manifest = run.config, run.manifest()
    if config.get("kind") != "eval":
        raise RowError(f"{run.folder} is a run of kind {config.get('kind')!r}; a row is made of an evaluation")
    try:
        results, failures = run.results(), run.failures()
    except RunError as error:
        raise RowError(str(error)) from error
    if not results:
        raise RowError(f"{run.folder} has no results; a row needs at least one task that ended")
    seconds = round(PastJournal(run.folder / "journal.jsonl").seconds, 1)  # reads, and leaves the run as it is
    row = {
        "format": FORMAT,
        "name": name,
        "env": config["env"],
        "agent": {
            "algorithm": config["algorithm"],
            "settings": config.get("settings", {}),
            "policy": config["policy"],
            "value": config["value"],
            "endings": config.get("endings", "rule"),
        },
        "models": {
            "model": config.get("model"),
            "adapter": Path(config["adapter"]).name if config.get("adapter") else None,
            "content": manifest["content"].get("model"),
            "training": training,
        },
        "seeds": [config["seed"]],
        "budget": config["budget"],
        "protocol": {
            "tasks": config["tasks"],
            "scored": "the answer the agent itself chose; first attempt and oracle stand beside it",
            "env_options": config.get("env_options", {}),
        },
        "privileges": config["privileges"],
        "results": [
            {
                "task": result["task"],
                "score": result["score"],
                "first": result["first"] and result["first"]["score"],
                "oracle": result["oracle"] and result["oracle"]["score"],
                "stopped": result["stopped"],
                "tree": result["tree"],
            }
            for result in results
        ],
        "failures": len(failures),
        "ledger": total(result["spent"] for result in [*results, *failures]),
        "seconds": seconds,
        "command": command(config),
        "config": config,
        "commit": manifest["commit"],
        "dirty": manifest["dirty"],
        "hashes": manifest["content"],
        "changed_sources": manifest["changed_sources"],
    }
    check(row)
    return row


def total(ledgers: Any) -> dict[str, Any]:
    """Ledgers added up, field by field."""
    whole: dict[str, Any] = {}
    for ledger in ledgers:
        for name, amount in ledger.items():
            whole[name] = (
                total([whole.get(name, {}), amount]) if isinstance(amount, Mapping) else whole.get(name, 0) + amount
            )
    return whole


def command(config: Mapping[str, Any]) -> str:
    """The command line that repeats an evaluation."""
    words = [
        "forethought eval",
        f"--env {config['env']}",
        f"--agent {config.get('agent') or config['algorithm']}",
        f"--tasks {quote(config['tasks'])}",
    ]
    words.append("--budget " + ",".join(f"{name}={limit}" for name, limit in config["budget"].items()))
    for name in ("policy", "value", "model", "adapter", "endings", "prompts", "prices", "seed"):
        if config.get(name) is not None:
            words.append(f"--{name} {quote(str(config[name]))}")
    words += [f"--set {name}={value}" for name, value in config.get("settings", {}).items()]
    words += [f"--model-option {name}={value}" for name, value in config.get("model_options", {}).items()]
    options = [f"{name}={json.dumps(value)}" for name, value in config.get("env_options", {}).items()]
    words += [f"--env-option {quote(option)}" for option in options]
    words += [f"--privilege {name}" for name in config["privileges"]]
    words += ["--transpositions"] if config.get("transpositions") else []
    return " ".join(words)


def save_row(row: Mapping[str, Any], folder: Path = ROWS) -> Path:
    """Write a row to `<name>.json`. Raises RowError: a name that is no file name, or is taken by another row."""
    check(row)
    name = str(row["name"])
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,80}", name):
        raise RowError(f"the row's name {name!r} is no plain file name; use a-z, 0-9, '.', '_' and '-'")
    path = folder / f"{name}.json"
    text = json.dumps(row, indent=1, sort_keys=True) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise RowError(f"{path} is another row already; give this one another name")
    folder.mkdir(parents=True, exist_ok=True)
    replace(path, text)
    return path


def load_rows(folder: Path = ROWS) -> list[dict[str, Any]]:
    """All rows of a folder, checked. Raises RowError: a file that is no row, by its name."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            check(row)
        except ValueError as error:
            raise RowError(f"{path}: {error}") from error
        rows.append(row)
    return rows
