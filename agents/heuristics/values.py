"""Values and policies of readable rules, one for each family, and the rules that judge an ending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

from forethought.agents.heuristics.hotpotqa.heuristics import hotpotqa_proposals, hotpotqa_value
from forethought.agents.heuristics.webshop.heuristics import webshop_proposals, webshop_value
from forethought.common.sums import plain_sum
from forethought.envs.game24.rules import NUMBER, OPS, whole
from forethought.envs.game24.spelling import Number
from forethought.search import Estimate, Proposal, Query
from forethought.search.node import Context

Rule = TypeVar("Rule")


def numbers_left(context: Context) -> list[Number]:
    """The numbers in "10 - 4 = 6 (left: 5 6 6)"."""
    _, _, left = context.observation.rpartition("left: ")
    return [whole(Fraction(text)) for text in left.rstrip(")").split() if NUMBER.fullmatch(text)]


def game24_ending(context: Context) -> float:
    """Whether the only number left is 24: the observation itself proves it."""
    return float(numbers_left(context) == [24])


def game24_value(context: Context) -> float:
    """The promise of the numbers left, by simple rules.

    One number: is it 24? Two: does one operation make 24? More: 24 is mostly a product, so numbers that divide it are
    worth
    keeping, and fractions, negatives and large numbers are hard to use.
    """
    left = numbers_left(context)
    if len(left) <= 1:
        return game24_ending(context)
    if len(left) == 2:
        a, b = left
        pairs = ((a, b), (b, a))
        return float(any(op(x, y) == 24 for x, y in pairs for sign, op in OPS.items() if y or sign != "/"))
    marks = []
    for number in left:
        if number.denominator != 1 or number < 0 or number > 48:
            marks.append(0.1)
        elif number and 24 % int(number) == 0:
            marks.append(0.7)
        else:
            marks.append(0.4)
    return plain_sum(marks) / len(marks)


RULES: dict[str, Callable[[Context], float]] = {
    "Game24-v0": game24_value,
    "WebShop-v0": webshop_value,
    "WebShopBrowser-v0": webshop_value,
    "HotpotQA-v0": hotpotqa_value,
}
POLICY_RULES: dict[str, Callable[[Query], list[Proposal]]] = {
    "WebShop-v0": webshop_proposals,
    "WebShopBrowser-v0": webshop_proposals,
    "HotpotQA-v0": hotpotqa_proposals,
}
TERMINAL_RULES: dict[str, Callable[[Context], float]] = {**RULES, "Game24-v0": game24_ending}
PROVEN_ENDINGS = ("Game24-v0",)  # their last observation proves the outcome: the rule equals the reward
MARKOV = ("Game24-v0",)  # their rules read the newest observation alone, and it shows the position


class RuleValue:
    """The readable value rule of a family. Raises ValueError: the family has none."""

    def __init__(self, env_id: str) -> None:
        self.rule = find(RULES, env_id, "rule value")
        self.markov = env_id in MARKOV

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """The value of each query's node by the rule."""
        return [Estimate(self.rule(query.context)) for query in queries]


class RulePolicy:
    """The readable rules of a family for its next actions, best first. Raises ValueError: the family has none."""

    def __init__(self, env_id: str) -> None:
        self.rule = find(POLICY_RULES, env_id, "rule policy")

    def propose(self, queries: Sequence[Query]) -> list[list[Proposal]]:
        """The proposals of the rules for each query, best first."""
        return [self.rule(query) for query in queries]


def find(table: dict[str, Rule], env_id: str, what: str) -> Rule:
    """The rule of an environment. Raises ValueError: its family has none."""
    if env_id not in table:
        raise ValueError(f"{env_id} has no {what}; families that have one: {', '.join(table)}")
    return table[env_id]
