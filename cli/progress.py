"""A progress line on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from forethought.cli.telling import show
from forethought.common.printable import printable
from forethought.leaderboards import mean_interval

console = Console(stderr=True, highlight=False, emoji=False)
BAR_SECONDS, PLAIN_SECONDS = 2.0, 10.0  # from one interval to the next: of 1,000 tasks it takes 0.2


class TaskProgress:
    """done/total, mean score with its interval, tokens a second, time left."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done, self.failed = label, total, 0, 0
        self.scores: dict[int, float] = {}  # by task
        self.tokens = self.replies = self.unread = 0
        self.began = self.shown = time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.row = self.bar.add_task(label, total=total, detail="")

    def __enter__(self) -> TaskProgress:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.done:
            self._show()
        self.bar.stop()

    def __call__(self, line: Mapping[str, Any]) -> None:
        """Count a task that has ended, by its line of results or of failures."""
        self.done += 1
        self.tokens += line["spent"]["tokens"]
        self.replies += line["spent"]["lm_calls"]
        self.unread += line["spent"]["parse_failures"]
        if "error" in line:
            self.failed += 1
            show(f"task {line['task']} failed: {line['error']}: {line['message']}", to=console)
        else:
            self.scores[line["task"]] = line["score"]
        self.bar.update(self.row, advance=1)
        if time.monotonic() - self.shown > (BAR_SECONDS if console.is_terminal else PLAIN_SECONDS):
            self._show()

    def _detail(self) -> str:
        seconds = max(time.monotonic() - self.began, 1e-9)
        scores = [self.scores[task] for task in sorted(self.scores)]  # their order is that of the resampling
        mean = f"mean {mean_interval(scores)}" if scores else "no score yet"
        tokens = f", {self.tokens / seconds:.0f} tokens/s" if self.tokens else ""
        unread = f", {self.unread} of {self.replies} replies unread" if self.unread else ""
        return f"{mean}{tokens}{unread}" + (f", {self.failed} failed" if self.failed else "")

    def _show(self) -> None:
        self.shown = time.monotonic()
        if console.is_terminal:
            self.bar.update(self.row, detail=self._detail())
            return
        left = (self.shown - self.began) / self.done * (self.total - self.done)
        show(f"{self.label}: {self.done}/{self.total}, {self._detail()}, {left:.0f} s left", to=console)


class CountProgress:
    """A progress line: the current item, the count, and the total where it is known."""

    def __init__(self, label: str, total: int | None = None) -> None:
        self.label, self.total = label, total
        self.shown = time.monotonic()
        self.status = console.status(f"{escape(printable(label))} …")

    def __enter__(self) -> CountProgress:
        if console.is_terminal:
            self.status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.status.stop()

    def __call__(self, what: str, done: int, total: int | None = None) -> None:
        total = total or self.total
        text = printable(f"{self.label}: {what} {done:,}" + (f" of {total:,}" if total else ""))
        if console.is_terminal:
            self.status.update(escape(text))
        elif time.monotonic() - self.shown > PLAIN_SECONDS:
            self.shown = time.monotonic()
            show(text, to=console)


class TrainingProgress:
    """Step, loss and time left, by the pace since the first step that this process made of the training."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.began = self.shown = clock()
        self.first = self.last = 0

    def __call__(self, step: int, steps: int, loss: float) -> None:
        now = self.clock()
        if step <= self.last or not self.last:  # another training
            self.began, self.first = now, step
        self.last = step
        if step in (self.first, steps) or step % 10 == 0 or now - self.shown > PLAIN_SECONDS:
            self.shown = now
            show(f"  training step {step}/{steps}, loss {loss:.3f}{self._left(now, steps)}", to=console)

    def _left(self, now: float, steps: int) -> str:
        done = self.last - self.first
        return f", {(now - self.began) / done * (steps - self.last):.0f} s left" if done else ""


def say(text: str) -> None:
    """Print a line on standard error."""
    show(text, to=console)
