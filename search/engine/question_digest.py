"""A short digest of the question to a model, so that a journaled answer is never used for another question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

from forethought.search.node import Node


def about(nodes: Iterable[Node], label: str) -> str:
    """`label:digest` of the ways to these nodes, in their order, and of how often each was asked about before."""
    digest = 0
    for node in nodes:  # quick, for it comes with every answer; as `place`, without a call for each node
        known = (node.fingerprint or fingerprint(node)) ^ node.num_queries
        if node.memory:
            known = place(node)
        digest = (31 * digest + known) & 0xFFFFFFFF
    return f"{label}:{digest:08x}"


def about_actions(node: Node, label: str, actions: Sequence[str]) -> str:
    """The same for one node and the actions to imagine there."""
    return f"{label}:{crc32(coded(repr(actions)), place(node)):08x}"


def place(node: Node) -> int:
    """The digest of a node's path, its memory and the number of its queries."""
    known = (node.fingerprint or fingerprint(node)) ^ node.num_queries
    return crc32(coded(repr(node.memory)), known) if node.memory else known


def fingerprint(node: Node) -> int:
    """CRC-32 of task, attempt and actions; kept on the node, for its children begin with it."""
    parent = node.parent
    if parent is None or parent.fingerprint:
        return continued(node, parent)
    way = [node]
    while parent is not None and not parent.fingerprint:
        way.append(parent)
        parent = parent.parent
    for step in reversed(way):
        continued(step, step.parent)
    return node.fingerprint


def continued(node: Node, parent: Node | None) -> int:
    """The fingerprint of a node, from that of its parent."""
    if parent is None:
        text, known = f"{node.task}/{node.attempt}", 0
    else:
        text, known = node.action, parent.fingerprint
    if node.imagined:
        text = f"~{text}"
    found = node.fingerprint = crc32(text.encode("utf-8", "surrogatepass"), known + 1)
    return found


def coded(text: str) -> bytes:
    """A text as bytes, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def in_words(asked: str) -> str:
    """For people, without the digest: "5 nodes", "5 nodes with num_children=3", "the question 'reflection'"."""
    label = asked.rpartition(":")[0]
    count, star, num_children = label.partition("*")
    if not count.isdecimal():
        return f"the question {label!r}"
    return f"{count} node{'s' * (count != '1')}" + (f" with num_children={num_children}" if star else "")
