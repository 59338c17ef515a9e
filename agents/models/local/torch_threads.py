"""The number of PyTorch's threads, by the number of free cores.

Threads of OpenMP meet after each matrix product. If one of two threads has no core of its own, the other waits for it,
by default in a loop that takes a core too: on two busy cores two threads take three times the processor time of one
thread and end later. So there is one thread for each free core, and threads sleep while they wait.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

TOLD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # a user's own setting of these is kept
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}  # of GNU's OpenMP, and of Intel's and LLVM's


def load_torch() -> None:
    """Import PyTorch with one thread for each free core; without effect if it is loaded already.

    OpenMP reads its settings from the environment when it is loaded. Afterwards the environment is as before, so that
    processes begun later choose for themselves.
    """
    if "torch" in sys.modules:
        return
    with environment(settings(os.environ, free_cores)):
        import torch

        torch.get_num_threads()  # for runtimes that read the environment at their first use


def settings(told: Mapping[str, str], free: Callable[[], int]) -> dict[str, str]:
    """The variables to set; given variables of the user are left out."""
    chosen = {} if any(told.get(name) for name in TOLD) else {"OMP_NUM_THREADS": str(free())}
    return {name: value for name, value in {**chosen, **WAITING}.items() if name not in told or name in chosen}


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for the duration of a block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def free_cores() -> int:
    """The cores of this process that the load of the last minute leaves free; at least one."""
    return choose(own_cores(), os.cpu_count() or 1, load())


def choose(own: int, all_cores: int, busy: float) -> int:
    """The number of threads for `own` cores of a machine with so many cores and load; half a core counts as free."""
    return max(1, min(own, int(all_cores - busy + 0.5)))


def load() -> float:
    """Processes that ran or waited for a core, on average over the last minute; 0 if the system cannot tell."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0


def own_cores() -> int:
    """The cores by affinity, or by the share of a container if that is less."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        cores = os.cpu_count() or 1
    return max(1, min(cores, int(quota(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")) + 0.5) or 1))


def quota(membership: Path, root: Path) -> float:
    """The cores that the control groups of this process allow, the least of all; very many without a bound."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return float(sys.maxsize)
    bounds = [float(sys.maxsize)]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            bounds += [bound(folder / "cpu.max") for folder in folders(root, path)]
        elif "cpu" in controllers.split(","):
            bounds += [old_bound(folder) for folder in folders(root / "cpu", path)]
    return min(bounds)


def folders(root: Path, path: str) -> list[Path]:
    """The folders of a group and of the groups around it."""
    group = root / path.lstrip("/")
    return [folder for folder in (group, *group.parents) if folder.is_relative_to(root)]


def bound(file: Path) -> float:
    """The cores in "150000 100000" or "max 100000": microseconds of processor time in a period."""
    try:
        time, _, period = file.read_text().partition(" ")
        return float(time) / float(period)
    except (OSError, ValueError, ZeroDivisionError):
        return float(sys.maxsize)


def old_bound(folder: Path) -> float:
    """The cores in version 1 of control groups; -1 is no bound."""
    try:
        time, period = (float((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        return time / period if time > 0 else float(sys.maxsize)
    except (OSError, ValueError, ZeroDivisionError):
        return float(sys.maxsize)
