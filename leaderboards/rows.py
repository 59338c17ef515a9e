"""A row: one run's line on a board, as a JSON file that can be checked and re-run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from forethought.common.json_text import read_json
from forethought.common.schema import COUNT, INTEGER, NUMBER, OTHERS, TEXT, Mismatch
from forethought.common.schema import check as matches
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.run_folder import Run, RunError, replace
from forethought.experiments.run_start import portable
from forethought.search.engine.journal_parts import PastJournal

ROWS = Path(__file__).resolve().parent / "rows"  # of the package
FORMAT = 1
MOST_TASKS = 10_000_000
SCHEMA: dict[str, Any] = {
    "format": range(FORMAT, FORMAT + 1),
    "name": TEXT,
    "env": TEXT,
    "agent": {
        "algorithm": TEXT,
        "settings": dict,
        "policy": TEXT,
        "value": TEXT,
        "terminal_value": TEXT,
        "foreign": [TEXT],
    },
    "models": {
        "model": (str, type(None)),
        "adapter": (str, type(None)),
        "content": (str, type(None)),
        "training": (str, type(None)),
    },
    "seeds": [INTEGER],
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
        "truncated": COUNT,
        "refused": COUNT,
        "assumed": COUNT,
        "roles": dict,
        "usd?": NUMBER,
    },
    "seconds": NUMBER,
    "command": TEXT,
    "config": dict,
    "commit": (str, type(None)),
    "dirty": (bool, type(None)),
    "hashes": dict,
    "changed_sources": [TEXT],
}
# The fields that are read from the lines of results.jsonl and failures.jsonl; a line may hold more.
SPENT = {
    "nodes": COUNT,
    "lm_calls": COUNT,
    "tokens": COUNT,
    "usd?": NUMBER,
    "roles": {OTHERS: {OTHERS: COUNT}},
    OTHERS: COUNT,
}
RESULT = {"task": COUNT, "score": NUMBER, "stopped": TEXT, "spent": SPENT, OTHERS: object}
FAILURE = {"task": COUNT, "spent": SPENT, OTHERS: object}
ATTEMPT = {"score": NUMBER, OTHERS: object}
BILL = {"billed": {OTHERS: COUNT}, "saved": {OTHERS: COUNT}}


class RowError(ValueError):
    """A row that is not of the schema, or a run that no row can be made of."""


def check(row: Any) -> None:
    """Raises RowError: a field that is missing, unknown, or of the wrong type; and says which."""
    try:
        matches(row, SCHEMA, "row")
    except Mismatch as error:
        raise RowError(str(error)) from error
    if not row["results"]:
        raise RowError("row.results is empty; a row has at least one task that ended")
    if row["failures"] > MOST_TASKS:
        raise RowError(f"row.failures is {row['failures']}; no run has as many tasks")


def make_row(run: Run, name: str, training: str | None = None) -> dict[str, Any]:
    """The row of a finished evaluation. `training` says where its adapter came from.

    Tasks that failed are counted, and score nothing. Raises RowError: the run is no evaluation, or has no results.
    JournalError: its journal is damaged.
    """
    config, manifest = run.config, run.manifest()
    if config.get("kind") != "eval":
        raise RowError(f"{run.folder} is a run of kind {config.get('kind')!r:.60}; a row is made of an evaluation")
    tasks = parse_tasks(Experiment.of(config).tasks)
    try:
        results, failures = outcomes(run)
    except RunError as error:
        raise RowError(str(error)) from error
    if not results:
        raise RowError(f"{run.folder} has no results; a row needs at least one task that ended")
    if sorted(tasks) != sorted(line["task"] for line in (*results, *failures)):
        raise RowError(f"the results of {run.folder} are not those of its {len(tasks)} tasks; {advice(run)}")
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
            "terminal_value": config.get("terminal_value", "rule"),
            "foreign": list(Experiment.of(config).foreign),
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
                "first": score_of(result, "first"),
                "oracle": score_of(result, "oracle"),
                "stopped": result["stopped"],
                "tree": result.get("tree"),
            }
            for result in results
        ],
        "failures": len(failures),
        "ledger": total(result["spent"] for result in [*results, *failures]),
        "seconds": seconds,
        "command": command(config),
        "config": config,
        "commit": manifest.get("commit"),
        "dirty": manifest.get("dirty"),
        "hashes": manifest["content"],
        "changed_sources": manifest["changed_sources"],
    }
    check(row)
    return row


def outcomes(run: Run) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The results and the failures of a run. Raises RunError: there are none yet, or a line is damaged."""
    found = run.results(), run.failures()
    try:
        matches(found[0], [RESULT], "results.jsonl")
        matches(found[1], [FAILURE], "failures.jsonl")
    except Mismatch as error:
        raise RunError(f"{run.folder} is damaged ({error}); {advice(run)}") from error
    return found


