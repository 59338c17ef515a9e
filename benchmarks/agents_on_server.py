"""Every published agent in every family, on a real model behind a server: killed in the middle, resumed, accounted for.

    python benchmarks/agents_on_server.py                                        # 30 cells, 5 tasks each
    python benchmarks/agents_on_server.py --agents react,lats --families Game24-v0 --tasks 2
    python benchmarks/agents_on_server.py --server server:MODEL@http://127.0.0.1:8000/v1

The server is this file too, in a process of its own: SmolLM2-135M-Instruct on the CPU, what comes within 15 ms in one
batch, and the same reply to the same request, for the shape of a batch changes the last bits of a model's numbers.
Behind another server that is not deterministic the results of the two runs may differ: then give --no-repeat.

Each cell is begun by the command line, killed (SIGKILL) when an answer of every task is journaled and another one is
awaited, resumed, and run again without a kill. ("ended": there was no such moment.) It must hold that
 - each command ends with 0, and there is a result of every task;
 - the ledgers add up to the server's own counts (calls, prompt and completion tokens), less the `lost` replies that
   the server gave and nobody lived to journal; nothing that was journaled is asked for again;
 - results.jsonl of both runs are the same, byte for byte.
The agents are as published but for the samples, widths and lengths, which are cut to fit the small budget.
"""

from __future__ import annotations

import argparse
import json
import queue
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent.parent / "tests" / "support"))

from local_server import Handler, LocalServer  # noqa: E402  # lies in the folder above
from served import Counted, Program, answers, counted, free_port, journaled, spent  # noqa: E402  # likewise

from forethought.agents import Request, Sampling, ScoreRequest  # noqa: E402  # likewise
from forethought.agents.models.protocol import LM  # noqa: E402
from forethought.agents.models.server.connection import Address  # noqa: E402
from forethought.agents.presets import AGENTS, complete  # noqa: E402

FAMILIES = ("Game24-v0", "WebShop-v0", "HotpotQA-v0")
MODEL = "smollm2-135m"
DIGITS = tuple("0123456789")
GATHER = 0.015  # seconds in which a batch comes together
MOST = {"policy.samples": 2, "value.samples": 1, "num_children": 2, "policy.max_tokens": 24, "value.max_tokens": 40}
START, FINISH = 120, 900  # seconds until a server answers, and until a run ends
HEADS = (
    "agent",
    "family",
    "tasks",
    "calls",
    "prompt",
    "written",
    "score",
    "legal",
    "seconds",
    "lost",
    "ledger",
    "again",
)
FORM = "{:<11} {:<12} {:>5} {:>6} {:>8} {:>8} {:>6} {:>6} {:>8} {:>5} {:>7} {:>6}"


# The server.


class Batches:
    """Answers bodies of requests, those that wait together in one batch, and equal ones alike."""

    def __init__(self, lm: LM) -> None:
        self.lm, self.known = lm, dict[str, dict[str, Any]]()
        self.waiting: queue.Queue[tuple[str, threading.Event]] = queue.Queue()

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        key = json.dumps(body, sort_keys=True)
        if key not in self.known:
            done = threading.Event()
            self.waiting.put((key, done))
            done.wait()
        return self.known[key]

    def work(self) -> None:
        while True:
            batch = [self.waiting.get()]
            time.sleep(GATHER)
            while not self.waiting.empty():
                batch.append(self.waiting.get())
            self.reply([key for key in dict.fromkeys(key for key, _ in batch) if key not in self.known])
            for _, done in batch:
                done.set()

    def reply(self, keys: list[str]) -> None:
        bodies = {key: json.loads(key) for key in keys}
        scored = [key for key in keys if "logprobs" in bodies[key]]
        asked = [ScoreRequest(bodies[key]["prompt"], DIGITS) for key in scored]
        for key, scores in zip(scored, self.lm.score(asked) if asked else (), strict=True):
            top = dict(zip(DIGITS, scores.log_probabilities, strict=True))
            self.known[key] = shaped({"text": "", "logprobs": {"top_logprobs": [top]}}, scores.usage.prompt, 1)
        written = [key for key in keys if key not in scored]
        requests = [request_of(bodies[key]) for key in written]
        for key, reply in zip(written, self.lm.complete(requests) if requests else (), strict=True):
            self.known[key] = shaped({"text": reply.text}, reply.usage.prompt, reply.usage.completion)


