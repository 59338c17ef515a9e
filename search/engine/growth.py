"""Growth of the tree: the children that proposals make, and the marks that answers leave on nodes."""

from __future__ import annotations

from collections.abc import Sequence

from forethought.envs.simulator import as_written, speller
from forethought.search.engine.budget import Ledger
from forethought.search.engine.codec import usage_of
from forethought.search.estimates import NO_USAGE, Estimate, Proposal, Reply
from forethought.search.node import TERMINAL, Node, add_children
from forethought.search.requests import Play

REFUSED = "Invalid action!"  # as ReAct's notebooks say it


def grow(
    node: Node, num_children: int | None, proposals: Sequence[Proposal], spent: Ledger, refused: bool = False
) -> list[Node]:
    """The children of the proposals. A repeated action, in any spelling, makes no child.

    Illegal actions are counted. They make a child only if the family counts them as steps, or if the search asked
    for the `refused` actions: an agent then sees the refusal.
    """
    world, state, children = node.world, node.state, list[Node]()
    if (usage := usage_of(proposals)) is not NO_USAGE:
        spent.charge("policy", usage)
    node.num_queries += 1
    note_refusal(node, proposals)
    if num_children is None:
        num_children = len(world.actions(state))
    tried = {child.action for child in node.children if not child.imagined}
    spell, play_step, hides_end = speller(world), world.step, world.shows_reward
    for proposal in proposals[:num_children]:
        action = proposal.action if spell is as_written else spell(state, proposal.action)
        if action in tried:
            continue
        tried.add(action)
        step = play_step(state, action)
        ended = step.terminated
        seen = TERMINAL if ended and hides_end else step.observation  # as `visible`, without a call for each child
        spent.env_steps += 1
        spent.replayed_steps += step.replayed
        if step.illegal is not None:
            spent.illegal_actions += 1
            if not (step.counted or refused):
                continue
            if not step.counted:
                seen = f"{REFUSED} {seen or node.observation}"
        child = Node(step.state, seen, node, action, proposal.prior, ended)
        if proposal.rationale:
            child.rationale = proposal.rationale
        children.append(child)
    spent.nodes += len(children)
    if children:
        add_children(node, children)
    node.dead = not node.children
    return children


def play(request: Play, spent: Ledger) -> Node | None:
    """The child of an action that the search itself chose; None where the world refuses it."""
    children = grow(request.node, 1, [Proposal(request.action)], spent)
    return children[0] if children else None


def note_refusal(node: Node, answer: Sequence[Proposal] | Estimate | Reply) -> None:
    """Keep the reason why a model will never answer a question about this node."""
    if refusal := getattr(answer, "refusal", ""):
        node.refusal = refusal


def is_shut(node: Node) -> bool:
    """Whether a model has refused to say anything about this node for good: a dead end, and no model is asked again."""
    return node.dead and node.refusal != ""
