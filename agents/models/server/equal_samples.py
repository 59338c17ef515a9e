"""Detection of a server with equal samples for different seeds."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from forethought.agents.models.protocol import Completion, Request

LOG = logging.getLogger(__name__)
ENOUGH = 8  # equal samples before the warning


class Samples:
    """Counts equal samples of one prompt with different seeds, until two samples of a prompt differ."""

    def __init__(self, name: str) -> None:
        self.name, self.equal, self.done = name, 0, False

    def see(self, requests: Sequence[Request], replies: Sequence[Completion]) -> None:
        """Count one batch. A warning is given once, if all samples so far are equal."""
        if self.done or len(requests) < 2:
            return
        groups: dict[tuple[str, object], dict[int, str]] = {}
        for request, reply in zip(requests, replies, strict=True):
            if request.sampling.temperature > 0 and not reply.refusal:
                groups.setdefault((request.prompt, request.sampling), {})[request.seed] = reply.text
        several = [texts for texts in groups.values() if len(texts) > 1 and any(texts.values())]
        self.done = any(len(set(texts.values())) > 1 for texts in several)
        self.equal += sum(map(len, several))
        if not self.done and self.equal >= ENOUGH:
            self.done = True
            LOG.warning(
                "%s gave %d samples with different seeds, and those of each prompt are equal; it may write greedily "
                "at any temperature (transformers serve does, unless generation_config.json says do_sample)",
                *(self.name, self.equal),
            )
