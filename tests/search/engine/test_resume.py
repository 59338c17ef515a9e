"""A run killed between any two system calls, or at any moment, goes on as if nothing had been."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from forethought.experiments.run_folder import Run
from forethought.search.engine.journal import read

pytestmark = pytest.mark.once
VICTIM = Path(__file__).with_name("victim.py")
KILLS = 20
DELAYS = 6

SEIZE, INTERRUPT, SYSCALL = 0x4206, 0x4207, 24  # requests of ptrace(2); a stop at a call needs no register read
TRACESYSGOOD, EXITKILL = 1, 1 << 20  # options: mark the stops at calls; kill the tracee if this process dies


class Case(NamedTuple):
    """The folder of a run and the file of what its models were asked."""

    run: Path
    asked: Path

    def begin(self) -> subprocess.Popen[bytes]:
        """A process that is about to work on the run and waits for a line."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        words = [sys.executable, str(VICTIM), str(self.run), str(self.asked)]
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        return child

    def finish(self) -> None:
        child = self.begin()
        child.communicate(b"go\n")
        assert child.returncode == 0

    def questions(self) -> dict[int, list[str]]:
        """What was asked about each task, in order, what was asked more than once only the first time."""
        found: dict[int, dict[str, None]] = {}
        for line in self.asked.read_text().splitlines():
            found.setdefault(json.loads(line)[0], {})[line] = None
        return {task: list(lines) for task, lines in found.items()}

    def answers(self) -> dict[int, int]:
        """How many answers of models the journal holds for each task."""
        path = self.run / "journal.jsonl"
        entries = read(path)[0] if path.exists() else {}
        return {task: sum(kind != "stop" for kind, *_ in mine) for task, mine in entries.items()}

    def outcome(self) -> tuple[bytes, bytes]:
        return (self.run / "results.jsonl").read_bytes(), (self.run / "failures.jsonl").read_bytes()


def new(folder: Path) -> Case:
    Run.create(folder / "run", {"kind": "victim"})
    return Case(folder / "run", folder / "asked")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The run that nobody interrupts."""
    case = new(tmp_path_factory.mktemp("whole"))
    case.finish()
    return case


def check_resume(case: Case, whole: Case) -> bool:
    """Resume a killed run; returns whether the kill came in the middle of its journal."""
    held, order = case.answers(), whole.questions()
    for name in ("results.jsonl", "failures.jsonl"):  # there whole, or not at all
        assert not (case.run / name).exists() or (case.run / name).read_bytes() == (whole.run / name).read_bytes()
    asked_before = case.questions() if case.asked.exists() else {}
    for task, asked in asked_before.items():
        count = held.get(task, 0)
        assert asked[:count] == order[task][:count]
        assert len(asked) - count <= 1  # what was answered before is in the journal; one question may be under way
    case.asked.unlink(missing_ok=True)

    case.finish()
    assert case.outcome() == whole.outcome()
    assert case.answers() == whole.answers()
    asked_again = case.questions()
    for task, count in held.items():
        paid = set(order[task][:count])
        assert not paid & set(asked_again.get(task, ()))
    return 0 < sum(held.values()) < sum(whole.answers().values())


def test_the_run_to_be_killed_has_all_there_is(whole):
    results, failures = Run(whole.run).results(), Run(whole.run).failures()
    assert {row["stopped"] for row in results} == {"returned", "cap", "nodes", "tokens"}
    assert [row["task"] for row in failures] == [903]
    assert len({row["tree"] for row in results}) == len(results) == 9
    assert sum(whole.answers().values()) > 200
    assert all(row["spent"]["illegal_actions"] and row["spent"]["roles"] for row in results)


def test_a_finished_run_resumes_without_a_question(whole, tmp_path):
    case = Case(Path(shutil.copytree(whole.run, tmp_path / "run")), tmp_path / "asked")
    case.finish()
    assert case.outcome() == whole.outcome()
    # Only the task that failed is tried again, from where it failed.
    assert case.questions() == {903: whole.questions()[903][whole.answers()[903] :]}


# Between any two system calls


def ptrace(request: int, pid: int, data: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, pid, None, data) == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def stops(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Lets a waiting child run, and halts it at the beginning and at the end of every system call until it exits."""
    assert child.stdin is not None
    ptrace(SEIZE, child.pid, TRACESYSGOOD | EXITKILL)
    ptrace(INTERRUPT, child.pid)
    os.waitpid(child.pid, 0)
    child.stdin.write(b"go\n")
    child.stdin.flush()
    deliver = 0
    while True:
        ptrace(SYSCALL, child.pid, deliver)
        _, status = os.waitpid(child.pid, 0)
        if not os.WIFSTOPPED(status):
            child.returncode = os.waitstatus_to_exitcode(status)
            return
        stopped_by, event = os.WSTOPSIG(status), status >> 16
        deliver = 0
        if stopped_by == signal.SIGTRAP | 0x80:
            yield
        elif not event:
            deliver = stopped_by


def kill(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        assert pipe is not None
        pipe.close()


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How often a traced run stops at a system call. Skips where this process may not trace another."""
    if sys.platform != "linux":
        pytest.skip("stepping through system calls needs Linux; the test with random delays covers the kill")
    case = new(tmp_path_factory.mktemp("traced"))
    child = case.begin()
    try:
        count = sum(1 for _ in stops(child))
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
            raise
        pytest.skip(f"ptrace is not permitted here ({error}); the test with random delays covers the kill")
    finally:
        kill(child)
    assert child.returncode == 0
    return count


def run_to(child: subprocess.Popen[bytes], count: int) -> None:
    for number, _ in enumerate(stops(child), 1):
        if number == count:
            return


def test_a_run_killed_between_any_two_system_calls_resumes_to_the_same(whole, calls, tmp_path):
    draw = random.Random(24)
    middles = 0
    for number in range(KILLS):
        case = new(tmp_path / str(number))
        child = case.begin()
        run_to(child, draw.randint(1, calls))
        kill(child)
        middles += check_resume(case, whole)
    assert middles >= KILLS // 4  # the kills were where it matters


# At any moment


def test_a_run_killed_at_random_moments_resumes_to_the_same(whole, tmp_path):
    timed = new(tmp_path / "timed")
    child = timed.begin()
    began = time.perf_counter()
    child.communicate(b"go\n")
    took = time.perf_counter() - began
    draw = random.Random(42)
    for number in range(DELAYS):
        case = new(tmp_path / str(number))
        child = case.begin()
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
        time.sleep(draw.uniform(0, took))
        kill(child)
        check_resume(case, whole)


def test_a_run_killed_again_and_again_comes_to_its_end(whole, tmp_path):
    case, draw = new(tmp_path), random.Random(7)
    for _ in range(DELAYS):
        child = case.begin()
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
        time.sleep(draw.uniform(0, 0.1))
        kill(child)
    check_resume(case, whole)