def request_of(body: dict[str, Any]) -> Request:
    sampling = Sampling(body["temperature"], body["max_tokens"], tuple(body.get("stop", ())))
    return Request(body["prompt"], sampling, body["seed"])


def shaped(choice: dict[str, Any], prompt: int, completion: int) -> dict[str, Any]:
    return {"choices": [choice], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}}


class ModelHandler(Handler):
    server: Served

    def do_GET(self) -> None:
        self.tell({"data": [{"id": MODEL}]})

    def do_POST(self) -> None:
        self.tell(self.server.batches.answer(json.loads(self.body())))

    def tell(self, data: dict[str, Any]) -> None:
        self.answer(200, json.dumps(data).encode(), {"Content-Type": "application/json"})


class Served(LocalServer):
    def __init__(self, port: int, batches: Batches) -> None:
        super().__init__(ModelHandler, port)
        self.batches = batches


def serve(port: int) -> None:
    from forethought.agents.models.local.model import Local

    batches = Batches(Local(MODEL))
    threading.Thread(target=batches.work, daemon=True).start()
    Served(port, batches).serve_forever()


# A cell.


@dataclass(frozen=True)
class Cell:
    agent: str
    family: str
    tasks: int
    calls: int

    def words(self, address: Address, run: Path) -> list[str]:
        known = complete(self.agent, self.family)
        told = {name: setting for name, setting in known.settings.items() if not isinstance(setting, str)}
        settings = {name: min(most, told[name]) for name, most in MOST.items() if name in told}
        budget = f"lm_calls={self.calls},nodes={4 * self.calls}"
        words = ["eval", "--env", self.family, "--agent", self.agent, "--tasks", f"0:{self.tasks}", "--budget", budget]
        words += ["--model", address.name, "--run", str(run)]
        words += [word for name, setting in settings.items() for word in ("--set", f"{name}={setting}")]
        return words + [word for privilege in known.privileges for word in ("--privilege", privilege)]


def command(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("forethought")), *words]


def finish(log: Path, *words: str) -> None:
    """Raises RuntimeError: the command did not end with 0."""
    program = Program(command(*words), log)
    try:
        if program.ended(FINISH) != 0:
            raise RuntimeError(f"forethought {' '.join(words)} failed: {program.said()[-1000:]}")
    finally:
        program.close()


def begin_and_kill(cell: Cell, proxy: Counted, words: list[str], run: Path) -> bool:
    """Whether it was killed before its end."""
    journal = run / "journal.jsonl"
    program = Program(command(*words), run.with_suffix(".log"))
    try:
        while program.process.poll() is None:
            begun = {json.loads(line)[0] for line in whole_lines(journal)} - {-1}
            if len(begun) == cell.tasks and (proxy.in_flight or cell.agent in ("random", "rule")):
                program.kill()
                return True
            time.sleep(0.002)
        if program.process.returncode != 0:
            raise RuntimeError(f"{cell} failed: {program.said()[-1000:]}")
        return False
    finally:
        program.close()