def bills(run: Run) -> list[dict[str, Any]]:
    """The lines of billed.jsonl. Raises RunError: one is damaged."""
    found = run.billed()
    try:
        matches(found, [BILL], "billed.jsonl")
    except Mismatch as error:
        raise RunError(f"{run.folder} is damaged ({error}); delete billed.jsonl, and nothing else is lost") from error
    return found


def advice(run: Run) -> str:
    """The sentence that tells how to make a run's results anew."""
    return f"delete results.jsonl and failures.jsonl, and `forethought resume {quote(str(run.folder))}` makes them anew"


def score_of(result: Mapping[str, Any], attempt: str) -> Any:
    """The score of an attempt. Raises RowError: the record of the attempt is damaged."""
    if (found := result.get(attempt)) is None:
        return None
    try:
        matches(found, ATTEMPT, f"{attempt} of task {result['task']}")
    except Mismatch as error:
        raise RowError(str(error)) from error
    return found["score"]


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
    words = ["--env", config["env"], "--agent", config.get("agent") or config["algorithm"], "--tasks", config["tasks"]]
    words += ["--budget", ",".join(f"{name}={limit}" for name, limit in config["budget"].items())]
    for name in ("policy", "value", "model", "adapter", "terminal_value", "prompts", "prices", "seed"):
        if config.get(name) is not None:
            words += [f"--{name}", str(config[name])]
    for name, given in (("set", "settings"), ("model-option", "model_options")):
        words += [word for key, value in config.get(given, {}).items() for word in (f"--{name}", f"{key}={value}")]
    for key, value in config.get("env_options", {}).items():
        words += ["--env-option", f"{key}={json.dumps(value)}"]
    words += [word for name in config["privileges"] for word in ("--privilege", name)]
    words += ["--transpositions"] if config.get("transpositions") else []
    return " ".join(["forethought eval", *map(quote, words)])


def save_row(row: Mapping[str, Any], folder: Path) -> Path:
    """Write a row to `<name>.json`.

    Raises RowError: a name that is no file name, or is taken by another row, or a folder of the installed package.
    """
    check(row)
    name = str(row["name"])
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,80}", name) or portable(name) != name:
        raise RowError(f"the row's name {name!r:.100} is no plain file name; use a-z, 0-9, '.', '_' and '-'")
    if not is_checkout(ROWS.parent.parent) and folder.resolve().is_relative_to(ROWS.parent.parent.resolve()):
        raise RowError(f"{folder} belongs to the installed package, which an update replaces; give a folder of yours")
    path = folder / f"{name}.json"
    text = json.dumps(row, indent=1, sort_keys=True) + "\n"
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text:
        raise RowError(f"{path} is another row already; give this one another name")
    folder.mkdir(parents=True, exist_ok=True)
    replace(path, text)
    return path


def is_checkout(folder: Path) -> bool:
    """Whether this project's sources are in the folder."""
    return (folder / "setup.cfg").is_file() and (folder / "leaderboards" / "rows").is_dir()


def rows_here() -> Path:
    """The folder of the user's rows: in a checkout the checkout's own, else `rows` in the current folder."""
    return Path("leaderboards/rows") if is_checkout(Path()) else Path("rows")


def load_rows(folder: Path) -> list[dict[str, Any]]:
    """All rows of a folder, checked. Raises RowError: a file that is no row, by its name."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        try:
            row = read_json(path.read_bytes())
            check(row)
        except (ValueError, OSError) as error:
            raise RowError(f"{path}: {error}") from error
        rows.append(row)
    return rows


def all_rows(*folders: Path) -> list[dict[str, Any]]:
    """The rows of several folders; of those with the same name that of the last folder."""
    return list({row["name"]: row for folder in folders for row in load_rows(folder)}.values())
