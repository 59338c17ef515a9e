"""Replay: the journaled answers of a search are used instead of asking its models again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forethought.search.engine.codec import LOST, PART, load_usage
from forethought.search.engine.errors import another_run, compare, unreadable
from forethought.search.engine.handlers.handler import RequestHandler
from forethought.search.engine.task_search import TaskSearch

STOP = "stop"  # an entry of the limit that ended a search


def replay_failures(search: TaskSearch, handler: RequestHandler[Any, Any]) -> None:
    """Take the entries of earlier tries of the waiting request: their good answers, and their bills.

    Raises JournalError: an entry cannot be read, or belongs to another request.
    """
    while search.recorded and search.recorded[0][0] in (LOST, PART):
        name, answer, asked = search.recorded.popleft()
        compare(search, handler, name, asked)
        try:
            if name == LOST:
                search.spent.charge(LOST, load_usage(answer))
            else:
                of, parts = answer
                if of != handler.name:
                    raise another_run(search, f"is a part of {of!r} there, and the search now asks to {handler.name}")
                search.parts |= {int(place): handler.load(part) for place, part in parts}
        except (TypeError, ValueError) as error:
            raise unreadable(search, name, error) from error
        search.seq += 1


def next_answer(search: TaskSearch, handler: RequestHandler[Any, Any]) -> tuple[Sequence[Any], str | None]:
    """The journaled answer to the waiting request: its parts, or the limit that ended the search there.

    Raises JournalError: it cannot be read, or was given to another request.
    """
    name, answer, asked = search.recorded.popleft()
    if name not in (handler.name, STOP):
        raise another_run(search, f"is {name!r} there, and the search now asks to {handler.name}")
    compare(search, handler, name, asked)
    if name == STOP:
        return (), str(answer)
    try:
        return [handler.load(part) for part in answer], None
    except (TypeError, ValueError) as error:
        raise unreadable(search, name, error) from error
