"""Recordings of the replies of a language model, and a model that answers from such a file.

A line of the file is JSON: [digest of a request, "bound", its bound], or [digest of a request, "reply", the reply],
with the reply in the form of `dump_completion` and `dump_scores`. The file holds the bounds too, for budgets reserve
them: a replay stops at the same place only with the same bounds, those of unsent requests included.
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
    """The digest of a request: prompt, sampling and seed, or prompt and continuations."""
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()


class Rows:
    """The content of a recording.

    `whole` is the number of bytes in whole lines; a kill may leave a torn line at the end. Raises ValueError: no
    recording,
    or damage elsewhere than at its end.
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
    """Whether a line is only the beginning of a row."""
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
    """A model that appends each of its replies, and each bound, to a JSON Lines file.

    Raises ValueError at the first write: the file exists and is no recording.
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
        """The bound; it is written once."""
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
        """The bounds in the file. A torn last line is cut off, so that the next line begins on its own."""
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
    """A model that answers from the file of a Recording, in any order and any number of times.

    Raises KeyError: a request without a recorded reply. Raises ValueError: a file that is no recording. A torn last
    line,
    after a kill, is not read.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"recorded:{path}"
        data = path.read_bytes()
        self.content = hashlib.sha256(data).hexdigest()
        self._rows = Rows(path, data)

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The recorded completions of these requests. Raises KeyError: one was not recorded."""
        return [self._find(request) for request in requests]

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """The recorded scores of these requests. Raises KeyError: one was not recorded."""
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
        """The recorded bound; else the cost of the reply or of one reading of the prompt, the higher of the two."""
        key = digest(request)
        if key in self._rows.bounds:
            return self._rows.bounds[key]
        usage = self._rows.replies[key].usage if key in self._rows.replies else NO_USAGE
        prompt = max(self.count(request.prompt), usage.prompt)
        return Usage(max(1, usage.calls), prompt, 0, max(completion, usage.completion))

    def count(self, text: str) -> int:
        """An upper bound, for no tokenizer is recorded: a token holds at least one byte."""
        return len(text.encode("utf-8", "replace"))
