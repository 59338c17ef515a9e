"""Every damage of a run's folder ends in a sentence: no traceback, no silent acceptance of what cannot be read."""

from __future__ import annotations

import json
import os
import random
import shutil

import pytest
import tomlkit
from typer.testing import CliRunner

from forethought.agents import Scripted
from forethought.cli.main import app
from forethought.experiments.config import Experiment
from forethought.experiments.execute import run
from forethought.experiments.run_folder import Run, RunError
from forethought.search.engine.journal import JournalError

SEEDS = range(int(os.environ.get("DAMAGES", "40")))
SAID = (ValueError, RunError, JournalError, OSError)  # what main tells in a sentence, with exit code 2
DEEP = "[" * 3000 + "]" * 3000
CONTENTS = [b"", b"\n", b"\x00" * 50, b"\xff\xfe\x00\xd8", DEEP.encode(), b"null\n", b"[]\n", b"{}\n", b"7\n", b"NaN\n"]
VALUES = [
    None, True, -1, 0, 1.5, 10**30, -(10**400), float("nan"), float("inf"), "", "x", "\ud800", "\x1b[2J", "../../x",
    [], [[]], [1, "a", None], {}, {"a": {"b": []}}, "9" * 5000, json.loads("[" * 150 + "]" * 150),
]  # fmt: skip
INTERNAL = ("unhashable", "object is not", "not supported between", "argument", "NoneType")


def writes(request):
    return ["10 - 4", "4 + 5", "5 * 6", "6 - 5"][request.seed % 4]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders by name: a finished run with a recorded model and a cache, and one that stopped half-way."""
    home = tmp_path_factory.mktemp("damage")
    asked = Experiment(
        "Game24-v0", "900:903", "beam", {"nodes": 12}, policy="lm-text", model="scripted", record="replies.jsonl",
        settings={"beam_width": 2, "num_children": 2},
    )  # fmt: skip
    first = Run.create(home / "recorded", asked.config())
    run(first, lm=Scripted(writes))
    words = "eval --env Game24-v0 --agent beam --policy lm-text --tasks 900:903 --budget nodes=12 --set beam_width=2"
    words += (
        f" --set num_children=2 --model recorded:{first.folder / 'replies.jsonl'} --cache on --run {home / 'finished'}"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETHOUGHT_CACHE", str(home / "cache"))
        done = CliRunner().invoke(app, words.split())
        assert done.exit_code == 0, done.output
        shutil.copytree(home / "finished", home / "half")
        for name in ("results.jsonl", "failures.jsonl"):
            (home / "half" / name).unlink()
        lines = (home / "half" / "journal.jsonl").read_bytes().splitlines(keepends=True)
        (home / "half" / "journal.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
        yield {"finished": home / "finished", "half": home / "half"}


def spoilt(value, draw):
    """The same JSON with one part of it replaced, removed or doubled."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        name = draw.choice(sorted(value))
        if draw.random() < 0.2:
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: spoilt(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        return [*value[:place], spoilt(value[place], draw), *value[place + draw.choice([0, 1, 1, 1]) :]]
    return draw.choice(VALUES)


def spoil_values(data, name, draw):
    if name.endswith(".toml"):
        changed = spoilt(tomlkit.parse(data.decode()).unwrap(), draw)
        plain = {key: item for key, item in changed.items() if item is not None} if isinstance(changed, dict) else {}
        try:
            return tomlkit.dumps(plain).encode("utf-8", "replace")
        except Exception:  # no TOML can hold it
            return b"x = [[[["
    lines = data.splitlines() if name.endswith(".jsonl") else [data]
    if lines:
        place = draw.randrange(len(lines))
        lines[place] = json.dumps(spoilt(json.loads(lines[place]), draw)).encode()
    return b"\n".join(lines) + b"\n"


def damage(folder, draw):
    """Damage one file of a run in one of the ways disks, editors and people do it; returns how."""
    path = folder / draw.choice(sorted(path.name for path in folder.iterdir()))
    data = path.read_bytes()
    way = draw.choice(
        ["gone", "cut", "flip", "content", "value", "value", "value", "lines", "folder", "loop", "locked"]
    )
    if way == "gone":
        path.unlink()
    elif way == "cut":
        path.write_bytes(data[: draw.randrange(len(data) + 1)])
    elif way == "flip" and data:
        place = draw.randrange(len(data))
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << draw.randrange(8)]) + data[place + 1 :])
    elif way == "content":
        path.write_bytes(draw.choice(CONTENTS))
    elif way == "value" and data:
        path.write_bytes(spoil_values(data, path.name, draw))
    elif way == "lines":
        lines = data.splitlines(keepends=True)
        draw.shuffle(lines)
        path.write_bytes(b"".join(lines + lines[:1]))
    elif way == "folder":
        path.unlink()
        path.mkdir()
    elif way == "loop":
        path.unlink()
        path.symlink_to(path.name)
    elif way == "locked":
        path.chmod(0)
    return f"{path.name}: {way}"


GIVEN = ["eval", "--env", "Game24-v0", "--agent", "beam", "--tasks", "900", "--budget", "nodes=9"]
COMMANDS = {
    "resume": ["resume", "RUN"],
    "resume as JSON": ["resume", "RUN", "--json"],
    "board add": ["board", "add", "RUN", "--name", "x", "--rows", "rows"],
    "board add as JSON": ["board", "add", "RUN", "--rows", "rows", "--json"],
    "data verify": ["data", "verify", "RUN"],
    "eval": [*GIVEN, "--policy", "all", "--run", "RUN"],
    "eval with its replies": [*GIVEN, "--policy", "lm-text", "--model", "recorded:RUN/replies.jsonl"],
    "demo": ["demo", "--run", "RUN"],
}


def told(words, how):
    """Invoke the command; fails if it ends in anything but a sentence or an exit code."""
    done = CliRunner().invoke(app, words)
    error = done.exception
    if error is None or isinstance(error, SystemExit):
        assert done.exit_code in (0, 1, 2, 3), (how, words, done.output)
    else:
        assert isinstance(error, SAID), (how, words, repr(error)[:500])
        text = str(error)
        assert len(text) < 1500, (how, words, text[:300])
        assert len(text.split()) > 3, (how, words, text)
        assert not [word for word in INTERNAL if word in text and not isinstance(error, OSError)], (how, words, text)
    assert "Traceback" not in done.output, (how, words)
    return done


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_run_is_told_in_a_sentence(runs, seed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = random.Random(seed)
    shutil.copytree(draw.choice(list(runs.values())), tmp_path / "RUN")
    how = damage(tmp_path / "RUN", draw)
    chosen = [*list(COMMANDS)[2:4], draw.choice(list(COMMANDS)[4:]), *list(COMMANDS)[:2]]
    for name in chosen:
        told(COMMANDS[name], how)


def test_the_runs_are_whole_before(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, folder in runs.items():
        shutil.copytree(folder, tmp_path / name)
        assert told(["resume", name], "whole").exit_code == 0
        assert told(["board", "add", name, "--rows", "rows"], "whole").exit_code == 0
