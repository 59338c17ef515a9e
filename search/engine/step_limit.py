"""A limit on the time of a step: from one paid request of an algorithm to the next.

An algorithm that loops without a request would hold up every search of its process. A second thread looks at the
running step twice a second. A step that it has seen for longer than the limit is ended by an exception, which
CPython raises in the thread of the search before its next bytecode (`PyThreadState_SetAsyncExc`): in the main thread
or another one, in a worker process too, where signals would reach the main thread alone. A search pays two attribute
writes a step for it.

Looks are counted, and not a clock: a process that was stopped and goes on loses no step. One call into C that never
returns cannot be ended in this way; only the end of its process ends it.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from forethought.search.needs import STEP_SECONDS

LOOK_SECONDS = 0.5
ARRIVAL_LOOKS = 10
LOOKS_BETWEEN_STRIKES = 4  # a step may catch an interrupt, and go on
raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc


class StepInterrupt(BaseException):
    """Raised inside a step that takes too long; `except Exception` of the algorithm does not stop it."""


class StepTimeout(RuntimeError):
    """An algorithm took longer between two paid requests than it may."""


class StepLimit:
    """Ends steps of one thread that take longer than `seconds`; used as `with limit.watching(): ...`."""

    def __init__(self, seconds: float = STEP_SECONDS) -> None:
        self.seconds = seconds
        self.step: object = None  # the running step; another object for each
        self._struck = False  # an interrupt was raised and has not arrived yet
        self._striking = threading.Lock()
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the steps of this thread while the block runs."""
        self._over.clear()
        thread = threading.get_ident()
        watcher = threading.Thread(target=self._watch, args=(thread,), name="forethought-step-limit", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._over.set()

    def _watch(self, thread: int) -> None:
        seen, looks, next_strike = None, 0, 0.0
        while not self._over.wait(LOOK_SECONDS):
            step = self.step
            if step is None or step is not seen:
                seen, looks, next_strike = step, 0, self.seconds / LOOK_SECONDS
                continue
            looks += 1
            if looks >= next_strike:
                next_strike = looks + LOOKS_BETWEEN_STRIKES
                self._strike(thread, step)

    def _strike(self, thread: int, step: object) -> None:
        """Interrupt the step.

        The flag goes up before the look whether the step still runs, and `leave` looks at the flag after the step has
        ended: an interrupt is never on its way without the flag, and never ends a later step.
        """
        with self._striking:
            self._struck = True
            if self.step is not step or raise_in_thread(ctypes.c_ulong(thread), ctypes.py_object(StepInterrupt)) != 1:
                self._struck = False

    def enter(self) -> None:
        """A step begins."""
        self.step = object()

    def leave(self) -> None:
        """The step has ended. Raises StepInterrupt: one was on its way, and has arrived here."""
        self.step = None
        if self._struck:
            with self._striking:  # from here on no interrupt is sent
                self._struck = False
            for _ in range(ARRIVAL_LOOKS):  # one that was sent and not caught arrives here
                self._over.wait(0.001)

    def catch(self, interrupt: StepInterrupt) -> StepTimeout:
        """The error of a task with an interrupted step, with the traceback of the interrupted line."""
        self.step, self._struck = None, False
        error = StepTimeout(
            f"the algorithm ran for {self.seconds:g} seconds without a request that a model answers; "
            "yield a request in each loop, or state its longest step with @needs(step_seconds=...)"
        )
        return error.with_traceback(interrupt.__traceback__)
