"""Draw search trees side by side as one HTML page: boxes, edges, values, and the choices of the agent."""

from __future__ import annotations

from dataclasses import dataclass

from forethought.leaderboards.pages import page
from forethought.search import Node

SHOWN = 5  # children of a node that are drawn, the best first
COLUMN, LINE, BOX = 190, 24, 150  # pixels


@dataclass(frozen=True, slots=True)
class Box:
    """A node of a drawn tree: its place in pixels, its texts, and the place of its parent."""

    x: int
    y: int
    label: str
    value: float
    title: str
    chosen: bool
    truth: bool | None
    parent: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn tree with its title and its size in pixels."""

    title: str
    note: str
    boxes: tuple[Box, ...]
    width: int
    height: int


def draw(root: Node, answer: Node, title: str, note: str, truth: dict[int, bool] | None = None) -> Drawing:
    """Lay a tree out from left to right. `truth` (by id of node) marks states from which success can be reached."""
    chosen = {id(node) for node in answer.ancestors}
    boxes: list[Box] = []
    lowest = place(root, None, 0, chosen, truth or {}, boxes)
    depth = max(box.x for box in boxes) + BOX + 10
    return Drawing(title, note, tuple(boxes), depth, lowest + 10)


def place(
    node: Node, parent: tuple[int, int] | None, top: int, chosen: set[int], truth: dict[int, bool], boxes: list[Box]
) -> int:
    """Draw a node and its shown descendants from `top` down; returns the top of the next node."""
    here = (node.depth * COLUMN + 10, top + 10)
    value = f"{node.value:.2f}" if node.estimate else "–"
    what = f"{node.action or node.observation}"
    boxes.append(
        Box(
            *here,
            f"{what[:17]}  {value}",
            node.value,
            f"{node.observation} · value {value}",
            id(node) in chosen,
            truth.get(id(node)),
            parent,
        )
    )
    shown = sorted(node.children, key=lambda child: (id(child) not in chosen, not child.children, -child.value))[:SHOWN]
    bottom = top
    for child in shown:
        bottom = place(child, here, bottom, chosen, truth, boxes)
    if len(node.children) > len(shown):
        more = f"… {len(node.children) - len(shown)} more"
        boxes.append(Box(here[0] + COLUMN, bottom + 10, more, 0.0, more, False, None, None))
        bottom += LINE
    return max(bottom, top + LINE)


def tree_page(title: str, lead: str, drawings: list[Drawing], table: list[list[str]] | None = None) -> str:
    """One page with no script and nothing to load."""
    return page("trees.html", title=title, lead=lead, drawings=drawings, table=table or [], box=BOX, line=LINE)
