"""Lookahead targets: from one node of a search tree, one training example. No reward is read.

Mendes & Ritter 2025, arXiv:2503.02878, section 3: for a state s with children,
a* = argmax_a V_k(T(s, a)) and y(s) = gamma * max_a V_k(T(s, a)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from forethought.envs import Json, is_template
from forethought.search import Node
from forethought.search.node import Context


@dataclass(frozen=True, slots=True)
class Example:
    """What one node teaches, and where that comes from.

    `target` is y in [0, 1]. `seen` of the node's children were evaluated; `unseen` admissible actions were
    not tried or not evaluated (the target is then a maximum over a part), and templates count as one each.
    `ends` of the seen children are endings, whose value a rule or the model judged.
    """

    task: int
    key: bytes
    context: Context
    actions: tuple[str, ...]
    target: float
    best_action: str
    best_observation: str
    best_rationale: str
    seen: int
    unseen: int
    ends: int
    gamma: float
    parent: bytes = b""  # key of the parent state, by which siblings are found; empty for a first state
    truth: float | None = None  # best true return found below, for evaluation only: no trainer reads it

    def to_json(self) -> dict[str, Json]:
        """The example as JSON."""
        row = asdict(self)
        row["key"], row["parent"] = self.key.hex(), self.parent.hex()
        row["context"] = self.context._asdict()
        return row

    @classmethod
    def from_json(cls, row: Any) -> Example:
        """The example of such a row. Raises ValueError, TypeError, KeyError: no example."""
        context = row["context"]
        steps = tuple((str(action), str(seen)) for action, seen in context["steps"])
        read = Context(context["instruction"], context["opening"], steps, tuple(context["memory"]))
        keys = {name: bytes.fromhex(row[name]) for name in ("key", "parent")}
        example = cls(**{**row, **keys, "context": read, "actions": tuple(row["actions"])})
        if not 0 <= example.target <= 1:
            raise ValueError(f"the target is {example.target}; expected a number in [0, 1]")
        return example


def target(node: Node, gamma: float = 1.0) -> Example | None:
    """The example of a node; None for an ending, an imagined one, and one none of whose real children has an estimate.

    A dead end has y = 0. Children whose estimate could not be parsed are left out, and count as unseen.
    """
    if node.done or node.imagined:
        return None
    children = [child for child in node.children if not child.imagined]
    seen = [child for child in children if child.estimate is not None and child.estimate.parsed]
    if not seen and not node.dead:
        return None
    actions = node.world.actions(node.state)
    tried = {child.action for child in seen}
    best = max(seen, key=lambda child: child.value) if seen else None
    return Example(
        task=node.task,
        key=node.world.key(node.state),
        context=node.context,
        actions=actions,
        target=gamma * best.value if best else 0.0,
        best_action=best.action if best else "",
        best_observation=best.observation if best else "",
        best_rationale=best.estimate.rationale if best and best.estimate else "",
        seen=len(seen),
        unseen=sum(is_template(action) or action not in tried for action in actions),
        ends=sum(child.done for child in seen),
        gamma=gamma,
        parent=parent_key(node),
    )


def parent_key(node: Node) -> bytes:
    """The key of the parent state; empty for a root."""
    return b"" if node.parent is None else node.world.key(node.parent.state)


def targets(roots: Iterable[Node], gamma: float = 1.0) -> list[Example]:
    """The examples of whole trees, in the order of their nodes. Raises ValueError: gamma outside (0, 1]."""
    check_gamma(gamma)
    return [example for root in roots for node in root if (example := target(node, gamma)) is not None]


def check_gamma(gamma: float) -> None:
    """Raises ValueError: gamma outside (0, 1]."""
    if not 0 < gamma <= 1:
        raise ValueError(f"gamma is {gamma}; a discount lies above 0 and up to 1")


def backed_up(
    root: Node, ending_value: Callable[[Node], float | None], gamma: float = 1.0, unknown: float | None = None
) -> dict[bytes, float]:
    """The best discounted value of an ending below each position of a tree, by the position's key.

    v(s) = gamma * max over children of v(s'), from the endings upwards; a dead end is 0. Positions that stand in the
    tree several times, cycles among them, have one value: the least solution of these equations, which no cycle feeds.

    Args:
        root: The root of the tree.
        ending_value: The value of a real ending; None where it has none.
        gamma: Discount of a step, in (0, 1].
        unknown: The value of unfinished states that were not expanded. None: they are left out.

    Returns:
        Values in [0, 1]; a position below which no ending with a value was seen has none.

    Raises:
        ValueError: gamma outside (0, 1].
    """
    check_gamma(gamma)
    nodes = [(node, node.world.key(node.state)) for node in root if not node.imagined]
    expanded = {key for node, key in nodes if node.children}
    values: dict[bytes, float] = {}
    for node, key in nodes:
        if node.done:
            found = ending_value(node)
        elif node.dead and not node.refusal:
            found = 0.0
        else:
            found = None if key in expanded else unknown
        if found is not None:
            values[key] = max(found, values.get(key, 0.0))
    key_of = {id(node): key for node, key in nodes}
    upwards = [(key, [key_of[id(c)] for c in node.children if not c.imagined]) for node, key in nodes if node.children]
    changed = True
    while changed:
        changed = False
        for key, children in reversed(upwards):
            best = max((gamma * values[child] for child in children if child in values), default=None)
            if best is not None and (key not in values or best > values[key]):
                values[key], changed = best, True
    return values


def endings_targets(
    root: Node,
    ending_value: Callable[[Node], float | None],
    gamma: float = 1.0,
    unknown: float | None = None,
    truth: Callable[[Node], float | None] | None = None,
) -> list[Example]:
    """The examples of a tree with the horizon at its endings, one a position, in the order of the nodes.

    Args:
        root: The root of the tree.
        ending_value: The value of an ending, see `backed_up`.
        gamma: Discount of a step, in (0, 1].
        unknown: See `backed_up`.
        truth: The true return of an ending, for evaluation.
    """
    values = backed_up(root, ending_value, gamma, unknown)
    true = backed_up(root, truth) if truth else {}
    found: dict[bytes, Example] = {}
    for node in root:
        if node.done or node.imagined:
            continue
        key = node.world.key(node.state)
        if key not in values or key in found or not (node.children or node.dead):
            continue
        actions = node.world.actions(node.state)
        known = [(values[child_key], child) for child, child_key in keyed(node.children) if child_key in values]
        best = max(known, key=lambda pair: pair[0])[1] if known else None
        tried = {child.action for _, child in known}
        found[key] = Example(
            task=node.task,
            key=key,
            context=node.context,
            actions=actions,
            target=values[key],
            best_action=best.action if best else "",
            best_observation=best.observation if best else "",
            best_rationale=best.estimate.rationale if best and best.estimate else "",
            seen=len(known),
            unseen=sum(is_template(action) or action not in tried for action in actions),
            ends=sum(child.done for _, child in known),
            gamma=gamma,
            parent=parent_key(node),
            truth=true.get(key),
        )
    return list(found.values())


def keyed(children: Iterable[Node]) -> Iterator[tuple[Node, bytes]]:
    """The real children with the keys of their states."""
    return ((child, child.world.key(child.state)) for child in children if not child.imagined)
