"""The report of the demo: one table, and one page with the trees of a puzzle before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from forethought.common.statistics import Interval, bootstrap_counts, mean_interval, paired_difference
from forethought.envs.game24 import exact_value
from forethought.leaderboards.trees import draw, tree_page
from forethought.search.engine.task_search import TaskSearch, episode_return
from forethought.value.diagnostics import OfCounts, auroc_of_counts, spearman_of_counts

HEADER = ["value", "AUROC (95%)", "Spearman (95%)", "solved, own choice", "tokens", "states", "seconds"]


class Side(NamedTuple):
    """One value model on the held-out puzzles: its play, and its values of a fixed sample of their states."""

    name: str
    played: list[TaskSearch]
    surveyed: list[TaskSearch]
    seconds: float


class Seen(NamedTuple):
    """A state as both values see it, and its exact value."""

    before: float
    after: float
    truth: float


States: TypeAlias = dict[int, list[Seen]]  # by puzzle


def held_out_states(before: Side, after: Side, trained_on: set[bytes]) -> States:
    """The surveyed states absent from training, once each in a puzzle."""
    states: States = {}
    for one, two in zip(before.surveyed, after.surveyed, strict=True):
        found: dict[bytes, Seen] = {}
        for a, b in zip(one.root, two.root, strict=True):
            key = a.world.key(a.state)
            if a.estimate and b.estimate and not a.done and key not in trained_on:
                found[key] = Seen(a.value, b.value, exact_value(a.state))
        states[one.task] = list(found.values())
    return states


def summary(before: Side, after: Side, states: States) -> list[list[str]]:
    """How well the values know the states, how well they play, and the paired differences."""
    areas, correlations = compared(states, auroc_of_counts), compared(states, spearman_of_counts)
    scores = [
        [episode_return(outcome.answer)[0] for outcome in side.played if outcome.answer] for side in (before, after)
    ]
    solved = (mean_interval(scores[0]), mean_interval(scores[1]), paired_difference(scores[0], scores[1]))
    rows = [HEADER]
    for i, side in enumerate((before, after)):
        tokens = sum(outcome.spent.usage.tokens for outcome in side.played)
        nodes = sum(outcome.spent.nodes for outcome in side.played)
        rows.append(
            [
                side.name,
                str(areas[i]),
                str(correlations[i]),
                str(solved[i]),
                str(tokens),
                str(nodes),
                f"{side.seconds:.0f}",
            ]
        )
    rows.append(["difference", str(areas[2]), str(correlations[2]), str(solved[2]), "", "", ""])
    return rows


def compared(
    states: States, statistic: Callable[[Sequence[float], Sequence[float], Sequence[int], int], OfCounts]
) -> tuple[Interval, Interval, Interval]:
    """The statistic before, after, and its paired difference, each with a bootstrap over puzzles."""
    rows = [(seen, puzzle) for puzzle, group in enumerate(states.values()) for seen in group]
    truth, puzzles = [seen.truth for seen, _ in rows], [puzzle for _, puzzle in rows]
    before = statistic([seen.before for seen, _ in rows], truth, puzzles, len(states))
    after = statistic([seen.after for seen, _ in rows], truth, puzzles, len(states))
    return (
        bootstrap_counts(len(states), before),
        bootstrap_counts(len(states), after),
        bootstrap_counts(len(states), lambda counts: after(counts) - before(counts)),
    )


def picture(before: Side, after: Side, table: list[list[str]], notes: list[str]) -> str:
    """The trees of one puzzle: the first that the two sides answer differently, else the first of all."""
    pairs = list(zip(before.played, after.played, strict=True))
    differ = [pair for pair in pairs if solved(pair[0]) != solved(pair[1])]
    pair = (differ or pairs)[0]
    drawings = []
    for side, outcome in zip((before, after), pair, strict=True):
        assert outcome.answer is not None
        truth = {id(node): bool(exact_value(node.state)) for node in outcome.root}
        title = f"{side.name} value: {'solved' if solved(outcome) else 'not solved'}"
        drawings.append(
            draw(
                outcome.root,
                outcome.answer,
                title,
                f"The answer it chose: {outcome.answer.observation}",
                truth,
            )
        )
    which = (
        "the first held-out puzzle that the two values answer differently" if differ else "the first held-out puzzle"
    )
    lead = (
        f"Beam search on {pair[0].root.observation}, {which}. The bar in a box is the model's value of the state, "
        "a green dot marks states from which 24 can be reached, and the blue frame is the agent's own choice. "
        + ". ".join(notes)
    )
    return tree_page("Self-taught lookahead in the Game of 24", lead, drawings, table)


def solved(outcome: TaskSearch) -> bool:
    """Whether the answer of a search earned the full reward."""
    return outcome.answer is not None and episode_return(outcome.answer)[0] == 1
