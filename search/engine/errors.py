"""How the driver says that a search, or the journal of one, is not as it must be."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from forethought.search.engine.journal import JournalError
from forethought.search.engine.question_digest import in_words
from forethought.search.engine.request_handlers import RequestHandler
from forethought.search.engine.task_search import TaskSearch
from forethought.search.node import Node
from forethought.search.requests import (
    Ask,
    Attempt,
    Evaluate,
    Expand,
    ExpandAll,
    Imagine,
    Offer,
    Play,
    Propose,
    Reward,
    Search,
)

REQUESTS = (Expand, ExpandAll, Evaluate, Ask, Propose, Imagine, Play, Reward, Offer, Attempt)


def begun(search: Any) -> Search:
    """Raises TypeError: an algorithm that is no generator function."""
    if not isinstance(search, Generator):
        raise TypeError(
            f"the algorithm gave {search!r:.80}; a search yields requests such as Expand(node), "
            "and returns the node of its answer"
        )
    return search


def explained(error: Exception, request: Any) -> Exception:
    """The error, or, where a request was about something else than nodes, one that says so."""
    nodes = getattr(request, "nodes", None) if hasattr(request, "nodes") else [getattr(request, "node", None)]
    if not isinstance(error, TypeError | AttributeError) or not isinstance(request, REQUESTS):
        return error
    if isinstance(nodes, Sequence) and all(isinstance(node, Node) for node in nodes):
        return error
    told = TypeError(
        f"a search asks about nodes of its tree, in a list where there are several; it asked {request!r:.80}"
    )
    return told.with_traceback(error.__traceback__)


def compare(search: TaskSearch, kind: RequestHandler[Any, Any], name: str, asked: str) -> None:
    """Raises JournalError: the journaled answer was given to another question than the search asks now."""
    if (now := kind.question_digest(search.request)) == asked:
        return
    before, after = in_words(asked), in_words(now)
    if before == after:
        after = "others (nodes, or what is asked of them), or asks in another order"
    raise another_run(search, f"({name}) was asked about {before} there, and the search now asks about {after}")


def unreadable(search: TaskSearch, name: str, error: Exception) -> JournalError:
    return JournalError(f"task {search.task}, answer {search.seq}: {name} cannot be read ({error})")


def another_run(search: TaskSearch, what: str) -> JournalError:
    return JournalError(
        f"the journal is of another run: task {search.task}, answer {search.seq} {what}; "
        "resume with the code and settings it was begun with"
    )
