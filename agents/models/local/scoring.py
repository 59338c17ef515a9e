"""Log-probabilities of given continuations, read without decoding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import torch
from transformers import PreTrainedModel

from forethought.agents.models.local.batching import MemoryLimit
from forethought.agents.models.local.padded import read_alone
from forethought.agents.models.local.prefill import Prefill, can_share, spread_of
from forethought.agents.models.local.prefix_tree import PrefixTree
from forethought.common.sums import plain_sum

Plan = list[list[int]]  # the tokens of each continuation of a prompt
After = dict[tuple[int, ...], float]  # log-probability of the last token of a path, after those before it


@dataclass(frozen=True)
class Reading:
    """A prompt and one path into its continuations, with the tokens to look up at each place of the path."""

    tokens: list[int]
    start: int  # the length of the prompt
    wanted: list[tuple[int, list[int]]]  # places, and the possible next tokens there

    @classmethod
    def all_of(cls, prompt: list[int], plan: Plan) -> list[Reading]:
        """The fewest readings with every token of every continuation."""
        following: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for prefix, token in sorted({(tuple(c[:k]), c[k]) for c in plan for k in range(len(c))}):
            following[prefix].append(token)
        return [
            cls(
                prompt + list(path),
                len(prompt),
                [(len(prompt) - 1 + k, following[path[:k]]) for k in range(len(path) + 1)],
            )
            for path in longest_paths(plan)
        ]

    def found(self, place: int, values: Sequence[float], following: Sequence[int]) -> After:
        """The log-probabilities of tokens after a place, by the path of tokens to each."""
        path = tuple(self.tokens[self.start : place + 1])
        return {(*path, token): value for token, value in zip(following, values, strict=True)}


def read_shared(model: PreTrainedModel, readings: Sequence[Reading], limit: MemoryLimit) -> list[After]:
    """Log-probabilities for readings in the order of their tokens; shared prefixes are read once."""
    forest = PrefixTree(spread_of(model.device))
    same: list[list[int]] = []  # readings of each sequence of tokens
    for i, reading in enumerate(readings):
        if reading.tokens != forest.last:
            forest.add(reading.tokens)
            same.append([])
        same[-1].append(i)
    results: list[After] = [{} for _ in readings]
    reader, sequences = Prefill(model, limit), iter(same)
    for block in forest.closed():
        asked: dict[int, list[tuple[int, int, list[int]]]] = defaultdict(list)  # place: reading, place in it, tokens
        for path, here in zip(block.paths, sequences, strict=False):
            for i in here:
                for place, following in readings[i].wanted:
                    asked[path[place]].append((i, place, following))
        for places, logits in reader.read(block, sorted(asked)):
            rows = [(row, one) for row, place in enumerate(places) for one in asked[place]]
            values = iter(look_up(logits, [(row, token) for row, (_, _, following) in rows for token in following]))
            for _, (i, place, following) in rows:
                found = [next(values) for _ in following]
                results[i] |= readings[i].found(place, found, following)
    return results


def read_apart(model: PreTrainedModel, readings: Sequence[Reading], limit: MemoryLimit) -> list[After]:
    """Log-probabilities for readings one by one, for models that cannot share."""
    results: list[After] = [{} for _ in readings]
    for reading, result in zip(readings, results, strict=True):
        logits = read_alone(model, reading.tokens, reading.start - 1)
        for row, (place, following) in enumerate(reading.wanted):
            values = look_up(logits, [(row, token) for token in following])
            result |= reading.found(place, values, following)
    return results


def read(model: PreTrainedModel, readings: Sequence[Reading], limit: MemoryLimit) -> list[After]:
    """Read prompts, with shared attention where the model allows it."""
    return (read_shared if can_share(model) else read_apart)(model, readings, limit)


def look_up(logits: torch.Tensor, at: Sequence[tuple[int, int]]) -> list[float]:
    """The log-probabilities at given rows and tokens."""
    if not at:
        return []
    rows, tokens = torch.tensor(at, device=logits.device).T
    values: list[float] = logits.float().log_softmax(-1)[rows, tokens].tolist()
    return values


def total(continuation: Sequence[int], after: After) -> float:
    """The log-probability of a continuation: the sum over its tokens."""
    return plain_sum(after[tuple(continuation[: k + 1])] for k in range(len(continuation)))


def longest_paths(continuations: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """The fewest token paths that show the next token of every continuation at every place.

    For "0" to "10" this is one path: all first digits are read after the prompt, the "0" after "1".
    """
    inner = {tuple(tokens[:-1]) for tokens in continuations}
    return sorted(p for p in inner if not any(len(q) > len(p) and q[: len(p)] == p for q in inner))


def exclusive(continuations: Sequence[Sequence[int]], totals: Sequence[float]) -> tuple[float, ...]:
    """Subtract from each log-probability the share of longer continuations with the same beginning: "1" is not "10"."""
    left = []
    for tokens, whole in zip(continuations, totals, strict=True):
        longer = plain_sum(
            exp(other)
            for q, other in zip(continuations, totals, strict=True)
            if len(q) > len(tokens) and q[: len(tokens)] == tokens
        )
        left.append(log(max(exp(whole) - longer, 1e-300)) if longer else whole)
    return tuple(left)
