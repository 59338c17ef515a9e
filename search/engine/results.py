"""The result of a search: three answers. Only the answer that the agent chose is scored."""

from __future__ import annotations

from itertools import chain

from forethought.envs import Json
from forethought.search.engine.task_search import TaskSearch, episode_return
from forethought.search.engine.tree_dump import digest
from forethought.search.node import Node


def result(search: TaskSearch) -> dict[str, Json]:
    """The line of results.jsonl. The true reward is read here, after the search.

    `answer` is the node that the search returned or last offered, `first` its first attempt, `oracle` the attempt
    with the highest true reward; the latter two are null for an agent that makes no attempts. `values` are the
    lowest and the highest value of a state in the tree, null where none was judged.
    """
    assert search.answer is not None
    attempts = [scored(node) for node in search.attempts]
    answer = scored(search.answer)
    return {
        "task": search.task,
        "score": answer["score"],
        "answer": answer,
        "first": attempts[0] if attempts else None,
        "oracle": max(attempts, key=lambda a: float(str(a["score"]))) if attempts else None,
        "stopped": search.stopped,
        "exhausted": search.stopped == "returned" and is_exhausted(search.root),
        "values": span(search.root),
        "spent": search.spent.to_json(),
        "tree": digest(search.root),
    }


def is_exhausted(root: Node) -> bool:
    """Whether the settings left nothing to expand: every node has children, is an ending, a dead end, or at the depth
    of the deepest one. A tree without a branch is a path, and exhausts nothing."""
    nodes = list(root)
    deepest = max(node.depth for node in nodes)
    branches = any(len(node.children) > 1 for node in nodes)
    return branches and all(node.children or node.done or node.dead or node.depth == deepest for node in nodes)


def span(root: Node) -> list[Json] | None:
    """The lowest and the highest value in the tree; None where no node has one."""
    values = [node.value for node in chain.from_iterable((root, *root.attempts)) if node.estimate]
    return [min(values), max(values)] if values else None


def scored(node: Node) -> dict[str, Json]:
    """The true return, the metrics, the actions and the last observation of a node."""
    return {
        "score": episode_return(node)[0],
        "metrics": node.world.metrics(node.state),
        "actions": list(node.actions),
        "observation": node.observation,
        "value": node.value if node.estimate else None,
        "done": node.done,
    }
