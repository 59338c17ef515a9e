"""Actions with a verb within markup: bullets, tables, colours, escaped line breaks, HTML."""

from __future__ import annotations

import pytest

from forethought.agents.readers.action import read_action

ACTIONS = ["search[<query>]", "finish[<answer>]"]


@pytest.mark.parametrize(
    "form",
    [
        *("► {}", "- [ ] {}", "- [x] {}", "✔ {}", "✔️ {}", "#1 {}", "#1: {}", "1️⃣ {}", "+ {}", "(i) {}"),
        *("\x1b[32m{}\x1b[0m", "\x1b[1mAction:\x1b[0m {}", "\\x1b[32m{}\\x1b[0m", "\x1b]8;;x\x07{}\x1b]8;;\x07"),
        *("\\n{}", "\\n\\nAction: {}\\n", "{}\\nObservation 1: x", "\\r\\n{}", "\\t{}"),
        *("<td>{}</td>", "{}<br>", "<p>{}</p>", "<div>{}</div>", "<b>{}</b> now", "{}</s>", "{} [END]"),
        *("| {} |", "| 1 | {} |", "| Step | Action |\n|---|---|\n| 1 | {} |"),
        *("```\n{}\n```", "```{}```", "~~~\n{}\n~~~", "print({})", "{}:"),
    ],
)
def test_an_action_is_read_within_markup(form):
    assert read_action(form.format("search[Ada Lovelace]"), ACTIONS).action == "search[Ada Lovelace]"


@pytest.mark.parametrize("argument", ["a\\nb", "<td>", "[x] box", "#1", "1. FC Köln", "► play", "a | b", "a: b"])
def test_an_argument_is_literal(argument):
    assert read_action(f"search[{argument}]", ACTIONS).action == f"search[{argument}]"
