"""ReAct: play the first proposal of the policy, without a look ahead."""

from __future__ import annotations

from forethought.search.needs import needs
from forethought.search.node import Node
from forethought.search.requests import Expand, Offer, Search


@needs(values=False)
def react(root: Node, *, depth: int = 10) -> Search:
    """Play the policy's first proposal until the end (Yao et al. 2023, arXiv:2210.03629). No value is asked for.

    A thought is part of the reply: a rationale, or an action of its own where the family has one.
    A refused action is a step with the refusal as its observation, as in the authors' notebooks.

    Args:
        depth: Most steps. The authors' notebook for HotpotQA takes 7.
    """
    node = root
    while not node.done and node.depth < depth:
        children = yield Expand(node, 1, refused=True)
        if not children:  # nothing was proposed; a dead end
            break
        node = children[0]
        yield Offer(node)
    return node