def whole_lines(journal: Path) -> Iterable[bytes]:
    if not journal.exists():
        return []
    return [line for line in journal.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def measure(cell: Cell, proxy: Counted, address: Address, home: Path, repeat: bool) -> tuple[list[str], bool]:
    """The row of the table, and whether all holds."""
    began, start = time.perf_counter(), proxy.drain(FINISH)
    run = home / f"{cell.agent}-{cell.family}"
    killed = begin_and_kill(cell, proxy, cell.words(address, run), run)
    middle = proxy.drain(FINISH)
    kept = journaled(run / "journal.jsonl")
    finish(home / "resume.log", "resume", str(run))
    seconds = time.perf_counter() - began
    before, after = proxy.log[start:middle], proxy.log[middle:]
    rows = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    ledger, lost = spent(run), minus(counted(before), kept)
    again = (Counter(one.body for one in before) & Counter(one.body for one in after)).total()
    adds_up = (
        len(rows) == cell.tasks
        and not (run / "failures.jsonl").read_text()
        and ledger == minus(counted(proxy.log[start:]), lost)
        and min(lost.values(), default=0) >= 0
        and again <= lost["calls"]
        and all(one.status == 200 for one in proxy.log[start:])
    )
    same = repeated(cell, proxy, address, run) if repeat else None
    steps = sum(row["spent"]["env_steps"] for row in rows)
    illegal = sum(row["spent"]["illegal_actions"] for row in rows)
    told = [cell.agent, cell.family, str(len(rows)), *(str(ledger[kind]) for kind in ("calls", "prompt", "completion"))]
    told += [
        f"{mean(row['score'] for row in rows):.2f}",
        f"{1 - illegal / steps:.2f}" if steps else "-",
        f"{seconds:.1f}",
    ]
    told += [str(lost["calls"]) if killed else "ended", "yes" if adds_up else "NO"]
    told += ["-" if same is None else "same" if same else "DIFFERS"]
    return told, adds_up and same is not False


def minus(a: Counter[str], b: Counter[str]) -> Counter[str]:
    """What is left, below zero as well; nothing where it is zero."""
    left = Counter({kind: a[kind] - b[kind] for kind in {*a, *b}})
    return Counter({kind: amount for kind, amount in left.items() if amount})


def repeated(cell: Cell, proxy: Counted, address: Address, run: Path) -> bool:
    """Whether a run that nobody kills comes to the same, and its ledger to the server's counts."""
    start, other = proxy.drain(FINISH), run.with_name(f"{run.name}-again")
    finish(run.with_name("again.log"), *cell.words(address, other))
    adds_up = spent(other) == counted(proxy.log[start : proxy.drain(FINISH)])
    return adds_up and (run / "results.jsonl").read_bytes() == (other / "results.jsonl").read_bytes()


def matrix(asked: argparse.Namespace, proxy: Counted, address: Address, home: Path) -> bool:
    print(FORM.format(*HEADS), flush=True)
    began, holds = time.perf_counter(), True
    for family in asked.families.split(","):
        for agent in asked.agents.split(","):
            row, right = measure(Cell(agent, family, asked.tasks, asked.calls), proxy, address, home, asked.repeat)
            print(FORM.format(*row), flush=True)
            holds = holds and right
    print(f"{'all holds' if holds else 'SOMETHING DOES NOT HOLD'}; {time.perf_counter() - began:.0f} s")
    return holds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", default=",".join(AGENTS))
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--calls", type=int, default=8, help="of the model, a task")
    parser.add_argument("--server", help="server:MODEL@URL of another server")
    parser.add_argument("--no-repeat", dest="repeat", action="store_false", help="one run of each cell, the killed one")
    parser.add_argument("--keep", type=Path, help="a new folder for the runs; else they are removed at the end")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return
    with tempfile.TemporaryDirectory() as scratch:
        home = asked.keep or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        port = free_port()
        address = Address.parse(asked.server or f"server:{MODEL}@http://127.0.0.1:{port}/v1")
        own = None if asked.server else Program([str(HERE), "--serve", str(port)], home / "server.log")
        try:
            if own:
                own.wait_for("answer", lambda: answers(f"{address.url}/models"), START)
            proxy = Counted(address.url)
            holds = matrix(asked, proxy, Address(address.model, proxy.url, address.chat), home)
            proxy.close()
        finally:
            if own:
                own.close()
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
