"""Replies of language models on disk: an equal request is paid for once.

One SQLite file serves all models, runs, processes and threads of a machine; it belongs on a local disk. It holds
digests of the requests, and the replies as JSON in plain text: no prompt, no key of a service. A stored reply is
never replaced, so later readers read the same reply as the first. Nothing is removed either: a reply takes about 110
bytes beside its text, and the file may be deleted, with its -wal and -shm, while no run uses it. (Journals hold their
own answers: no resume depends on a cache.)
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Literal, TypeVar

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
    load_scores,
)
from forethought.common.json_text import read_json
from forethought.envs.worlds.folder import cache_folder
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE
from forethought.search.models import is_remote

FORMAT = 2
APPLICATION = int.from_bytes(b"fore", "big")  # tells this file from other SQLite files
WAIT = 30.0  # seconds for another process to end its transaction, which takes milliseconds
CREATING = threading.Lock()  # to close a file drops the locks that SQLite holds on it in other threads

Q = TypeVar("Q", Request, ScoreRequest)
A = TypeVar("A", Completion, Scores)


class Cached:
    """A model with a cache: it answers from the file, and asks the model for each missing request once.

    A hit returns the usage of the paid reply: budgets count it, and a search stops at the same place as without the
    cache, with the same tree. The real bill is counted apart: `billed` is the usage of the requests that reached the
    model, `saved` the usage of the answers from the file. The two add up to the usage of all answers and of all
    failures,
    except in races: when two processes send the same request at once, both are billed, the reply written first is kept,
    and both return it.

    Mode "on" reads and writes; "read" writes no reply, and asks the model for a missing reply every time (beside the
    file
    SQLite may then leave an empty -wal and a -shm). The samples of one prompt differ in their seeds. A model with
    answers
    that depend on the shape of the batch, in their last bits, is asked in smaller batches the more replies are known.
    """

    def __init__(self, lm: LM, path: Path | None = None, *, mode: Literal["read", "on"] = "on") -> None:
        """Open the file `path`; without one, replies.sqlite in the cache folder.

        Raises ValueError: the file is damaged or no cache, or there is no file to read. Raises OSError: it cannot be
        used now.
        """
        if mode not in ("read", "on"):
            raise ValueError(f"the mode of a cache is 'read' or 'on'; {mode!r} was given")
        if not lm.content:
            raise ValueError(
                f"the model {lm.name!r} has no content hash to tell its replies by; use it without a cache"
            )
        self.lm, self.name, self.content, self.is_remote = lm, lm.name, lm.content, is_remote(lm)
        self.count = lm.count
        self.billed = self.saved = NO_USAGE
        self._counting = threading.Lock()
        self._file = ReplyFile(path or cache_folder() / "replies.sqlite", write=mode == "on")

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The completions, from the cache where it has them, else from the model."""
        return self._answer("complete", requests, self.lm.complete, load_completion)

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """The scores, from the cache where it has them, else from the model."""
        return self._answer("score", requests, self.lm.score, load_scores)

    def bound_of_completion(self, request: Request) -> Usage:
        """The bound of the model: budgets count cached replies too."""
        return bound_of_completion(self.lm, request)

    def bound_of_score(self, request: ScoreRequest) -> Usage:
        """The bound of the model: budgets count cached replies too."""
        return bound_of_score(self.lm, request)

    def _answer(
        self, kind: str, requests: Sequence[Q], ask: Callable[[Sequence[Q]], list[A]], load: Callable[[object], A]
    ) -> list[A]:
        keys = [key_of(kind, self.content, request) for request in requests]
        known = self._file.find(keys)
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
        if missing:
            try:
                fresh = ask(list(missing.values()))
            except Exception as error:
                self._keep_settled(error, list(missing))
                raise
            self._add(billed=sum((answer.usage for answer in fresh), NO_USAGE))
            known |= self._file.keep({key: dump(answer) for key, answer in zip(missing, fresh, strict=True)})
        answers = [self._load(load, known[key]) for key in keys]
        saved = NO_USAGE
        for key, answer in zip(keys, answers, strict=True):
            if missing.pop(key, None) is None:  # the first of equal ones is the one that was asked
                saved = saved + answer.usage
        self._add(saved=saved)
        return answers

    def _load(self, load: Callable[[object], A], data: bytes) -> A:
        try:
            return load(read_json(data.decode("utf-8", "surrogatepass")))
        except (ValueError, TypeError) as error:
            raise self._file.damaged(f"a reply in it cannot be read: {error}") from error

    def _keep_settled(self, error: Exception, keys: Sequence[bytes]) -> None:
        """Count the usage that this failure has wasted (see `wasted_usage`), and keep its replies."""
        take: Callable[[], Usage] | None = getattr(error, "take_unbilled_usage", None)
        if take is None:
            return

        def take_and_keep() -> Usage:
            usage = take()
            self._add(billed=usage)
            forgotten = getattr(error, "forgotten", {})
            self._file.keep({keys[place]: dump(reply) for place, reply in forgotten.items()})
            return usage

        error.take_unbilled_usage = take_and_keep  # type: ignore[attr-defined]  # it has one

    def _add(self, billed: Usage = NO_USAGE, saved: Usage = NO_USAGE) -> None:
        with self._counting:
            self.billed, self.saved = self.billed + billed, self.saved + saved


