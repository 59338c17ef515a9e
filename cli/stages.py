"""How long each stage of a long job takes: told when it ends, and all together as a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from forethought.common.sums import plain_sum


class Stages:
    """A stage begins where the one before it ended, the first one when this is made."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.say, self.clock = say, clock
        self.last = clock()
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str) -> None:
        """This stage has ended."""
        now = self.clock()
        self.seconds[stage] = round(now - self.last, 1)
        self.last = now
        self.say(f"{stage}: took {self.seconds[stage]:.1f} seconds")

    def table(self) -> Iterator[str]:
        """A line a stage, then their sum."""
        rows = {**self.seconds, "all of this call": plain_sum(self.seconds.values())}
        width = max(map(len, rows))
        yield f"{'stage':{width}} {'seconds':>8}"
        for stage, seconds in rows.items():
            yield f"{stage:{width}} {seconds:8.1f}"
