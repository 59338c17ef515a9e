"""Errors about the requests of a search and about its journal."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from forethought.search.engine.handlers.handler import RequestHandler
from forethought.search.engine.journal import JournalError
from forethought.search.engine.question_digest import in_words
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
    """The error; of a request about other objects than nodes, an error that names them."""
    if not isinstance(error, TypeError | AttributeError) or not isinstance(request, REQUESTS):
        return error
    nodes = request.nodes if isinstance(request, ExpandAll | Evaluate) else [request.node]
    if isinstance(nodes, list | tuple) and all(isinstance(node, Node) for node in nodes):
        return error
    told = TypeError(
        f"a search asks about nodes of its tree, in a list where there are several; it asked {shown(request)}"
    )
    return told.with_traceback(error.__traceback__)


def check_nodes(request: Any, task: int) -> None:
    """Raises TypeError: a request about something else than a list of nodes. ValueError: about another task's node."""
    kind = type(request)
    nodes = request.nodes if kind is Evaluate or kind is ExpandAll else (request.node,)
    if type(nodes) is not list and type(nodes) is not tuple and not isinstance(nodes, Sequence):
        raise TypeError(f"expected a list of nodes, found {shown(nodes)}")
    for node in nodes:
        if not isinstance(node, Node):
            raise TypeError(f"expected a node, found {shown(node)}")
        if node.task != task:
            raise ValueError(
                f"a search asks about nodes of its own tree; that of task {task} asked about a node of task {node.task}"
            )


def no_request(given: Any) -> TypeError:
    """The error about a yielded object that is no request."""
    return TypeError(f"a search yields requests such as Expand(node); it yielded {shown(given)}")


def shown(thing: object) -> str:
    """The first 80 characters of the repr of an object; its type if the repr fails."""
    try:
        return f"{thing!r:.80}"
    except Exception:
        return f"an object of {type(thing).__module__}.{type(thing).__qualname__}"


def compare(search: TaskSearch, handler: RequestHandler[Any, Any], name: str, asked: str) -> None:
    """Raises JournalError: the journaled answer was given to another question than the search asks now."""
    if (now := handler.question_digest(search.request)) == asked:
        return
    before, after = in_words(asked), in_words(now)
    if before == after:
        after = "others (nodes, or what is asked of them), or asks in another order"
    raise another_run(search, f"({name}) was asked about {before} there, and the search now asks about {after}")


def unreadable(search: TaskSearch, name: str, error: Exception) -> JournalError:
    """The error about a damaged entry of the journal."""
    return JournalError(f"task {search.task}, answer {search.seq}: {name} cannot be read ({error})")


def another_run(search: TaskSearch, what: str) -> JournalError:
    """The error about a journal that differs from the search."""
    return JournalError(
        f"the journal is of another run: task {search.task}, answer {search.seq} {what}; "
        "resume with the code and settings it was begun with"
    )
