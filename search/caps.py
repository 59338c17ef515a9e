"""The end of a search: by its budget, by a cap of its own settings, or because nothing is left to expand."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from forethought.search.node import Node


def up_to(cap: int | None) -> Iterable[int]:
    """0, 1, 2, ... below the cap; without one for ever, so that the budget ends the search."""
    return count() if cap is None else range(cap)


def can_grow(node: Node, depth: int) -> bool:
    """Whether the node may still be expanded: not expanded, no ending, no dead end, above the depth."""
    return not (node.children or node.done or node.dead) and node.depth < depth


def close(end: Node, closed: set[Node]) -> None:
    """Mark a node without an expandable node below it, and each ancestor with no child left unmarked."""
    node: Node | None = end
    while node is not None and all(child in closed for child in node.children):
        closed.add(node)
        node = node.parent
