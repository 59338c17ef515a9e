"""How much of its latency a server costs when 16 tasks wait together, instead of one after the other.

    python benchmarks/server_concurrency.py              # 50 ms a reply; the goal is 15 times
    python benchmarks/server_concurrency.py --numbers 11 # 20 requests a task: the start of all counts half as much
    python benchmarks/server_concurrency.py --jitter     # 20 to 200 ms, by the request
    python benchmarks/server_concurrency.py --profile    # where the time of the waiting tasks goes instead

A stub in a process of its own answers with a legal move and with a score. The tasks, puzzles of N numbers, are searched
by beam with one proposal a state (N - 1 requests for moves and as many for values, each waits for the one before),
journaled, by the classes of every run: the same 16 tasks one at a time (`Driver(concurrency=1)`), all in one driver
(`concurrency=16`), and, as the measure of what waiting for one another costs there, each in a thread with a driver of
its own over the one Server.
The rounds are interleaved; a ratio is the median over the rounds. `floor`: what the replies of the slowest task take.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import median

from forethought.agents import LMText, LMTextValue, load_prompt
from forethought.agents.models.server.model import Server
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Budget
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal import Journal
from forethought.search.registry import algorithm

GOAL = 15.0
TASKS = 16
ENV = "Game24-v0"
FIXED, JITTER = (0.05, 0.05), (0.02, 0.2)  # seconds, from and to


# The stub: asyncio, for threads of its own would cost it more than the answers.


async def answer(low: float, high: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            data = await reader.readexactly(int(lengths[0].partition(b":")[2]))
            drawn = int.from_bytes(sha256(data).digest()[:4], "big") / 2**32
            await asyncio.sleep(low + (high - low) * drawn)
            reply = {"choices": [{"text": text_for(json.loads(data)["prompt"])}]}
            body = json.dumps({**reply, "usage": {"prompt_tokens": 9, "completion_tokens": 5}}).encode()
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            writer.write(head + body)
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        writer.close()


def text_for(prompt: str) -> str:
    """A sum of the first two numbers left, or a score."""
    if prompt.endswith("move: "):
        left = prompt.rpartition("left: ")[2].split()
        return f"{left[0]} + {left[1]}\n"
    return "whatever\nThus the correctness score is 5.00"


async def serve(low: float, high: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(low, high, reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until whoever started it is gone


@contextmanager
def stub(low: float, high: float) -> Iterator[str]:
    """The URL of a stub that ends with the block, or with this process."""
    command = [sys.executable, __file__, "--stub", str(low), str(high)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.stdin.close()


# The tasks.


class Tasks:
    """16 puzzles, searched through one Server, which keeps its connections from one run to the next."""

    def __init__(self, url: str, folder: Path, numbers: int) -> None:
        self.calls = 2 * (numbers - 1)
        self.server, self.folder, self.runs = Server(f"server:stub@{url}", concurrency=TASKS), folder, 0
        puzzles = [" ".join(str(1 + (i * 7 + n * n) % 13) for n in range(numbers)) for i in range(TASKS)]
        self.world = TaskSimulator(Game24(puzzles))
        self.policy = LMText(self.server, load_prompt(ENV, "propose"), samples=1)
        self.value = LMTextValue(self.server, load_prompt(ENV, "value_text"), samples=1)

    def search(self, tasks: range, concurrency: int) -> None:
        self.runs += 1
        with Journal(self.folder / f"{self.runs}-{tasks.start}.jsonl") as journal:
            driver = Driver(
                self.world, self.policy, self.value, Budget(nodes=100), journal=journal, concurrency=concurrency
            )
            outcomes = list(driver.run(tasks, algorithm("beam", {"beam_width": 1, "num_children": 1})))
        calls = [outcome.spent.usage.calls for outcome in outcomes]
        if any(outcome.error for outcome in outcomes) or calls != [self.calls] * len(tasks):
            raise RuntimeError(f"the tasks did not come to their ends: {calls}, {[s.error for s in outcomes]}")

    def one_by_one(self) -> None:
        self.search(range(TASKS), 1)

    def together(self) -> None:
        self.search(range(TASKS), TASKS)

    def in_threads(self) -> None:
        with ThreadPoolExecutor(TASKS) as pool:
            list(pool.map(lambda task: self.search(range(task, task + 1), 1), range(TASKS)))


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(tasks: Tasks, rounds: int, latency: tuple[float, float]) -> bool:
    tasks.together()  # opens the connections
    found = [[seconds(work) for work in (tasks.one_by_one, tasks.together, tasks.in_threads)] for _ in range(rounds)]
    names = ("one at a time", f"{TASKS} in a driver", f"{TASKS} in threads")
    print(f"{TASKS} tasks of {tasks.calls} requests, {latency[0] * 1e3:g} to {latency[1] * 1e3:g} ms a reply")
    for i, name in enumerate(names):
        times = sorted(row[i] for row in found)
        ratio = median(row[0] / row[i] for row in found)
        print(f"{name:>16}: {median(times):7.3f} s ({times[0]:.3f} to {times[-1]:.3f}), {ratio:5.2f} times as fast")
    ratio = median(row[0] / row[1] for row in found)
    print(f"goal: at least {GOAL:g} times; {'reached' if ratio >= GOAL else 'missed'} with {ratio:.2f}")
    return ratio >= GOAL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--numbers", type=int, default=6, help="of a puzzle")
    parser.add_argument("--jitter", action="store_true", help="latencies that vary from request to request")
    parser.add_argument("--profile", action="store_true", help="of the main thread, all tasks in one driver")
    parser.add_argument("--stub", nargs=2, type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stub:
        asyncio.run(serve(*asked.stub))
        return
    os.environ["no_proxy"] = "127.0.0.1"
    latency = JITTER if asked.jitter else FIXED
    with stub(*latency) as url, tempfile.TemporaryDirectory() as folder:
        tasks = Tasks(url, Path(folder), asked.numbers)
        if asked.profile:
            tasks.together()
            with cProfile.Profile() as profile:
                tasks.together()
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        else:
            sys.exit(0 if measure(tasks, asked.rounds, latency) else 1)


if __name__ == "__main__":
    main()
