"""What the benchmarks measure with: memory of processes (Linux), work in fresh processes, tables."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any


def memory(pid: int | str, *fields: str) -> int:
    """Bytes of the named fields of a process's memory, 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.split(":")[0] in fields)


def family_of(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(descendant for child in children for descendant in family_of(int(child)))]


class Peak:
    """The largest memory of this process and its children while the block runs."""

    def __enter__(self) -> Peak:
        self.bytes, self.stop = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.stop.wait(0.5):
            self.bytes = max(self.bytes, sum(memory(pid, "Pss") for pid in family_of(os.getpid())))

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def apart(work: Any, *arguments: Any) -> Any:
    """The result of `work` in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def size_of(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def table(rows: Sequence[Mapping[str, float]], columns: Mapping[str, tuple[str, str]]) -> str:
    """`columns` give a title and a format for each entry of a row."""
    lines = [" ".join(f"{title:>20}" for title, _ in columns.values())]
    lines += [" ".join(f"{form.format(row[name]):>20}" for name, (_, form) in columns.items()) for row in rows]
    return "\n".join(lines)
