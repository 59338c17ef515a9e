"""Lookahead targets: from one node of a search tree, one training example. No reward is read.

Mendes & Ritter 2025, arXiv:2503.02878, section 3: for a state s with children,
a* = argmax_a V_k(T(s, a)) and y(s) = gamma * max_a V_k(T(s, a)).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

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

    def to_json(self) -> dict[str, Json]:
        """The example as JSON."""
        row = asdict(self)
        row["key"] = self.key.hex()
        row["context"] = self.context._asdict()
        return row


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
    )


def targets(roots: Iterable[Node], gamma: float = 1.0) -> list[Example]:
    """The examples of whole trees, in the order of their nodes. Raises ValueError: gamma outside (0, 1]."""
    if not 0 < gamma <= 1:
        raise ValueError(f"gamma is {gamma}; a discount lies above 0 and up to 1")
    return [example for root in roots for node in root if (example := target(node, gamma)) is not None]
