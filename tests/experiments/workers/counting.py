"""A model for workers that keeps a file of what it was paid for, and does as it is told to a process. No test.

The model of an experiment names a folder: `asked` gets a line for each request that was answered, and a file
`kill-<number>-<whom>` there says: when that many were answered, once, kill "me" or "parent".
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from forethought.agents import Completion, Scripted
from forethought.agents.models.recorded import digest
from forethought.experiments.config import Experiment
from forethought.experiments.run_folder import Run
from forethought.experiments.workers.processes import Processes
from forethought.experiments.workers.scheduler import run_on
from forethought.search import Usage

ASKED = Experiment(
    "Game24-v0",
    "900:912",
    "beam",
    {"nodes": 12},
    policy="lm-text",
    value="lm-text",
    settings={"beam_width": 2, "num_children": 3},
    seed=7,
)


def priced(home: Path, name: str) -> Experiment:
    """A run that is granted dollars again and again, for its questions could cost more than one grant at the worst."""
    price = {"prompt": 0.0, "cached": 0.0, "completion": 1000.0, "source": "made up"}
    models = {str(home / model): price for model in ("one-model", "killed-model")}
    content = {"date": "2026-11-22", "currency": "USD per million tokens", "models": models}
    (home / "prices.json").write_text(json.dumps(content))
    limits = {"budget": {"nodes": 12, "usd": 50.0}, "prices": str(home / "prices.json")}
    return replace(ASKED, model=str(home / name), concurrency=2, **limits)


def slowly(experiment):
    """Opens a model that takes a second to come."""
    time.sleep(1.0)
    return counted(experiment)


def number(*parts):
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big")


def writes(request):
    """A judgement where one is asked for, else a move of two of the numbers left, most of them legal."""
    left = request.prompt.rsplit("left: ", 1)[1].split("\n")[0].split()
    drawn = number(request.prompt, request.seed)
    if request.prompt.endswith("best next action: "):
        return f"{left[0]}\nThus the correctness score is {drawn % 11}.00"
    return f"{left[drawn % len(left)]} {'+-*/'[drawn // 7 % 4]} {left[(drawn + 1) % len(left)]} = x"


class Counted(Scripted):
    def __init__(self, folder: Path) -> None:
        super().__init__(writes)
        self.folder = folder
        self.file = os.open(folder / "asked", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def complete(self, requests):
        """A kill comes before anything is asked: all that this process was answered before is journaled then."""
        self._kill()
        replies = super().complete(requests)
        os.write(self.file, "".join(f"{os.getpid()} {digest(request)}\n" for request in requests).encode())
        return replies

    def _kill(self):
        answered = (self.folder / "asked").read_bytes().count(b"\n")
        for order in self.folder.glob("kill-*"):
            _, count, whom = order.name.split("-")
            if answered >= int(count) and taken(order):
                os.kill(os.getppid() if whom == "parent" else os.getpid(), signal.SIGKILL)


def taken(order: Path) -> bool:
    """Whether this process is the one to carry out the order."""
    try:
        order.rename(order.with_name(f"done-{order.name}"))
    except FileNotFoundError:
        return False
    return True


def counted(experiment):
    return Counted(Path(experiment.model))


def asked(folder: Path) -> Counter[str]:
    """How often each request was paid for."""
    return Counter(line.split()[1] for line in (folder / "asked").read_text().splitlines())


def other_content(experiment):
    """Not all workers have the same model. The first waits for another, lest it does all the work alone."""
    model = counted(experiment)
    try:
        (model.folder / "first").touch(exist_ok=False)
    except FileExistsError:
        model.content = "another"
        (model.folder / "second").touch()
    deadline = time.monotonic() + 150
    while not (model.folder / "second").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return model


def deadly(experiment):
    """Nobody survives a question about the puzzle of task 901."""
    model = counted(experiment)
    answer = model.complete

    def complete(requests):
        if any("left: 1 2 4 7\n" in request.prompt for request in requests):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer(requests)

    model.complete = complete
    return model


def harsh(experiment):
    """Nobody survives a judgement. What was proposed before is paid by then, and journaled."""
    model = counted(experiment)
    answer = model.complete

    def complete(requests):
        if any(request.prompt.endswith("best next action: ") for request in requests):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer(requests)

    model.complete = complete
    return model


def uneven(experiment):
    """In one of the processes a reply costs twelve times as much as in the others, which take their time."""
    model = counted(experiment)
    answer, dear = model.complete, taken(model.folder / "dear")

    def complete(requests):
        time.sleep(0.0 if dear else 0.03)
        tokens = 12 if dear else 1
        return [Completion(reply.text, Usage(1, 1, 0, tokens)) for reply in answer(requests)]

    model.complete = complete
    return model


def stillborn(experiment):
    os._exit(3)


if __name__ == "__main__":
    run_on(Run(Path(sys.argv[1])), Processes(int(sys.argv[2])), open_model=counted)
