"""The way of a config through the sources, from the command to the first request of a search.

`python tools/config_path.py [FOLDER]` runs an evaluation of one task with the sources of this checkout, or of another
one, and prints the files in the order in which the config passes through them. A stay is an unbroken passage through
one file: calls of functions that get the config, or the folder of the run that holds it. A return is a stay in a file
that the config has passed through before. The second line of figures leaves out the methods of these two classes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "eval --env Game24-v0 --agent greedy --policy all --value rule --tasks 900:901 --budget nodes=50 --run run"
HOLDERS = ("Experiment", "Run")  # the classes that hold a config


class Trace:
    """The files that the config passes through, from the first call of the command on."""

    def __init__(self, root: Path) -> None:
        self.root = str(root.resolve()) + os.sep
        self.stays: list[str] = []
        self.handed: list[str] = []  # without the methods of the holders
        self.ended = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """A profile function for `sys.setprofile`."""
        if event != "call" or self.ended:
            return
        path = os.path.realpath(frame.f_code.co_filename)
        if not path.startswith(self.root):
            return
        name = path.removeprefix(self.root)
        if name == os.path.join("search", "engine", "driver.py") or name == os.path.join("search", "driver.py"):
            self.ended = frame.f_code.co_name == "run"
        given = frame.f_code.co_varnames[: frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount]
        holders = [word for word in given if type(frame.f_locals.get(word)).__name__ in HOLDERS]
        if holders:
            self.stays += [name] * (self.stays[-1:] != [name])
        if holders and holders != ["self"]:
            self.handed += [name] * (self.handed[-1:] != [name])


def figures(stays: list[str]) -> dict[str, int]:
    """The stays, the files, and the returns to a file that was left before."""
    files = len(set(stays))
    return {"stays": len(stays), "files": files, "returns": len(stays) - files}


def traced(root: Path) -> Trace:
    """The path in this process, whose packages are those of `root`. Raises RuntimeError: no search has begun."""
    from forethought.cli.main import main

    trace = Trace(root)
    sys.argv = ["forethought", *COMMAND.split()]
    sys.setprofile(trace)
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"the evaluation ended with {end.code}, and the path of its config is unknown") from end
    finally:
        sys.setprofile(None)
    if not trace.ended:
        raise RuntimeError(f"the evaluation began no search of a driver of {root}")
    return trace


def paths_of(root: Path) -> tuple[list[str], list[str]]:
    """The stays of a checkout, with and without methods of the config's classes, in a process and a folder of its own.

    Raises RuntimeError: the evaluation failed.
    """
    root = root.resolve()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, __file__, "--trace", str(root)], cwd=folder, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(root / ".types"), "PYTHONSAFEPATH": "1"},
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the evaluation with the sources of {root} failed:\n{done.stderr[-2000:]}")
    stays, handed = json.loads(done.stdout.splitlines()[-1])
    return stays, handed


def lines(root: Path) -> Iterator[str]:
    """The way of the config, and its figures."""
    stays, handed = paths_of(root)
    yield from (f"{number:>3} {name}" for number, name in enumerate(stays, 1))
    yield f"with the methods of the config: {in_words(figures(stays))}"
    yield f"as an argument of a function: {in_words(figures(handed))}"


def in_words(counts: dict[str, int]) -> str:
    """The counts with their words, with commas."""
    return ", ".join(f"{count} {word}" for word, count in counts.items())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--trace"]:
        trace = traced(Path(sys.argv[2]))
        print(json.dumps([trace.stays, trace.handed]))
    else:
        print(*lines(Path(sys.argv[1]) if sys.argv[1:] else ROOT), sep="\n")
