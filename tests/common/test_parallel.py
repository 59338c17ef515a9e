"""Work in several processes: in order, few items ahead, and no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from math import factorial

import pytest

from forethought.common.parallel import in_order


def fed(most, taken):
    """The numbers up to `most`, noting each that is asked for."""
    for number in range(most):
        taken.append(number)
        yield number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers):
    with in_order(factorial, range(50), workers) as results:
        assert list(results) == [factorial(n) for n in range(50)]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 4)])
def test_few_items_are_taken_ahead(workers, most):
    taken = []
    with in_order(abs, fed(100, taken), workers) as results:
        for done in range(20):
            assert next(results) == done
            assert len(taken) <= done + most
    assert len(taken) < 25  # who stops early does not read the rest


def broken():
    yield 3
    raise KeyError("items")


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_of_the_work_and_of_the_items_come_through(workers):
    with in_order(factorial, [3, -1, 2], workers) as results:
        assert next(results) == 6
        with pytest.raises(ValueError, match="factorial"):
            next(results)
    with in_order(factorial, broken(), workers) as results, pytest.raises(KeyError, match="items"):
        list(results)
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_is_named():
    with (
        pytest.raises(ChildProcessError, match=r"one of 2 worker processes died: .* try again with fewer"),
        in_order(os._exit, [1], 2) as results,
    ):
        list(results)


def test_no_workers():
    with pytest.raises(ValueError, match="0 workers were given; expected 1 or more"), in_order(abs, [], 0):
        pass


def born_deaf(_):
    """`serve` changes no mask: what the work sees was there when the process began."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def tell_born_deaf():
    with in_order(born_deaf, range(4), 2) as answers:
        print(*answers, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def test_ctrl_c_does_not_reach_a_worker_at_any_time_of_its_life():
    """In a process of its own: the first worker of a process is begun in other ways than the next."""
    words = [sys.executable, "-c", "import test_parallel; test_parallel.tell_born_deaf()"]
    said = subprocess.run(words, cwd=os.path.dirname(__file__), capture_output=True, text=True, timeout=60)
    assert said.stdout.split() == ["True"] * 4 + ["False"], said.stderr
