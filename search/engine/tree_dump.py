"""A search tree as data: for the viewer, for examples, and to tell two trees apart."""

from __future__ import annotations

import hashlib
import json
from itertools import chain
from typing import cast

from forethought.envs import Json
from forethought.search.node import Node


def dump(root: Node) -> list[dict[str, Json]]:
    """Every node, parents first, `parent` being the row of its parent (-1 for the root)."""
    rows: list[dict[str, Json]] = []
    number: dict[int, int] = {}
    for node in chain(root, *root.attempts):
        number[id(node)] = len(rows)
        rows.append(
            {
                "parent": number[id(node.parent)] if node.parent is not None else -1,
                "action": node.action,
                "observation": node.observation,
                "prior": node.prior,
                "value": node.value if node.estimate else None,
                "rationale": node.estimate.rationale if node.estimate else "",
                "thought": node.rationale,
                "visits": node.visits,
                "total": node.total,
                "done": node.done,
                **({"imagined": True} if node.imagined else {}),
                **({"refusal": node.refusal} if node.refusal else {}),
            }
        )
    return rows


def digest(root: Node) -> str:
    """sha256 of the tree: equal for equal trees, in every process."""
    text = json.dumps(cast("Json", dump(root)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
