"""Record the replies of a language model to a file, and answer from such a file."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from forethought.agents.lm import LM, Completion, Request, ScoreRequest, Scores, bound_of_score
from forethought.search import Usage, waits


def digest(request: Request | ScoreRequest) -> str:
    """Of all that was asked: prompt, sampling and seed, or prompt and continuations."""
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()


class Recording:
    """Passes requests on to a model, and appends each reply to a JSON Lines file."""

    def __init__(self, lm: LM, path: Path) -> None:
        self.lm, self.path = lm, path
        self.name, self.content, self.waits = lm.name, lm.content, waits(lm)
        self._writing = threading.Lock()
        self.count = lm.count

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        replies = self.lm.complete(requests)
        self._append(
            [
                [digest(q), self.count(q.prompt), r.text, astuple(r.usage)]
                for q, r in zip(requests, replies, strict=True)
            ]
        )
        return replies

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        replies = self.lm.score(requests)
        self._append(
            [
                [digest(q), self.count(q.prompt), r.log_probabilities, astuple(r.usage)]
                for q, r in zip(requests, replies, strict=True)
            ]
        )
        return replies

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        return bound_of_score(self.lm, request)

    def _append(self, rows: list[Any]) -> None:
        with self._writing, self.path.open("a", encoding="ascii") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))


class Recorded:
    """Answers from the file of a Recording, in any order and any number of times.

    Raises KeyError: a request that the file has no reply to. ValueError: a file that is no recording.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"recorded:{path}"
        data = path.read_bytes()
        self.content = hashlib.sha256(data).hexdigest()
        self._replies: dict[str, tuple[Any, Usage]] = {}
        for number, line in enumerate(data.splitlines(), 1):
            try:
                key, _, reply, usage = json.loads(line)
                self._replies[key] = (reply, Usage(*usage))
            except (ValueError, TypeError) as error:
                raise ValueError(f"{path}, line {number}, is no recorded reply ({error})") from error

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        return [Completion(*self._find(request)) for request in requests]

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        found = [self._find(request) for request in requests]
        return [Scores(tuple(reply), usage) for reply, usage in found]

    def _find(self, request: Request | ScoreRequest) -> tuple[Any, Usage]:
        key = digest(request)
        if key not in self._replies:
            raise KeyError(f"no reply was recorded for the prompt {request.prompt[-80:]!r}; record the run again")
        return self._replies[key]

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        """What it cost, or what one look at the prompt may cost at the worst, whichever is more."""
        _, usage = self._find(request)
        prompt = max(self.count(request.prompt), usage.prompt)
        return Usage(calls=max(1, usage.calls), prompt=prompt, completion=usage.completion)

    def count(self, text: str) -> int:
        """An upper bound, for no tokenizer is recorded: a token holds at least one byte."""
        return len(text.encode("utf-8", "replace"))
