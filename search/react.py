"""ReAct: do what the policy would do, without a look ahead."""

from __future__ import annotations

from forethought.search.needs import needs
from forethought.search.node import Node
from forethought.search.requests import Expand, Offer, Search


@needs(values=False)
def react(root: Node, *, depth: int = 10) -> Search:
    """Play the policy's first proposal until the end (Yao et al. 2023, arXiv:2210.03629). No value is asked for.

    What the agent thinks is part of what it writes: a rationale, or an action of its own where the family has one.
    A refused action is a step that shows the refusal, as in the authors' harnesses.

    Args:
        depth: Steps, at the most; the paper takes 7 for HotpotQA.
    """
    node = root
    while not node.done and node.depth < depth:
        children = yield Expand(node, 1, refused=True)
        if not children:  # nothing was proposed; a dead end
            break
        node = children[0]
        yield Offer(node)
    return node
