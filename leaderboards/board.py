"""The board: all rows as one Markdown table and one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forethought.common.statistics import mean_interval
from forethought.common.sums import plain_sum
from forethought.experiments.run_folder import replace
from forethought.leaderboards.markdown import literal
from forethought.leaderboards.pages import page

COLUMNS = (
    "agent",
    "value model",
    "tasks",
    "score, own choice (95%)",
    "first attempt",
    "oracle",
    "nodes/task",
    "tokens/task",
    "unparsed",
    "seconds",
    "privileges",
)


def build(rows: Sequence[Mapping[str, Any]], folder: Path) -> tuple[Path, Path]:
    """Write board.md and board.html to a folder; the best score of each environment first."""
    tables = {env: [cells(row) for row in ranked(rows, env)] for env in sorted({row["env"] for row in rows})}
    folder.mkdir(parents=True, exist_ok=True)
    markdown, html = folder / "board.md", folder / "board.html"
    replace(markdown, "\n".join(markdown_table(env, table) for env, table in tables.items()))
    commands = {row["name"]: row["command"] for row in rows}
    replace(
        html,
        page(
            "board.html", title="forethought: the board", columns=("name", *COLUMNS), tables=tables, commands=commands
        ),
    )
    return markdown, html


def ranked(rows: Sequence[Mapping[str, Any]], env: str) -> list[Mapping[str, Any]]:
    """The rows of one environment, the highest mean score first."""
    mine = [row for row in rows if row["env"] == env]
    return sorted(mine, key=lambda row: (-mean_interval(scores(row)).estimate, row["name"]))


def scores(row: Mapping[str, Any]) -> list[float]:
    """One score a task; a task that failed scores 0."""
    return [float(result["score"]) for result in row["results"]] + [0.0] * int(row["failures"])


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of one row of the table."""
    agent, ledger, count = row["agent"], row["ledger"], len(scores(row))
    settings = " ".join(f"{name}={value}" for name, value in agent["settings"].items())
    model = row["models"]["model"] or agent["value"]
    trained = f" + {row['models']['training']}" if row["models"]["training"] else ""
    return (
        row["name"],
        f"{agent['algorithm']} {settings}".strip(),
        f"{model}{trained}",
        f"{row['protocol']['tasks']} ({count}" + (f", {row['failures']} failed)" if row["failures"] else ")"),
        str(mean_interval(scores(row))),
        attempt(row, "first"),
        attempt(row, "oracle"),
        f"{ledger['nodes'] / count:.0f}",
        f"{ledger['tokens'] / count:.0f}",
        str(ledger["parse_failures"]),
        f"{row['seconds']:.0f}",
        ", ".join(row["privileges"]) or "none",
    )


def attempt(row: Mapping[str, Any], which: str) -> str:
    """The mean of the first or the oracle attempt; a dash for agents that make no attempts."""
    found = [result[which] for result in row["results"] if result[which] is not None]
    return f"{plain_sum(found) / len(found):.3f}" if found else "–"


def markdown_table(env: str, table: Sequence[Sequence[str]]) -> str:
    """The table of one environment as Markdown."""
    lines = [("name", *COLUMNS), ("---",) * (len(COLUMNS) + 1), *(map(literal, cells) for cells in table)]
    return f"## {literal(env)}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