def key_of(kind: str, content: str, request: Request | ScoreRequest) -> bytes:
    """The digest of the model's content and of the request. Different texts have different keys."""
    asked = json.dumps([kind, content, asdict(request)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()


def dump(answer: Completion | Scores) -> bytes:
    """The answer as JSON. Lone surrogates are written as they are: JSON's escapes would not read back equal."""
    parts = dump_completion(answer) if isinstance(answer, Completion) else dump_scores(answer)
    return json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")


class ReplyFile:
    """The SQLite file. Each batch opens it anew: threads and forks share no connection, and a kill leaves none open.

    A written reply survives the death of the process; the death of the machine may lose the newest replies, and leaves
    the others whole.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path, self.write = path.absolute(), write
        if write:
            self._prepare()
        elif not path.is_file() or self._is_empty():
            raise ValueError(
                f"there is no reply cache {path} to read; fill it with --cache on, or set FORETHOUGHT_CACHE"
            )

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The stored replies by key; keys without a reply are left out."""
        if not keys:
            return {}
        with self._open() as db:
            db.execute("BEGIN")
            return select(db, keys)

    def keep(self, replies: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Store new replies. Returns the reply of every key: the earlier one where there was one."""
        if not self.write:
            return dict(replies)
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR IGNORE INTO replies VALUES (?, ?)", replies.items())
            stored = select(db, list(replies))
            db.execute("COMMIT")
        return stored

    def damaged(self, why: object) -> ValueError:
        """The error for a file that is no reply cache, or a damaged one."""
        return ValueError(
            f"{self.path} is no whole reply cache ({why}); it was left as it is: "
            "move it away together with its -wal and -shm, or give another path"
        )

    def _prepare(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with CREATING, suppress(FileExistsError):
            self.path.touch(0o600, exist_ok=False)
        if self._is_empty():
            with self._open() as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply BLOB NOT NULL)")
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {FORMAT}")
                db.execute("COMMIT")
        with self._open() as db:
            use_write_ahead_log(db)

    def _is_empty(self) -> bool:
        """Whether the file was never written. Raises ValueError: a file of another version, or no cache."""
        with self._open() as db:
            db.execute("BEGIN")  # one state of the file for the three questions
            asked = "PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master"
            application, version, tables = (db.execute(question).fetchone()[0] for question in asked)
        if not (application or version or tables):
            return True
        if application != APPLICATION:
            raise self.damaged("it is a database of something else")
        if version != FORMAT:
            raise ValueError(
                f"{self.path} is a reply cache of format {version}, and this version reads format {FORMAT}; "
                "use the version of forethought that made it, or give another path"
            )
        return False

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection; uncommitted changes are undone at its end."""
        try:
            with closing(sqlite3.connect(self._address(), timeout=WAIT, isolation_level=None, uri=True)) as db:
                db.execute("PRAGMA synchronous = NORMAL")
                yield db
        except sqlite3.OperationalError as error:
            raise OSError(
                f"the reply cache {self.path} cannot be used now ({error}); see to its disk and permissions, "
                "or run without a cache"
            ) from error
        except sqlite3.DatabaseError as error:
            raise self.damaged(error) from error

    def _address(self) -> str:
        if self.write:
            return f"{self.path.as_uri()}?mode=rw"
        still = not os.access(self.path.parent, os.W_OK) and not Path(f"{self.path}-wal").exists()
        return f"{self.path.as_uri()}?mode=ro{'&immutable=1' if still else ''}"  # else SQLite must make a -shm there


def select(db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """The stored replies by key; unknown keys are left out."""
    question = "SELECT CAST(reply AS BLOB) FROM replies WHERE key = ?"
    rows = ((key, db.execute(question, (key,)).fetchone()) for key in keys)
    return {key: row[0] for key, row in rows if row}


def use_write_ahead_log(db: sqlite3.Connection) -> None:
    """Let readers and a writer work at the same time. No change where the mode is set, or the disk cannot hold it."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:  # others are at it: for this one SQLite itself does not wait
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
