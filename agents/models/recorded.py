"""Record the replies of a language model to a file, and answer from such a file.

A line of the file is JSON: [digest of a request, "bound", the most it can cost], or [digest of a request, "reply",
the reply] with the reply as `dump_completion` and `dump_scores` of `agents/models/protocol.py` write it.
The bounds are there because budgets reserve them: a replay stops where the recorded run did only if it is told the same
ones, those of requests that were never made too.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forethought.agents.models.protocol import (
    LM,
    Completion,
    Request,
    ScoreRequest,
    Scores,
    bound_of_completion,
    bound_of_score,
    dump_completion,
    dump_scores,
    load_completion,
    load_counts,
    load_scores,
)
from forethought.common.files import append_lines
from forethought.common.json_text import read_json
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE
from forethought.search.models import is_remote


def digest(request: Request | ScoreRequest) -> str:
    """Of all that was asked: prompt, sampling and seed, or prompt and continuations."""
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()


class Rows:
    """What a recording holds. `whole` is how many of its bytes are whole lines; a kill may leave a torn one behind.

    Raises ValueError: it is no recording, or is damaged elsewhere than at its end.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.bounds: dict[str, Usage] = {}
        self.replies: dict[str, Any] = {}
        lines = data.split(b"\n")
        self.whole = len(data) - len(lines[-1])
        for number, line in enumerate(lines, 1):
            if number == len(lines) and (not line or is_torn(line)):
                return
            try:
                self._add(read_json(line))
            except (ValueError, TypeError) as error:
                raise ValueError(f"{path}, line {number}, is no recorded reply ({error})") from error
        self.whole = len(data)  # whole lines, but for the end of the last

    def _add(self, row: Any) -> None:
        if not isinstance(row, list):
            raise TypeError(f"expected a list, found {row!r:.80}")
        key, kind, content = row
        if kind == "bound":
            self.bounds[key] = load_counts(content)
        elif kind == "reply":
            is_text = isinstance(content, list) and content and isinstance(content[0], str)
            self.replies[key] = load_completion(content) if is_text else load_scores(content)
        else:
            raise ValueError(f"expected 'bound' or 'reply', found {kind!r:.80}")


def is_torn(line: bytes) -> bool:
    """Whether it is the beginning of a row, and no more."""
    if not line.startswith(b'["'[: len(line)]):
        return False
    try:
        json.loads(line)
    except ValueError:
        return True
    except RecursionError:  # no row is nested so
        return False
    return False


class Recording:
    """Passes requests on to a model, and appends each reply, and each bound, to a JSON Lines file.

    Raises ValueError when it writes first: the file is there and is no recording.
    """

    def __init__(self, lm: LM, path: Path) -> None:
        self.lm, self.path = lm, path
        self.name, self.content, self.is_remote = lm.name, lm.content, is_remote(lm)
        self._writing = threading.RLock()
        self.count = lm.count
        self._noted: dict[str, Usage] | None = None  # the bounds in the file; None: it may end in a torn line

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The completions of the model, appended to the file."""
        replies = self.lm.complete(requests)
        for request in requests:
            self.bound_of_completion(request)
        self._append([[digest(q), "reply", dump_completion(r)] for q, r in zip(requests, replies, strict=True)])
        return replies

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """The scores of the model, appended to the file."""
        replies = self.lm.score(requests)
        for request in requests:
            self.bound_of_score(request)
        self._append([[digest(q), "reply", dump_scores(r)] for q, r in zip(requests, replies, strict=True)])
        return replies

    def bound_of_completion(self, request: Request) -> Usage:
        """The bound of the model, appended to the file."""
        return self._noting(digest(request), bound_of_completion(self.lm, request))

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        """The bound of the model, appended to the file."""
        return self._noting(digest(request), bound_of_score(self.lm, request))

    def _noting(self, key: str, bound: Usage) -> Usage:
        """The bound, which is written once."""
        with self._writing:
            noted = self._mended()
            if noted.get(key) != bound:
                self._append([[key, "bound", list(bound.counts)]])
                noted[key] = bound
        return bound

    def _append(self, rows: list[Any]) -> None:
        with self._writing:
            noted, self._noted = self._mended(), None
            append_lines(self.path, map(json.dumps, rows))
            self._noted = noted

    def _mended(self) -> dict[str, Usage]:
        """The bounds in the file, whose torn last line is cut off: what comes next would be written onto it."""
        if self._noted is None:
            data = self.path.read_bytes() if self.path.exists() else b""
            rows = Rows(self.path, data)
            if rows.whole < len(data):
                os.truncate(self.path, rows.whole)
            elif not data.endswith(b"\n") and data:
                with self.path.open("ab") as file:
                    file.write(b"\n")
            self._noted = rows.bounds
        return self._noted


class Recorded:
    """Answers from the file of a Recording, in any order and any number of times.

    Raises KeyError: a request that the file has no reply to. ValueError: a file that is no recording. A torn last
    line, which a kill leaves behind, is none of its replies.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"recorded:{path}"
        data = path.read_bytes()
        self.content = hashlib.sha256(data).hexdigest()
        self._rows = Rows(path, data)

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The recorded completions of these requests. Raises ValueError: one was not recorded."""
        return [self._find(request) for request in requests]

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """The recorded scores of these requests. Raises ValueError: one was not recorded."""
        return [self._find(request) for request in requests]

    def _find(self, request: Request | ScoreRequest) -> Any:
        key = digest(request)
        if key not in self._rows.replies:
            raise KeyError(f"no reply was recorded for the prompt {request.prompt[-80:]!r}; record the run again")
        return self._rows.replies[key]

    def bound_of_completion(self, request: Request) -> Usage:
        """The recorded bound of a completion."""
        return self._bound(request, request.sampling.max_tokens)

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        """The recorded bound of a score request."""
        return self._bound(request, 0)

    def _bound(self, request: Request | ScoreRequest, completion: int) -> Usage:
        """As recorded; else what it cost, or what one look at the prompt may cost, whichever is more."""
        key = digest(request)
        if key in self._rows.bounds:
            return self._rows.bounds[key]
        usage = self._rows.replies[key].usage if key in self._rows.replies else NO_USAGE
        prompt = max(self.count(request.prompt), usage.prompt)
        return Usage(max(1, usage.calls), prompt, 0, max(completion, usage.completion))

    def count(self, text: str) -> int:
        """An upper bound, for no tokenizer is recorded: a token holds at least one byte."""
        return len(text.encode("utf-8", "replace"))
